"""A passphrase or PIN on its way to a key: a thing that shows nothing in a traceback or a repr."""

from __future__ import annotations

import unicodedata


class Passphrase:
    """What somebody typed, in the form in which it is hashed.

    Unicode NFC, one space for any run of blanks, none at the ends. Functions turn a ``str`` into
    this first thing, so that no traceback of theirs holds it in the clear.
    """

    __slots__ = ("_text",)

    def __init__(self, typed: str | Passphrase) -> None:
        if isinstance(typed, Passphrase):
            self._text: str = typed._text
        else:
            self._text = unicodedata.normalize("NFC", " ".join(typed.split()))

    def __repr__(self) -> str:
        return "<Passphrase>"

    def __reduce__(self) -> str:
        raise TypeError("a passphrase is not pickled")

    def __bool__(self) -> bool:
        return bool(self._text)

    @property
    def digits(self) -> int:
        """How many digits it has, when it is digits 0 to 9 and nothing else; otherwise 0."""
        return len(self._text) if self._text.isascii() and self._text.isdecimal() else 0

    @property
    def is_easy_row(self) -> bool:
        """Is it one character again and again, or a run up or down such as 123456?"""
        steps = {ord(b) - ord(a) for a, b in zip(self._text, self._text[1:], strict=False)}
        return steps <= {0} or steps == {1} or steps == {-1}

    @property
    def is_text(self) -> bool:
        """Can it be written down at all? Half of a character (a lone surrogate) can't."""
        return not any("\ud800" <= letter <= "\udfff" for letter in self._text)

    def encode(self) -> bytes:
        """The bytes that are hashed: UTF-8."""
        return self._text.encode(errors="surrogatepass")
