"""A picture of a curve, with what stands beside its points, and of a mix that moves along it, on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from allocator.report.plots.bars import DARK, FOOT, INK, LIGHT, QUIET
from allocator.report.plots.layout import LEADING, NARROW, SIZES
from allocator.report.plots.text import PLAIN, Fonts, families, printable, width, wrapped
from allocator.sparse import Vector

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TONES: tuple[dict[str, Any], ...] = (
    {"facecolor": DARK},
    {"facecolor": "#d3e2f2"},
    {"facecolor": "#5e8fc4"},
    {"facecolor": "white", "hatch": "////"},
    {"facecolor": "#0b2a4d"},
    {"facecolor": "#8fb6df"},
    {"facecolor": "white", "hatch": "...."},
    {"facecolor": "#3b6ea5"},
    {"facecolor": "white"},
)
"Of bands from the bottom up: neighbours are apart in lightness or by hatch, so that they are told apart in grey."
CURVE, MIX = (0.5, 170.0, 240.0), 0.6
"How high the curve is: a part of the width, at least, at most, in points; and the mix, as a part of that."
GAP = 7.0
"Between what stands one above the other."
TAGS = (0.85, 0.6, 0.35, 0.12)
"Heights at which points are told of, in parts of the panel."
SIDE, KEY = 0.36, 15.0
"What of the width names beside the bands may take, and what their patches take before them, in points."
FEW = 40
"More points are marked by smaller dots."


class Tag(NamedTuple):
    """What is told of a point."""

    y: float
    x: float
    told: str


class Pen(NamedTuple):
    """What texts are written with."""

    size: float
    fonts: Fonts

    @classmethod
    def of(cls, wide: float) -> Pen:
        """For axes so wide, in points."""
        return cls(SIZES[0] if wide >= NARROW else SIZES[-2], families())

    @property
    def line(self) -> float:
        """What a line of text takes, in points."""
        return self.size * LEADING

    @property
    def style(self) -> dict[str, Any]:
        """For matplotlib."""
        return {"fontsize": self.size, "family": list(self.fonts), **PLAIN}

    def long(self, text: str) -> float:
        """How wide a text is."""
        return width(printable(text), self.size, False, self.fonts)

    def lines(self, text: str, most: float, count: int = 3) -> list[str]:
        """A text in so many lines at most, none wider than asked."""
        found = wrapped(text, most, self.size, False, self.fonts)
        return found if len(found) <= count else [*found[: count - 1], f"{found[count - 1][:-1]}…"]


class Panel(NamedTuple):
    """A place in the frame, in points from its upper left."""

    left: float
    top: float
    wide: float
    high: float


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve of y over x, from one end to the other.

    Attributes:
        title, words: what it shows.
        labels: of y and x, with their units.
        line: what is drawn (k x 2, y first).
        points: those on it that are marked.
        outer: a polygon that nothing lies outside of, from one end to the other, where that is to be seen.
        inwards: on which side of the curve there is room, up or down and right or left.
        tags: of points; those are told that there is room for.
        told: what stands beside the curve.
        bands: parts of the mix with their shares in percent at each place of the line (k each), from the bottom up.
        banded: what they are.
        nothing: what is said where there is no curve.
    """

    title: str
    words: str
    labels: tuple[str, str]
    line: Vector
    points: Vector
    outer: Vector
    inwards: tuple[int, int]
    tags: Sequence[Tag]
    told: str
    bands: Mapping[str, Vector]
    banded: str
    nothing: str = ""

    def size(self, width: float) -> tuple[float, float]:
        """How high axes of a width show it best, and what the scale takes under them, in points."""
        if self.nothing:
            return FOOT, 0.0
        part, least, most = CURVE
        pen = Pen.of(width)
        captions = sum(len(lines) * pen.line + GAP for lines in self._captions(width, pen))
        return captions + GAP + (1 + MIX) * float(np.clip(part * width, least, most)), FOOT

    def draw(self, axes: Axes) -> Axes:
        """Draw both panels inside the axes, as their children; what there is no room for is left out."""
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
        box, points = axes.get_window_extent(), 72 / axes.figure.dpi
        wide, high, pen = box.width * points, box.height * points, Pen.of(box.width * points)
        if self.nothing:
            axes.text(0, 1, self.nothing, transform=axes.transAxes, va="top", **pen.style)
            return axes
        above, below = self._captions(wide, pen)
        room = max(high - (len(above) + len(below)) * pen.line - 3 * GAP, 2 * pen.line)
        ticks = _ticks(self.line[:, 0])
        left = max(pen.long(_number(tick)) for tick in [*ticks, 100]) + 5
        beside = self._beside(wide - left, room * MIX / (1 + MIX), pen)
        side = max((pen.long(each) + KEY for lines in beside.values() for each in lines), default=0.0)
        curve = Panel(left, len(above) * pen.line + GAP, wide - left - side, room / (1 + MIX))
        middle = curve.top + curve.high + GAP
        mix = Panel(left, middle + len(below) * pen.line + GAP, curve.wide, room * MIX / (1 + MIX))
        for lines, start in ((above, 0.0), (below, middle)):
            for row, text in enumerate(lines):
                place = 1 - (start + (row + 0.5) * pen.line) / high
                axes.text(0, place, text, transform=axes.transAxes, va="center", **pen.style)
        self._curve(_inside(axes, curve, wide, high), curve, ticks, pen)
        self._mix(_inside(axes, mix, wide, high), mix, beside, pen)
        return axes

    def _captions(self, wide: float, pen: Pen) -> tuple[list[str], list[str]]:
        return pen.lines(f"{self.labels[0]}; {self.told}", wide, 4), pen.lines(self.banded, wide)

    def _span(self) -> tuple[float, float]:
        """From where to where x goes, with room for markers."""
        low, high = float(self.line[:, 1].min()), float(self.line[:, 1].max())
        return low - 0.015 * (high - low), high + 0.015 * (high - low)

    def _curve(self, axes: Axes, panel: Panel, ticks: Sequence[float], pen: Pen) -> None:
        low, high = self.line[:, 0].min(), self.line[:, 0].max()
        axes.set_xlim(*self._span())
        axes.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
        axes.set_xticks([])
        _left(axes, ticks, pen)
        if len(self.outer):
            axes.fill(*np.vstack([self.outer, self.line[::-1]]).T[::-1], facecolor=LIGHT, edgecolor="none", zorder=1)
        axes.plot(self.line[:, 1], self.line[:, 0], color=DARK, linewidth=1.4, zorder=2)
        marker = 3.6 if len(self.points) <= FEW else 2.0
        axes.plot(self.points[:, 1], self.points[:, 0], "o", color=DARK, markersize=marker, zorder=3)
        up, right = self.inwards
        for tag in self._tagged(panel, axes, pen):
            axes.plot([tag.x], [tag.y], "o", color=DARK, markerfacecolor="white", markersize=5, zorder=4)
            sides: dict[str, Any] = {"ha": "left" if right > 0 else "right", "va": "bottom" if up > 0 else "top"}
            offset = (6 * right, 2 * up)
            axes.annotate(tag.told, (tag.x, tag.y), offset, textcoords="offset points", **sides, **pen.style)

    def _tagged(self, panel: Panel, axes: Axes, pen: Pen) -> list[Tag]:
        """Tags that there is room for, at some heights, each on lines of its own."""
        low, high = axes.get_ylim()
        start, end = axes.get_xlim()
        fit: dict[float, Tag] = {}
        for tag in self.tags:
            y, x = (tag.y - low) / (high - low) * panel.high, (tag.x - start) / (end - start) * panel.wide
            room = panel.wide - x if self.inwards[1] > 0 else x
            ahead = panel.high - y if self.inwards[0] > 0 else y
            if room > pen.long(tag.told) + 8 and ahead > pen.line + 3:
                fit.setdefault(y, tag)
        chosen: dict[float, Tag] = {}
        for part in TAGS:
            free = [y for y in fit if all(abs(y - other) > 1.6 * pen.line for other in chosen)]
            if free:
                best = min(free, key=lambda y: abs(y - part * panel.high))
                chosen[best] = fit[best]
        return list(chosen.values())

    def _bands(self) -> tuple[Vector, dict[str, tuple[Vector, Vector]]]:
        """Where they go along rising x: x, and for each its lower and its upper edge."""
        order = np.argsort(self.line[:, 1], kind="stable")
        tops = np.cumsum([share[order] for share in self.bands.values()], axis=0)
        edges = np.vstack([np.zeros(len(order)), tops])
        return self.line[order, 1], {name: (edges[k], edges[k + 1]) for k, name in enumerate(self.bands)}

    def _homes(self, wide: float, high: float, pen: Pen) -> dict[str, tuple[float, float]]:
        """Where the names of bands stand that have room for them: x, and percent."""
        start, end = self._span()
        x, bands = self._bands()
        grid = np.arange(x[0], x[-1], 2 * (end - start) / wide)
        found = {}
        for name, edges in bands.items():
            long = int((pen.long(name) + 4) / 2) + 1
            if long > len(grid):
                continue
            under, over = (
                np.lib.stride_tricks.sliding_window_view(np.interp(grid, x, edge), long) for edge in edges
            )  # fmt: skip
            floor, ceiling = under.max(axis=1), over.min(axis=1)
            free = ceiling - floor
            # In the middle of where there is most room.
            places = np.flatnonzero(free >= max(100 * 1.1 * pen.size / high, 0.9 * free.max()))
            if len(places):
                best = places[len(places) // 2]
                found[name] = (float(grid[best : best + long].mean()), float(floor[best] + ceiling[best]) / 2)
        return found

    def _beside(self, wide: float, high: float, pen: Pen) -> dict[str, list[str]]:
        """The names that stand beside the bands, as these have no room for them: in lines."""
        found: dict[str, list[str]] = {}
        # What they take may leave no room for others.
        for _ in self.bands:
            side = max((pen.long(line) + KEY for lines in found.values() for line in lines), default=0.0)
            homes = self._homes(wide - side, high, pen)
            left = {name: pen.lines(name, SIDE * wide, 2) for name in self.bands if name not in homes or name in found}
            if left.keys() == found.keys():
                break
            found = left
        return found

    def _mix(self, axes: Axes, panel: Panel, beside: Mapping[str, list[str]], pen: Pen) -> None:
        axes.set_xlim(*self._span())
        axes.set_ylim(0, 100)
        homes = self._homes(panel.wide, panel.high, pen)
        x, bands = self._bands()
        at = 0.0
        for k, (name, edges) in enumerate(bands.items()):
            tone = TONES[k % len(TONES)]
            axes.fill_between(x, *edges, edgecolor=QUIET, linewidth=0.5, **tone)
            if name not in beside:
                ink = "white" if _dark(tone["facecolor"]) else INK
                patch = {"facecolor": "white", "edgecolor": "none", "pad": 1} if "hatch" in tone else None
                sides: dict[str, Any] = {"ha": "center", "va": "center"}
                across, middle = homes[name]
                axes.text(across, middle, printable(name), color=ink, bbox=patch, **sides, **pen.style)
                continue
            _key(axes, panel, at, beside[name], tone, pen)
            at += len(beside[name]) * pen.line
        _left(axes, [0, 50, 100], pen)
        ticks = _ticks(x)
        axes.set_xticks(ticks, [_number(tick) for tick in ticks])
        axes.tick_params("x", length=2, color=QUIET, labelsize=pen.size, pad=2)
        for label in axes.get_xticklabels():
            label.set_fontfamily(list(pen.fonts))
        axes.set_xlabel(self.labels[1], x=0, ha="left", **pen.style)


def _key(axes: Axes, panel: Panel, at: float, lines: Sequence[str], tone: Mapping[str, Any], pen: Pen) -> None:
    """A name beside the bands, so many points above their foot, in the bands' order."""
    middle = (at + len(lines) * pen.line / 2 - KEY / 4) / panel.high
    size = KEY / 2 / panel.wide, KEY / 2 / panel.high
    place = (1 + KEY / 4 / panel.wide, middle)
    axes.add_patch(
        Rectangle(place, *size, edgecolor=QUIET, linewidth=0.5, transform=axes.transAxes, clip_on=False, **tone)
    )
    for row, text in enumerate(reversed(lines)):
        spot = (1 + KEY / panel.wide, (at + (row + 0.5) * pen.line) / panel.high)
        axes.text(spot[0], spot[1], text, va="center", transform=axes.transAxes, **pen.style)


def _inside(axes: Axes, panel: Panel, wide: float, high: float) -> Axes:
    """Axes of a panel."""
    bounds = (panel.left / wide, 1 - (panel.top + panel.high) / high, panel.wide / wide, panel.high / high)
    found = axes.inset_axes(bounds)
    found.patch.set_visible(False)
    for name, spine in found.spines.items():
        spine.set(visible=name in ("left", "bottom"), color=QUIET, linewidth=0.6)
    return found


def _ticks(values: Vector) -> list[float]:
    low, high = float(values.min()), float(values.max())
    located = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(tick) for tick in located if low <= tick <= high]


def _number(tick: float) -> str:
    return f"{tick:,.10g}".replace("-", "−")


def _left(axes: Axes, ticks: Sequence[float], pen: Pen) -> None:
    """The numbers left of a panel."""
    axes.set_yticks(ticks, [_number(tick) for tick in ticks])
    axes.tick_params("y", length=2, color=QUIET, labelsize=pen.size, pad=2)
    for label in axes.get_yticklabels():
        label.set_fontfamily(list(pen.fonts))


def _dark(color: str) -> bool:
    return float(np.dot(mpl.colors.to_rgb(color), (0.299, 0.587, 0.114))) < 0.5
