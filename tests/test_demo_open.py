"""Opening the example team: before the first window there is only what can go wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from forms import wording
from outreach import demo
from outreach.example import team
from outreach.screens import app
from outreach.session import NotPossible


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which another program listens."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        yield door.getsockname()[1]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Path]]:
    """The profiles that windows were served for; opening ends at once, as if Ctrl+C was pressed."""
    seen: list[Mapping[str, Path]] = []

    def serve(profiles: Mapping[str, Path], **_: Any) -> None:
        seen.append(profiles)

    monkeypatch.setattr(app, "serve", serve)
    return seen


def brought_in(folder: Path) -> int:
    """How many referrals of the earlier quarter Alex sees."""
    example = team.load(folder)
    device = example.open_device("alex")
    session = device.unlock(example.passphrases["alex"])
    try:
        return len(session.referrals())
    finally:
        session.lock()
        device.close()


def test_a_port_that_is_taken_is_said_and_nothing_is_made(tmp_path: Path, taken: int) -> None:
    folder = tmp_path / "example"
    with pytest.raises(NotPossible) as told:
        demo.open_in_browser(folder, port=taken, say=lambda _: None)
    assert f"http://127.0.0.1:{taken}" in str(told.value)
    assert wording.check(str(told.value), "en") == []
    assert not folder.exists()


def test_the_hub_takes_another_port_and_an_interrupted_team_is_made_anew(
    tmp_path: Path, taken: int, served: list[Mapping[str, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(team, "HUB_PORT", taken)
    fill = demo.fill

    def interrupted(example: team.Example) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "fill", interrupted)
    with pytest.raises(KeyboardInterrupt):
        demo.open_in_browser(tmp_path, port=0, say=lambda _: None)
    assert team.exists(tmp_path)
    assert not served

    monkeypatch.setattr(demo, "fill", fill)
    demo.open_in_browser(tmp_path, port=0, say=lambda _: None)
    assert len(served) == 1
    assert brought_in(tmp_path) == 447
    kept = team.load(tmp_path).passphrases

    demo.open_in_browser(tmp_path, port=0, say=lambda _: None)
    assert len(served) == 2
    assert team.load(tmp_path).passphrases == kept
