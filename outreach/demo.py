"""The whole job on one machine, with the example team.

`walk(DIR)` does it without a screen, step by step, and leaves the papers in DIR.
`open_in_browser` starts the app with the same team, and a hub beside it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from outreach import reporting, reports, slips
from outreach.capture import ContactDraft, ReferralDraft
from outreach.example import nectos, team
from outreach.logbook.events import NaloxoneSupplied
from outreach.session import Session
from outreach.slips import paper, picture
from sync.hub.serve import running

Say = Callable[[str], object]
HISTORY_SERVICES = ("north", "quay", "mill", "hill")


def trust(folder: Path) -> slips.Trust:
    """The trust list that the desk of a walk carries."""
    return team.load(Path(folder)).open_device("yard").trust


def walk(folder: Path, *, say: Say = print, now: datetime | None = None) -> None:
    """Two phones, a desk, a coordinator and a hub: from a contact to a printed report.

    Leaves `slip.pdf`, `slip.png`, `report.pdf`, `report.csv` and `hub.db` in `folder`, with the
    profiles of the example team. What an earlier walk left there is replaced.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("hub.db", "hub.db-wal", "hub.db-shm", "hub.key", "slip.pdf", "slip.png", "report.pdf", "report.csv"):
        (folder / name).unlink(missing_ok=True)
    with ExitStack() as stack:
        example = team.build(folder, now=now)
        say(f" 1  {team.TEAM}: keys, certificates and four vaults made in {folder}.")

        sam = _unlock(example, "sam", stack)
        captured = sam.device.save_contact(ContactDraft(kind="kit_only", kit={"foil": 2}))
        _lock(sam)
        sam = _unlock(example, "sam", stack)
        say(f" 2  Sam’s phone, no network: a locked capture is sealed; {len(sam.unfinished())} waits to be finished.")
        sam.finish_contact(captured.contact, _finished(sam, captured.contact))

        sam.start_shift("harbour", "Jo", {"foil": 20, "nyxoid": 4})
        contact = sam.save_contact(_talk())
        say(" 3  A contact with advice, kit and naloxone is saved; nothing was mandatory, nobody is named.")

        slip = sam.refer(
            ReferralDraft(
                service=team.SITE,
                session=1,
                source="outreach_worker",
                contact=contact.contact,
                chosen_name="Robin",
                wait_preference="outside",
                send_ahead=True,
                fast_track=True,
            )
        )
        (folder / "slip.pdf").write_bytes(paper.a6_pdf(slip.slip))
        (folder / "slip.png").write_bytes(picture.slip_png(slip.slip))
        say(f" 4  A referral with its slip, {slip.code}, “{' '.join(slip.words)}”: slip.pdf and slip.png.")

        jo = _unlock(example, "jo", stack)
        same = jo.save_contact(ContactDraft(area="harbour", substances={"heroin": ""}, kit={"foil": 2}))
        say(f" 5  Jo recorded the same talk on another phone; both wait: {sam.waiting()} and {jo.waiting()} records.")

        hub = stack.enter_context(running(example.database))
        example.point_to_hub(hub)
        alex = _unlock(example, "alex", stack)
        quarter = _quarter(datetime.now(UTC) if now is None else now)
        history = tuple(
            nectos.events(quarter.first, alex.device.profile.member, alex.device.profile.device, HISTORY_SERVICES)
        )
        with alex.device.client() as client:
            client.register_team(alex.device.team)
        alex.bring_in(history)
        alex.sync()
        say(f" 6  The hub is up at {hub}. Alex brings in last year’s 447 referrals: {len(history)} events, sealed.")

        sam, jo = _reopen(example, sam, stack), _reopen(example, jo, stack)
        sent = sam.sync().sent + jo.sync().sent
        sam.sync()
        sam.record_merge("same_talk", contact.contact, same.contact)
        sam.sync()
        say(f" 7  Both phones sync: {sent} envelopes sent and receipted; the two records of one talk are merged.")

        yard = _unlock(example, "yard", stack)
        yard.sync()
        scanned = slips.decode((folder / "slip.png").read_bytes())
        if scanned is None:
            raise RuntimeError("The QR of slip.png can't be read.")
        checked = yard.check(scanned)
        arrival = yard.arrive(checked)
        yard.desk_outcome(arrival.token, "seen_now")
        say(f" 8  The Yard scans the slip: {checked.colour}. {arrival.chosen_name} has come, and waits {arrival.wait_preference}.")
        yard.sync()

        alex.sync()
        alex.move(slip.referral, "assessed", attendance="seen_on_time", source="desk")
        alex.sync()
        sam.sync()
        state = next(referral.state for referral in sam.referrals() if referral.id == slip.referral)
        say(f" 9  Alex sees the arrival and records the assessment; Sam’s phone shows: {state}.")

        report = reporting.funnel(alex, quarter)
        (folder / "report.pdf").write_bytes(report.pdf())
        (folder / "report.csv").write_text(report.csv(), encoding="utf-8")
        waiting = sum(session.waiting() for session in (sam, jo, yard, alex))
        say(f"10  report.pdf and report.csv: where people are lost between slip and seat. {waiting} records wait to be sent.")
        for session in (sam, jo, yard, alex):
            _lock(session)


