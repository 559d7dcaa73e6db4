"""How far a long piece of work has come."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called now and then with the bytes that are done and the bytes that there are in all."""


def silent(done: int, total: int) -> None:
    """Tells nobody."""
