"""Two objectives against each other: closed forms, a fine sweep for comparison, and what people get."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, small_case
from curves import beyond, outside, sweep, values
from helpers import book, tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from random_cases import random_case, random_rules

import allocator as al
from allocator import tracing
from allocator.canonical import Canonical
from allocator.certificate import shortfall
from allocator.conic import Conic, Found
from allocator.errors import Infeasible, InputError, NotCertified
from allocator.payoff import payoff
from allocator.program import Program
from allocator.report import markdown
from allocator.shapes import Cone
from allocator.solvers import Started
from allocator.solvers.clarabel import Clarabel
from allocator.sparse import Vector

DY, SW, ER, VAR = al.DividendYield(), al.StrategicWeight(), al.ExpectedReturn(), al.Variance()
NONE = book()
INVESTED = {"fully-invested": "yes"}
SEGMENT = tiny({"cash-yield [%]": [8, 4], "strategic-weight": [0.2, 1.0], "capacity [$ bn]": [100, 100]}, **INVESTED)
"Anything from 8% and 0.2 to 4% and 1.0."


def test_a_segment() -> None:
    found = al.frontier(SEGMENT, NONE, DY, SW)
    assert values(found) == pytest.approx(np.array([[0.08, 0.2], [0.04, 1.0]]), abs=5e-5)
    assert found.status == "optimal"
    assert found.gap < 1e-4
    # Two optima and two ends of the pay-off table, both ends as blends, and the edge between them.
    assert found.solves == 7
    assert found.compositions.to_numpy() == pytest.approx(np.array([[100, 0], [0, 100]]), abs=0.02)
    # Along the edge each 0.8 of weight costs 4 pp; the first end is flatter than that, and at the last there is no more.
    first, last = found.points["exchange"]
    assert first < 0.05
    assert np.isnan(last)
    assert found.points["dollars"].tolist() == pytest.approx([first * 100, np.nan], nan_ok=True)


def test_between_points_lies_an_allocation() -> None:
    found = al.frontier(SEGMENT, NONE, DY, SW)
    table = found.at(first=0.07)
    assert table["amount"].tolist() == pytest.approx([75, 25], abs=0.02)
    assert table["share"].tolist() == pytest.approx([0.75, 0.25], abs=2e-4)
    assert table.attrs == pytest.approx({"dividend-yield": 0.07, "strategic-weight": 0.4}, abs=5e-5)
    assert found.at(second=0.4)["amount"].tolist() == pytest.approx([75, 25], abs=0.02)
    assert found.at(first=float(values(found)[0, 0]))["amount"].tolist() == pytest.approx([100, 0], abs=0.02)


CIRCLE = tiny({"cash-yield [%]": [8, 0], "strategic-weight": [0, 2], "capacity [$ bn]": [100, 100]})
ROUND = book(
    al.rules.Concentration(id="round", title="R", by="line", measure="hhi", of="equity", at_most="0.25")
)  # x^2 + y^2 <= 1/4


@pytest.mark.parametrize("gap", [1e-2, 1e-3])
def test_a_quarter_of_a_circle(gap: float) -> None:
    """The best are `(4% cos t, 1 sin t)`."""
    found = al.frontier(CIRCLE, ROUND, DY, SW, gap=gap)
    assert found.gap <= gap
    radius = np.linalg.norm(values(found) / np.array([0.04, 1.0]), axis=1)
    assert radius == pytest.approx(np.ones(len(radius)), abs=1e-5)
    angle = np.linspace(0, np.pi / 2, 500)
    exact = np.column_stack([0.04 * np.cos(angle), np.sin(angle)])
    assert outside(found, exact) <= found.gap
    # By as many equal arcs as there are points there would be at least half of that.
    assert found.gap < 4 * (1 - np.cos(np.pi / 4 / (len(radius) - 1)))
    # At a point u the first costs the slope of the circle there: y / x.
    inner = values(found)[1:-1] / np.array([0.04, 1.0])
    assert found.points["exchange"].to_numpy()[1:-1] == pytest.approx(0.04 * inner[:, 1] / inner[:, 0], rel=1e-2)


def test_between_points_the_level_is_met_and_the_gap_bounds_what_is_lost() -> None:
    found = al.frontier(CIRCLE, ROUND, DY, SW, gap=1e-2)
    for level in np.linspace(0.001, 0.0399, 7):
        capital = found.at(first=level)["amount"].to_numpy() / 100
        assert 0.08 * capital[0] == pytest.approx(level, abs=1e-9)
        assert np.hypot(*capital) <= 0.5 + 1e-7
        # No further inside the circle than the gap.
        assert 1 - found.gap <= 2 * np.hypot(*capital) <= 1 + 1e-6
    smaller = al.frontier(CIRCLE, ROUND, DY, SW, gap=1e-3).at(first=0.02)["amount"].to_numpy() / 100
    assert 2 * smaller[1] == pytest.approx(np.sqrt(0.75), abs=2e-3)


def test_least_variance_at_each_return() -> None:
    """Two independent stocks: the variance of a share s of the first is `0.04 s^2 + 0.01 (1 - s)^2`."""
    case = al.Case.from_moments([0.10, 0.05], [[0.04, 0], [0, 0.01]])
    found = al.frontier(case, None, ER, VAR)
    share = (values(found)[:, 0] - 0.05) / 0.05
    assert values(found)[:, 1] == pytest.approx(0.04 * share**2 + 0.01 * (1 - share) ** 2, rel=1e-6)
    # From all in the first to the least variance, at a share of one fifth.
    assert share[0] == pytest.approx(1, abs=1e-3)
    assert share[-1] == pytest.approx(0.2, abs=2e-3)
    # d variance / d return is 0.08 s - 0.02 (1 - s) over 0.05; what is told is its inverse.
    inner = share[1:-1]
    slope = (0.08 * inner - 0.02 * (1 - inner)) / 0.05
    assert 1 / found.points["exchange"].to_numpy()[1:-1] == pytest.approx(slope, rel=1e-2)
    assert (np.diff(values(found)[:, 1]) < 0).all()


def test_the_ends_are_those_of_the_payoff_table() -> None:
    case = small_case()
    rules = book(al.rules.Share(id="one", title="O", each="line", of="deployed", at_most="40%"))
    found = al.frontier(case, rules, DY, SW)
    scores = [DY.score(case), SW.score(case)]
    table = payoff([Program(rules.clauses(case), scores, case.box, case.spread)] * 2, [1.0, 0.0])
    assert table is not None
    for k, axis in enumerate(found.record["between"]):
        assert axis["best"] == pytest.approx(table.tops[k].value, abs=1e-7)
        assert axis["worst"] == pytest.approx(table.worst(k), abs=1e-7)
        assert axis["range"] == pytest.approx(table.span(k), rel=1e-5)
        own, other = values(found)[[0, -1] if k == 0 else [-1, 0], k]
        assert own == pytest.approx(axis["best"], abs=5e-4 * axis["range"])
        assert other == pytest.approx(axis["worst"], abs=0.02 * axis["range"])


def test_each_point_is_what_solving_its_blend_gives() -> None:
    case = small_case()
    rules = book(al.rules.Share(id="one", title="O", each="line", of="deployed", at_most="40%"))
    found = al.frontier(case, rules, DY, SW, gap=0.05)
    for point in found.record["points"][1:-1]:
        out = al.allocate(case, rules, al.blend(dict(zip((DY, SW), point["weights"], strict=True))), resolve=False)
        assert out.amounts["amount"].tolist() == pytest.approx([x["amount"] for x in point["amounts"]], abs=0.02)
        assert point["certificate"]["passes"]


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@settings(max_examples=12)
@given(st.integers(0, 10**6), st.sampled_from([0.03, 0.003]))
def test_no_allocation_lies_further_out_than_the_gap(seed: int, gap: float) -> None:
    rng = np.random.default_rng(seed)
    case = random_case(rng)
    rules = random_rules(rng, case)
    found = al.frontier(case, rules, DY, VAR, gap=gap)
    if found.status == "infeasible":
        assert al.allocate(case, rules, DY, resolve=False).status == "infeasible"
        return
    assert found.status == "optimal"
    swept = sweep(case, rules, (DY, VAR), found, 40)
    assert outside(found, swept) <= found.gap + 1e-6
    assert beyond(found, swept) <= 1e-6


@pytest.fixture(scope="module")
def example() -> tuple[al.Case, al.Rulebook]:
    case = al.read_case(ROOT / "examples/us-japan")
    return case, al.read_rules(case.policy, as_of="2026-04-01")


@pytest.fixture(scope="module")
def traced(example: tuple[al.Case, al.Rulebook]) -> al.Frontier:
    return al.frontier(*example, DY, SW)


def test_the_example_takes_no_more_than_32_solves(example: tuple[al.Case, al.Rulebook], traced: al.Frontier) -> None:
    assert traced.status == "optimal"
    assert traced.gap <= 1e-3
    assert traced.solves <= 32
    assert all(each["certificate"]["passes"] for each in traced.record["points"])
    assert outside(traced, sweep(*example, (DY, SW), traced, 60)) <= traced.gap


def test_a_polyhedral_variant_takes_no_more_than_12() -> None:
    """The fund by its four sectors, without compression and without the rule that is a cone."""
    case = al.read_case(ROOT / "examples/sector-mix")
    rules = al.read_rules(case.policy, as_of="2026-04-01")
    kept = al.Rulebook([rule for rule in rules.rules if rule.id != "sector-spread"], rules.as_of)
    assert case.fund.compression is None
    assert not any(isinstance(clause, Cone) for clause in kept.clauses(case))
    found = al.frontier(case, kept, DY, SW)
    assert found.gap <= 1e-3
    assert found.solves <= 12
    assert outside(found, sweep(case, kept, (DY, SW), found, 200)) <= found.gap


def test_every_solve_is_counted_and_one_program_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blends are put to one solver, which starts once; levels held each start one, for their scales differ too much."""
    started: list[Conic] = []
    solved: list[Conic] = []
    written: list[str] = []
    start, write = Clarabel.start, Canonical.__init__

    def counted(conic: Conic, tolerance: float) -> Started:
        solve = start(conic, tolerance)
        started.append(conic)

        def one(given: Conic) -> Found:
            solved.append(given)
            return solve(given)

        return one

    def wrote(self: Canonical, *arguments: Any) -> None:
        written.append(arguments[-1])
        write(self, *arguments)

    monkeypatch.setattr(Clarabel, "start", staticmethod(counted))
    monkeypatch.setattr(Canonical, "__init__", wrote)
    found = al.frontier(CIRCLE, ROUND, DY, SW, gap=1e-2)
    told = found.record["solves"]
    assert len(solved) == told["curve"] + told["canonical"]
    assert sorted(written) == ["first", "held"]
    # The pay-off table holds two levels besides.
    assert len(started) == 1 + told["canonical"] + 2


