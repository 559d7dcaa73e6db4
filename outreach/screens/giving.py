"""What was given out: kit from the bag, and naloxone with its batch."""

from __future__ import annotations

from functools import partial

import flet as ft
import msgspec

from forms import codes
from outreach.capture import ContactDraft
from outreach.logbook.events import NaloxoneSupplied
from outreach.screens import parts
from outreach.screens.asking import Controls, group, more
from outreach.screens.shell import Shell
from outreach.screens.theme import GAP

OFTEN_KIT = ("foil", "kit_pack", "condoms")
"""Kit shown before anything was counted into the bag."""


def kit(shell: Shell, draft: ContactDraft, opened: set[str]) -> Controls:
    """Steppers for what is usually given, the whole bag one tap away."""
    known = codes.load("kit_items")
    counted = [line.item for line in shell.session.bag() if line.item in known] if shell.session else []
    keys = list(dict.fromkeys([*(counted or OFTEN_KIT), *draft.kit]))
    if "kit" in opened:
        keys = list(dict.fromkeys([*keys, *known.keys()]))

    def change(key: str, quantity: int) -> None:
        if quantity > 0:
            draft.kit[key] = quantity
        else:
            draft.kit.pop(key, None)

    lines: Controls = []
    for key in keys:
        asked = [prompt.text for prompt in known[key].prompts] if draft.kit.get(key) else []
        lines.append(
            parts.stepper(
                known.label(key),
                draft.kit.get(key, 0),
                partial(change, key),
                second=" ".join(asked),
            )
        )
    lines.append(parts.chips([more("kit", opened, "More kit …")]))
    return lines


def naloxone(shell: Shell, draft: ContactDraft) -> Controls:
    """Kits, and once there is one: which product, batch and expiry (the last batch comes by itself)."""
    now = draft.naloxone[0] if draft.naloxone else None

    def change(kits: int) -> None:
        draft.naloxone = [] if kits == 0 else [supply(shell, draft, kits)]

    lines: Controls = [parts.stepper("Naloxone", now.kits if now else 0, change)]
    if now is not None:
        lines += naloxone_pack(draft)
    return lines


def naloxone_pack(draft: ContactDraft) -> Controls:
    """What is printed on the pack."""
    now = draft.naloxone[0]
    products = codes.load("naloxone_products")

    def put(**values: str) -> None:
        draft.naloxone[0] = msgspec.structs.replace(draft.naloxone[0], **values)

    return [
        parts.chips(
            parts.chip(code.label, now.product == code.key, lambda key=code.key: put(product=key))
            for code in products
        ),
        ft.Row(
            [
                ft.Container(
                    parts.field("Batch", now.batch, lambda typed: put(batch=typed.strip()), capitals=True),
                    expand=1,
                ),
                ft.Container(
                    parts.field(
                        "Expiry", now.expires_on, lambda typed: put(expires_on=typed.strip()), hint="2028-04"
                    ),
                    expand=1,
                ),
            ],
            spacing=GAP,
        ),
    ]


def naloxone_people(draft: ContactDraft) -> Controls:
    """First kit or another one, who it is for, and going through how to use it."""
    given = draft.naloxone[0]

    def choices(name: str, list_name: str, attribute: str) -> ft.Control:
        now = getattr(given, attribute)

        def choose(key: str) -> None:
            value = "" if getattr(draft.naloxone[0], attribute) == key else key
            draft.naloxone[0] = msgspec.structs.replace(draft.naloxone[0], **{attribute: value})

        return group(
            name,
            [
                parts.chips(
                    parts.chip(code.label, now == code.key, lambda key=code.key: choose(key))
                    for code in codes.load(list_name)
                )
            ],
        )

    shown: Controls = [choices("First or again", "supply_type", "supply_type")]
    if given.supply_type == "resupply":
        shown.append(choices("Why another kit", "resupply_reason", "resupply_reason"))
    shown.append(choices("Who it is for", "recipient_type", "recipient_type"))
    shown.append(choices("Going through how to use it", "naloxone_training", "training"))
    return shown


def supply(shell: Shell, draft: ContactDraft, kits: int) -> NaloxoneSupplied:
    """So many kits of the batch used last, else of what the bag holds."""
    if draft.naloxone:
        return msgspec.structs.replace(draft.naloxone[0], kits=kits)
    products = codes.load("naloxone_products")
    bag = shell.session.bag() if shell.session else ()
    carried = next((line for line in bag if line.item in products and line.quantity > 0), None)
    last = shell.last_naloxone
    if last is not None:
        return NaloxoneSupplied(product=last.product, kits=kits, batch=last.batch, expires_on=last.expires_on)
    if carried is not None:
        return NaloxoneSupplied(product=carried.item, kits=kits, batch=carried.batch)
    return NaloxoneSupplied(product=products.keys()[0], kits=kits)
