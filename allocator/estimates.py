"""Mean and risk out of returns, told per year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from allocator.codes import Code
from allocator.errors import Collector, InputError, nearest
from allocator.panel import REFUSE, Panel, check_policy, listed
from allocator.risk import Risk
from allocator.sparse import Vector

if TYPE_CHECKING:
    import pandas as pd

NAMES = {"ledoit-wolf": "Ledoit-Wolf", "oas": "OAS", "sample": "sample"}
"The ways to a covariance, and what they are called."
SHRUNK = "ledoit-wolf"
"The way where nothing is said."
STILL = 1e-12
"Returns that differ by no more are equal but for rounding, as those of a price that grows at a constant rate."
MOST_PERIODS = 1_000_000
"More are no periods of a year: it has 525,600 minutes."
PERCENTAGES = "divide by 100 if these are percentages"
PERHAPS_PRICES = f"{PERCENTAGES}, ask for prices if they are prices, or check the periods of a year"


@dataclass(frozen=True, eq=False)
class FactorModel:
    """Statistical factors: principal components, and what each line varies by itself.

    Attributes:
        loadings: of lines on components (n x k), each column of length one.
        covariance: of the components (k x k), per year; diagonal.
        specific: volatilities of the lines' own (n), per year.
        explained: the part of all variance that the components have.
    """

    loadings: Vector
    covariance: Vector
    specific: Vector
    explained: float


@dataclass(frozen=True, eq=False)
class Estimate:
    """Mean and risk per year, and what they came from.

    Attributes:
        returns: those used, without holes, as the data has them.
        mean: expected returns (n), as fractions a year.
        risk: per year; its note tells how it was found, and its scenarios are the returns, not annualised.
        model: the covariance (n x n) per year, or the factor model, that the risk was made of.
        told: what a reader must know, topic and sentence.
    """

    returns: Panel
    mean: Vector
    risk: Risk
    model: Vector | FactorModel
    told: tuple[tuple[str, str], ...]

    @property
    def volatility(self) -> Vector:
        """Of each line (n), per year."""
        return np.sqrt(self.risk.factor.column_squares())


def estimate(
    panel: Panel,
    *,
    prices: bool = False,
    method: str | None = None,
    factors: int | None = None,
    periods: int | None = None,
    missing: str = REFUSE,
    mean: pd.Series | Mapping[str, float] | None = None,
) -> Estimate:
    """Estimate mean and risk from returns.

    The sample covariance divides by T - 1; Ledoit-Wolf (2004) and OAS (Chen, Wiesel, Eldar and Hero 2010) are
    scikit-learn's, which shrink the covariance over T towards the average variance times the identity.

    Args:
        panel: simple returns as fractions, or prices.
        prices: whether they are prices, of which simple returns are made.
        method: `ledoit-wolf` (where nothing is said), `oas` or `sample`.
        factors: how many principal components to keep instead, with specific variances beside them.
        periods: how many periods a year has, by which mean and covariance are multiplied; by the dates if not given.
        missing: `refuse`, `drop-rows` or `drop-lines`.
        mean: yearly expected returns by line, where the sample mean is not wanted.

    Raises:
        InputError: options that do not fit, numbers that are missing or are no returns, too few periods, no line
            that varies, a mean over 100% a year, scikit-learn is not installed.
    """
    _check_options(method, factors, periods, missing)
    if missing == REFUSE:
        panel.check_whole()
    returns, dropped = (panel.returns() if prices else panel).without_holes(missing)
    if not prices:
        returns.check_losses()
    still = _check_varied(returns)
    yearly = panel.periods_a_year() if periods is None else periods
    if factors is None:
        matrix, how = _covariance(returns.values, method or SHRUNK)
        model: Vector | FactorModel = matrix * yearly
        risk = Risk.from_covariance(matrix * yearly, returns.lines)
    else:
        model, how = _components(returns.values, factors, yearly)
        risk = Risk.from_factors(model.loadings, model.covariance, model.specific, returns.lines)
    expected = returns.values.mean(axis=0) * yearly if mean is None else _given(mean, panel.lines, returns.lines)
    if mean is not None or not prices:
        _check_mean(expected, returns.lines, PERHAPS_PRICES if mean is None else PERCENTAGES)
    told = [("Covariance", how), ("Per year", _per_year(yearly, periods is None, mean is None))]
    if dropped:
        told.append(("Missing", dropped))
    if still:
        shrunk = factors is None and method != "sample"
        told.append(("Constant", f"no variation in {listed(still)}" + ", though shrinking lends some" * shrunk))
    note = "; ".join([f"risk estimated from {returns.span}", *(sentence for _, sentence in told)])
    return Estimate(returns, expected, replace(risk, note=note, scenarios=returns.values), model, tuple(told))


def _per_year(yearly: int, by_dates: bool, mean_too: bool) -> str:
    what = "mean and covariance" if mean_too else "covariance"
    known = "the periods of a year by the dates" if by_dates else "the periods of a year"
    return f"{what} times {yearly}, {known}" + ("" if mean_too else "; mean as given")


def _check_options(method: str | None, factors: int | None, periods: int | None, missing: str) -> None:
    problems = Collector()
    if method is not None and method not in NAMES:
        problems.add(f"unknown method '{method}'", nearest(str(method), NAMES), code=Code.UNKNOWN_KIND)
    if method is not None and factors is not None:
        problems.add("a factor model takes no method", "give the method or the factors", code=Code.CONFLICT)
    for name, given, example in (("factors", factors, "3"), ("periods", periods, "252, 12 or 1")):
        whole = isinstance(given, (int, np.integer)) and not isinstance(given, bool)
        if given is not None and not (whole and 1 <= given <= MOST_PERIODS):
            problems.add(f"{name} is {given}", f"give a whole number from 1 to {MOST_PERIODS:,}, as in {example}")
    with problems.part():
        check_policy(missing)
    problems.finish()


def _check_varied(returns: Panel) -> list[str]:
    """The lines that do not vary.

    Raises:
        InputError: there are fewer than two periods, or no line varies.
    """
    if len(returns.labels) < 2:
        what = f"{returns.span} of returns for a covariance"
        raise InputError.of(what, "give at least two", returns.where(None, 0))
    still = np.ptp(returns.values, axis=0) <= STILL
    if still.all():
        raise InputError.of("no line varies", "check that these are returns", returns.where(None, 0))
    return [name for name, constant in zip(returns.lines, still, strict=True) if constant]


def _covariance(values: Vector, method: str) -> tuple[Vector, str]:
    """The covariance of a period (n x n), and how it was found."""
    count, n = values.shape
    if method == "sample":
        how = "sample covariance, not shrunk"
        if count <= n:
            how += f"; singular, as {count} periods of {n} lines leave portfolios that seem free of risk"
        return np.atleast_2d(np.cov(values, rowvar=False)), how
    try:
        from sklearn.covariance import OAS, LedoitWolf
    except ImportError:
        what = f"{NAMES[method]} needs scikit-learn"
        mend = "install it with pip install 'sovereign-allocator[data]', or ask for 'sample'"
        raise InputError.of(what, mend) from None
    fitted = {"ledoit-wolf": LedoitWolf, "oas": OAS}[method](store_precision=False).fit(values)
    how = f"{NAMES[method]} covariance, shrunk by {fitted.shrinkage_:.4g} towards equal variances without correlation"
    return fitted.covariance_, how


def _components(values: Vector, factors: int, yearly: int) -> tuple[FactorModel, str]:
    """The first principal components of the sample covariance; never n by n.

    Raises:
        InputError: with so many components nothing would be left to the lines themselves.
    """
    count, n = values.shape
    most = min(n, count - 1) - 1
    if factors > most:
        what = f"factors is {factors}, too many for {count} x {n} returns"
        raise InputError.of(what, f"ask for {most} at most" if most > 0 else "give more periods and lines")
    centred = values - values.mean(axis=0)
    centred[:, np.ptp(values, axis=0) <= STILL] = 0.0  # or the rounding of equal numbers would pass for variance
    _, lengths, directions = np.linalg.svd(centred, full_matrices=False)
    variances, loadings = lengths[:factors] ** 2 / (count - 1), directions[:factors].T
    # The sign of a component is nobody's choice; here most of its loadings are positive, on every machine.
    loadings = loadings * np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    every = (centred**2).sum(axis=0) / (count - 1)
    rest = every - loadings**2 @ variances
    own = np.where(rest > 1e-12 * every, rest, 0.0)  # what is left by rounding is nothing
    explained = float(variances.sum() / every.sum())
    named = "1 principal component" if factors == 1 else f"{factors} principal components"
    how = f"{named} with {explained:.1%} of all variance, and specific variances"
    return FactorModel(loadings, np.diag(variances * yearly), np.sqrt(own * yearly), explained), how


def _given(mean: pd.Series | Mapping[str, float], lines: tuple[str, ...], kept: tuple[str, ...]) -> Vector:
    """A mean that somebody gives, in the order of the lines that are kept.

    Raises:
        InputError: it does not name the lines of the returns, or holds what is no number.
    """
    try:
        by_line = {str(name): float(value) for name, value in mean.items()}
    except (AttributeError, TypeError, ValueError):
        shown = type(mean).__name__
        raise InputError.of(f"cannot read the mean ({shown})", "pass a Series with a number for each line") from None
    problems = Collector()
    for name in by_line:
        if name not in lines:
            problems.add(f"the mean names '{name[:60]}'", nearest(name, lines), code=Code.UNKNOWN_NAME)
    for name in kept:
        if not np.isfinite(by_line.get(name, np.nan)):
            problems.add(f"the mean has no number for '{name}'", "give one, as a fraction a year", code=Code.MISSING)
    problems.finish()
    return np.array([by_line[name] for name in kept])


def _check_mean(mean: Vector, lines: tuple[str, ...], mend: str) -> None:
    if (np.abs(mean) > 1).any():
        k = int(np.argmax(np.abs(mean) > 1))
        raise InputError.of(f"the mean of '{lines[k]}' is {mean[k]:.4g} a year", mend)