def test_soft_rules_are_paid_out_of_income() -> None:
    """A floor on b that costs more than it spares is missed at the end of the yield, and paid for there."""
    floor = al.rules.Amount(
        id="b", title="B", scope={"line": "b"}, at_least="$50 bn", severity="soft", penalty="100 bp"
    )
    found = al.frontier(SEGMENT, book(floor), DY, SW)
    # All in a: 8% less 1% of half the equity. The penalty bends the segment where the floor is met.
    assert values(found)[0] == pytest.approx([0.075, 0.2], abs=5e-5)
    assert values(found) == pytest.approx(np.array([[0.075, 0.2], [0.06, 0.6], [0.04, 1.0]]), abs=1e-4)
    assert found.record["points"][0]["totals"]["dividend-yield"] == pytest.approx(0.08, abs=1e-5)
    assert found.rules["b"].tolist() == [True, True, False]
    assert "What is told of dividend-yield is after the penalties of soft rules" in markdown.frontier(found.record)


def test_the_least_shortfall_comes_first_where_neither_has_income() -> None:
    """c would do better by both together, and a soft cap of nothing on it is kept at every point all the same."""
    case = tiny(
        {
            "strategic-weight": [1.0, 0.0, 0.9],
            "expected-return [%]": [1, 1, 1],
            "cash-yield [%]": [1, 1, 1],
            "capacity [$ bn]": [100, 100, 100],
        },
        covariance=np.diag([0.04, 0.01, 0.0001]),
        **INVESTED,
    )
    cap = al.rules.Amount(id="c", title="C", scope={"line": "c"}, at_most="$1 bn", severity="soft", penalty="300 bp")
    found = al.frontier(case, book(cap), SW, VAR, gap=1e-2)
    assert found.status == "optimal"
    assert (found.compositions["c"] <= 1.01).all()
    assert found.compositions["a"].max() > 90
    free = al.frontier(case, NONE, SW, VAR, gap=1e-2)
    assert free.compositions["c"].max() > 90


