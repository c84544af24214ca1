"""Expected return against variance, exactly: closed forms, published corners, another solver, and what it says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from curves import beyond, outside, sweep, values
from helpers import book, tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import COVARIANCE, RULES, cap, plain, reserved

import allocator as al
from allocator import parabolas
from allocator.errors import Infeasible, NotCertified
from allocator.report import markdown

ER, VAR = al.ExpectedReturn(), al.Variance()
BOTH_WAYS = pytest.mark.parametrize("pair", [(ER, VAR), (VAR, ER)], ids=["return first", "variance first"])
TWO = al.Case.from_moments([0.10, 0.05], [[0.04, 0], [0, 0.01]])
"The variance of a share s of the first is `0.04 s^2 + 0.01 (1 - s)^2`, which is least at a fifth."


@BOTH_WAYS
def test_two_independent_stocks(pair: tuple[Any, Any]) -> None:
    found = al.frontier(TWO, None, *pair)
    assert found.exact
    assert (found.status, found.solves) == ("optimal", 0)
    assert found.gap < 1e-14
    ends = np.array([[0.10, 0.04], [0.06, 0.008]])
    assert values(found) == pytest.approx(ends if pair[0] == ER else ends[::-1, ::-1], rel=1e-9)
    # At the first the variance rises by 0.08 / 0.05 for each unit of return; at the least, by nothing.
    exchange = [0.05 / 0.08, np.nan] if pair[0] == ER else [0, 1.6]
    assert found.points["exchange"].astype(float).tolist() == pytest.approx(exchange, rel=1e-9, nan_ok=True)
    assert found.record["between"][pair.index(ER)]["range"] == pytest.approx(0.04, rel=1e-12)
    assert found.record["between"][pair.index(VAR)]["range"] == pytest.approx(0.032, rel=1e-12)


@BOTH_WAYS
@given(share=st.floats(0.2, 1))
def test_between_two_corners_the_variance_is_a_parabola(pair: tuple[Any, Any], share: float) -> None:
    mean, variance = 0.05 + 0.05 * share, 0.04 * share**2 + 0.01 * (1 - share) ** 2
    found = al.frontier(TWO, None, *pair)
    own = values(found)
    for k, level in ((pair.index(ER), mean), (pair.index(VAR), variance)):
        level = float(np.clip(level, own[:, k].min(), own[:, k].max()))
        table = found.at(**{("first", "second")[k]: level})
        # The variance tells little of the share where it is least.
        assert table["share"].tolist() == pytest.approx([share, 1 - share], abs=1e-9 if k == pair.index(ER) else 1e-4)
        assert table.attrs == pytest.approx({"expected-return": mean, "variance": variance}, abs=1e-9 + 1e-5 * k)


def test_sharpes_corners() -> None:
    """Sharpe, Macro-Investment Analysis (optimization): risk tolerances at each change, in percent, and mixes.

    Two corners stand twice: the mix stays as it is while the tolerance falls from 22.94 to 22.30, and from 13.73 on.
    """
    volatility, correlation = np.array([1, 7.4, 15.4]), [[1, 0.4, 0.15], [0.4, 1, 0.35], [0.15, 0.35, 1]]
    names = ["bills", "bonds", "stocks"]
    moments = pd.DataFrame(np.outer(volatility, volatility) * correlation / 1e4, names, names)
    case = al.Case.from_moments(pd.Series(np.array([2.8, 6.3, 10.8]) / 100, names), moments)
    limits = al.rules.Share(id="some", title="Some", each="line", of="deployed", at_least="20%", at_most="50%")
    found = al.frontier(case, [limits], ER, VAR)
    tolerances = 100 / found.points["exchange"].to_numpy()[:-1]
    assert tolerances == pytest.approx([41.80, 22.94, 22.30, 21.02, 15.10, 13.73], abs=0.00501)
    shares = found.compositions.to_numpy() / found.compositions.sum(axis=1).to_numpy()[:, None]
    assert np.round(shares, 4).tolist() == [
        [0.2, 0.3, 0.5], [0.2, 0.5, 0.3], [0.2, 0.5, 0.3], [0.2218, 0.5, 0.2782],
        [0.4519, 0.3481, 0.2], [0.5, 0.3, 0.2], [0.5, 0.3, 0.2],
    ]  # fmt: skip
    assert [each["turn"] for each in found.record["points"]] == [
        "some (stocks) no longer binds", "some (bonds) binds", "some (bills) no longer binds",
        "some (bonds) no longer binds", "some (stocks) binds", "some (bills) binds", "",
    ]  # fmt: skip
    assert "A point that stands twice is a kink, with what it costs on either side." in markdown.frontier(found.record)


def test_corners_are_told_in_the_order_of_the_points() -> None:
    """By hand, as in the test of corner portfolios: chips leave their cap at a slope of 1.84."""
    down, up = (al.frontier(plain(), [cap("60%")], *pair) for pair in ((ER, VAR), (VAR, ER)))
    assert [each["turn"] for each in down.record["points"]] == ["cap (chips) no longer binds", "ports enters", ""]
    assert [each["turn"] for each in up.record["points"]] == ["", "ports leaves", "cap (chips) binds"]
    assert down.compositions.to_numpy() == pytest.approx(up.compositions.to_numpy()[::-1])
    assert 1 / down.points["exchange"].iloc[0] == pytest.approx(1.84, rel=1e-9)
    assert up.points["exchange"].iloc[-1] == pytest.approx(1.84, rel=1e-9)
    assert down.points["dollars"].isna().all(), "weights are no dollars"


@BOTH_WAYS
def test_rules_begin_and_cease_to_bind_at_points(pair: tuple[Any, Any]) -> None:
    """The cap binds from the first corner, where both lines are at it, to the second; the floor nowhere."""
    found = al.frontier(reserved(), book(RULES["cap"], RULES["floor"]), *pair)
    turns = [each["turn"] for each in found.record["points"]]
    if pair[0] == ER:
        assert turns == ["cap (a) no longer binds", "cap (b) no longer binds", "the reserve enters", ""]
        assert found.record["changes"] == [{"after": 2, "before": 2, "begin": [], "cease": ["cap"]}]
    else:
        assert turns == ["", "the reserve leaves", "cap (b) binds", "cap (a) binds"]
        assert found.record["changes"] == [{"after": 3, "before": 3, "begin": ["cap"], "cease": []}]


def test_with_cash_the_end_is_straight_in_the_volatility() -> None:
    """Half the excess return at half the volatility (Tobin 1958)."""
    found = al.frontier(reserved(), book(cap()), ER, VAR)
    mean, variance = values(found)[-2]
    table = found.at(first=(mean + 0.02) / 2)
    assert table.attrs["variance"] == pytest.approx(variance / 4, rel=1e-9)
    assert table["amount"].to_numpy() == pytest.approx(found.compositions.iloc[-2].to_numpy() / 2, abs=1e-6)
    assert values(found)[-1].tolist() == [0.02, 0.0]


@settings(max_examples=15)
@given(st.sets(st.sampled_from(sorted(RULES)), max_size=5), st.sampled_from([(ER, VAR), (VAR, ER)]))
def test_it_agrees_with_another_solver(names: set[str], pair: tuple[Any, Any]) -> None:
    """The optima of blends by a conic solver lie nowhere outside, and are reached."""
    case, rules = reserved(), book(*(RULES[name] for name in sorted(names)))
    found = al.frontier(case, rules, *pair)
    if found.status == "infeasible":
        assert al.allocate(case, rules, ER, resolve=False).status == "infeasible"
        return
    assert found.exact
    assert found.gap < 1e-10
    assert all(each["certificate"]["passes"] for each in found.record["points"])
    swept = sweep(case, rules, pair, found, 8)
    assert beyond(found, swept) <= 1e-6
    own = values(found)
    for pair_of_values in swept:
        level = float(np.clip(pair_of_values[0], own[:, 0].min(), own[:, 0].max()))
        best = found.at(first=level).attrs
        reached = scores([best[objective.name] for objective in pair], found)
        assert (reached >= scores(pair_of_values, found) - 2e-6).all()


def scores(pair: Any, found: al.Frontier) -> np.ndarray:
    """Values as scores in parts of the ranges."""
    between = found.record["between"]
    return np.array(
        [(-1 if x["smaller-is-better"] else 1) * v / x["range"] for v, x in zip(pair, between, strict=True)]
    )


def test_a_mixture_keeps_every_rule_and_has_what_is_told() -> None:
    case, rules = reserved(), book(*(RULES[name] for name in ("cap", "floor", "size", "yield")))
    found = al.frontier(case, rules, ER, VAR)
    low, high = values(found)[[-1, 0], 0]
    for level in np.linspace(low, high, 9):
        table = found.at(first=level)
        x = table["amount"].to_numpy() / case.equity
        v = case.decision.vector(x, np.zeros(0))
        assert max(clause.excess(v).max() for clause in rules.clauses(case)) <= 1e-9
        assert x @ np.array(COVARIANCE) @ x == pytest.approx(table.attrs["variance"], rel=1e-9)
        assert ER.score(case).value(v) == pytest.approx(level, rel=1e-9)


@pytest.mark.parametrize("pair", [(ER, VAR), (VAR, ER)])
@pytest.mark.parametrize(
    "case",
    [
        al.Case.from_moments([0.10, 0.05], [[0.01, 0.01], [0.01, 0.04]]),  # all in the first is best by both
        al.Case.from_moments([0.05, 0.05], [[0.04, 0], [0, 0.01]]),  # returns are alike
    ],
)
def test_one_allocation_that_is_best_by_both(case: al.Case, pair: tuple[Any, Any]) -> None:
    found = al.frontier(case, None, *pair)
    assert found.exact
    assert found.gap < 1e-14
    assert len(found.points) == 1
    assert "do not stand against each other" in markdown.frontier(found.record)
    level = float(values(found)[0, 0])
    assert found.at(first=level)["share"].sum() == pytest.approx(1)
    assert found.record["bends"] == found.record["changes"] == []


INEXACT: list[tuple[Any, list[Any], str]] = [
    (
        plain,
        [al.rules.Volatility(id="risk", title="R", of="deployed", at_most="19%")],
        "Rule 'risk' is not linear, and so the frontier can't be traced exactly; its gap is proved instead.",
    ),
    (
        plain,
        [cap("60%").changed("the rule", {"severity": "soft", "penalty": "300 bp"})],
        "Rule 'cap' is soft, and so the frontier can't be traced exactly; its gap is proved instead.",
    ),
    (
        lambda: reserved(compression={"from": "50%", "slope": "3%"}),
        [],
        "With compression, which bends the expected return, the frontier can't be traced exactly; its gap is proved "
        "instead.",
    ),
]


@pytest.mark.parametrize(("case", "rules", "said"), INEXACT)
def test_what_is_not_exact_says_why_and_proves_its_gap(case: Any, rules: list[Any], said: str) -> None:
    found = al.frontier(case(), book(*rules), ER, VAR, gap=0.02)
    assert not found.exact
    assert found.solves > 0
    assert 1e-9 < found.gap <= 0.02
    assert markdown.text(said) in markdown.frontier(found.record)
    assert said in found._repr_html_().replace("&#x27;", "'")
    assert outside(found, sweep(case(), book(*rules), (ER, VAR), found, 30)) <= found.gap


def test_other_pairs_are_not_exact_and_say_nothing_of_it() -> None:
    found = al.frontier(plain(), None, ER, al.Volatility(), gap=0.05)
    assert not found.exact
    assert found.record["why-not-exact"] == ""
    assert "exact" not in markdown.frontier(found.record)


def test_rounding_that_defeats_the_critical_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def defeated(*_: Any) -> None:
        raise NotCertified("the variance of a corner portfolio is proved only up to 1e-06 of it")

    monkeypatch.setattr(parabolas, "corners_within", defeated)
    found = al.frontier(plain(), None, ER, VAR, gap=0.05)
    assert (found.status, found.exact) == ("optimal", False)
    assert found.record["why-not-exact"] == "the variance of a corner portfolio is proved only up to 1e-06 of it"


def test_a_corner_whose_certificate_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Multipliers that are none prove nothing."""
    weights = parabolas._Proof.multipliers

    def none(self: Any, *arguments: Any) -> Any:
        found = weights(self, *arguments)
        return type(found)(tuple(0 * weight for weight in found.weights), found.witnesses, found.score)

    monkeypatch.setattr(parabolas._Proof, "multipliers", none)
    found = al.frontier(plain(), None, ER, VAR, gap=0.05)
    assert not found.exact
    assert found.record["why-not-exact"] == "rounding keeps corner portfolio 1 from being proved"


