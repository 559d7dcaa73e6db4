"""The code beside the QR code: eight characters that can be typed, told by phone and read in rain.

    7K3M-Q9TX      seven characters: the first 35 bits of the slip's random id
                   one character: the check

The alphabet is Crockford's base 32: digits and letters without I, L, O and U. Small letters,
spaces and dashes are forgiven, O is read as 0, I and L as 1.

The check is a weighted sum in the field of 32 elements: characters d₁…d₇ and the check d₈ satisfy
Σ αⁱ·dᵢ = 0, where α is a root of x⁵ + x² + 1, whose powers α¹…α⁸ all differ and none is zero. So
one wrong character changes the sum by αⁱ·e ≠ 0, and two characters that changed places change it by
(αⁱ + αʲ)·e ≠ 0: every such slip of the finger is found (the tests try them all).
"""

from collections.abc import Iterable

from outreach.slips.errors import CodeTypo

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX_BITS = 35
PREFIX_BYTES = 5
"""Bytes of a prefix; the last five bits of the fifth are zero."""

_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_FORGIVEN = str.maketrans({"O": "0", "I": "1", "L": "1"})
_SEPARATORS = " -‐‑‒–—−_.·\u00a0\u202f\t\r\n"
_COARSE = ("CRACK", "SMACK", "JANK", "RAPE", "DEAD", "KNAB", "SCAB", "WANK", "TWAT", "ARSE", "NAZ", "GRASS")


def code_of(token_id: bytes) -> str:
    """The code of a slip's 12-byte id, as `7K3M-Q9TX`. Any id of at least five bytes will do."""
    if len(token_id) < PREFIX_BYTES:
        raise ValueError("an id has at least five bytes")
    number = int.from_bytes(token_id[:PREFIX_BYTES], "big") >> (8 * PREFIX_BYTES - PREFIX_BITS)
    digits = [number >> shift & 31 for shift in range(30, -1, -5)]
    letters = "".join(ALPHABET[digit] for digit in (*digits, _check(digits)))
    return f"{letters[:4]}-{letters[4:]}"


def parse(typed: str) -> bytes:
    """The prefix that a typed code stands for: the first 35 bits of an id in five bytes.

    `matches` compares it with an id. Raises `CodeTypo` with a sentence that says what to look at.
    """
    return prefix_of(_digits(tidy(typed)))


def tidy(typed: str) -> str:
    """The eight characters as we write them, without a dash. Raises `CodeTypo`."""
    shown = "".join(character for character in typed.upper() if character not in _SEPARATORS)
    plain = shown.translate(_FORGIVEN)
    for character in plain:
        if character == "U":
            raise CodeTypo("Codes have no U; a V can look like one. Look again and type it once more.")
        if character not in _VALUE:
            raise CodeTypo(
                f"Codes are made of letters and digits, and “{character}” is neither. "
                "Look again and type it once more."
            )
    if len(plain) != 8:
        count = {0: "nothing yet", 1: "1 character"}.get(len(plain), f"{len(plain)} characters")
        raise CodeTypo(f"A code has 8 characters and this has {count}. Look again and type it once more.")
    return plain


def prefix_of(digits: Iterable[int]) -> bytes:
    """Seven values below 32 as the five bytes of a prefix."""
    number = 0
    for digit in digits:
        number = number << 5 | digit
    return (number << (8 * PREFIX_BYTES - PREFIX_BITS)).to_bytes(PREFIX_BYTES, "big")


def matches(prefix: bytes, token_id: bytes) -> bool:
    """Whether a slip's id begins with the 35 bits of a prefix from `parse`."""
    return len(token_id) >= PREFIX_BYTES and code_of(token_id) == code_of(prefix)


def is_seemly(code: str) -> bool:
    """Whether a code spells none of a few coarse or telling words (0 and 1 read as O and I)."""
    letters = code.replace("-", "").replace("0", "O").replace("1", "I").replace("5", "S").replace("3", "E")
    return not any(word in letters for word in _COARSE)


def _digits(plain: str) -> list[int]:
    values = [_VALUE[character] for character in plain]
    if _check(values[:7]) != values[7]:
        raise CodeTypo(
            "One character looks different from the slip, or two have changed places. "
            "Look again and type it once more; the two words find it as well."
        )
    return values[:7]


def _times(a: int, b: int) -> int:
    """Product in the field of 32 elements (polynomials over GF(2) modulo x⁵ + x² + 1)."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        b >>= 1
        a <<= 1
        if a & 32:
            a ^= 0b100101
    return product


_POWERS = [1]
for _ in range(30):
    _POWERS.append(_times(_POWERS[-1], 2))


def _check(digits: list[int]) -> int:
    total = 0
    for position, digit in enumerate(digits, start=1):
        total ^= _times(_POWERS[position], digit)
    return _times(total, _POWERS[31 - 8])  # divided by α⁸, since α³¹ = 1
