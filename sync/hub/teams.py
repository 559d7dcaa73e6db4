"""The teams that this hub serves: their logs, verified, and kept in memory while they are in use.

A team's log proves itself: its root public key is inside, its id is that key's hash, and every statement is
signed. So anyone may bring one, and a newer one only adds to what is there. The hub stores the log that it
had with what the newcomer adds after it; of two coordinators who write at once, neither is lost.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from http import HTTPStatus

from sync.errors import BadTeamLog
from sync.hub.limits import LOG_BYTES
from sync.hub.problems import Problem, bad_request, conflict
from sync.hub.store import Store
from sync.log import TeamLog

KEPT_IN_MEMORY = 256
"""Logs of teams held ready; others are read and verified again when they are asked for."""
_TRIES = 8


class Teams:
    """The verified logs of the teams in a store. Safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ready: OrderedDict[bytes, tuple[int, TeamLog]] = OrderedDict()
        self._guard = threading.Lock()

    def log(self, team: bytes) -> TeamLog:
        """The team's newest log. Raises `Problem` (404) for a team that the hub doesn't know."""
        revision = self._store.log_revision(team)
        with self._guard:
            ready = self._ready.get(team)
            if ready is not None and ready[0] == revision:
                self._ready.move_to_end(team)
                return ready[1]
        row = self._store.team(team)
        if row is None:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                "team-not-known",
                "This hub does not know the team yet. Records stay on the device; it introduces its team and "
                "then sends them.",
            )
        log = TeamLog.from_bytes(row.log)
        self._keep(team, row.log_revision, log)
        return log

    def put(self, team: bytes, data: bytes, now: int) -> bool:
        """Take in a team's log; True when the team is new here. Raises `Problem`."""
        try:
            offered = TeamLog.from_bytes(data)
        except BadTeamLog as error:
            raise bad_request(str(error), "team-log") from None
        if offered.team != team:
            raise bad_request(
                "This log belongs to another team than the address says. Nothing was changed.", "team"
            )
        for _ in range(_TRIES):
            row = self._store.team(team)
            if row is None:
                if self._store.put_log(team, offered.to_bytes(), replaces=None, now=now):
                    return True
                continue
            known = TeamLog.from_bytes(row.log)
            try:
                merged = known.merged(offered)
            except BadTeamLog as error:
                raise conflict("team-log", str(error)) from None
            if merged is known:
                return False
            longer = merged.to_bytes()
            if len(longer) > LOG_BYTES:
                raise conflict(
                    "team-log-full", "The team's log has reached its largest size. Nothing was changed."
                )
            if self._store.put_log(team, longer, replaces=row.log_revision, now=now):
                return False
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "busy",
            "Others are changing this team's log at the same moment. Nothing was lost; try again in a "
            "moment.",
            headers={"Retry-After": "1"},
        )

    def _keep(self, team: bytes, revision: int, log: TeamLog) -> None:
        with self._guard:
            self._ready[team] = (revision, log)
            self._ready.move_to_end(team)
            while len(self._ready) > KEPT_IN_MEMORY:
                self._ready.popitem(last=False)
