"""A picture of labelled bars, each with its name and its value beside it, so that it needs no legend and no grid.

Names and values stand inside the axes. What is drawn is so never cut, whatever figure the axes are of; on wide axes names
stand left of the bars, on narrow ones, as on a phone, above them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from matplotlib.legend_handler import HandlerPatch
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from allocator.report.plots.text import PLAIN, families, printable, width, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, QUIET = "#1b2430", "#55606e"
TONES: dict[str, dict[str, Any]] = {
    "dark": {"facecolor": "#17508f", "edgecolor": "#17508f", "linewidth": 0.6},
    "light": {"facecolor": "#8fb6df", "edgecolor": "#8fb6df", "linewidth": 0.6},
    "open": {"facecolor": "none", "edgecolor": QUIET, "linewidth": 0.6},
    "hatched": {"facecolor": "none", "edgecolor": "#17508f", "linewidth": 0.6, "hatch": "//////"},
}
"Apart in lightness or hatch, so that they are told apart in grey and by the colour-blind."
MARK = "mark"
SIZES = (9.0, 8.5, 8.0, 7.5, 7.0)
"Sizes of letters in points; the largest with which all fits is taken."
NARROW = 330.0
"On axes of fewer points, names stand above their bars."
MOST = 60
"More bars than this nobody reads."
FEW = 16
"So many bars are shown however short they are."
LEADING = 1.25
"From line to line, in sizes of letters."
THICK = 16.0
GAP = 8.0
FOOT = 32.0
"What numbers and unit of the axis take under the axes, in points."
__all__ = ["Bar", "Chart"]


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
class _Place:
    """A bar's texts in lines, how wide its value is, where it starts from the top, and how high it is, in points."""

    bar: Bar
    name: list[str]
    told: list[str]
    value: float
    top: float
    height: float


@dataclass(frozen=True)
class _Layout:
    """All places, for letters of a size; `above` where names stand over their bars."""

    places: list[_Place]
    size: float
    above: bool
    names: float
    key: float
    height: float


