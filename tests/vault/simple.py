"""Vaults with a cheap KDF, for the tests that are about something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from outreach.vault import Kdf, Vault

SMALL = Kdf(memory_kib=8, passes=1, lanes=1)
WORDS = "anchor birch candle drum ember flute"
OTHER = "gravel otter teapot willow canvas noon"
PIN = "480213"


def make(folder: Path, passphrase: str = WORDS, **options: Any) -> Vault:
    return Vault.create(folder, passphrase, kdf=SMALL, **options)


def unlock(folder: Path, passphrase: str = WORDS, **options: Any) -> Vault:
    return Vault.open(folder, passphrase, kdf_floor=SMALL, **options)


def everything(folder: Path) -> dict[str, bytes]:
    """Every file of the folder but the lock."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "lock"}
