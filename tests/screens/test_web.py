"""The browser's first page, the words about time, the addresses of screens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import flet_web

from outreach.screens import app, routes, theme, web, words


def test_the_first_page_has_our_grounds_and_keeps_to_this_machine() -> None:
    flets = (Path(flet_web.get_package_web_dir()) / "index.html").read_text(encoding="utf-8")
    page = web.first_page(flets)
    assert theme.DARK.ground in page
    assert theme.LIGHT.ground in page
    assert page.index("Content-Security-Policy") < page.index("<script")
    assert "https:" not in web.ONLY_FROM_HERE
    assert "<!-- fletAppConfig -->" in page


def test_fonts_are_served_from_here(tmp_path: Path) -> None:
    folder = web.make_assets(tmp_path)
    for file in theme.FONT_FILES.values():
        assert (folder / file).read_bytes()[:4] == b"\x00\x01\x00\x00"


def test_status_words() -> None:
    now = datetime(2026, 11, 4, 9, 0, tzinfo=UTC)
    assert words.status(0, None, now) == "nothing to send"
    assert words.status(2, None, now) == "2 waiting to send · not sent before"
    assert words.status(0, now - timedelta(hours=1), now) == "all sent · last sent 08:00"
    assert words.status(3, now - timedelta(hours=15), now) == "3 waiting to send · last sent yesterday 18:00"
    assert words.status(3, now - timedelta(days=9), now) == "3 waiting to send · last sent 26 Oct 09:00"


def test_greetings_follow_the_clock() -> None:
    at = {hour: words.greeting("Sam", datetime(2026, 11, 4, hour, tzinfo=UTC)) for hour in (2, 8, 14, 23)}
    assert at == {
        2: "Good evening, Sam",
        8: "Good morning, Sam",
        14: "Good afternoon, Sam",
        23: "Good evening, Sam",
    }


def test_stopwatch() -> None:
    assert words.stopwatch(timedelta(seconds=125.9)) == "2:05"
    assert words.stopwatch(timedelta(seconds=-1)) == "0:00"


def test_routes_name_their_parts() -> None:
    assert app.main
    found = routes.find("/card/foil?who=sam")
    assert found is not None
    assert found[1] == {"card": "foil"}
    assert routes.find("/card") is None
    assert routes.find("/nowhere") is None
    assert routes.home_of("worker") == "/home"
    assert routes.home_of("peer") == "/home"