def test_a_shortfall_that_cannot_be_helped_is_no_part_of_the_scores() -> None:
    """c can hold $60 bn of the $100 bn that the floor asks for; a and b share what is left."""
    case = tiny(
        {"strategic-weight": [1.0, 0.0, 0.5], "capacity [$ bn]": [100, 100, 60]},
        covariance=np.diag([0.04, 0.01, 0.0001]),
        **INVESTED,
    )
    floor = al.rules.Amount(
        id="c", title="C", scope={"line": "c"}, at_least="$100 bn", severity="soft", penalty="300 bp"
    )
    found = al.frontier(case, book(floor), SW, VAR, gap=1e-2)
    assert found.status == "optimal"
    assert found.compositions["c"].to_numpy() == pytest.approx(60, abs=1e-3)
    # The least shortfall once, held for each objective; the pay-off table; and a point's own penalty and optimum.
    assert found.solves == 1 + 2 + 4 + 2 * len(found.points)
    share = np.linspace(0.08, 0.4, 100)  # of a; the variance of the rest is least at 0.08
    exact = np.column_stack([share + 0.3, 0.04 * share**2 + 0.01 * (0.4 - share) ** 2 + 0.0001 * 0.36])
    assert outside(found, exact) <= found.gap
    assert beyond(found, exact) <= 1e-5
    own = values(found)[:, 0] - 0.3
    assert values(found)[:, 1] == pytest.approx(0.04 * own**2 + 0.01 * (0.4 - own) ** 2 + 0.000036, rel=1e-4)


