"""What can go wrong with a slip. Each message is a sentence for the person who meets it."""


class SlipError(Exception):
    """The family; the message says what happened, what is safe and what to do next."""


class NotASlip(SlipError):
    """The text is not one of our slips at all (a bus ticket, a web address, a badge)."""


class DamagedSlip(SlipError):
    """The text begins as our slips do, but what follows can't be read."""


class NotSigned(SlipError):
    """The text reads as a slip, but no key of this issuer signed what it says."""


class CodeTypo(SlipError):
    """A typed code that fits no slip: a letter too many, too few, or one that differs."""


class ForbiddenWord(SlipError):
    """A field of a slip holds a word that would tell a finder what the slip is for."""


class DoesNotFit(SlipError):
    """A token or a text is larger than a slip can hold."""
