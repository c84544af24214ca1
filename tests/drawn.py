"""What stands on drawn axes, as a reader sees it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.text import Text

EVIL = [
    "<script>alert(1)</script>",
    r"$\frac{1}{0}$ at 5$ and \$6",
    "W" * 90,
    "many short words " * 12,
    "電力インフラと送電網への長期投資計画（日本国際協力銀行の融資を伴うもの）",
    "a\x00b\nc\x1b\u202e",
]
"Titles that would run, be taken for mathematics, or not fit."


def rows(axes: Axes) -> list[tuple[str, str, list[float]]]:
    """Each bar from the top down: its name, its value, and the lengths of its parts."""
    axes.figure.draw_without_rendering()
    texts = [text for text in axes.texts if text.get_text()]
    found: dict[float, list[float]] = {}
    for bar in axes.patches:
        assert isinstance(bar, Rectangle)
        found.setdefault(round(bar.get_y() + bar.get_height() / 2, 3), []).append(bar.get_width())
    told = []
    for middle, lengths in sorted(found.items()):
        near = [text for text in texts if abs(text.xy[1] - middle) < 30]
        names = [text for text in near if text.xy[0] == 0 and text.get_ha() == "left" and _at_left(text, axes)]
        closest = min(names, key=lambda text: abs(text.xy[1] - middle))
        values = [text for text in near if text not in names]
        value = min(values, key=lambda text: abs(text.xy[1] - middle))
        told.append((closest.get_text(), value.get_text(), lengths))
    return told


def _at_left(text: Text, axes: Axes) -> bool:
    return abs(text.get_window_extent().x0 - axes.get_window_extent().x0) < 2


def all_texts(axes: Axes) -> list[Text]:
    """Every text that is drawn: names, values, numbers and unit of the scale, legend and title."""
    axes.figure.draw_without_rendering()
    found = [*axes.texts, *axes.get_xticklabels(), axes.xaxis.label, axes.title, axes._left_title]
    legend = axes.get_legend()
    found += legend.get_texts() if legend else []
    return [text for text in found if text.get_text() and text.get_visible()]


def outside(axes: Axes) -> list[str]:
    """The texts that are cut by the edge of the figure."""
    whole = axes.figure.bbox
    return [
        text.get_text()
        for text in all_texts(axes)
        for box in [text.get_window_extent()]
        if box.x0 < whole.x0 - 1 or box.x1 > whole.x1 + 1 or box.y0 < whole.y0 - 1 or box.y1 > whole.y1 + 1
    ]


def overlapping(axes: Axes) -> list[tuple[str, str]]:
    """The texts that run into each other, or into a bar."""
    boxes: list[tuple[str, Any]] = [(text.get_text(), text.get_window_extent()) for text in all_texts(axes)]
    boxes += [("a bar", bar.get_window_extent()) for bar in axes.patches]
    found = []
    for i, (name, box) in enumerate(boxes):
        for other, second in boxes[i + 1 :]:
            if name == other == "a bar":
                continue
            # Boxes of letters have some air above and below.
            wide = min(box.x1, second.x1) - max(box.x0, second.x0)
            high = min(box.y1, second.y1) - max(box.y0, second.y0)
            if wide > 1 and high > 0.35 * min(box.height, second.height):
                found.append((name, other))
    return found


def sizes(axes: Axes) -> set[float]:
    """The sizes of letters, in points."""
    return {text.get_fontsize() for text in all_texts(axes)}


def falls(values: list[float]) -> bool:
    """Whether each is no greater than the one before."""
    return all(first >= second for first, second in pairwise(values))