def test_where_nothing_fits_it_says_what_allocate_says() -> None:
    floors = [al.rules.Amount(id=line, title=line, scope={"line": line}, at_least="$60 bn") for line in ("a", "b")]
    found = al.frontier(SEGMENT, book(*floors), DY, SW)
    out = al.allocate(SEGMENT, book(*floors), DY)
    assert found.status == out.status == "infeasible"
    for part in ("violations", "terms-too", "least-violation", "inputs"):
        assert found.record[part] == out.record[part]
    told = "no allocation satisfies the rules; broken least: a; b"
    for ask in (lambda: found.points, lambda: found.gap, lambda: found.at(first=1), lambda: found.solves):
        with pytest.raises(Infeasible) as refused:
            ask()
        assert str(refused.value) in (told, told.replace("a; b", "a"), told.replace("a; b", "b"))
    assert repr(found).startswith("Frontier('Tiny', dividend-yield against strategic-weight, infeasible as of 2026-")
    assert "No allocation satisfies the rules" in markdown.frontier(found.record)


def test_solvers_that_disagree_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "payoff", lambda program, penalties: None)
    with pytest.raises(NotCertified, match=r"^the solvers do not agree on whether anything satisfies the rules$"):
        al.frontier(SEGMENT, NONE, DY, SW)


def test_ends_that_break_a_rule_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = tracing._Tracer.ask
    monkeypatch.setattr(tracing._Tracer, "ask", lambda self, weights: replace(ask(self, weights), point=None))
    with pytest.raises(NotCertified, match=r"^no solver found an end of the curve that keeps every rule$"):
        al.frontier(SEGMENT, NONE, DY, SW)


