"""Pictures of every screen, from the real server in a real browser, to be looked at.

    python -m tests.screens.pictures OUT                 # all, dark and light
    python -m tests.screens.pictures OUT home contact    # only these
    python -m tests.screens.pictures OUT --team FOLDER   # of a team that is there already

A story is a walk of one profile that says `shot(name)` where a picture is worth it. A new screen
is shown by a few lines in a story, or by a story of its own in `STORIES`.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from outreach.example import team
from tests.journeys.browser import Look, Phone, browser, running_app

Shot = Callable[[str], None]


def chooser(phone: Phone, shot: Shot, example: team.Example) -> None:
    phone.open("/")
    shot("chooser")


def street(phone: Phone, shot: Shot, example: team.Example) -> None:
    """Sam's phone: the lock screen, a shift, a contact, the tray, an overdose."""
    phone.open("/?who=sam")
    shot("lock")
    phone.tap("Contact")
    shot("contact-locked")
    phone.choose("Street tablets")
    phone.tap("They had to go")
    phone.sees("waits in the tray")
    shot("lock-saved")
    phone.write("Passphrase", "not these words")
    phone.tap("Unlock")
    phone.sees("does not open")
    shot("lock-wrong")
    phone.unlock(example.passphrases["sam"])
    phone.sees("Start a shift")
    shot("home-first")
    phone.tap("Start a shift")
    phone.choose("Harbour side")
    phone.write("With", "Jo")
    phone.tap("One more: Nyxoid nasal spray")
    phone.tap("One more: Nyxoid nasal spray")
    phone.tap("One more: Foil")
    phone.tap("One more: Foil")
    shot("shift-start")
    phone.tap("Start")
    phone.sees("With Jo")
    shot("home")
    phone.tap("Contact")
    shot("contact-empty")
    phone.choose("Heroin + crack")
    phone.choose("Pipe")
    shot("contact")
    phone.tap("Offer: Taking them apart")
    shot("contact-card")
    phone.choose("Talked about")
    phone.tap("One more: Foil")
    phone.tap("One more: Naloxone")
    phone.scroll(560)
    shot("contact-gave")
    phone.scroll(4000)
    phone.write("Note", "Prefers mornings, dirty sleeping bag")
    shot("contact-note")
    phone.tap("Save")
    phone.sees("Saved")
    shot("home-saved")
    phone.tap("Kit")
    shot("kit")
    phone.tap("Close")
    phone.tap("Naloxone")
    shot("naloxone")
    phone.tap("Close")
    phone.tap("Practical help")
    shot("practical")
    phone.tap("Close")
    phone.tap("Advice")
    shot("cards")
    phone.write("Find a card", "speedball")
    phone.sees("Taking them apart")
    shot("cards-found")
    phone.tap(re.compile("Taking them apart"))
    phone.sees("Get help")
    shot("card")
    phone.tap("Back")
    phone.tap("Back")
    phone.tap(re.compile("to finish"))
    shot("tray")
    phone.tap("Back")
    phone.read()
    phone.tap("Someone is not waking")
    shot("overdose")
    phone.tap("What to say to 999")
    shot("overdose-999")
    phone.read()
    phone.tap("Dose given")
    phone.sees("1 dose")
    shot("overdose-dose")
    phone.tap("Close")
    phone.sees("Write it down")
    shot("home-overdose")
    phone.tap(re.compile("With Jo"))
    phone.sees("Left in the bag")
    shot("shift")


STORIES: dict[str, tuple[int, int, Callable[[Phone, Shot, team.Example], None]]] = {
    "chooser": (412, 915, chooser),
    "street": (412, 915, street),
}
"""Name to width, height and walk."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*", help="only these pictures")
    parser.add_argument("--team", type=Path, help="a team's folder; made anew where left out")
    parser.add_argument("--story", choices=sorted(STORIES), action="append")
    parser.add_argument("--look", choices=("dark", "light"), action="append")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    looks: list[Look] = asked.look or ["dark", "light"]
    for look in looks:
        with tempfile.TemporaryDirectory() as folder, browser() as chromium:
            example = team.load(asked.team) if asked.team else team.build(Path(folder))
            with running_app(example.profiles, example.passphrases) as address:
                for story in asked.story or STORIES:
                    width, height, walk = STORIES[story]
                    phone = Phone(chromium, address, width=width, height=height, look=look)

                    def shot(name: str, phone: Phone = phone, look: Look = look) -> None:
                        if not asked.names or name in asked.names:
                            phone.picture(asked.out / f"{look}-{name}.png")
                            print(f"{look}-{name}.png", flush=True)

                    try:
                        walk(phone, shot, example)
                    except Exception:
                        phone.picture(asked.out / f"{look}-{story}-stopped.png")
                        print(phone.tree())
                        raise
                    finally:
                        phone.close()


if __name__ == "__main__":
    main()
