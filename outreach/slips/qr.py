"""The QR code of a slip, as a square of dark and light modules.

Always version 8 (49 modules a side) at error correction M, in alphanumeric mode: a slip that is
printed at 25 mm has modules of half a millimetre and can lose 15 % of them to rain and folds.
"""

from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError
from qrcode.main import QRCode
from qrcode.util import MODE_ALPHA_NUM, QRData

from outreach.slips.errors import DoesNotFit

VERSION = 8
MODULES = 17 + 4 * VERSION
QUIET = 4
"""Modules of white around the code (ISO/IEC 18004)."""

Matrix = tuple[tuple[bool, ...], ...]


def matrix(text: str) -> Matrix:
    """The modules, rows from the top, True for dark. Raises `DoesNotFit` above 221 characters."""
    drawn = QRCode(version=VERSION, error_correction=ERROR_CORRECT_M, border=0)
    try:
        drawn.add_data(QRData(text, mode=MODE_ALPHA_NUM))
        drawn.make(fit=False)
    except (DataOverflowError, ValueError, TypeError) as error:
        raise DoesNotFit(
            "This text has no place in the QR code of a slip. Nothing was given out; make the slip again."
        ) from error
    return tuple(tuple(bool(module) for module in row) for row in drawn.modules)


def bars(rows: Matrix) -> list[tuple[int, int, int, int]]:
    """The dark modules as few rectangles `(column, row, width, height)`, none overlapping.

    Runs of a row that stand exactly under the same run of the row above grow downwards, so that a
    printer has no hairlines between rows to leave white.
    """
    done: list[tuple[int, int, int, int]] = []
    growing: dict[tuple[int, int], int] = {}  # (column, width) → first row
    for number, row in enumerate((*rows, ())):
        runs = _runs(row)
        for (column, width), first in list(growing.items()):
            if (column, width) not in runs:
                done.append((column, first, width, number - first))
                del growing[column, width]
        for run in runs:
            growing.setdefault(run, number)
    return done


def _runs(row: tuple[bool, ...]) -> set[tuple[int, int]]:
    found = set()
    start = None
    for column, dark in enumerate((*row, False)):
        if dark and start is None:
            start = column
        elif not dark and start is not None:
            found.add((start, column - start))
            start = None
    return found