@pytest.mark.parametrize(
    "columns",
    [
        {"cash-yield [%]": [8, 4], "strategic-weight": [1.0, 0.2]},  # one line is best by both
        {"cash-yield [%]": [8, 4], "strategic-weight": [0.0, 0.0]},  # the second is constant
        {"cash-yield [%]": [0, 0], "strategic-weight": [0.2, 1.0]},  # the first is
    ],
)
def test_objectives_that_do_not_stand_against_each_other(columns: dict[str, list[float]]) -> None:
    case = tiny({**columns, "capacity [$ bn]": [100, 100]}, **INVESTED)
    found = al.frontier(case, NONE, DY, SW)
    assert len(found.points) == 1
    assert found.status == "optimal"
    most = [max(columns["cash-yield [%]"]) / 100, max(columns["strategic-weight"])]
    assert values(found)[0] == pytest.approx(most, abs=2e-6)
    told = "'dividend-yield' and 'strategic-weight' do not stand against each other: one allocation is best by both."
    assert markdown.text(told) in markdown.frontier(found.record)
    assert found.record["changes"] == []


BAD: list[tuple[Any, Any, Any, str]] = [
    (DY, DY, 1e-3, "both objectives are 'dividend-yield'; give two that differ"),
    (
        "dividend-yield",
        SW,
        1e-3,
        "a frontier is between single objectives, and 'dividend-yield' is none; give one such as al.DividendYield()",
    ),
    (
        DY,
        SW - VAR,
        1e-3,
        "a frontier is between single objectives, and "
        "Sum(parts=((1.0, StrategicWeight()), (-1.0, Variance()))) is none; give one such as al.DividendYield()",
    ),
    (DY, SW, 0, "a gap of 0 can't be proved; ask for 0.001% (1e-5) to 50% (0.5)"),
    (DY, SW, float("nan"), "the gap is not finite; write 0.1%, say"),
    (
        DY,
        VAR,
        1e-3,
        "objective 'variance' needs a covariance, and the case has no risk; give it one, as in 'risk: {correlation: correlation.csv}' in fund.yaml",
    ),
]


@pytest.mark.parametrize(("first", "second", "gap", "message"), BAD)
def test_what_is_refused(first: Any, second: Any, gap: float, message: str) -> None:
    with pytest.raises(InputError) as refused:
        al.frontier(SEGMENT, NONE, first, second, gap)
    assert str(refused.value) == message


@pytest.mark.parametrize("pair", [(DY, SW), (ER, VAR)], ids=["sandwich", "exact"])
def test_rules_that_choose_lines_whole_are_refused_by_name(pair: tuple[Any, Any]) -> None:
    case = tiny(
        {"cash-yield [%]": [8, 4], "strategic-weight": [0.2, 1.0], "expected-return [%]": [8, 4]},
        covariance=np.diag([0.04, 0.01]),
        **INVESTED,
    )
    rules = book(
        al.rules.Ticket(id="small", title="S", at_least="$10 bn"),
        al.rules.Count(id="few", title="F", at_most=1),
        al.rules.Share(id="one", title="O", each="line", of="deployed", at_most="90%"),
    )
    with pytest.raises(InputError) as refused:
        al.frontier(case, rules, *pair)
    assert str(refused.value) == "\n".join(
        f"rule '{name}' chooses lines whole, so that mixtures of allocations may break it, and a frontier is made of "
        "them; leave it out"
        for name in ("small", "few")
    )


def test_levels_that_are_refused() -> None:
    found = al.frontier(SEGMENT, NONE, DY, SW)
    for asked in ({}, {"first": 0.05, "second": 0.5}):
        with pytest.raises(InputError, match=r"^a level of one objective says where; give first=..., or second=...$"):
            found.at(**asked)
    low, high = sorted(values(found)[:, 0])
    with pytest.raises(InputError) as refused:
        found.at(first=0.09)
    assert str(refused.value) == (
        f"0.09 is outside the curve of 'dividend-yield'; give one between {low:.6g} and {high:.6g}"
    )


