"""The hub's key: made once, kept, never replaced in silence."""

import base64
import pickle
import threading
from pathlib import Path

import pytest

from sync.hub import create_app
from sync.hub.identity import FILE_NAME, VARIABLE, HubKey, load
from sync.hub.problems import KeyUnusable


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    made = load(tmp_path, {})
    assert load(tmp_path, {}).public == made.public
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_hubs_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    found: list[bytes] = []
    start = threading.Barrier(8)

    def one() -> None:
        start.wait()
        found.append(load(tmp_path, {}).public)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_the_environment_comes_first(tmp_path: Path) -> None:
    seed = bytes(range(32))
    given = load(tmp_path, {VARIABLE: base64.urlsafe_b64encode(seed).decode()})
    assert given.public == HubKey(seed).public
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "short", "!" * 44, "AA==", "é" * 44])
def test_a_damaged_key_is_never_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text, "utf-8")
    with pytest.raises(KeyUnusable, match="backup"):
        load(tmp_path, {})
    assert (tmp_path / FILE_NAME).read_text("utf-8") == text


def test_a_lost_key_stops_the_hub_that_used_it(tmp_path: Path) -> None:
    database = str(tmp_path / "hub.db")
    create_app(database)
    (tmp_path / FILE_NAME).unlink()
    with pytest.raises(KeyUnusable, match="not the one"):
        create_app(database)


def test_the_key_never_shows_itself(tmp_path: Path) -> None:
    seed = bytes(range(32))
    key = HubKey(seed)
    assert seed.hex() not in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)
