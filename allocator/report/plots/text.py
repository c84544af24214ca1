"""Text in pictures: as it stands, in letters that there are, and no wider than its place."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Any

import matplotlib as mpl
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.textpath import TextToPath

Fonts = tuple[str, ...]
"Families of fonts; what the first lacks, the next may have."
PLAIN: dict[str, Any] = {"parse_math": False, "usetex": False}
"Texts of files have dollar signs, and matplotlib takes what stands between two of them for mathematics."
EASTERN = (
    "Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "Hiragino Sans", "Yu Gothic", "IPAexGothic", "MS Gothic",
)  # fmt: skip
"Fonts with Japanese letters, which matplotlib's own lacks."
MOST_LINES = 8
"A longer text is no name."


def printable(text: str) -> str:
    """A text without what is no letter, such as control characters, which SVG may not have."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def families() -> Fonts:
    """The reader's fonts, and behind them one for what they lack, if it is installed."""
    installed = {font.name for font in fontManager.ttflist}
    return (*mpl.rcParams["font.family"], *[name for name in EASTERN if name in installed][:1])


@lru_cache(maxsize=1 << 14)
def width(text: str, size: float, bold: bool, fonts: Fonts) -> float:
    """How wide a text is, in points; a little more than by its outlines, since screens round each letter."""
    font = FontProperties(family=list(fonts), size=size, weight="bold" if bold else "normal")
    with warnings.catch_warnings():
        # What no font has is drawn as a box, which has a width too.
        warnings.simplefilter("ignore")
        return 1.03 * float(TextToPath().get_text_width_height_descent(text, font, ismath=False)[0])


def wrapped(text: str, most: float, size: float, bold: bool, fonts: Fonts) -> list[str]:
    """A text in lines no wider than asked: broken between words, and wider words behind a hyphen, or else anywhere."""
    lines = [""]
    for word in printable(text).split():
        whole = width(word, size, bold, fonts) <= most
        for number, part in enumerate([word] if whole else re.split("(?<=-)", word)):
            longer = f"{lines[-1]}{'' if number else ' '}{part}".lstrip()
            if width(longer, size, bold, fonts) <= most:
                lines[-1] = longer
                continue
            if lines[-1]:
                lines.append("")
            for letter in part:
                if lines[-1] and width(lines[-1] + letter, size, bold, fonts) > most:
                    lines.append("")
                if len(lines) > MOST_LINES:
                    return [*lines[: MOST_LINES - 1], f"{lines[MOST_LINES - 1][:-1]}…"]
                lines[-1] += letter
    return lines