def test_rules_begin_and_cease_between_points(traced: al.Frontier) -> None:
    """What the changes say is what the table of rules shows."""
    binds = traced.rules
    bound = set(binds.columns[binds.loc[1]])
    changes = {each["after"]: each for each in traced.record["changes"]}
    for point in binds.index[1:]:
        each = changes.get(point - 1, {"begin": [], "cease": []})
        assert not bound & set(each["begin"])
        assert bound >= set(each["cease"])
        bound = (bound | set(each["begin"])) - set(each["cease"])
        assert bound == set(binds.columns[binds.loc[point]])
    assert changes


def test_frames(traced: al.Frontier) -> None:
    points = traced.points
    assert points.index.tolist() == list(range(1, len(points) + 1))
    assert (np.diff(points["dividend-yield"]) < 0).all()
    assert (np.diff(points["strategic-weight"]) > 0).all()
    # The better the second already is, the more of the first it costs: the curve is concave.
    assert (np.diff(points["exchange"][:-1]) > 0).all()
    assert np.isnan(points["exchange"].iloc[-1])
    slopes = -np.diff(points["dividend-yield"]) / np.diff(points["strategic-weight"])
    assert (slopes >= points["exchange"][:-1] * 0.999).all()
    assert (slopes[:-1] <= points["exchange"][1:-1] * 1.001).all()
    assert traced.compositions.index.equals(points.index)
    assert traced.sectors.sum(axis=1).tolist() == pytest.approx(traced.compositions.sum(axis=1).tolist())
    assert "power" in traced.sectors.columns


def test_a_mixture_keeps_every_rule(example: tuple[al.Case, al.Rulebook], traced: al.Frontier) -> None:
    case, rules = example
    d = case.decision
    for level in np.linspace(0.058, 0.0701, 9):
        table = traced.at(first=level)
        loans = [table.loc[line, tranche] / case.equity for line, tranche in d.pair_names()]
        v = d.vector(table["amount"].to_numpy() / case.equity, np.array(loans))
        clauses = rules.clauses(case)
        assert max(clause.excess(v).max() for clause in clauses if clause.penalty is None) <= 1e-7
        assert DY.score(case).value(v) - shortfall(clauses, v) >= level - 1e-9


def test_files_and_looks(traced: al.Frontier, tmp_path: Path) -> None:
    traced.save(str(tmp_path / "frontier.json"))
    record = json.loads((tmp_path / "frontier.json").read_text())
    assert record == json.loads(json.dumps(traced.record))
    assert record["format"] == "allocator/frontier/1"
    again = al.Frontier(record)
    pd.testing.assert_frame_equal(again.points, traced.points)
    assert repr(again) == (
        "Frontier('US-Japan fund, an illustration', dividend-yield against strategic-weight, "
        f"{len(again.points)} points, gap {again.gap:.2g}, {again.solves} solves, as of 2026-04-01)"
    )


def test_a_hostile_title_stays_text() -> None:
    case = replace(SEGMENT, fund=SEGMENT.fund.model_copy(update={"title": "<script>|[bold]"}))
    found = al.frontier(case, NONE, DY, SW)
    assert "<script>" not in found._repr_html_()
    assert "&lt;script&gt;" in found._repr_html_()
    assert "<script>" not in markdown.frontier(found.record)


def test_a_gap_that_no_certificate_can_prove_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = tracing._Tracer.ask

    def vague(self: Any, weights: Vector) -> Any:
        touch = ask(self, weights)
        return replace(touch, bound=touch.bound + 0.01)

    monkeypatch.setattr(tracing._Tracer, "ask", vague)
    found = al.frontier(CIRCLE, ROUND, DY, SW, gap=1e-3)
    assert found.status == "not-certified"
    assert found.gap > 1e-3
    assert "NOT PROVED as asked: " in markdown.frontier(found.record)
