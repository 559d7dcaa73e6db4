"""A key, a folder, and ways to look at a vault as it lies on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

KEY = bytes(range(32))


@pytest.fixture
def key() -> bytes:
    return KEY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def as_left_by_a_crash(tmp_path: Path) -> Callable[[Path], Path]:
    """Copy a folder that is still open: what the next start finds when the process died just now."""
    numbers = count()

    def copy(folder: Path) -> Path:
        to = tmp_path / f"after-crash-{next(numbers)}"
        shutil.copytree(folder, to)
        return to

    return copy
