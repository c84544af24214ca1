"""The frontier against published corner portfolios, closed forms and the conditions of an optimum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from allocator.critical_line import CriticalLine, MeanVariance, critical_line, problem, tracing
from allocator.errors import Infeasible, InputError, NotCertified
from allocator.sparse import Sparse, Vector


def plain(
    mean: Any, covariance: Any, low: Any = 0.0, high: Any = 2.0, rows: Any = (), least: Any = (), most: Any = ()
) -> MeanVariance:
    """Fully invested, with more rows where they are given."""
    gains = np.asarray(mean, float)
    n = len(gains)
    values, vectors = np.linalg.eigh(np.asarray(covariance, float))
    return MeanVariance(
        Sparse.dense(np.sqrt(np.maximum(values, 0))[:, None] * vectors.T),
        gains,
        Sparse.dense(np.vstack([np.ones((1, n)), np.reshape(np.asarray(rows, float), (-1, n))])),
        np.array([1.0, *least]),
        np.array([1.0, *most]),
        np.full(n, low) if np.isscalar(low) else np.asarray(low, float),
        np.full(n, high) if np.isscalar(high) else np.asarray(high, float),
    )


BAILEY_MEAN = [1.175, 1.19, 0.396, 1.12, 0.346, 0.679, 0.089, 0.73, 0.481, 1.08]
BAILEY_ROWS = """
0.40755159
0.03175842 0.9063047
0.05183923 0.03136385 0.19490901
0.05663904 0.02687256 0.04408485 0.19528471
0.0330226 0.01917172 0.03006772 0.02777345 0.34059105
0.00827775 0.00934384 0.01322738 0.00526665 0.00777055 0.15983874
0.02165938 0.02495043 0.03525971 0.01375808 0.02067844 0.02105575 0.68056711
0.01332419 0.00761036 0.0115493 0.00780878 0.00736409 0.00518686 0.01377882 0.95526918
0.0343476 0.02874874 0.0427563 0.02914176 0.02542657 0.01723737 0.04627027 0.0106553 0.31681584
0.02249903 0.01336866 0.02057303 0.01640377 0.01284075 0.00723779 0.01926088 0.00760955 0.01854318 0.11079287
"""
BAILEY_CORNERS = """
1.190 0.952 58.303 0.000 1.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000
1.180 0.546  4.174 0.649 0.351 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000
1.160 0.417  1.946 0.434 0.231 0.000 0.335 0.000 0.000 0.000 0.000 0.000 0.000
1.111 0.267  0.165 0.127 0.072 0.000 0.281 0.000 0.000 0.000 0.000 0.000 0.520
1.108 0.265  0.147 0.123 0.070 0.000 0.279 0.000 0.000 0.000 0.006 0.000 0.521
1.022 0.230  0.056 0.087 0.050 0.000 0.224 0.000 0.174 0.000 0.030 0.000 0.435
1.015 0.228  0.052 0.085 0.049 0.000 0.220 0.000 0.180 0.000 0.031 0.006 0.429
0.973 0.220  0.037 0.074 0.044 0.000 0.199 0.026 0.198 0.000 0.033 0.028 0.398
0.950 0.216  0.031 0.068 0.041 0.015 0.188 0.034 0.202 0.000 0.034 0.034 0.383
0.803 0.205  0.000 0.037 0.027 0.095 0.126 0.077 0.219 0.030 0.036 0.061 0.292
"""


def bailey() -> tuple[Vector, Vector, Vector]:
    """Mean, covariance, and the corners: mean, volatility, lambda, weights."""
    lower = np.zeros((10, 10))
    for i, row in enumerate(BAILEY_ROWS.split("\n")[1:-1]):
        lower[i, : i + 1] = np.array(row.split(), float)
    covariance = lower + lower.T - np.diag(np.diag(lower))
    return np.array(BAILEY_MEAN), covariance, np.array(BAILEY_CORNERS.split(), float).reshape(-1, 13)


@pytest.mark.parametrize("high", [1.0, 2.0])
def test_ten_assets_of_bailey_and_lopez_de_prado(high: float) -> None:
    """Bailey and Lopez de Prado 2013, table 2, to its three decimals; a bound of one is met by the budget alone."""
    mean, covariance, corners = bailey()
    found = critical_line(plain(mean, covariance, high=high))
    told = np.column_stack([found.means, np.sqrt(found.variances), found.slopes, found.weights])
    assert np.round(told, 3) == pytest.approx(corners, abs=1e-12)
    if high == 2:
        assert [changes[0] for changes in found.changes[:-1]] == [(j, True) for j in (0, 3, 9, 7, 5, 8, 4, 2, 6)]
        assert found.free.sum(axis=1).tolist() == [2, 3, 4, 5, 6, 7, 8, 9, 10, 10]


def test_three_assets_of_markowitz() -> None:
    """Markowitz 1959, ch. VIII: four corner portfolios; an asset leaves on the way."""
    covariance = [[0.0146, 0.0187, 0.0145], [0.0187, 0.0854, 0.0104], [0.0145, 0.0104, 0.0289]]
    found = critical_line(plain([0.062, 0.146, 0.128], covariance))
    assert np.round(found.weights, 2).tolist() == [[0, 1, 0], [0, 0.22, 0.78], [0.84, 0, 0.16], [0.99, 0, 0.01]]
    # The last two are the least variance of the first and third asset: (s33 - s13) / (s11 + s33 - 2 s13) = 144 / 145.
    assert found.weights[-1] == pytest.approx([144 / 145, 0, 1 / 145], rel=1e-13)
    assert found.changes == (((2, True),), ((0, True),), ((1, False),), ())


def test_sharpe_with_bounds_and_kinks() -> None:
    """Sharpe, Macro-Investment Analysis (optimization): risk tolerances, twice our lambda, at each change.

    From 22.94 to 22.30, and from 13.73 on, the portfolio stands still: kinks, at which a corner stands twice.
    """
    volatility, correlation = np.array([1, 7.4, 15.4]), [[1, 0.4, 0.15], [0.4, 1, 0.35], [0.15, 0.35, 1]]
    covariance = np.outer(volatility, volatility) * correlation
    found = critical_line(plain([2.8, 6.3, 10.8], covariance, low=0.2, high=0.5))
    assert 2 * found.slopes == pytest.approx([41.80, 22.94, 22.30, 21.02, 15.10, 13.73, 0], abs=0.00501)
    assert np.round(found.weights, 4).tolist() == [
        [0.2, 0.3, 0.5], [0.2, 0.5, 0.3], [0.2, 0.5, 0.3], [0.2218, 0.5, 0.2782],
        [0.4519, 0.3481, 0.2], [0.5, 0.3, 0.2], [0.5, 0.3, 0.2],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("high", "slopes", "weights"),
    [
        (2.0, [0.225, 0.0547684, 0.000655738, 0],
         [[0, 0, 1], [0, 0.648501, 0.351499], [0.975410, 0, 0.024590], [0.98, 0, 0.02]]),
        (0.7, [0.14625, 0.0547684, 0.0159346, 0],
         [[0, 0.3, 0.7], [0, 0.648501, 0.351499], [0.7, 0.183106, 0.116894], [0.7, 0.243810, 0.056190]]),
    ],
)  # fmt: skip
def test_three_assets_of_kwan(high: float, slopes: list[float], weights: list[list[float]]) -> None:
    """Kwan 2007, "A simple spreadsheet-based exposition of the Markowitz critical line method", with and without caps."""
    covariance = [[0.0004, 0.0004, 0.0002], [0.0004, 0.0025, 0.001], [0.0002, 0.001, 0.01]]
    found = critical_line(plain([0.05, 0.08, 0.12], covariance, high=high))
    assert found.slopes == pytest.approx(slopes, rel=2e-6)
    assert found.weights == pytest.approx(np.array(weights), abs=6e-7)


@pytest.mark.parametrize("n", [2, 7, 60])
def test_uncorrelated_assets_in_closed_form(n: int) -> None:
    """Asset k enters, in the order of the means, where lambda is one over `sum (mean_i - mean_k) / s_i`, i before k."""
    rng = np.random.default_rng(n)
    mean, variance = np.sort(rng.uniform(0, 1, n))[::-1], rng.uniform(0.1, 1, n)
    found = critical_line(plain(mean, np.diag(variance)))
    slopes = [1 / np.sum((mean[:k] - mean[k]) / variance[:k]) for k in range(1, n)]
    assert found.slopes == pytest.approx([*slopes, 0], rel=1e-11)
    assert found.weights[-1] == pytest.approx(1 / variance / np.sum(1 / variance), rel=1e-12)
    assert found.variances[-1] == pytest.approx(1 / np.sum(1 / variance), rel=1e-12)
    assert found.excess < 1e-12


def test_on_the_way_it_is_the_closed_form() -> None:
    """Two assets with no bound in reach: the variance at each mean, and the mean at each variance, are by hand."""
    found = critical_line(plain([0.1, 0.2], [[0.04, 0.006], [0.006, 0.09]]))
    for share in np.linspace((0.04 - 0.006) / (0.13 - 0.012), 1, 9):
        variance = 0.09 * share**2 + 0.04 * (1 - share) ** 2 + 0.012 * share * (1 - share)
        slope = (0.18 * share - 0.08 * (1 - share) + 0.012 * (1 - 2 * share)) / 0.1
        assert found.at_mean(0.1 + 0.1 * share) == pytest.approx([1 - share, share], abs=1e-13)
        assert found.at_variance(max(variance, found.variances[-1])) == pytest.approx([1 - share, share], abs=1e-7)
        assert found.slope_at(0.1 + 0.1 * share) == pytest.approx(slope, abs=1e-12)


def test_at_a_variance_is_at_its_mean() -> None:
    """There and back, over every corner and between."""
    mean, covariance, _ = bailey()
    found = critical_line(plain(mean, covariance))
    for wanted in [*np.linspace(found.variances[-1], found.variances[0], 40), *found.variances]:
        weights = found.at_variance(wanted)
        assert weights @ covariance @ weights == pytest.approx(wanted, rel=1e-12)
        assert found.at_mean(weights @ mean) == pytest.approx(weights, abs=1e-7)


def test_what_is_not_on_the_frontier_is_refused() -> None:
    found = critical_line(plain([0.1, 0.2], np.diag([0.04, 0.09])))
    least = 0.04 * 0.09 / 0.13
    for ask, value, said in (
        (found.at_mean, 0.21, "no efficient portfolio has a mean of 0.21; ask for one from 0.1307692308 to 0.2"),
        (found.slope_at, 0.1, "no efficient portfolio has a mean of 0.1; ask for one from 0.1307692308 to 0.2"),
        (
            found.at_variance,
            0.01,
            f"no efficient portfolio has a variance of 0.01; ask for one from {least:.10g} to 0.09",
        ),
    ):
        with pytest.raises(InputError) as caught:
            ask(value)
        assert str(caught.value) == said
    # What is beyond by rounding is the end itself.
    assert found.at_mean(0.2 + 1e-14).tolist() == [0, 1]
    assert found.at_variance(least - 1e-14) == pytest.approx([9 / 13, 4 / 13], rel=1e-12)


def test_multipliers_are_of_the_numbers_as_given() -> None:
    """`S x + C'p - lambda mean` is zero for what is free, in whatever units, and p has the sign of its side."""
    rng = np.random.default_rng(4)
    n, unit = 12, 1e-4
    factor = rng.normal(size=(20, n)) * unit
    rows = np.vstack([np.ones(n), 1000 * rng.uniform(0, 1, (3, n))])
    start = rng.dirichlet(np.ones(n))
    load = rows @ start
    given = MeanVariance(
        Sparse.dense(factor),
        rng.uniform(0, unit, n),
        Sparse.dense(rows),
        np.array([load[0], -np.inf, load[2] - 10, load[3] - 1]),
        np.array([load[0], load[1] + 5, np.inf, load[3] + 1]),
        np.zeros(n),
        np.full(n, 0.3),
    )
    found = critical_line(given)
    assert set(found.bound[:, 1:].ravel()) == {-1, 0, 1}
    for k in range(len(found)):
        x, p = found.weights[k], found.multipliers[k]
        cost = factor.T @ (factor @ x) + p @ rows - found.slopes[k] * given.mean
        tiny = 1e-10 * np.abs(found.slopes[k] * given.mean).max() + 1e-10 * unit**2
        assert np.abs(cost[found.free[k]]).max() <= tiny
        assert (cost[x == 0] >= -tiny).all()
        assert (cost[x == 0.3] <= tiny).all()
        assert (p[1:][found.bound[k, 1:] == 1] >= -tiny).all()
        assert (p[1:][found.bound[k, 1:] == -1] <= tiny).all()
        assert not p[1:][(found.bound[k, 1:] == 0) & (found.bound[max(k - 1, 0), 1:] == 0)].any()


DUPLICATES = [[0.04, 0.04, 0.01], [0.04, 0.04, 0.01], [0.01, 0.01, 0.02]]


def test_duplicated_assets_share_what_one_would_hold() -> None:
    twin = critical_line(plain([0.1, 0.1, 0.05], DUPLICATES))
    single = critical_line(plain([0.1, 0.05], np.array(DUPLICATES)[1:, 1:]))
    assert twin.slopes == pytest.approx(single.slopes, rel=1e-12)
    assert twin.weights[:, :2].sum(axis=1) == pytest.approx(single.weights[:, 0], abs=1e-13)


def test_duplicated_assets_with_caps_take_over_from_one_another() -> None:
    """The first is full when the second, its copy, comes in at once: the two are one with the sum of the caps."""
    twin = critical_line(plain([0.1, 0.1, 0.05], DUPLICATES, high=[0.3, 0.4, 1]))
    single = critical_line(plain([0.1, 0.05], np.array(DUPLICATES)[1:, 1:], high=[0.7, 1]))
    for mean in np.linspace(single.means[-1], single.means[0], 11):
        both = twin.at_mean(mean)
        assert [both[0] + both[1], both[2]] == pytest.approx(single.at_mean(mean), abs=1e-12)


def test_ties_in_mean_are_settled_by_least_variance() -> None:
    """The highest mean is that of two assets: of their mixtures the first corner is the one of least variance."""
    found = critical_line(plain([0.1, 0.1, 0.05], np.diag([0.04, 0.01, 0.02])))
    assert found.weights[0] == pytest.approx([0.2, 0.8, 0], abs=1e-13)
    assert found.means[0] == pytest.approx(0.1, rel=1e-14)


def test_one_mean_for_all_leaves_the_least_variance() -> None:
    variance = np.array([0.04, 0.01, 0.02, 0.05])
    found = critical_line(plain(np.full(4, 0.07), np.diag(variance)))
    assert len(found) == 1
    assert found.slopes.tolist() == [0]
    assert found.weights[0] == pytest.approx(1 / variance / np.sum(1 / variance), rel=1e-12)
    assert found.at_variance(found.variances[0]) == pytest.approx(found.weights[0])


def test_with_cash_all_is_a_mixture_with_one_portfolio() -> None:
    """Tobin 1958: from the tangency portfolio on only cash comes in; the variance ends at zero."""
    mean, variance = np.array([0.02, 0.1, 0.08]), np.array([0, 0.04, 0.09])
    found = critical_line(plain(mean, np.diag(variance)))
    tangent = (mean[1:] - 0.02) / variance[1:]
    assert found.weights[-2, 1:] == pytest.approx(tangent / tangent.sum(), rel=1e-12)
    assert found.weights[-1] == pytest.approx([1, 0, 0], abs=1e-13)
    assert found.variances[-1] == pytest.approx(0, abs=1e-20)


def test_cash_of_the_highest_mean_is_all_there_is() -> None:
    found = critical_line(plain([0.2, 0.1], np.diag([0, 0.04])))
    assert found.weights.tolist() == [[1, 0]]


def test_without_any_risk_it_is_the_highest_mean() -> None:
    found = critical_line(plain([0.1, 0.3, 0.2], np.zeros((3, 3))))
    assert found.weights.tolist() == [[0, 1, 0]]
    assert found.excess == 0


def test_fewer_observations_than_assets() -> None:
    """The variance ends at zero, where the sample has a portfolio that never moved."""
    rng = np.random.default_rng(8)
    returns = rng.normal(0.01, 0.05, (10, 40))
    factor = (returns - returns.mean(axis=0)) / 3
    given = MeanVariance(
        Sparse.dense(factor), returns.mean(axis=0), Sparse.dense(np.ones((1, 40))), np.ones(1), np.ones(1),
        np.zeros(40), np.ones(40),
    )  # fmt: skip
    found = critical_line(given)
    assert found.weights[0].max() == 1
    assert found.variances[-1] == pytest.approx(0, abs=1e-18)
    # At most as many assets as observations move together, and the budget.
    assert found.free.sum(axis=1).max() <= 10


def test_redundant_rows_change_nothing() -> None:
    mean, covariance, corners = bailey()
    twice = np.vstack([np.full(10, 2.0), np.ones(10), np.ones(10), -np.ones(10)])
    found = critical_line(plain(mean, covariance, rows=twice, least=[2, -np.inf, 0.5, -1], most=[2, 1, np.inf, np.inf]))
    assert np.round(found.weights, 3) == pytest.approx(corners[:, 3:], abs=1e-12)


def test_equal_bounds_fix_an_asset() -> None:
    mean, covariance, _ = bailey()
    fixed = critical_line(plain(mean, covariance, low=[0.25] + [0] * 9, high=[0.25] + [2] * 9))
    assert (fixed.weights[:, 0] == 0.25).all()
    assert not fixed.free[:, 0].any()
    row = critical_line(plain(mean, covariance, rows=[[1.0] + [0] * 9], least=[0.25], most=[0.25]))
    assert fixed.weights == pytest.approx(row.weights, abs=1e-12)
    assert fixed.slopes == pytest.approx(row.slopes, rel=1e-9)


def test_where_only_one_portfolio_is_allowed() -> None:
    found = critical_line(plain([0.1, 0.2], np.diag([0.04, 0.09]), high=[0.25, 0.75]))
    assert np.unique(found.weights, axis=0).tolist() == [[0.25, 0.75]]
    assert found.slopes[-1] == 0
    assert found.at_mean(found.means[0]).tolist() == [0.25, 0.75]


def test_a_row_is_the_bound_that_it_says() -> None:
    mean, covariance, _ = bailey()
    bounds = critical_line(plain(mean, covariance, low=0.01, high=0.3))
    eye = np.eye(10)
    rows = critical_line(plain(mean, covariance, rows=eye, least=[0.01] * 10, most=[0.3] * 10, low=-1.0, high=2.0))
    assert rows.slopes == pytest.approx(bounds.slopes, rel=1e-9)
    assert rows.weights == pytest.approx(bounds.weights, abs=1e-12)
    # A capped asset is free and its row binds.
    assert ((rows.bound[:, 1:] != 0) == ~bounds.free).all()


def test_a_sparse_factor_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Factors and specific risk, never multiplied out, against the covariance."""
    rng = np.random.default_rng(3)
    n = 40
    factor = np.vstack([rng.normal(size=(3, n)) * 0.1, np.diag(rng.uniform(0.1, 0.3, n))])
    mean, budget = rng.uniform(0, 0.1, n), Sparse.dense(np.ones((1, n)))

    def traced(given: Any) -> CriticalLine:
        return critical_line(
            MeanVariance(Sparse.dense(given), mean, budget, np.ones(1), np.ones(1), np.zeros(n), np.full(n, 0.2))
        )

    dense = traced(np.linalg.cholesky(factor.T @ factor).T)
    for most in (problem.MOST, factor.size, 0):
        monkeypatch.setattr(problem, "MOST", most)
        found = traced(factor)
        assert found.slopes == pytest.approx(dense.slopes, rel=1e-9)
        assert found.weights == pytest.approx(dense.weights, abs=1e-11)


