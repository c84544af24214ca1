"""A picture of labelled bars, each with its name and its value, so that it needs no grid and hardly a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.legend_handler import HandlerPatch
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from allocator.report.plots import layout
from allocator.report.plots.layout import Bar, Layout, Place
from allocator.report.plots.text import PLAIN, Fonts, families, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, QUIET, DARK, LIGHT = "#1b2430", "#55606e", "#17508f", "#8fb6df"
"Colours of the page, where its style sheet turns them for dark screens; elsewhere texts have the reader's own."
TONES: dict[str, dict[str, Any]] = {
    "dark": {"facecolor": DARK, "edgecolor": DARK},
    "light": {"facecolor": LIGHT, "edgecolor": LIGHT},
    "open": {"facecolor": "none", "edgecolor": QUIET},
    "hatched": {"facecolor": "none", "edgecolor": DARK, "hatch": "//////"},
}
"Apart in lightness or hatch, so that they are told apart in grey and by the colour-blind."
MARK = "mark"
"Among tones, the tick on a bar."
FOOT = 32.0
"What numbers and unit of the axis take under the axes, in points."
SPREAD, THICK = 2.5, 16.0
"How far bars are spread where there is room to spare, and how thick they get, so that few do not look lost."


@dataclass(frozen=True)
class Chart:
    """Bars on one scale.

    Attributes:
        title: what they show.
        unit: of the scale, in words.
        bars: from the top down; members follow the head of their group.
        key: what tones, or the mark, mean; empty where that is plain.
        nothing: what is said where there are no bars.
        faint: many bars shorter than this part of the longest are counted only.
    """

    title: str
    unit: str
    bars: Sequence[Bar]
    key: Mapping[str, str] = field(default_factory=dict)
    nothing: str = ""
    faint: float = 0.0

    @property
    def words(self) -> str:
        """Each bar's name and value."""
        shown = layout.seen(self.bars, self.faint) if self.bars else []
        told = [f"{bar.name}: {bar.told}." if bar.told else f"{bar.name}." for bar in shown]
        return " ".join(told) or self.nothing

    def size(self, width: float) -> tuple[float, float]:
        """How high axes of a width show it best, and what the scale takes under them, in points."""
        if not self.bars:
            return FOOT, 0.0
        shown = layout.seen(self.bars, self.faint)
        return layout.laid(shown, width, layout.SIZES[0], bool(self.key), families()).height, FOOT

    def draw(self, axes: Axes) -> Axes:
        """Draw the bars; letters shrink and the smallest bars are left out, and counted, where the axes are too low."""
        axes.set_yticks([])
        axes.minorticks_off()
        axes.grid(False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        if not self.bars:
            axes.set_xticks([])
            axes.text(0, 1, self.nothing, transform=axes.transAxes, va="top", fontsize=layout.SIZES[0], **PLAIN)
            return axes
        box, points, fonts = axes.get_window_extent(), 72 / axes.figure.dpi, families()
        wide, high = box.width * points, box.height * points
        found = layout.fitted(layout.seen(self.bars, self.faint), wide, high, bool(self.key), fonts)
        least, most, scale = found.span(wide)
        axes.set_xlim(least - found.start / scale, least + (wide - found.start) / scale)
        axes.set_ylim(max(high, found.height), 0)
        stretch = min(max((high - found.key) / (found.height - found.key), 1.0), SPREAD)
        axes.spines["bottom"].set_position(("data", found.key + (found.height - found.key) * stretch))
        self._scale(axes, [least, most], found, wide, fonts)
        self._legend(axes, found, fonts)
        for place in found.places:
            _bar(axes, place, found, stretch, fonts)
        return axes

    def _scale(self, axes: Axes, ends: Sequence[float], found: Layout, wide: float, fonts: Fonts) -> None:
        """The numbers and the unit under the bars."""
        located = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(*ends)
        ticks = [float(tick) for tick in located if ends[0] <= tick <= ends[1]]
        axes.set_xticks(ticks, [f"{tick:,.10g}".replace("-", "−") for tick in ticks])
        axes.tick_params("x", length=0, labelsize=found.size, pad=2)
        low, high = axes.get_xlim()
        for label, tick in zip(axes.get_xticklabels(), ticks, strict=True):
            place, half = (tick - low) / (high - low) * wide, width(label.get_text(), found.size, False, fonts) / 2
            # A number in the middle of its place would stand out of the axes at their edges.
            side = "left" if place < found.start + half else "right" if place > wide - half else "center"
            label.set(ha=side, fontfamily=list(fonts))
        axes.set_xlabel(self.unit, x=found.start / wide, ha="left", fontsize=found.size, family=list(fonts), **PLAIN)

    def _legend(self, axes: Axes, found: Layout, fonts: Fonts) -> None:
        if not self.key:
            return
        ink = {"color": mpl.rcParams["text.color"]}
        patches = {tone: Patch(linewidth=0.6, **TONES.get(tone, ink)) for tone in self.key}
        axes.legend(
            list(patches.values()), list(self.key.values()), loc="upper left", bbox_to_anchor=(0, 1),
            ncols=len(patches), frameon=False, borderpad=0, borderaxespad=0, handlelength=1.0,
            handletextpad=0.4, columnspacing=1.2, prop={"family": list(fonts), "size": found.size},
            handler_map={patches[MARK]: HandlerPatch(patch_func=_tick)} if MARK in patches else {},
        )  # fmt: skip


def _bar(axes: Axes, place: Place, found: Layout, stretch: float, fonts: Fonts) -> None:
    """A bar with its texts, spread from the legend down."""
    bar, line = place.bar, found.line
    top = found.key + (place.top - found.key) * stretch
    rows = max(len(place.name), len(place.told)) * line
    middle = top + rows + 0.5 * line if found.above else top + place.height * stretch / 2
    thick = min(0.75 * line * stretch, THICK)
    at = 0.0
    for tone, length in bar.parts:
        axes.barh(middle, length, thick, left=at, linewidth=0.6, clip_on=False, **TONES[tone])
        at += length
    if bar.mark is not None:
        ends, ink = (middle - 0.65 * thick, middle + 0.65 * thick), mpl.rcParams["text.color"]
        axes.vlines(bar.mark, *ends, colors=ink, linewidths=1.6, clip_on=False)
    sides, behind = axes.get_yaxis_transform(), axes.transData
    value = (place.told, (1.0, sides), 0, "right") if found.above else (place.told, (bar.reach[1], behind), 4, "left")
    for lines, (x, coordinates), offset, side in ((place.name, (0.0, sides), 0, "left"), value):
        first = top + line / 2 if found.above else middle - (len(lines) - 1) / 2 * line
        for row, text in enumerate(lines):
            axes.annotate(
                text, (x, first + row * line), (offset, 0), xycoords=coordinates, textcoords="offset points", ha=side,
                va="center", fontsize=found.size, fontweight="bold" if bar.head else "normal", family=list(fonts),
                annotation_clip=False, **PLAIN,
            )  # fmt: skip


def _tick(width: float, height: float, **_: object) -> Rectangle:
    """What stands for a mark in the legend."""
    return Rectangle((width / 2 - 0.8, 0), 1.6, height)