def test_a_highest_mean_that_is_not_proved_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With prices a tenth too high the first line seems to cost 1% of what it holds, a quarter of the range."""
    found = al.corner_portfolios(TWO)
    assert found.line.prices.tolist() == pytest.approx([0.10])
    line = replace(found.line, prices=1.1 * found.line.prices)
    monkeypatch.setattr(parabolas, "corners_within", lambda *_: replace(found, line=line))
    told = al.frontier(TWO, None, ER, VAR, gap=0.05)
    assert not told.exact
    assert told.record["why-not-exact"] == (
        "in whole dollars corner portfolios are proved only up to 0.3 of the ranges"
    )


def test_where_nothing_fits_it_says_what_allocate_says() -> None:
    found = al.frontier(plain(), book(cap("30%")), ER, VAR)
    assert found.status == "infeasible"
    assert found.record["violations"] == al.allocate(plain(), book(cap("30%")), ER).record["violations"]
    with pytest.raises(Infeasible):
        _ = found.exact


def test_the_record_is_plain_data_and_enough(tmp_path: Any) -> None:
    found = al.frontier(reserved(), book(RULES["cap"], RULES["floor"]), ER, VAR)
    found.save(str(tmp_path / "f.json"))
    again = al.Frontier(json.loads((tmp_path / "f.json").read_text()))
    assert again.exact
    assert repr(again) == "Frontier('Tiny', expected-return against variance, 4 points, exact, as of 2026-04-01)"
    pd.testing.assert_frame_equal(again.at(second=0.01), found.at(second=0.01))
    # The chord has more variance than the mixture by what the bend says: here by a quarter of ||F (x - y)||^2.
    x, y = found.compositions.to_numpy()[:2] / 100
    assert -found.record["bends"][0][1] == pytest.approx((x - y) @ np.array(COVARIANCE) @ (x - y), rel=1e-9)
    assert found.record["bends"][0][0] == 0


def test_the_outer_polygon_holds_all() -> None:
    """Between the highest mean and the least variance, where the tangent at the first point meets each."""
    found = al.frontier(TWO, None, ER, VAR)
    assert np.array(found.record["outer"]) == pytest.approx(np.array([[0.10, 0.04], [0.08, 0.008]]), rel=1e-6)


def test_the_case_must_have_a_risk() -> None:
    with pytest.raises(al.InputError) as caught:
        al.frontier(tiny({"expected-return [%]": [8, 12]}), None, ER, VAR)
    assert (
        str(caught.value)
        == "objective 'variance' needs a covariance, and the case has no risk; give it one, as in 'risk: {correlation: correlation.csv}' in fund.yaml"
    )
