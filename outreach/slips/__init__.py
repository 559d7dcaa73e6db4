"""What a person carries: the token, its code and words, the paper, and the desk's check.

    text = issue(token, seed, kid)      on the worker's phone, with no network
    check(text, trust, now).colour      at the desk, with no network

Paper and pictures are in `paper` and `picture`, which are imported where they are wanted.
"""

from outreach.slips.errors import (
    CodeTypo,
    DamagedSlip,
    DoesNotFit,
    ForbiddenWord,
    NotASlip,
    NotSigned,
    SlipError,
)
from outreach.slips.scan import can_decode, decode
from outreach.slips.token import Token, issue, new_id, read
from outreach.slips.trust import (
    Checked,
    Colour,
    ListedService,
    ListedTeam,
    SlipKey,
    Trust,
    check,
    check_code,
    listed,
)

__all__ = [
    "Checked",
    "CodeTypo",
    "Colour",
    "DamagedSlip",
    "DoesNotFit",
    "ForbiddenWord",
    "ListedService",
    "ListedTeam",
    "NotASlip",
    "NotSigned",
    "SlipError",
    "SlipKey",
    "Token",
    "Trust",
    "can_decode",
    "check",
    "check_code",
    "decode",
    "issue",
    "listed",
    "new_id",
    "read",
]
