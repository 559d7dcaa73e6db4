"""The whole job on one machine, with the example team.

`walk(DIR)` does it without a screen, step by step, and leaves the papers in DIR.
`open_in_browser` starts the app with the same team, and a hub beside it.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from forms import codes
from outreach import reporting, reports, slips
from outreach.capture import ContactDraft, ReferralDraft
from outreach.example import nectos, team
from outreach.logbook.events import Event, NaloxoneSupplied
from outreach.session import NotPossible, Session
from outreach.slips import paper, picture
from sync.hub.serve import running

Say = Callable[[str], object]
LEFT_BEHIND = (
    *("hub.db", "hub.db-wal", "hub.db-shm", "hub.key"),
    *("slip.pdf", "slip.png", "report.pdf", "report.csv"),
)
HISTORY_SERVICES = ("north", "quay", "mill", "hill")
BEGUN = "begun.txt"
"""Lies in the example's folder while it is made: one that was interrupted is made anew."""


def trust(folder: Path) -> slips.Trust:
    """The trust list that the desk of a walk carries."""
    device = team.load(Path(folder)).open_device("yard")
    try:
        return device.trust
    finally:
        device.close()


def walk(folder: Path, *, say: Say = print, now: datetime | None = None) -> None:
    """Two phones, a desk, a coordinator and a hub: from a contact to a printed report.

    Leaves `slip.pdf`, `slip.png`, `report.pdf`, `report.csv` and `hub.db` in `folder`, with the
    profiles of the example team. What an earlier walk left there is replaced.

    Raises:
        NotAnExample: the folder holds a hub or profiles that no example made. Nothing was changed.
        OSError: the folder can't be written.
    """
    folder = Path(folder)
    team.claim(folder)
    for name in LEFT_BEHIND:
        (folder / name).unlink(missing_ok=True)
    with ExitStack() as stack:
        _Walk(folder, stack, say, now or datetime.now(UTC)).all()


class _Walk:
    """The steps of a walk, and what they hand on to each other."""

    def __init__(self, folder: Path, stack: ExitStack, say: Say, now: datetime) -> None:
        self.folder, self.stack, self._say, self.now = folder, stack, say, now
        self.step = 0

    def all(self) -> None:
        self.example = team.build(self.folder, now=self.now)
        self.say(f"{team.TEAM}: keys, certificates and four vaults made in {self.folder}.")
        self.capture_while_locked()
        self.record_a_contact()
        self.make_a_slip()
        self.record_the_same_talk_on_another_phone()
        self.start_the_hub()
        self.sync_both_phones()
        self.scan_at_the_desk()
        self.record_the_assessment()
        self.print_the_report()

    def say(self, sentence: str) -> None:
        self.step += 1
        self._say(f"{self.step:2}  {sentence}")

    def unlock(self, profile: str) -> Session:
        device = self.example.open_device(profile)
        self.stack.callback(device.close)
        session = device.unlock(self.example.passphrases[profile])
        self.stack.callback(session.lock)
        return session

    def again(self, session: Session) -> Session:
        """Lock a profile and unlock it anew, so that it reads where the hub is now."""
        session.lock()
        session.device.close()
        return self.unlock(session.device.folder.name)

    def capture_while_locked(self) -> None:
        device = self.example.open_device("sam")
        captured = device.save_contact(ContactDraft(kind="kit_only", kit={"foil": 2}))
        device.close()
        self.sam = self.unlock("sam")
        waits = len(self.sam.unfinished())
        self.say(f"Sam’s phone, no network: a locked capture is sealed; {waits} waits to be confirmed.")
        draft = self.sam.draft_of(captured.contact)
        draft.unfinished = False
        self.sam.finish_contact(captured.contact, draft)

    def record_a_contact(self) -> None:
        self.sam.start_shift("harbour", "Jo", {"foil": 20, "nyxoid": 4})
        self.contact = self.sam.save_contact(_talk())
        self.say("A contact with advice, kit and naloxone is saved; nothing was mandatory, nobody is named.")

    def make_a_slip(self) -> None:
        self.slip = self.sam.refer(
            ReferralDraft(
                service=team.SITE,
                session=1,
                source="outreach_worker",
                contact=self.contact.contact,
                chosen_name="Robin",
                wait_preference="outside",
                send_ahead=True,
                fast_track=True,
            )
        )
        (self.folder / "slip.pdf").write_bytes(paper.a6_pdf(self.slip.slip))
        (self.folder / "slip.png").write_bytes(picture.slip_png(self.slip.slip))
        said = " ".join(self.slip.words)
        self.say(f"A referral with its slip, {self.slip.code}, “{said}”: slip.pdf and slip.png.")

    def record_the_same_talk_on_another_phone(self) -> None:
        self.jo = self.unlock("jo")
        draft = ContactDraft(area="harbour", substances={"heroin": ""}, kit={"foil": 2})
        self.same = self.jo.save_contact(draft)
        waits = f"{self.sam.waiting()} and {self.jo.waiting()} records"
        self.say(f"Jo recorded the same talk on another phone; both wait to send: {waits}.")

    def start_the_hub(self) -> None:
        address = self.stack.enter_context(running(self.example.database))
        self.example.point_to_hub(address)
        self.alex = self.unlock("alex")
        self.quarter = _quarter(self.now)
        _register(self.alex)
        events = _history(self.alex, self.quarter)
        self.alex.bring_in(events)
        self.alex.sync()
        told = f"{len(events)} events, sealed"
        self.say(f"The hub is up at {address}. Alex brings in 447 referrals of an earlier quarter: {told}.")

    def sync_both_phones(self) -> None:
        self.sam, self.jo = self.again(self.sam), self.again(self.jo)
        sent = self.sam.sync().sent + self.jo.sync().sent
        self.sam.sync()
        self.sam.record_merge("same_talk", self.contact.contact, self.same.contact)
        self.sam.sync()
        self.say(
            f"Both phones sync: {sent} envelopes sent and receipted; two records of one talk are merged."
        )

    def scan_at_the_desk(self) -> None:
        self.yard = self.unlock("yard")
        self.yard.sync()
        scanned = slips.decode((self.folder / "slip.png").read_bytes())
        if scanned is None:
            raise NotPossible(
                "The code on slip.png can't be read on this machine. The other papers are there."
            )
        checked = self.yard.check(scanned)
        arrival = self.yard.arrive(checked)
        self.yard.desk_outcome(arrival.token, "seen_now")
        self.yard.sync()
        wish = codes.load("wait_preference").label(arrival.wait_preference).lower()
        self.say(f"The Yard scans the slip: {checked.colour}. {arrival.chosen_name} has come; wish: {wish}.")

    def record_the_assessment(self) -> None:
        self.alex.sync()
        self.alex.move(self.slip.referral, "assessed", attendance="seen_on_time", source="desk")
        self.alex.sync()
        self.sam.sync()
        referral = self.sam.logbook.referral(self.slip.referral)
        state = codes.load("referral_state").label(referral.state if referral else "issued").lower()
        self.say(f"Alex sees the arrival and records the assessment; Sam’s phone shows: {state}.")

    def print_the_report(self) -> None:
        report = reporting.funnel(self.alex, self.quarter)
        (self.folder / "report.pdf").write_bytes(report.pdf())
        (self.folder / "report.csv").write_text(report.csv(), encoding="utf-8")
        waits = sum(session.waiting() for session in (self.sam, self.jo, self.yard, self.alex))
        self.say(f"report.pdf and report.csv: where people are lost. {waits} records wait to be sent.")


