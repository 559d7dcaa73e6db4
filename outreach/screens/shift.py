"""The shift: where, with whom, what is in the bag; and its end."""

from functools import partial

import flet as ft

from forms import codes
from outreach.screens import parts, words
from outreach.screens.asking import group
from outreach.screens.routes import screen
from outreach.screens.shell import Shell
from outreach.screens.theme import GAP, NOTE

BAG = ("foil", "kit_pack", "needle_orange_25", "bin_small", "condoms", "wound_dressings")
"""What is counted first; more is one tap away."""


@screen("/shift")
def shift(shell: Shell) -> ft.View:
    """Start one, or see the one that runs."""
    asked = parts.kept(lambda: {"area": "", "partner": "", "all": "", "debrief": ""})
    bag = parts.kept(lambda: {line.item: max(0, line.quantity) for line in shell.member.bag()})
    if shell.member.shift() is None:
        return _start(shell, asked, bag)
    return _running(shell, asked)


def _start(shell: Shell, asked: dict[str, str], bag: dict[str, int]) -> ft.View:
    def put(name: str, value: str) -> None:
        asked[name] = value

    def carry(item: str, quantity: int) -> None:
        bag[item] = quantity

    async def start() -> None:
        carried = {item: quantity for item, quantity in bag.items() if quantity > 0}
        await shell.run(shell.member.start_shift, asked["area"].strip(), asked["partner"].strip(), carried)
        shell.go_home()
        shell.tell("Shift started")
        await shell.refresh()
        shell.courier.hurry()

    kit, naloxone = codes.load("kit_items"), codes.load("naloxone_products")
    items = list(dict.fromkeys([*naloxone.keys(), *BAG, *bag, *(kit.keys() if asked["all"] else ())]))
    return parts.frame(
        shell,
        "/shift",
        [
            parts.heading("Area"),
            parts.chips(
                parts.chip(
                    name,
                    asked["area"] == key,
                    lambda key=key: put("area", "" if asked["area"] == key else key),
                )
                for key, name in _areas(shell)
            ),
            parts.field("With", asked["partner"], lambda typed: put("partner", typed), hint="First name"),
            parts.heading("In the bag"),
            *(
                parts.stepper(
                    naloxone.label(item) if item in naloxone else kit.label(item),
                    bag.get(item, 0),
                    partial(carry, item),
                )
                for item in items
            ),
            parts.chips(
                [
                    parts.chip(
                        "Fewer" if asked["all"] else "More kit …",
                        False,
                        lambda: put("all", "" if asked["all"] else "all"),
                    )
                ]
            ),
        ],
        top=[parts.header("Start a shift", shell.back)],
        bottom=[parts.bar(parts.primary("Start", start, picture=ft.Icons.CHECK_ROUNDED))],
    )


def _areas(shell: Shell) -> list[tuple[str, str]]:
    """The team's areas, coarse on purpose, and the one that every team has."""
    named = [(each.key, each.name) for each in shell.here.directory.areas]
    outside = "outside_our_areas"
    return [*named, (outside, codes.load("area").label(outside))]


def _running(shell: Shell, felt: dict[str, str]) -> ft.View:
    running = shell.member.shift()
    kit, naloxone = codes.load("kit_items"), codes.load("naloxone_products")
    today = shell.member.contacts_today()
    mine = [each for each in today if running is not None and each.shift == running.shift]
    waiting = len(shell.member.unfinished())

    async def end() -> None:
        await shell.run(shell.member.end_shift, felt["debrief"])
        shell.go_home()
        text = f"Shift ended. {waiting} to finish in the tray." if waiting else "Shift ended"
        shell.tell(text)
        await shell.refresh()
        shell.courier.hurry()

    def feel(word: str) -> None:
        felt["debrief"] = "" if felt["debrief"] == word else word

    left: list[ft.Control] = [
        ft.Row(
            [
                parts.text(
                    naloxone.label(line.item) if line.item in naloxone else kit.label(line.item), expand=True
                ),
                parts.soft(line.batch),
                parts.text(str(line.quantity), bold=True),
            ],
            spacing=GAP,
        )
        for line in shell.member.bag()
    ]
    names = []
    if running is not None:
        since = running.since.astimezone(shell.now().tzinfo)
        names = [f"Since {words.when(since, shell.now())}"]
        names += [f"with {running.partner}"] if running.partner else []
        names += [shell.place(running.area)] if running.area else []
    return parts.frame(
        shell,
        "/shift",
        [
            parts.text(" · ".join(names)),
            parts.text(words.counted(len(mine), "contact so far", "contacts so far")),
            *([parts.text(f"{waiting} to finish in the tray", color=NOTE)] if waiting else []),
            parts.heading("Left in the bag"),
            *(left or [parts.soft("Nothing was counted into the bag.")]),
            group(
                "How was that?",
                [
                    parts.chips(
                        parts.chip(word, felt["debrief"] == key, lambda key=key: feel(key))
                        for key, word in (("fine", "Fine"), ("heavy", "Heavy"), ("ring_me", "Please ring me"))
                    )
                ],
            ),
        ],
        top=[parts.header("Shift", shell.back)],
        bottom=[parts.bar(parts.primary("End shift", end))],
        spacing=18,
    )
