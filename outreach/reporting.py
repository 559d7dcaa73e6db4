"""The reports of a signed-in coordinator: what the logbook holds, named by the directory."""

from __future__ import annotations

from outreach import reports
from outreach.session import Session


def funnel(session: Session, period: reports.Period) -> reports.Report:
    """Where people are lost between slip and seat, over the referrals made in a period.

    Which devices have not sent yet isn't known on this one, and the report says so.
    """
    directory = session.device.directory
    return reports.make(
        session.logbook,
        period,
        organisation=session.device.team_name,
        now=session.now(),
        services={service.id: service.name for service in directory.services},
    )
