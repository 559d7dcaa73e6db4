"""Outreach: records, advice and referral slips for street work with people who use drugs.

Start reading at `session` (what a signed-in member can do), then `logbook` (what happened and
what it adds up to), `vault` (how it is kept) and `slips` (what a person carries).
"""

__version__ = "0.1.0"