@dataclass(frozen=True)
class Chart:
    """Bars on one scale.

    Attributes:
        title: what they show.
        unit: of the scale, in words.
        bars: from the top down; members follow the head of their group.
        key: what tones, or the mark, mean; empty where that is plain.
        nothing: what is said where there are no bars.
        faint: bars shorter than this part of the longest are counted only.
        fonts: families that texts are drawn in.
    """

    title: str
    unit: str
    bars: Sequence[Bar]
    key: Mapping[str, str] = field(default_factory=dict)
    nothing: str = ""
    faint: float = 0.0
    fonts: tuple[str, ...] = field(default_factory=lambda: tuple(families()))

    @property
    def words(self) -> str:
        """Each bar's name and value."""
        return " ".join(f"{bar.name}: {bar.told}." for bar in self.bars) or self.nothing

    def size(self, width: float) -> tuple[float, float]:
        """How high axes of a width show it best, and what the scale takes under them, in points."""
        return self._layout(self._shown(), width, SIZES[0]).height if self.bars else 2 * FOOT, FOOT

    def draw(self, axes: Axes) -> Axes:
        """Draw the bars; letters shrink and the smallest bars are left out, and counted, where the axes are too low."""
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
        if not self.bars:
            axes.set_xticks([])
            axes.text(0, 1, self.nothing, transform=axes.transAxes, va="top", color=INK, fontsize=SIZES[0], **PLAIN)
            return axes
        box = axes.get_window_extent()
        points = 72 / axes.figure.dpi
        wide, high = box.width * points, box.height * points
        laid = self._fitted(wide, high)
        least = min(place.bar.reach[0] for place in laid.places)
        most = max(place.bar.reach[1] for place in laid.places) or 1.0
        start = 0.0 if laid.above else laid.names + GAP
        # The longest bars that leave room for the value behind each.
        each = (wide - start) / (most - least)
        if not laid.above:
            rooms = [(place.bar.reach[1] - least, wide - start - place.value - GAP) for place in laid.places]
            each = min(room / reach for reach, room in rooms if reach > 0) if most > least else each
        axes.set_xlim(least - start / each, least + (wide - start) / each)
        axes.set_ylim(max(high, laid.height), 0)
        # Where there is room to spare, bars are spread, but not so far that they look lost.
        stretch = min(max((high - laid.key) / (laid.height - laid.key), 1.0), 2.5)
        axes.spines["bottom"].set_position(("data", laid.key + (laid.height - laid.key) * stretch))
        self._scale(axes, least, most, start / wide, laid)
        for place in laid.places:
            self._bar(axes, place, laid, stretch)
        return axes

    def _shown(self) -> list[Bar]:
        """The bars that can be seen, as many as can be read."""
        lengths = [abs(bar.length) for bar in self.bars if not bar.head]
        seen = sum(length >= self.faint * max(lengths) for length in lengths)
        return _largest(self.bars, min(max(seen, FEW), MOST))

    def _fitted(self, wide: float, high: float) -> _Layout:
        bars = self._shown()
        for size in SIZES:
            laid = self._layout(bars, wide, size)
            if laid.height <= high:
                return laid
        for most in range(len(bars) - 1, 0, -1):
            laid = self._layout(_largest(self.bars, most), wide, SIZES[-1])
            if laid.height <= high:
                break
        return laid

    def _layout(self, bars: Sequence[Bar], wide: float, size: float) -> _Layout:
        """Where all goes on axes so wide, however high they would have to be."""
        line, above = size * LEADING, wide < NARROW
        values = [width(printable(bar.told), size, bar.head, self.fonts) for bar in bars]
        most = min(max(values), wide * (0.5 if above else 0.42))
        names = min(max(width(printable(bar.name), size, bar.head, self.fonts) for bar in bars), wide * 0.43)
        key = 1.6 * line if self.key else 0.0
        top, places = key, []
        for bar, value in zip(bars, values, strict=True):
            room = wide - min(value, most) - GAP if above else names
            name = wrapped(printable(bar.name), room, size, bar.head, self.fonts)
            told = wrapped(printable(bar.told), most, size, bar.head, self.fonts)
            top += 0.5 * line if bar.head and places else 0.0
            height = max(len(name), len(told)) * line + (line if above and bar.parts else 0.0) + 0.3 * line
            places.append(_Place(bar, name, told, min(value, most), top, height))
            top += height
        return _Layout(places, size, above, names, key, top)

    def _scale(self, axes: Axes, least: float, most: float, start: float, laid: _Layout) -> None:
        """The numbers and the unit under the bars, and the legend over them."""
        ticks = [tick for tick in MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(least, most)]
        ticks = [tick for tick in ticks if least <= tick <= most]
        axes.set_xticks(ticks, [f"{tick:,.10g}".replace("-", "−") for tick in ticks])
        axes.tick_params("x", length=0, labelsize=laid.size, labelcolor=QUIET, pad=2)
        for label, side in zip(axes.get_xticklabels(), ("left", *["center"] * len(ticks)), strict=False):
            label.set(ha=side, fontfamily=list(self.fonts))
        axes.set_xlabel(self.unit, x=start, ha="left", fontsize=laid.size, color=QUIET, family=self.fonts, **PLAIN)
        if not self.key:
            return
        handles = [
            Line2D([], [], color=INK, marker="|", markersize=laid.size, markeredgewidth=1.6, linestyle="")
            if tone == MARK
            else Patch(**TONES[tone])
            for tone in self.key
        ]
        axes.legend(
            handles, list(self.key.values()), loc="upper left", bbox_to_anchor=(0, 1), ncols=len(handles),
            frameon=False, borderpad=0, borderaxespad=0, handlelength=1.0, handletextpad=0.4, columnspacing=1.2,
            labelcolor=INK, prop={"family": list(self.fonts), "size": laid.size},
            handler_map={Patch: HandlerPatch()},
        )  # fmt: skip

    def _bar(self, axes: Axes, place: _Place, laid: _Layout, stretch: float) -> None:
        """A bar with its texts; all stands as far from the top as places and stretch say."""
        bar, line = place.bar, laid.size * LEADING
        top = laid.key + (place.top - laid.key) * stretch
        rows = max(len(place.name), len(place.told)) * line
        thick = min(0.75 * line * stretch, THICK)
        middle = top + rows + 0.5 * line if laid.above else top + place.height * stretch / 2
        at = 0.0
        for tone, length in bar.parts:
            axes.barh(middle, length, thick, left=at, clip_on=False, **TONES[tone])
            at += length
        if bar.mark is not None:
            axes.vlines(
                bar.mark, middle - 0.65 * thick, middle + 0.65 * thick, colors=INK, linewidths=1.6, clip_on=False
            )
        words: dict[str, Any] = {
            "fontsize": laid.size, "fontweight": "bold" if bar.head else "normal", "family": list(self.fonts),
            "color": INK, "va": "center", "textcoords": "offset points", **PLAIN,
        }  # fmt: skip
        sides, behind = axes.get_yaxis_transform(), axes.transData
        for lines, x, coordinates, offset, side in (
            (place.name, 0.0, sides, 0, "left"),
            (place.told, 1.0, sides, 0, "right") if laid.above else (place.told, bar.reach[1], behind, 4, "left"),
        ):
            first = top + line / 2 if laid.above else middle - (len(lines) - 1) / 2 * line
            for row, text in enumerate(lines):
                spot = (x, first + row * line)
                axes.annotate(text, spot, (offset, 0), xycoords=coordinates, ha=side, annotation_clip=False, **words)


def _largest(bars: Sequence[Bar], most: int) -> list[Bar]:
    """So many of the bars with the heads of their groups, and how many others there are."""
    members = sorted((bar for bar in bars if not bar.head), key=lambda bar: -abs(bar.length))
    if len(members) <= most:
        return list(bars)
    kept = {id(bar) for bar in members[:most]}
    found: list[Bar] = []
    for bar in bars:
        if bar.head and found and found[-1].head:
            found.pop()
        if bar.head or id(bar) in kept:
            found.append(bar)
    while found and found[-1].head:
        found.pop()
    return [*found, Bar(f"{len(members) - most} smaller ones are not shown", "")]