def open_in_browser(folder: Path, *, port: int = 8550, fresh: bool = False, say: Say = print) -> None:
    """Start a hub and the app with the example team; ends with Ctrl+C."""
    from outreach.screens.app import serve

    if fresh and folder.exists():
        shutil.rmtree(folder)
    with ExitStack() as stack:
        if team.exists(folder):
            example = team.load(folder)
            hub = stack.enter_context(running(example.database, team.HUB_PORT))
        else:
            say("Making the example team, its keys and last year’s referrals (once, about ten seconds) ...")
            example = team.build(folder)
            hub = stack.enter_context(running(example.database, team.HUB_PORT))
            example.point_to_hub(hub)
            fill(example)
        example.point_to_hub(hub)
        say(f"The hub listens at {hub}; the example team lies in {folder}.")
        serve(example.profiles, port=port, hints=dict(example.passphrases))


def fill(example: team.Example) -> None:
    """Register the team with its hub and bring in the history that the coordinator's report shows."""
    device = example.open_device("alex")
    with device.client() as client:
        client.register_team(device.team)
    session = device.unlock(example.passphrases["alex"])
    quarter = _quarter(session.now())
    session.bring_in(
        tuple(nectos.events(quarter.first, device.profile.member, device.profile.device, HISTORY_SERVICES))
    )
    session.sync()
    session.lock()
    device.close()


def _talk() -> ContactDraft:
    return ContactDraft(
        minutes="5-15",
        area="harbour",
        substances={"heroin": "smoke_foil", "crack": "smoke_pipe"},
        use_together="close_together",
        advice={"taking-them-apart": "talked_about", "crack-own-pipe": "offered"},
        kit={"foil": 2},
        naloxone=[
            NaloxoneSupplied(
                product="nyxoid",
                kits=1,
                batch="EX4417",
                expires_on="2028-03",
                supply_type="first",
                recipient_type="person_at_risk",
                training="full",
            )
        ],
        practical={"hot_drink"},
        confidentiality_explained=True,
        note="Back on Thursday, prefers Sam.",
    )


def _finished(session: Session, contact: bytes) -> ContactDraft:
    draft = session.draft_of(contact)
    draft.unfinished = False
    return draft


def _quarter(now: datetime) -> reports.Period:
    """The latest calendar quarter whose 90-day reviews are all due."""
    over = reports.Period.quarter((now - timedelta(days=100)).date())
    return reports.Period.quarter(over.first - timedelta(days=1))


def _unlock(example: team.Example, profile: str, stack: ExitStack) -> Session:
    device = example.open_device(profile)
    stack.callback(device.close)
    return device.unlock(example.passphrases[profile])


def _reopen(example: team.Example, session: Session, stack: ExitStack) -> Session:
    """Lock and unlock, so that the profile reads where the hub is now."""
    profile = session.device.folder.name
    _lock(session)
    return _unlock(example, profile, stack)


def _lock(session: Session) -> None:
    session.lock()
    session.device.close()