def open_in_browser(folder: Path, *, port: int = 8550, fresh: bool = False, say: Say = print) -> None:
    """Start a hub and the app with the example team; ends with Ctrl+C.

    Raises:
        NotPossible: another program has the port. Nothing was made or changed.
        NotAnExample: `folder` holds a hub or profiles of somebody else's. Nothing was changed.
    """
    from outreach.screens.app import serve

    if not _free(port):
        raise NotPossible(
            f"Another program has port {port} of this machine; it may be the example team, open already: "
            f"look at http://127.0.0.1:{port}. "
            f"To open it elsewhere: .venv/bin/outreach demo --open --port {port + 1}"
        )
    if fresh and folder.exists():
        team.claim(folder)
        shutil.rmtree(folder)
    begun = folder / BEGUN
    with ExitStack() as stack:
        ready = team.exists(folder) and not begun.exists()
        if not ready:
            say("Making the example team, its keys and an earlier quarter’s referrals (once) ...")
            team.claim(folder)
            begun.touch()
            team.build(folder)
        example = team.load(folder)
        hub = stack.enter_context(running(example.database, team.HUB_PORT if _free(team.HUB_PORT) else 0))
        example.point_to_hub(hub)
        if not ready:
            fill(example)
            begun.unlink()
        say(f"The hub listens at {hub}; the example team lies in {folder}.")
        serve(example.profiles, port=port, hints=dict(example.passphrases))


def _free(port: int) -> bool:
    """Whether a port on 127.0.0.1 can be listened at (0 always can)."""
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def fill(example: team.Example) -> None:
    """Register the team with its hub and bring in the history that the coordinator's report shows."""
    device = example.open_device("alex")
    session = device.unlock(example.passphrases["alex"])
    _register(session)
    session.bring_in(_history(session, _quarter(session.now())))
    session.sync()
    session.lock()
    device.close()


def _register(session: Session) -> None:
    with session.device.client() as client:
        client.register_team(session.device.team)


def _history(session: Session, quarter: reports.Period) -> tuple[Event, ...]:
    profile = session.device.profile
    return tuple(nectos.events(quarter.first, profile.member, profile.device, HISTORY_SERVICES))


def _talk() -> ContactDraft:
    return ContactDraft(
        minutes="5_to_15",
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


def _quarter(now: datetime) -> reports.Period:
    """The latest calendar quarter whose 90-day reviews are all due."""
    over = reports.Period.quarter((now - timedelta(days=120)).date())
    return reports.Period.quarter(over.first - timedelta(days=1))
