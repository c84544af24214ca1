"""Where the bars of a picture and their texts stand, in points from the upper left.

Names and values stand inside the axes, so that nothing is cut, whatever figure the axes are of: names left of the bars
on wide axes, and above them on narrow ones, as on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allocator.report.plots.text import Fonts, printable, width, wrapped

SIZES = (9.0, 8.5, 8.0, 7.5, 7.0)
"Sizes of letters; the largest with which all fits is taken."
NARROW = 330.0
"On axes of less, names stand above their bars."
NAMES, VALUES, VALUES_ABOVE = 0.43, 0.42, 0.5
"What of the axes texts may take before they are broken."
LEADING = 1.25
"From line to line, in sizes of letters."
GAP = 8.0
"Between a name and its bar, and between a value and the edge."
FEW, MOST = 16, 60
"So many bars are shown however short they are, and no more are, since nobody reads them."


@dataclass(frozen=True)
class Bar:
    """A bar with its name and its value.

    Attributes:
        name: for a reader.
        told: the value in words.
        parts: its tones and lengths, from zero on; several stand behind each other.
        mark: where a tick stands on it.
        head: whether it is a group's, whose members follow.
    """

    name: str
    told: str
    parts: tuple[tuple[str, float], ...] = ()
    mark: float | None = None
    head: bool = False

    @property
    def length(self) -> float:
        """Of all parts."""
        return sum(length for _, length in self.parts)

    @property
    def reach(self) -> tuple[float, float]:
        """From where to where it goes, its mark and zero included."""
        ends = (0.0, self.length, 0.0 if self.mark is None else self.mark)
        return min(ends), max(ends)


@dataclass(frozen=True)
class Place:
    """A bar with its texts in lines.

    Attributes:
        bar: what is placed.
        name, told: lines.
        wide: how wide the value is.
        top, height: where its texts begin, and what all of it takes.
    """

    bar: Bar
    name: list[str]
    told: list[str]
    wide: float
    top: float
    height: float


@dataclass(frozen=True)
class Layout:
    """All places.

    Attributes:
        places: of the bars that are shown.
        size: of letters.
        above: whether names stand over their bars.
        start: where bars begin.
        key: what the legend takes over them.
        height: of all, the legend included.
    """

    places: list[Place]
    size: float
    above: bool
    start: float
    key: float
    height: float

    @property
    def line(self) -> float:
        """What a line of text takes."""
        return self.size * LEADING

    def span(self, wide: float) -> tuple[float, float, float]:
        """The least and the greatest value on axes so wide, and the greatest scale, in points a unit.

        Bars are as long as leaves room for the value behind each.
        """
        least = min(place.bar.reach[0] for place in self.places)
        most = max(place.bar.reach[1] for place in self.places)
        rooms = [
            (place.bar.reach[1] - least, wide - self.start - (0.0 if self.above else place.wide + GAP))
            for place in self.places
        ]
        scales = [room / reach for reach, room in rooms if reach > 0]
        return least, most, min(scales, default=1.0)


def laid(bars: Sequence[Bar], wide: float, size: float, keyed: bool, fonts: Fonts) -> Layout:
    """Where all goes on axes so wide, however high they would have to be."""
    line, above = size * LEADING, wide < NARROW
    values = [width(printable(bar.told), size, bar.head, fonts) for bar in bars]
    most = min(max(values), wide * (VALUES_ABOVE if above else VALUES))
    names = min(max(width(printable(bar.name), size, bar.head, fonts) for bar in bars), wide * NAMES)
    top = key = 1.6 * line if keyed else 0.0
    places: list[Place] = []
    for bar, value in zip(bars, values, strict=True):
        room = wide - min(value, most) - GAP if above else names
        name, told = wrapped(bar.name, room, size, bar.head, fonts), wrapped(bar.told, most, size, bar.head, fonts)
        top += 0.5 * line if bar.head and places else 0.0
        height = (max(len(name), len(told)) + (1.0 if above and bar.parts else 0.0) + 0.3) * line
        places.append(Place(bar, name, told, min(value, most), top, height))
        top += height
    return Layout(places, size, above, 0.0 if above else names + GAP, key, top)


def fitted(bars: Sequence[Bar], wide: float, high: float, keyed: bool, fonts: Fonts) -> Layout:
    """The layout that shows most: with smaller letters, then with fewer bars, where the axes are too low."""
    for size in SIZES:
        found = laid(bars, wide, size, keyed, fonts)
        # Sizes of axes are kept in parts of their figure, which takes some digits.
        if found.height <= high + 0.01:
            return found
    for most in range(len(bars) - 1, 0, -1):
        found = laid(largest(bars, most), wide, SIZES[-1], keyed, fonts)
        if found.height <= high:
            break
    return found


def seen(bars: Sequence[Bar], faint: float) -> list[Bar]:
    """The bars that can be read: not too many, and, past a few, none shorter than a part of the longest."""
    lengths = [abs(bar.length) for bar in bars if not bar.head]
    count = sum(length >= faint * max(lengths) for length in lengths)
    return largest(bars, min(max(count, FEW), MOST))


def largest(bars: Sequence[Bar], most: int) -> list[Bar]:
    """So many of the bars, the heads of their groups, and how many others there are."""
    members = sorted((bar for bar in bars if not bar.head), key=lambda bar: -abs(bar.length))
    if len(members) <= most:
        return list(bars)
    kept = {id(bar) for bar in members[:most]}
    found: list[Bar] = []
    for bar in [bar for bar in bars if bar.head or id(bar) in kept]:
        if bar.head and found and found[-1].head:
            found.pop()
        found.append(bar)
    if found[-1].head:
        found.pop()
    left = len(members) - most
    return [*found, Bar("1 smaller one is not shown" if left == 1 else f"{left} smaller ones are not shown", "")]
