"""What two owners could have: the frontier of their gains, each one's best, walking away, and the agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator

from allocator.errors import InputError
from allocator.report.plots.bars import DARK, FOOT, LIGHT, QUIET
from allocator.report.plots.text import PLAIN, Fonts, families, printable, width, wrapped
from allocator.report.words import millions
from allocator.solution import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE, LINE = 9.0, 12.5
"Of letters, and from line to line, in points."
FLAT = 0.62
"How high the plane is, for its width."
AIR = 0.09
"What is left free around the frontier, in parts of its extent."
INSET = 0.44
"The part of each side of the plane that the view of the whole takes: a corner that no frontier, being concave, enters."
EQUAL: dict[str, Any] = {"color": QUIET, "linewidth": 1.0, "linestyle": (0, (4, 3))}
"The look of the curve of equal products."
CURVE = 60
"Points of the curve of equal products."

Point = tuple[float, float]


@dataclass(frozen=True)
class BargainingSet:
    """The gains of two owners, in $ bn a year.

    Attributes:
        names: of the owners.
        frontier: from the best of the first to the best of the second.
        agreed, away: the agreement, and what they would have walking away.
        exponents: of the surpluses in the product.
    """

    names: tuple[str, str]
    frontier: Sequence[Point]
    agreed: Point
    away: Point
    exponents: tuple[float, float]

    @property
    def title(self) -> str:
        """What it shows."""
        return "What the owners could have, and what they would agree on"

    @property
    def words(self) -> str:
        """Each point with both gains."""
        return " ".join(f"{told}." for told, _, _ in self._points)

    @property
    def _points(self) -> list[tuple[str, Point, dict[str, Any]]]:
        """In words, where they are, and the marker of each, apart in shape so that grey is enough."""
        first, second = self.names
        open_ = {"markerfacecolor": "none", "markeredgecolor": DARK, "markeredgewidth": 1.4}
        points = [
            ("The agreement", self.agreed, {"marker": "o", "markersize": 8, "color": DARK}),
            (f"{first} alone decides", self.frontier[0], {"marker": "s", "markersize": 7, **open_}),
            (f"{second} alone decides", self.frontier[-1], {"marker": "^", "markersize": 8, **open_}),
            ("Both walk away", self.away, {"marker": "x", "markersize": 7, "color": DARK, "markeredgewidth": 1.8}),
        ]
        return [
            (f"{name}: {first} {millions(point[0])}, {second} {millions(point[1])}", point, style)
            for name, point, style in points
        ]

    def size(self, wide: float) -> tuple[float, float]:
        """How high axes of a width show it best, and what the numbers under them take, in points."""
        return self._head(wide, families()) + FLAT * wide, FOOT

    def _head(self, wide: float, fonts: Fonts) -> float:
        """What the key and the name of the upright scale take, in points."""
        told = sum(len(self._lines(text, wide, fonts)) for text, _ in self._key)
        return LINE * (told + 1 + len(self._lines(f"{self.names[1]}, $ bn a year", wide, fonts)))

    @property
    def _key(self) -> list[tuple[str, dict[str, Any]]]:
        """What markers and lines mean."""
        told = [(text, {"linestyle": "none", **style}) for text, _, style in self._points]
        return [*told, ("As great a product of gains over walking away", EQUAL)]

    def _lines(self, text: str, wide: float, fonts: Fonts) -> list[str]:
        return wrapped(text, wide - 18, SIZE, False, fonts)

    def draw(self, axes: Axes) -> Axes:
        """Draw the frontier close up; in a corner stands the whole, from walking away."""
        box, points, fonts = axes.get_window_extent(), 72 / axes.figure.dpi, families()
        wide, high = box.width * points, box.height * points
        plane = max(high - self._head(wide, fonts), 0.3 * high) / high
        axes.grid(False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        low, top = self._close()
        numbers = _ticks(low[1], top[1])
        left = max(width(text, SIZE, False, fonts) for _, text in numbers) + 8
        per = (top[0] - low[0]) / (wide - left)
        axes.set_xlim(low[0] - left * per, top[0])
        axes.set_ylim(low[1], low[1] + (top[1] - low[1]) / plane)
        self._scales(axes, low, top, numbers, wide, fonts)
        self._curves(axes, low)
        for _, point, style in self._points[:3]:
            axes.plot(*point, linestyle="none", zorder=5, clip_on=False, **style)
        start, flat = left / wide, 1 - left / wide
        corner = axes.inset_axes((start + 0.03 * flat, 0.05 * plane, INSET * flat, INSET * plane))
        self._whole(corner, (low, top), fonts)
        self._told(axes, wide, high, fonts)
        return axes

    def _close(self) -> tuple[Point, Point]:
        """The corners of the close view."""
        points = np.array([*self.frontier, self.agreed])
        low, high = points.min(axis=0), points.max(axis=0)
        # Where one allocation is best for both there is no extent; a hundredth of the surplus then has to do.
        extent = np.maximum(high - low, np.maximum(0.01 * (np.array(self.agreed) - np.array(self.away)), 1e-3))
        low, high = low - AIR * extent, high + AIR * extent
        return (float(low[0]), float(low[1])), (float(high[0]), float(high[1]))

    def _scales(
        self, axes: Axes, low: Point, top: Point, numbers: Sequence[tuple[float, str]], wide: float, fonts: Fonts
    ) -> None:
        """Numbers within the axes on the left and under them, each scale with its owner's name."""
        look: dict[str, Any] = {"fontsize": SIZE, "family": list(fonts), **PLAIN}
        axes.set_yticks([])
        for value, text in numbers:
            axes.plot([low[0], top[0]], [value, value], color=QUIET, linewidth=0.4, alpha=0.5, zorder=0)
            axes.annotate(text, (0, value), xycoords=("axes fraction", "data"), va="center", ha="left", **look)
        ticks = _ticks(low[0], top[0])
        axes.set_xticks([value for value, _ in ticks], [text for _, text in ticks])
        axes.tick_params("x", length=0, labelsize=SIZE, pad=2)
        start, end = axes.get_xlim()
        for label, (value, text) in zip(axes.get_xticklabels(), ticks, strict=True):
            # A number in the middle of its place would stand out of the axes at their edge.
            over = (end - value) / (end - start) * wide < width(text, SIZE, False, fonts) / 2
            label.set(ha="right" if over else "center", fontfamily=list(fonts))
        name = self._lines(f"{self.names[0]}, $ bn a year", wide, fonts)[0]
        axes.set_xlabel(name, x=1.0, ha="right", **look)

    def _curves(self, axes: Axes, low: Point) -> None:
        """What they could have, the frontier, and the allocations that would be as good by the product."""
        x, y = np.array(sorted(self.frontier)).T
        axes.fill_between([low[0], *x, x[-1]], [y[0], *y, low[1]], low[1], color=LIGHT, alpha=0.35, linewidth=0)
        axes.plot(x, y, color=DARK, linewidth=1.6)
        (a, b), (p, q) = self.exponents, self.away
        right = axes.get_xlim()[1]
        over = np.linspace(low[0], right, CURVE)
        with np.errstate(all="ignore"):
            equal = q + (self.agreed[1] - q) * ((self.agreed[0] - p) / (over - p)) ** (a / b)
        shown = (over > p) & (equal >= low[1]) & (equal <= y.max() + AIR * max(np.ptp(y), 1e-3))
        axes.plot(over[shown], equal[shown], **EQUAL)

    def _whole(self, corner: Axes, close: tuple[Point, Point], fonts: Fonts) -> None:
        """The view of the whole, with the close view's frame in it."""
        x, y = np.array(sorted(self.frontier)).T
        (p, q), ink = self.away, mpl.rcParams["text.color"]
        corner.fill([p, p, *x, x[-1]], [q, y[0], *y, q], color=LIGHT, alpha=0.5, linewidth=0)
        corner.plot([p, self.agreed[0]], [q, self.agreed[1]], color=QUIET, linewidth=0.8, linestyle=(0, (2, 2)))
        corner.plot(x, y, color=DARK, linewidth=1.4)
        for _, point, style in (self._points[3], self._points[0]):
            corner.plot(*point, linestyle="none", zorder=5, clip_on=False, **style | {"markersize": 5})
        corner.set_xticks([])
        corner.set_yticks([])
        corner.margins(0.14)
        corner.patch.set_visible(False)
        for spine in corner.spines.values():
            spine.set(color=QUIET, linewidth=0.6)
        corner.set_title(
            "The whole, from walking away", loc="left", fontsize=SIZE - 1, pad=2, color=ink, family=list(fonts), **PLAIN
        )

    def _told(self, axes: Axes, wide: float, high: float, fonts: Fonts) -> None:
        """The key over the plane: a marker and its point in words, a line each; then the upright scale's name."""
        look: dict[str, Any] = {"fontsize": SIZE, "family": list(fonts), "va": "center", "ha": "left", **PLAIN}
        down = LINE / 2
        for text, style in self._key:
            across = [5 / wide] if "marker" in style else [0, 12 / wide]
            axes.plot(across, [1 - down / high] * len(across), transform=axes.transAxes, clip_on=False, **style)
            for line in self._lines(text, wide, fonts):
                axes.annotate(line, (16 / wide, 1 - down / high), xycoords="axes fraction", **look)
                down += LINE
        down += LINE / 2
        for line in self._lines(f"{self.names[1]}, $ bn a year", wide, fonts):
            axes.annotate(line, (0, 1 - down / high), xycoords="axes fraction", **look)
            down += LINE


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Round numbers of a scale, with the digits that tell them apart."""
    found = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    inside = [float(tick) for tick in found if low <= tick <= high]
    step = float(found[1] - found[0])
    places = max(0, int(np.ceil(-np.log10(step) - 1e-9)) + (round(step * 10 ** np.ceil(-np.log10(step)), 6) % 1 != 0))
    return [(tick, f"{tick:,.{places}f}".replace("-", "−")) for tick in inside]


def picture(record: Record) -> BargainingSet:
    """The bargaining set of two owners.

    Raises:
        InputError: there are more than two.
    """
    if len(record["owners"]) != 2:
        what = f"a picture has room for two owners, and there are {len(record['owners'])}"
        raise InputError.of(what, "read their gains in the table")
    first, second = record["owners"]
    one, other = (float(part["weight"]) for part in record["outcome"]["objective"]["parts"])
    return BargainingSet(
        (printable(first["title"]), printable(second["title"])),
        [(float(x), float(y)) for x, y in record["frontiers"][0]["points"]],
        (first["gain"], second["gain"]),
        (first["walk-away"], second["walk-away"]),
        (one, other),
    )
