"""The picture of a frontier shows what its record has; it fits its place, in letters that can be read, and in grey."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import pytest
from drawn import EVIL, all_texts, outside, overlapping, sizes
from helpers import book, tiny
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from portfolios import RULES, plain, reserved

import allocator as al
from allocator.errors import Infeasible, InputError
from allocator.report.plots import picture
from allocator.report.plots.canvas import svg
from allocator.report.plots.curves import TONES, Curve

mpl.use("Agg")

ER, VAR, DY, SW = al.ExpectedReturn(), al.Variance(), al.DividendYield(), al.StrategicWeight()
ROUND = al.rules.Concentration(id="round", title="R", by="line", measure="hhi", of="equity", at_most="0.25")
CIRCLE = tiny({"cash-yield [%]": [8, 0], "strategic-weight": [0, 2], "capacity [$ bn]": [100, 100]})


@pytest.fixture(scope="module")
def exact() -> al.Frontier:
    """A reserve, two sectors, four corners."""
    return al.frontier(reserved(), book(RULES["cap"], RULES["floor"]), ER, VAR)


@pytest.fixture(scope="module")
def rough() -> al.Frontier:
    """A quarter of a circle, within a gap that is to be seen."""
    return al.frontier(CIRCLE, book(ROUND), DY, SW, gap=0.02)


@pytest.fixture(scope="module")
def evil() -> al.Frontier:
    """Nine lines with titles that would run, be taken for mathematics, or not fit."""
    case = al.Case.from_moments(np.linspace(0.04, 0.12, 9), np.diag(np.linspace(0.01, 0.16, 9)))
    record = copy.deepcopy(al.frontier(case, None, VAR, ER).record)
    for each in record["points"]:
        for place, line in enumerate(each["amounts"]):
            line["title"] = EVIL[place % len(EVIL)]
    return al.Frontier(record)


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    pyplot.close("all")


def panels(axes: Axes) -> tuple[Axes, Axes]:
    """The curve's axes and the mix's, once they are drawn."""
    axes.figure.draw_without_rendering()
    curve, mix = axes.child_axes
    return curve, mix


def shown(record: dict[str, Any]) -> Curve:
    return cast("Curve", picture("frontier", record))


def edges(mix: Axes) -> list[tuple[Any, Any]]:
    """Of each band, from the bottom up: x along its upper edge, and the edge."""
    found = []
    for band in mix.collections:
        assert isinstance(band, PolyCollection)
        corners = band.get_paths()[0].vertices
        half = len(corners) // 2
        lower, upper = corners[1 : half - 1], corners[half + 1 : -1][::-1]
        found.append((lower if lower[:, 1].sum() > upper[:, 1].sum() else upper).T)
    return found


def test_the_curve_is_drawn_as_recorded(exact: al.Frontier) -> None:
    """Through every point, and between two along mixtures of them."""
    curve, _ = panels(exact.plot())
    line, points = curve.lines[:2]
    values = exact.points[["variance", "expected-return"]].to_numpy() * [1, 100]
    assert np.column_stack(points.get_data()) == pytest.approx(values)
    drawn = np.column_stack(line.get_data())
    assert len(drawn) > 300
    for variance, mean in drawn[::20]:
        level = float(np.clip(mean / 100, *exact.points["expected-return"].iloc[[-1, 0]]))
        assert exact.at(first=level).attrs["variance"] == pytest.approx(variance, abs=1e-9)


def test_a_curve_within_a_gap_is_straight_between_points_and_shows_the_gap(rough: al.Frontier) -> None:
    curve, _ = panels(rough.plot())
    values = rough.points[["strategic-weight", "dividend-yield"]].to_numpy() * [1, 100]
    assert np.column_stack(curve.lines[0].get_data()) == pytest.approx(values)
    (light,) = curve.patches
    outer = np.array(rough.record["outer"])[:, ::-1] * [1, 100]
    assert light.get_path().vertices[: len(outer)] == pytest.approx(outer)
    assert shown(rough.record).told.endswith(f"; light: what the gap of {rough.gap:.1%} leaves open")
    close = copy.deepcopy(rough.record)
    close["gap"]["proven"] = 0.004
    assert len(panels(al.Frontier(close).plot())[0].patches) == 0


def test_an_exact_curve_leaves_nothing_open(exact: al.Frontier) -> None:
    assert not panels(exact.plot())[0].patches
    assert shown(exact.record).told == "beside it what 0.01 less of variance costs"


def test_what_the_second_costs_stands_at_its_points(exact: al.Frontier) -> None:
    """156 bp of the return for 0.01 of the variance at the third point; of $100 bn these are $1.6 bn."""
    curve, _ = panels(exact.plot())
    told = {text.get_text(): text.xy for text in curve.texts}
    x, y = told["156 bp, $1.6 bn a year"]
    assert (x, y) == pytest.approx((exact.points["variance"].iloc[2], 100 * exact.points["expected-return"].iloc[2]))
    slope = 1e4 * 0.01 * exact.points["exchange"].iloc[2]
    assert slope == pytest.approx(156, abs=0.5)


def test_costs_stand_where_there_is_room(evil: al.Frontier) -> None:
    """On the side where nothing is: under a curve that bends down, and over one that bends up."""
    axes = evil.plot()
    curve, _ = panels(axes)
    assert 2 <= len(curve.texts) <= 4
    line = np.column_stack(curve.lines[0].get_data())
    pixels = curve.transData.transform(line)
    for text in curve.texts:
        box = text.get_window_extent()
        inside = (pixels[:, 0] > box.x0) & (pixels[:, 0] < box.x1) & (pixels[:, 1] > box.y0) & (pixels[:, 1] < box.y1)
        assert not inside.any(), text.get_text()


def test_the_mix_is_drawn_as_recorded(exact: al.Frontier) -> None:
    _, mix = panels(exact.plot())
    drawn = edges(mix)
    names = list(shown(exact.record).bands)
    sectors = exact.sectors.assign(Reserve=[each["totals"]["reserve"] for each in exact.record["points"]])
    assert set(names) == set(sectors)
    assert names[-1] == "Reserve"
    below = np.zeros(len(sectors))
    for name, (x, upper) in zip(names, drawn, strict=True):
        below += sectors[name].to_numpy()
        at = np.interp(exact.points["variance"], x, upper)
        assert at == pytest.approx(below, abs=0.5), name
    assert below == pytest.approx(100)
    # Half way in amounts the shares are half way too, wherever that stands in variance.
    start, end = exact.sectors["power"].iloc[2:]
    half = (exact.points["expected-return"].iloc[2] + exact.points["expected-return"].iloc[3]) / 2
    x, upper = drawn[names.index("power")]
    assert np.interp(exact.at(first=half).attrs["variance"], x, upper) == pytest.approx((start + end) / 2, abs=0.5)


def test_bands_are_named_in_them_or_beside_them(exact: al.Frontier, evil: al.Frontier) -> None:
    _, mix = panels(exact.plot())
    assert {text.get_text() for text in mix.texts} == {"power", "chips", "Reserve"}
    below = {"power": 0.0}
    for (name, (x, upper)), after in zip(
        zip(shown(exact.record).bands, edges(mix), strict=True), ("chips", "Reserve", ""), strict=True
    ):
        (text,) = (each for each in mix.texts if each.get_text() == name)
        across, middle = text.get_position()
        assert below[name] < middle < np.interp(across, x, upper), name
        if after:
            (above,) = (each for each in mix.texts if each.get_text() == after)
            below[after] = float(np.interp(above.get_position()[0], x, upper))
    _, mix = panels(evil.plot())
    boxes = [patch for patch in mix.patches if patch.get_transform() != mix.transData]
    inside = [text for text in mix.texts if text.get_transform() == mix.transData]
    assert len(boxes) + len(inside) == 8
    assert any(text.get_text().startswith("<script>") for text in mix.texts)


def test_many_parts_are_folded(evil: al.Frontier) -> None:
    bands = shown(evil.record).bands
    assert len(bands) == 8
    assert list(bands)[-1] == "2 others"
    assert sum(bands.values()) == pytest.approx(100)


def test_titles_that_two_lines_share_are_told_apart() -> None:
    record = copy.deepcopy(al.frontier(plain(), None, ER, VAR).record)
    for each in record["points"]:
        for line in each["amounts"]:
            line["title"] = "Shares"
    found = shown(record)
    assert set(found.bands) == {"Shares (power)", "Shares (chips)", "Shares (ports)"}


def test_axes_have_units_and_a_title(exact: al.Frontier) -> None:
    axes = exact.plot()
    assert axes.get_title(loc="left") == shown(exact.record).title == "Expected-return against variance"
    curve, mix = panels(axes)
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["expected-return, %; beside it what 0.01 less of variance costs", "Mix by sector, % of all assets"]
    assert mix.get_xlabel() == "variance"
    assert curve.get_xlim() == mix.get_xlim()
    assert [tick.get_text() for tick in mix.get_yticklabels()] == ["0", "50", "100"]


@pytest.mark.parametrize("texts", ["exact", "rough", "evil"])
@pytest.mark.parametrize("wide", [None, 6.4, 3.4])
def test_all_is_inside_and_nothing_overlaps(wide: float | None, texts: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(texts)
    axes = None if wide is None else pyplot.subplots(figsize=(wide, 4.8))[1]
    axes = found.plot(ax=axes)
    for each in (axes, *panels(axes)):
        assert outside(each) == []
    curve, mix = panels(axes)
    assert overlapping(mix) == []
    every = [text for each in (axes, curve, mix) for text in all_texts(each)]
    every += [label for each in (curve, mix) for label in each.get_yticklabels()]
    for place, text in enumerate(every):
        for other in every[place + 1 :]:
            assert not _meet(text.get_window_extent(), other.get_window_extent()), (text.get_text(), other.get_text())
    assert min(sizes(axes) | sizes(mix)) >= (9.0 if wide is None else 7.0)
    assert axes.figure.get_size_inches()[0] == (wide or 6.4)


def _meet(box: Any, other: Any) -> bool:
    wide, high = min(box.x1, other.x1) - max(box.x0, other.x0), min(box.y1, other.y1) - max(box.y0, other.y0)
    return wide > 1 and high > 0.35 * min(box.height, other.height)


def test_axes_that_are_given_are_drawn_on_and_returned(exact: al.Frontier) -> None:
    _, (first, second) = pyplot.subplots(1, 2, figsize=(13, 6))
    assert exact.plot(ax=first) is first
    assert exact.plot("frontier", second) is second
    assert len(pyplot.get_fignums()) == 1
    for child in panels(first):
        assert first.get_window_extent().containsx(child.get_window_extent().x1)


def test_texts_are_what_files_say_and_no_mathematics(evil: al.Frontier) -> None:
    _, mix = panels(evil.plot())
    assert not any(text.get_parse_math() for text in mix.texts)
    assert "\x00" not in "".join(text.get_text() for text in mix.texts)
    evil.plot().figure.canvas.draw()


def test_the_readers_own_style_is_kept(exact: al.Frontier) -> None:
    before = dict(mpl.rcParams)
    exact.plot()
    assert dict(mpl.rcParams) == before
    with pyplot.style.context("dark_background"):
        assert {text.get_color() for text in exact.plot().texts} == {"white"}


def test_neighbours_differ_in_grey_or_by_hatch() -> None:
    for one, other in pairwise(TONES):
        levels = [float(np.dot(to_rgb(tone["facecolor"]), (0.299, 0.587, 0.114))) for tone in (one, other)]
        assert abs(levels[0] - levels[1]) > 0.25 or one.get("hatch") != other.get("hatch")


def test_it_is_told_to_those_who_cannot_see_it(exact: al.Frontier) -> None:
    found = shown(exact.record)
    assert found.words == (
        "From expected-return 9.10% and variance 0.03006, $100.0 bn deployed, to expected-return 2.00% and variance 0, "
        "$0 deployed; 4 points."
    )
    drawn = svg(found, "frontier", "wide")
    assert drawn.startswith('<svg class="picture wide"')
    assert "156 bp, $1.6 bn a year" in drawn


def test_one_allocation_is_no_curve() -> None:
    case = tiny({"cash-yield [%]": [8, 4], "strategic-weight": [1.0, 0.2]}, **{"fully-invested": "yes"})
    axes = al.frontier(case, None, DY, SW).plot()
    assert [text.get_text() for text in axes.texts] == ["One allocation is best by both objectives."]
    assert axes.child_axes == []


def test_what_there_is_not(exact: al.Frontier) -> None:
    with pytest.raises(InputError) as caught:
        exact.plot("frontir")
    assert str(caught.value) == "there is no picture 'frontir'; did you mean 'frontier'?"
    none = al.frontier(plain(), [al.rules.Amount(id="much", title="Much", at_least="$1000 bn")], ER, VAR)
    with pytest.raises(Infeasible, match="no allocation satisfies the rules"):
        none.plot()
    assert pyplot.get_fignums() == []
