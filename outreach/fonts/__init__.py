"""The typeface of screens and paper: Atkinson Hyperlegible Next, under the SIL Open Font License (OFL.txt).

Made for low vision: zero and O, one and l can't be confused. The files are subsets with the
letters of Western and Central European languages.
"""

from importlib.resources import files
from pathlib import Path
from typing import Literal

Weight = Literal["regular", "bold"]
FAMILY = "Atkinson"


def path(weight: Weight = "regular") -> Path:
    """The TrueType file of a weight, as an absolute path."""
    return Path(str(files(__package__) / f"atkinson-{weight}.ttf"))
