"""Sums of objectives as they are written, and blends by their ranges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, book, decisions, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al
from allocator.aims import Blend, from_names
from allocator.objectives import Aim, Objective, from_text

SMALL = small_case()
PLAIN = al.Case.from_moments([0.05, 0.08], np.diag([0.09, 0.16]))
# a and b yield the same; c yields least and weighs most.
THREE = tiny({"cash-yield [%]": [8, 8, 2], "strategic-weight": [1, 0, 2], "capacity [$ bn]": [100, 100, 100]})
DY, SW, ER, VAR = al.DividendYield(), al.StrategicWeight(), al.ExpectedReturn(), al.Variance()


@pytest.mark.parametrize("k", [0.5, 2.0])
def test_return_less_variance_is_what_it_says(k: float) -> None:
    # With share s in the second: 0.03 = k (2 * 0.16 s - 2 * 0.09 (1 - s)), so s = (0.03 / k + 0.18) / 0.5.
    s = (0.03 / k + 0.18) / 0.5
    out = solve(PLAIN, book(), ER - k * VAR)
    assert amounts(out) == pytest.approx([1 - s, s], abs=1e-5)
    assert value(out) == pytest.approx(0.05 + 0.03 * s - k * (0.16 * s**2 + 0.09 * (1 - s) ** 2), abs=1e-7)
    assert out.record["objective"]["name"] == f"1 expected-return - {k:g} variance"


@pytest.mark.parametrize(
    "aim",
    [DY, SW, ER, 2 * DY + 0.5 * SW, ER - 3 * VAR, -VAR, DY + SW - VAR, Blend(((0.7, DY), (0.3, VAR)), (0.1, 0.02))],
)
@given(v=decisions(SMALL), w=decisions(SMALL))
def test_a_score_is_what_its_objectives_are_and_lies_below_its_tangents(aim: Aim, v: np.ndarray, w: np.ndarray) -> None:
    score = aim.score(SMALL)
    own = sum(weight * part.value(SMALL).value(v) for weight, part in aim.terms())
    assert score.value(v) == pytest.approx(own, rel=1e-9, abs=1e-12)
    assert score.concave
    slope, constant = score.above(score.witness(w))
    assert slope @ v + constant >= score.value(v) - 1e-9
    assert slope @ w + constant == pytest.approx(score.value(w), abs=1e-9)


def test_alone_and_in_a_sum() -> None:
    assert value(solve(PLAIN, book(), VAR)) == pytest.approx(value(solve(PLAIN, book(), -VAR)))
    assert (DY + SW).score(SMALL).income == 1
    assert (2 * DY).score(SMALL).income == 2
    assert (3 * SW - VAR).terms() == ((3.0, SW), (-1.0, VAR))


@pytest.mark.parametrize(
    ("aim", "message"),
    [
        (ER + 2 * VAR, "'variance' with the weight 2 is not concave, so it can't be maximised; turn its sign round"),
        (-1 * VAR * -1, "'variance' with the weight 1 is not concave, so it can't be maximised; turn its sign round"),
        (SW - DY, "'dividend-yield' with the weight -1 is not concave, so it can't be maximised; turn its sign round"),
    ],
)
def test_what_is_not_concave_is_refused_by_name(aim: Aim, message: str) -> None:
    with pytest.raises(al.InputError) as caught:
        al.allocate(SMALL, objective=aim)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("make", "weight"),
    [
        (lambda: float("nan") * SW, "nan"),
        (lambda: DY + SW * float("inf"), "inf"),
        (lambda: DY - SW * float("nan"), "nan"),
        (lambda: 1e308 * (1e308 * SW), "inf"),
    ],
)
def test_weights_are_finite(make: Callable[[], object], weight: str) -> None:
    with pytest.raises(al.InputError) as caught:
        make()
    assert str(caught.value) == f"'strategic-weight' with the weight {weight} means nothing; give a finite weight"


def test_the_built_in_sum() -> None:
    assert sum([DY, 2 * SW]) == DY + 2 * SW
    assert sum([DY]) == DY


@pytest.mark.parametrize("make", [lambda: DY + 1, lambda: 1 + DY, lambda: DY * SW, lambda: DY - "x"])
def test_only_objectives_add_up(make: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        make()


BLEND = al.blend({DY: 0.7, SW: 0.3})


@pytest.mark.parametrize("make", [lambda: BLEND + ER, lambda: ER - BLEND, lambda: 2 * BLEND, lambda: -BLEND])
def test_blends_do_not_add_up(make: Callable[[], object]) -> None:
    with pytest.raises(al.InputError) as caught:
        make()
    assert str(caught.value) == (
        "'dividend-yield 0.7, strategic-weight 0.3' can't be added or multiplied: its objectives count by their ranges; "
        "add the objectives in it without it, or weigh all of them in one blend"
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (DY - 0.1 * SW, "'1 dividend-yield - 0.1 strategic-weight'"),
        (BLEND, "'dividend-yield 0.7, strategic-weight 0.3'"),
        ("variance", "'variance'"),
    ],
)
def test_a_blend_is_of_single_objectives(given: Any, shown: str) -> None:
    with pytest.raises(al.InputError) as caught:
        al.blend({given: 0.5, ER: 0.5})
    assert str(caught.value) == (
        f"a blend is of single objectives, and {shown} is none; "
        "give each objective by itself, as in {al.DividendYield(): 1}"
    )


def test_a_loss_may_be_taken_off_where_nothing_compresses() -> None:
    # Least dividend yield: all in reserve, which earns nothing; unless half a point of weight makes up for 2% in c.
    assert amounts(solve(THREE, book(), -DY)) == pytest.approx([0, 0, 0], abs=0.1)
    assert amounts(solve(THREE, book(), -DY + 0.02 * SW)) == pytest.approx([0, 0, 100], abs=0.1)


def test_a_blend_of_objectives_that_agree_leaves_none_out() -> None:
    # a is best for both, so that neither loses anything at the other's optimum: their ranges are none. They count by
    # their own optima, 8% and 1, instead.
    case = tiny({"cash-yield [%]": [8, 5], "strategic-weight": [1, 0.5], "capacity [$ bn]": [100, 100]})
    out = solve(case, book(), al.blend({DY: 0.7, SW: 0.3}))
    assert amounts(out) == pytest.approx([100, 0], abs=0.1)
    assert out.record["objective"]["ranges"] == pytest.approx([0.08, 1.0], abs=1e-5)


def test_a_blend_is_normalised_at_lexicographic_endpoints() -> None:
    # Dividend yield: 8% at best, 2% where the weight is best. Weight: 2 at best; where the yield is best any mix of a
    # and b will do, and the best of them has a weight of 1, not 0. So the ranges are 6% and 1.
    out = solve(THREE, book(), al.blend({DY: 0.7, SW: 0.3}))
    record = out.record["objective"]
    assert record["ranges"] == pytest.approx([0.06, 1.0], abs=1e-4)
    # A dollar from a to c loses 6% / 6% * 0.7 and gains 1 / 1 * 0.3.
    assert amounts(out) == pytest.approx([100, 0, 0], abs=0.1)
    assert value(out) == pytest.approx(0.7 * 0.08 / 0.06 + 0.3, abs=1e-3)
    other = solve(THREE, book(), al.blend({DY: 0.3, SW: 0.7}))
    assert amounts(other) == pytest.approx([0, 0, 100], abs=0.1)
    # The exchange rate that it implied: a point of weight for (0.3 / 1) / (0.7 / 6%) of yield.
    yields, weight = record["parts"]
    assert weight["counts"] / yields["counts"] == pytest.approx(0.3 * 0.06 / 0.7, rel=1e-3)


def test_a_blend_holds_what_is_made_small_the_right_way_round() -> None:
    # Return: 8% at best, and at least variance (0.64, 0.36) 6.08%: a range of 1.92%. Variance: 0.16 against 0.0576.
    out = solve(PLAIN, book(), al.blend({ER: 0.5, VAR: 0.5}))
    # The least variance is held within its tolerance, whose square root is what the return may move by.
    assert out.record["objective"]["ranges"] == pytest.approx([0.0192, 0.1024], rel=5e-3)
    low, high = out.record["objective"]["ranges"]
    s = (0.03 / low * high + 0.18) / 0.5
    assert amounts(out) == pytest.approx([1 - min(s, 1), min(s, 1)], abs=1e-3)


def test_given_ranges_are_kept() -> None:
    out = solve(THREE, book(), Blend(((0.5, DY), (0.5, SW)), (1.0, 1.0)))
    assert out.record["objective"]["ranges"] == [1.0, 1.0]
    # Raw, a point of weight outweighs 6% of yield.
    assert amounts(out) == pytest.approx([0, 0, 100], abs=0.1)


def test_small_blends() -> None:
    assert al.blend({DY: 1.0, SW: 0.0}) == DY
    assert from_names({"strategic-weight": 2}) == SW
    for weights in ({DY: -1.0, SW: 1.0}, {DY: 0.0}, {}, {DY: float("nan")}):
        with pytest.raises(
            al.InputError, match=r"^weights of a blend must be zero or more, and not all zero; mend the"
        ):
            al.blend(weights)
    with pytest.raises(al.InputError) as caught:
        from_names({"dividend-yeild": 1})
    assert str(caught.value) == "unknown kind of objective 'dividend-yeild'; did you mean 'dividend-yield'?"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("dividend-yield", DY),
        ("tail-loss:99%", al.TailLoss("99%")),
        ("robust-yield:2", al.RobustYield(2)),
        ("owner-gain:japan", al.OwnerGain("japan")),
        ("sharpe:4%:tail-loss:90%", al.Sharpe("4%", "tail-loss", 0.9)),
    ],
)
def test_settings_stand_behind_colons(text: str, made: Objective) -> None:
    assert from_text(text) == made


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("variance:2", "'variance:2' says too much: 'variance' takes no settings; leave out ':2'"),
        ("tail-loss:95%:2", "'tail-loss:95%:2' says too much: 'tail-loss' takes no more than confidence; leave out ':2'"),
        ("sharpe:1%:tail-loss:95%:2", "'sharpe:1%:tail-loss:95%:2' says too much: 'sharpe' takes no more than rate and "
         "risk and confidence; leave out ':2'"),
        ("risk-budget:a", "cannot read the risk budgets 'a'; give lines with their shares, as in {'power': '30%'}"),
        ("tail-loss:", "cannot read the confidence ''; write 95%, say"),
        ("robust-yield:many", "the radius many is no number of zero or more; write 1, say"),
        ("tale-loss:95%", "unknown kind of objective 'tale-loss'; did you mean 'tail-loss'?"),
    ],
)  # fmt: skip
def test_settings_that_mean_nothing(text: str, told: str) -> None:
    with pytest.raises(al.InputError) as caught:
        from_text(text)
    assert str(caught.value) == told


@given(parts=st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_the_blend_is_the_optimum_of_what_it_says(parts: list[float]) -> None:
    """Against cvxpy, on any yields, the ranges being those recorded."""
    case = tiny(
        {
            "cash-yield [%]": (5 + 5 * np.array(parts)).tolist(),
            "strategic-weight": [1, 0.5, 0.2],
            "capacity [$ bn]": [60, 60, 60],
        }
    )
    out = solve(case, book(), al.blend({DY: 0.6, SW: 0.4}))
    x = cp.Variable(3, nonneg=True)
    spans = out.record["objective"]["ranges"]
    gain = 0.6 / spans[0] * (0.05 + 0.05 * np.array(parts)) + 0.4 / spans[1] * np.array([1, 0.5, 0.2])
    best = cp.Problem(cp.Maximize(gain @ x), [x <= 0.6, cp.sum(x) <= 1]).solve(solver="CLARABEL")
    assert value(out) == pytest.approx(best, rel=1e-5)


@pytest.fixture
def floored() -> tuple[al.Case, al.Rulebook]:
    """Line a is worst by both objectives, and a soft rule asks for 40% of it, which can be had."""
    columns = {"cash-yield [%]": [4, 6, 5], "strategic-weight": [0.2, 0.9, 0.5], "capacity [$ bn]": [60, 60, 60]}
    case = tiny(columns, covariance=np.diag([0.16, 0.01, 0.02]), **{"fully-invested": "yes"})
    floor = al.rules.Share(
        id="floor", title="Floor", scope={"line": "a"}, of="deployed", at_least="40%", severity="soft", penalty="300 bp"
    )
    return case, book(floor)


@pytest.mark.parametrize("pair", [(VAR, SW), (SW, VAR)])
def test_an_order_without_income_misses_no_soft_rule_that_can_be_kept(
    pair: tuple[Objective, Objective], floored: tuple[al.Case, al.Rulebook]
) -> None:
    out = solve(*floored, al.lexicographic(list(pair)))
    assert out.totals["penalties"] == pytest.approx(0, abs=1e-4)
    assert amounts(out)[0] == pytest.approx(40, abs=1e-2)


def test_ranges_without_income_are_those_of_the_frontier(floored: tuple[al.Case, al.Rulebook]) -> None:
    out = solve(*floored, al.blend({VAR: 1, SW: 1}))
    curve = al.frontier(*floored, VAR, SW)
    assert out.record["objective"]["ranges"] == pytest.approx(
        [each["range"] for each in curve.record["between"]], rel=1e-3
    )
