"""Draws are joined as asked, and any stretch of them is the same whatever else is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from allocator.errors import InputError
from allocator.scenarios.draws import Draws, Move
from allocator.scenarios.laws import Lognormal, Normal, Uniform

LAWS = {
    "sofr": Normal(0.0365, 0.009, 0.01),
    "jgb": Normal(0.0345, 0.006),
    "yen": Lognormal(150, 0.1),
    "cap": Uniform(0.1, 0.14),
}
MOVES = [Move("loans.capacity", 120.0, "yen", -1.0, 150.0), Move("cap", 0.0, "yen", 0.5, 150.0)]
CORRELATIONS = {("sofr", "jgb"): 0.5, ("yen", "sofr"): -0.4}


def draws(count: int = 20_000, seed: int = 3) -> Draws:
    return Draws(LAWS, count, seed, CORRELATIONS, MOVES, ["sofr", "jgb", "cap"])


def test_marginals_and_correlations() -> None:
    """By ranks, which the laws leave as the copula has them: 6/pi asin(rho/2) is Spearman's of a normal copula."""
    made = draws()
    assert made.names == ("sofr", "jgb", "cap", "loans.capacity")
    sofr, jgb, _, loans = made.values(0, made.count).T
    assert stats.kstest(sofr, stats.truncnorm(-2.9444444, np.inf, 0.0365, 0.009).cdf).pvalue > 1e-3
    assert stats.kstest(120 / loans, stats.lognorm(0.1).cdf).pvalue > 1e-3
    expected = [6 / np.pi * np.arcsin(rho / 2) for rho in (0.5, -0.4)]
    assert stats.spearmanr(sofr, jgb).statistic == pytest.approx(expected[0], abs=0.02)
    assert stats.spearmanr(sofr, 1 / loans).statistic == pytest.approx(expected[1], abs=0.02)
    assert stats.spearmanr(jgb, loans).statistic == pytest.approx(0, abs=0.02)


def test_moves_multiply_what_is_drawn() -> None:
    made = draws()
    with_move = made.values(0, 100)[:, 2]
    alone = Draws(LAWS, made.count, 3, CORRELATIONS, MOVES[:1], ["sofr", "jgb", "cap"]).values(0, 100)
    yen = 150 * 120 / alone[:, 3]
    np.testing.assert_allclose(with_move, alone[:, 2] * (yen / 150) ** 0.5, rtol=1e-12)


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (1023, 1025), (1024, 2048), (7777, 9999), (19_999, 20_000)])
def test_any_stretch_is_the_same_to_the_bit(start: int, stop: int) -> None:
    assert draws().values(start, stop).tobytes() == draws().values(0, 20_000)[start:stop].tobytes()
    assert draws(50_000).values(start, stop).tobytes() == draws().values(start, stop).tobytes()
    assert draws(seed=4).values(start, stop).tobytes() != draws().values(start, stop).tobytes()


def test_ends_hold_all() -> None:
    made = draws()
    values = made.values(0, made.count)
    least, most = made.ends()
    assert (least <= values.min(0)).all()
    assert (values.max(0) <= most).all()
    assert (least[0], most[0]) == (0.01, np.inf)


def test_two_that_move_as_one() -> None:
    made = Draws({"a": Normal(0, 1), "b": Normal(0, 2)}, 100, 0, {("a", "b"): 1.0})
    a, b = made.values(0, 100).T
    np.testing.assert_allclose(b, 2 * a, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Draws(LAWS, 0), "0 scenarios; ask for 1 to 1,000,000,000"),
        (lambda: Draws(LAWS, 1, -1), "a seed of -1; give zero or more"),
        (lambda: Draws(LAWS, 1, inputs=["sofa"]), "no variable 'sofa'; did you mean 'sofr'?"),
        (lambda: Draws({}, 1), "draws that move no input; give an input a law"),
        (lambda: Draws(LAWS, 1, 0, {("sofr", "yan"): 0.1}), "no variable 'yan'; did you mean 'yen'?"),
        (
            lambda: Draws(LAWS, 1, 0, {("sofr", "yen"): 1.1}),
            "a correlation of 1.1 between 'sofr' and 'yen'; give -1 to 1 for two",
        ),
        (
            lambda: Draws(LAWS, 1, 0, {("sofr", "jgb"): 0.9, ("jgb", "sofr"): 0.9}),
            "'sofr' and 'jgb' have two correlations; keep one",
        ),
        (
            lambda: Draws(LAWS, 1, 0, {("sofr", "jgb"): 0.9, ("jgb", "yen"): 0.9, ("sofr", "yen"): -0.9}),
            "the correlations of 'yen' contradict those before it; bring them closer to zero",
        ),
        (
            lambda: Draws(LAWS, 1, 0, {("sofr", "jgb"): 1.0, ("jgb", "yen"): 0.9}),
            "the correlations of 'jgb' contradict those before it; bring them closer to zero",
        ),
        (
            lambda: Draws(LAWS, 1, 0, {}, [Move("x", 1.0, "jgb", 1.0, 0.03)]),
            "'x' follows 'jgb', which may be below zero; keep it above with at-least, or give it a lognormal law",
        ),
    ],
)
def test_errors(make: object, told: str) -> None:
    with pytest.raises(InputError) as error:
        make()  # type: ignore[operator]
    assert str(error.value) == told


def test_what_overflows_is_told() -> None:
    made = Draws({"yen": Lognormal(150, 5)}, 2000, 0, {}, [Move("x", 1.0, "yen", 99.0, 150.0)])
    with pytest.raises(
        InputError, match=r"^'x' is beyond all numbers in scenario \d+; give what it follows an at-least "
    ):
        made.values(0, 2000)
