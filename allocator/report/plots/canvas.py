"""Where pictures are drawn: a figure of a notebook, or inline SVG of the page."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Set
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import matplotlib as mpl
from matplotlib.figure import Figure

from allocator.report.plots.bars import INK, QUIET
from allocator.report.plots.text import PLAIN, families, printable, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from allocator.report.plots import Picture

WIDTH, SIDE, HEAD = 6.4 * 72, 10.0, 30.0
"A notebook's figure, what it leaves free at the sides, and what the title takes over the axes, in points."
TITLE = 11.0
"The size of a title's letters."
WIDTHS = {"wide": 620.0, "narrow": 260.0}
"A picture of the page, on a desk or on paper and on a phone, in points: letters have then about the size of the text."


def notebook(picture: Picture) -> Axes:
    """Axes on a figure as wide as notebooks show them, and as high as the picture needs."""
    from matplotlib import pyplot

    wide = WIDTH - 2 * SIDE
    high, foot = picture.size(wide)
    whole = HEAD + high + foot
    figure = pyplot.figure(figsize=(WIDTH / 72, whole / 72))
    return figure.add_axes((SIDE / WIDTH, foot / whole, wide / WIDTH, high / whole))


def titled(axes: Axes, title: str) -> Axes:
    """The axes with a title over them, in as many lines as it needs."""
    wide = axes.get_window_extent().width * 72 / axes.figure.dpi
    lines = wrapped(title, wide, TITLE, False, families())
    axes.set_title("\n".join(lines), loc="left", fontsize=TITLE, family=list(families()), **PLAIN)
    return axes


def svg(picture: Picture, name: str, kind: str) -> str:
    """A picture as inline SVG: text stays text, colours are attributes that a style sheet can turn, nothing is loaded.

    Args:
        picture: what is drawn.
        name: of the picture; with the kind, ids begin with it, so that several stand on one page.
        kind: one of `WIDTHS`.
    """
    ids, wide = f"{name}-{kind}", WIDTHS[kind]
    with mpl.rc_context(), warnings.catch_warnings():
        # Letters that no font has here are the browser's to draw.
        warnings.simplefilter("ignore")
        mpl.rcdefaults()
        mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": ids, "figure.dpi": 72})
        mpl.rcParams.update({"text.color": INK, "axes.labelcolor": QUIET, "xtick.labelcolor": QUIET})
        high, foot = picture.size(wide)
        figure = Figure(figsize=(wide / 72, (high + foot) / 72))
        axes = figure.add_axes((0, foot / (high + foot), 1, high / (high + foot)))
        picture.draw(axes)
        figure.patch.set_visible(False)
        axes.patch.set_visible(False)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg")
    text = drawn.getvalue()
    body = _inline(ElementTree.fromstring(text), ids, set(re.findall(r"(?:url\(|href=\")#(\w+)", text)))
    title, words = escape(printable(picture.title)), escape(printable(picture.words))
    return (
        f'<svg class="picture {kind}" viewBox="0 0 {wide:g} {high + foot:.2f}" role="img" '
        f'aria-labelledby="{ids}-title {ids}-desc"><title id="{ids}-title">{title}</title>'
        f'<desc id="{ids}-desc">{words}</desc>{body}</svg>'
    )


def _inline(element: ElementTree.Element, name: str, named: Set[str]) -> str:
    """What is in an element, without metadata, style sheets, and ids that nothing names."""
    return "".join(_plain(child, name, named) for child in element)


def _plain(element: ElementTree.Element, name: str, named: Set[str]) -> str:
    tag = element.tag.rpartition("}")[2]
    if tag in ("metadata", "style"):
        return ""
    inside = escape((element.text or "").strip()) + _inline(element, name, named)
    attributes = {
        key.rpartition("}")[2]: value
        for key, value in element.attrib.items()
        if key not in ("style", "id") and "rotate(-0" not in value
    }
    if element.get("id") in named:
        attributes["id"] = f"{name}-{element.attrib['id']}"
    else:
        # What is used elsewhere is coloured there, where the style sheet reaches it.
        attributes |= _styles(element.get("style", ""))
    if "href" in attributes:
        attributes["href"] = f"#{name}-{attributes['href'].removeprefix('#')}"
    if (tag == "g" and not (attributes and inside)) or (tag == "defs" and not inside):
        return inside
    told = "".join(f" {key}={quoteattr(_short(value, name))}" for key, value in attributes.items())
    return f"<{tag}{told}>{inside}</{tag}>" if inside else f"<{tag}{told}/>"


def _styles(style: str) -> dict[str, str]:
    """Styles as attributes; of fonts size and weight alone, since the page has its own."""
    pairs = dict(pair.split(": ", 1) for pair in style.split("; ") if pair)
    fonts = {key: value for key, value in pairs.items() if key.startswith("font")}
    found = {key: value for key, value in pairs.items() if key not in fonts}
    if fonts:
        told = " ".join(fonts.values())
        if size := re.search(r"([\d.]+)px", told):
            found["font-size"] = size[1]
        if re.search(r"\b(700|bold)\b", told):
            found["font-weight"] = "700"
    return found


def _short(value: str, name: str) -> str:
    """An attribute with two digits behind the point, and with ids of the picture's own."""
    shorter = re.sub(r"(\.\d\d)\d+", r"\1", " ".join(value.split()))
    return re.sub(r"url\(#", f"url(#{name}-", shorter)
