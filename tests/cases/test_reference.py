"""Published frontiers, closed forms, and other solvers of the same problem."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import book
from orlib import instance
from scipy.optimize import minimize

import allocator as al
from allocator.objectives import Aim
from allocator.sparse import Vector


def target(mean: float) -> al.Rulebook:
    return book(
        al.rules.Ratio(id="target", title="Target", numerator="expected-return", denominator="equity",
                       at_least=f"{100 * mean:.10f}%")
    )  # fmt: skip


def least_variance(case: al.Case, rules: al.Rulebook | None = None, aim: Aim | None = None) -> al.Outcome:
    out = al.allocate(case, rules, al.Variance() if aim is None else aim, resolve=False)
    assert out.status == "optimal"
    return out


def weights(out: al.Outcome) -> Vector:
    return out.amounts["amount"].to_numpy(float)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_the_published_frontiers(reference: Path, number: int) -> None:
    """Chang, Meade, Beasley and Sharaiha 2000: 2,000 points each, printed to ten digits; twenty of them."""
    mean, covariance, frontier = instance(reference, number)
    case = al.Case.from_moments(mean, covariance)
    for wanted, variance in frontier[np.linspace(0, len(frontier) - 1, 20).astype(int)]:
        out = least_variance(case, target(wanted))
        own = weights(out)
        assert own.sum() == pytest.approx(1.0, abs=1e-9)
        assert own @ mean >= wanted - 1e-9
        assert out.record["rules"][0]["binding"] == [""]
        assert own @ covariance @ own == pytest.approx(variance, rel=2e-6)
        assert -out.record["certificate"]["bound"] == pytest.approx(variance, rel=2e-6)


def test_an_amount_rule_is_the_same_target(reference: Path) -> None:
    mean, covariance, frontier = instance(reference, 1)
    wanted, variance = frontier[1000]
    rules = book(al.rules.Amount(id="t", title="T", measure="expected-return", at_least=f"${1000 * wanted:.9f} m"))
    out = least_variance(al.Case.from_moments(mean, covariance), rules)
    assert -out.record["certificate"]["value"] == pytest.approx(variance, rel=2e-6)


def moments(folder: Path, source: str, name: str = "") -> tuple[pd.Series, pd.DataFrame]:
    data = folder / source / "data"
    mean = pd.read_csv(data / f"{name}mu.csv", index_col=0)["expected_return"]
    return mean, pd.read_csv(data / f"{name}cov.csv", index_col=0)


SMALL = [("mosek_cookbook", ""), ("gurobi_optimods", "factor3_"), ("gurobi_optimods", "sharpe_")]


def by_scipy(gain: Vector, risk: Vector) -> float:
    """The most of `gain . x - x' risk x` over long-only, fully invested x, by SLSQP from several starts."""
    n = len(gain)
    best = -np.inf
    for start in (np.full(n, 1 / n), *np.eye(n)):
        found = minimize(
            lambda x: float(x @ risk @ x - gain @ x),
            start,
            jac=lambda x: 2 * risk @ x - gain,
            bounds=[(0, 1)] * n,
            constraints=[{"type": "eq", "fun": lambda x: x.sum() - 1, "jac": lambda x: np.ones(len(x))}],
            method="SLSQP",
            options={"ftol": 1e-15, "maxiter": 1000},
        )
        best = max(best, -float(found.fun))
    return best


@pytest.mark.parametrize(("source", "name"), SMALL)
@pytest.mark.parametrize("aversion", [0.0, 0.5, 2.0, None])
def test_small_published_cases_against_scipy(reference: Path, source: str, name: str, aversion: float | None) -> None:
    """Mean less so many times the variance; None for the variance alone."""
    mean, covariance = moments(reference, source, name)
    case = al.Case.from_moments(mean, covariance)
    mu, sigma = mean.to_numpy(float), covariance.to_numpy(float)
    if aversion is None:
        out = least_variance(case)
        truth = by_scipy(0 * mu, sigma)
    else:
        out = least_variance(case, None, al.ExpectedReturn() - aversion * al.Variance())
        truth = by_scipy(mu, aversion * sigma)
    assert out.record["certificate"]["value"] == pytest.approx(truth, abs=2e-6 * max(abs(truth), 1e-3))
    assert list(out.amounts.index) == list(mean.index)


def test_cash_in_a_covariance(reference: Path) -> None:
    """One asset without risk: the covariance is only semidefinite, and all goes there."""
    mean, covariance = moments(reference, "gurobi_optimods", "with_cash_")
    out = least_variance(al.Case.from_moments(mean, covariance))
    assert out.record["certificate"]["value"] == pytest.approx(0, abs=1e-9)
    assert out.amounts.loc["CASH", "amount"] > 0.99


def test_two_assets_in_closed_form(reference: Path) -> None:
    """Least variance of X and Y: the weight of X is (s_yy - s_xy) / (s_xx + s_yy - 2 s_xy) = 1.5 / 4."""
    mean, covariance = moments(reference, "gurobi_optimods", "two_")
    out = least_variance(al.Case.from_moments(mean, covariance))
    assert weights(out) == pytest.approx([0.375, 0.625], abs=1e-5)
    assert -out.record["certificate"]["value"] == pytest.approx(3 * 0.375**2 + 2 * 0.625**2 + 0.375 * 0.625, rel=2e-6)


def test_mean_and_variance_of_two_assets_in_closed_form(reference: Path) -> None:
    """x - 0.1 (1 - x) - a (s_xx x^2 + 2 s_xy x (1 - x) + s_yy (1 - x)^2) is flat at x = (1.1 + 3 a) / (8 a)."""
    mean, covariance = moments(reference, "gurobi_optimods", "two_")
    out = least_variance(al.Case.from_moments(mean, covariance), None, al.ExpectedReturn() - 0.5 * al.Variance())
    assert weights(out)[0] == pytest.approx((1.1 + 1.5) / 4, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_least_variance_in_closed_form(seed: int) -> None:
    """Where no bound binds it is the inverse of the covariance times ones, made to sum to one (Merton 1972)."""
    rng = np.random.default_rng(seed)
    n = 6
    volatility = rng.uniform(0.1, 0.2, n)
    sigma = np.outer(volatility, volatility) * (0.1 + 0.9 * np.eye(n))
    inverse = np.linalg.solve(sigma, np.ones(n))
    truth = inverse / inverse.sum()
    assert truth.min() > 0.02
    out = least_variance(al.Case.from_moments(rng.uniform(0, 0.1, n), sigma))
    assert -out.record["certificate"]["value"] == pytest.approx(1 / inverse.sum(), rel=2e-6)
    assert weights(out) == pytest.approx(truth, abs=2e-4)


def test_the_most_return_is_one_asset(reference: Path) -> None:
    mean, covariance = moments(reference, "mosek_cookbook")
    out = least_variance(al.Case.from_moments(mean, covariance), None, al.ExpectedReturn())
    assert out.record["certificate"]["bound"] == pytest.approx(0.42895777, abs=1e-9)
    assert out.amounts.loc["AAPL", "amount"] == pytest.approx(1, abs=1e-4)


def test_a_target_over_the_best_mean_is_infeasible(reference: Path) -> None:
    mean, covariance = moments(reference, "mosek_cookbook")
    out = al.allocate(al.Case.from_moments(mean, covariance), target(0.43), al.Variance())
    assert out.status == "infeasible"
    (broken,) = out.record["violations"]
    assert broken["rule"] == "target"
    assert broken["value"] == pytest.approx(0.42895777, abs=1e-6)
