"""What a coordinator prints and exports: two A4 pages and the same numbers as CSV."""

from outreach.reports.period import Period
from outreach.reports.report import Device, Report, make

__all__ = ["Device", "Period", "Report", "make"]