def test_what_cannot_be_is_told() -> None:
    covariance = np.diag([0.04, 0.09])
    for given, said in (
        ({"high": 0.4}, "no allocation is within all limits"),
        ({"rows": [[1, -1]], "least": [3], "most": [np.inf]}, "no allocation is within all limits"),
        ({"rows": [[2, 2]], "least": [1], "most": [1]}, "no allocation satisfies all equations"),
    ):
        with pytest.raises(Infeasible) as caught:
            critical_line(plain([0.1, 0.2], covariance, **given))
        assert str(caught.value) == said


def test_what_is_no_problem_is_told() -> None:
    covariance = np.diag([0.04, 0.09])
    for given, said in (
        ({"low": [0.0]}, "mean, factor, bounds and rows are of different lengths; give one entry a variable"),
        ({"high": np.inf}, "a number is missing or infinite; give finite means, covariances, rows and bounds"),
        ({"low": 3.0}, "a lower limit is above the upper one; turn them round"),
    ):
        with pytest.raises(InputError) as caught:
            plain([0.1, 0.2], covariance, **given)
        assert str(caught.value) == said


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda turn: {"weights": turn.weights * 1.001}, "a corner portfolio is outside a limit by 0.001"),
        (lambda turn: {"weights": turn.weights[::-1]}, "the highest mean is proved only up to 0.5 of the largest"),
        (lambda turn: {"slope": turn.slope * 1.5}, "the variance of a corner portfolio is proved only up to"),
        (
            lambda turn: {"multipliers": turn.multipliers + 0.5},
            "the variance of a corner portfolio is proved only up to",
        ),
    ],
)
def test_a_wrong_corner_is_never_given(monkeypatch: pytest.MonkeyPatch, spoil: Any, said: str) -> None:
    """Whatever goes wrong on the way, the proof finds it."""
    from dataclasses import replace

    import allocator.critical_line as module

    def spoilt(*given: Any) -> Any:
        turns, prices = tracing.trace(*given)
        return [replace(turn, **spoil(turn)) for turn in turns], prices

    monkeypatch.setattr(module, "trace", spoilt)
    with pytest.raises(NotCertified) as caught:
        critical_line(plain([0.1, 0.2], np.diag([0.04, 0.09])))
    assert str(caught.value).startswith(said)


def test_a_turn_that_is_left_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each corner is right and what is between two is not: the middle tells."""
    import allocator.critical_line as module

    def skipped(*given: Any) -> Any:
        turns, prices = tracing.trace(*given)
        return [*turns[:3], *turns[4:]], prices

    mean, covariance, _ = bailey()
    monkeypatch.setattr(module, "trace", skipped)
    with pytest.raises(NotCertified, match="the variance of a corner portfolio is proved only up to"):
        critical_line(plain(mean, covariance))


def test_rounding_that_never_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    mean, covariance, _ = bailey()
    monkeypatch.setattr(tracing._Path, "turn", lambda *_: False)
    monkeypatch.setattr(tracing._Path, "next", lambda self, values, by, now, able: (1.0, 0, 1))
    with pytest.raises(NotCertified) as caught:
        critical_line(plain(mean, covariance))
    assert str(caught.value) == "no end of the critical line was found, as rounding defeats the pivots"
