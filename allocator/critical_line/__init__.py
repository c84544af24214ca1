"""The exact mean-variance frontier under linear limits: every corner portfolio, each proved best (Markowitz 1956)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.critical_line.problem import MeanVariance
from allocator.critical_line.tracing import trace
from allocator.critical_line.vertex import highest
from allocator.errors import InputError, NotCertified
from allocator.sparse import Indices, Vector

__all__ = ["CriticalLine", "MeanVariance", "critical_line"]

OUTSIDE = 1e-9
"By how much a portfolio may be outside a limit, in parts of the numbers there."
EXCESS = 1e-9
"By how much its variance may exceed the least at its mean, as a part of it."
FLOOR = 1e-3
"Variances below this part of the numbers that they come from, the largest ones and lambda times means, count as it."

ROUNDED = 1e-9
"By how much a mean or variance that is asked for may be beyond the frontier, in parts of the largest one."


@dataclass(frozen=True, eq=False)
class CriticalLine:
    """The efficient frontier, from the highest mean to the least variance; straight in x between two corners.

    At a corner of slope lambda, x minimises `x' S x / 2 - lambda mean . x`. A corner that stands twice in a row, at
    two slopes, is a kink of the frontier.

    Attributes:
        slopes: lambda at each corner, falling; zero at the last (k).
        weights: the corner portfolios (k x n).
        means, variances: of each (k).
        multipliers: of the rows there, positive where the upper limit binds (k x m).
        prices: the rows' multipliers that prove the first mean the highest, for each unit of lambda (m).
        free: which variables are strictly between their bounds from each corner to the next (k x n).
        bound: which rows bind there, -1 at the lower limit and 1 at the upper one (k x m).
        changes: the indices that change there, rows counted after variables, each with whether it is free, or binds,
            from there on.
        excess: no variance exceeds the least at its mean by more than this, as a part of it; proved.
    """

    slopes: Vector
    weights: Vector
    means: Vector
    variances: Vector
    multipliers: Vector
    prices: Vector
    free: NDArray[np.bool_]
    bound: Indices
    changes: tuple[tuple[tuple[int, bool], ...], ...]
    excess: float

    def __len__(self) -> int:
        return len(self.slopes)

    def at_mean(self, mean: float) -> Vector:
        """The portfolio of the least variance that earns so much (n).

        Raises:
            InputError: the mean is above the highest, or below that of the least variance.
        """
        mean = _reached("mean", mean, self.means)
        return self._between(float(np.interp(mean, self.means[::-1], np.arange(len(self))[::-1])))

    def at_variance(self, variance: float) -> Vector:
        """The portfolio that earns the most at so much variance (n).

        Raises:
            InputError: the variance is below the least, or above that of the highest mean.
        """
        variance = _reached("variance", variance, self.variances)
        i = max(int(np.searchsorted(-self.variances, -variance)) - 1, 0)
        if i == len(self) - 1:
            return np.array(self.weights[i])
        # On the way down the mean falls by g, the variance by g (2 lambda - s g) for the part s of the way.
        fall, slope = self.means[i] - self.means[i + 1], self.slopes[i]
        drop = self.variances[i] - variance
        bend = self.slopes[i] - self.slopes[i + 1]
        root = np.sqrt(max(slope**2 * fall**2 - bend * fall * drop, 0.0))
        below = slope * fall + root
        return self._between(i + (min(drop / below, 1.0) if below > 0 else 0.0))

    def slope_at(self, mean: float) -> float:
        """How much more variance one more unit of mean costs: twice lambda; at a kink, the way down.

        Raises:
            InputError: the mean is above the highest, or below that of the least variance.
        """
        mean = _reached("mean", mean, self.means)
        return 2 * float(np.interp(mean, self.means[::-1], self.slopes[::-1]))

    def _between(self, place: float) -> Vector:
        """The portfolio at a corner, or a part of the way to the next."""
        i = min(int(place), len(self) - 1)
        rest = place - i
        if not rest:
            return np.array(self.weights[i])
        return np.asarray((1 - rest) * self.weights[i] + rest * self.weights[i + 1])


def critical_line(problem: MeanVariance) -> CriticalLine:
    """Trace the whole frontier of a problem and prove it.

    Every corner, and the middle of every two, is checked against all limits and against the bound that its multipliers
    give: with `w = S x + C'p - lambda mean`, no portfolio does better than
    `sum max(w, 0) (x - low) + max(-w, 0) (high - x)` plus the like for the rows. What is between is between in x, w
    and p, so that this sum is at most what it is at one of the three.

    Raises:
        Infeasible: nothing is within all limits.
        NotCertified: rounding keeps a corner from being proved.
    """
    scaled, variance, gain, size = problem.scaled()
    turns, prices = trace(scaled, highest(scaled))
    slopes = np.array([turn.slope for turn in turns])
    weights = np.stack([turn.weights for turn in turns])
    multipliers = np.stack([turn.multipliers for turn in turns])
    exposures = scaled.exposures(weights)
    variances = np.sum(exposures**2, axis=1)
    costs = scaled.covariances(exposures) - np.multiply.outer(slopes, scaled.mean)
    excess = _proved(scaled, slopes, weights, variances, costs, multipliers, prices)
    return CriticalLine(
        slopes=slopes * variance / gain,
        weights=weights,
        # Where nothing moves but roles, rounding must not have them rise.
        means=np.minimum.accumulate(weights @ problem.mean),
        variances=np.minimum.accumulate(variances * variance),
        multipliers=multipliers * variance / size,
        prices=prices * gain / size,
        free=np.stack([turn.free for turn in turns]),
        bound=np.stack([turn.bound for turn in turns]),
        changes=tuple(turn.changes for turn in turns),
        excess=excess,
    )


def _proved(
    problem: MeanVariance,
    slopes: Vector,
    weights: Vector,
    variances: Vector,
    costs: Vector,
    multipliers: Vector,
    prices: Vector,
) -> float:
    """What the variances may exceed the least ones by, as a part of them.

    Args:
        problem: in numbers of order one.
        slopes: of the corners (k).
        weights: of the corners (k x n).
        variances: of the corners (k).
        costs: `S x - lambda mean` there (k x n).
        multipliers: of the rows there (k x m).
        prices: the rows' multipliers that prove the first mean the highest (m).

    Raises:
        NotCertified: a portfolio is outside a limit, or not proved best.
    """
    # Rounding may leave a multiplier of a limit that isn't there; without it the bound is valid all the same.
    multipliers, prices = (
        np.clip(each, np.where(np.isinf(problem.least), 0, -np.inf), np.where(np.isinf(problem.most), 0, np.inf))
        for each in (multipliers, prices)
    )
    costs = costs + multipliers @ problem.limits
    loads = weights @ problem.limits.T
    outside = max(
        float(np.max(np.maximum(low - values, values - high), initial=0.0))
        for values, low, high in ((weights, problem.low, problem.high), (loads, problem.least, problem.most))
    )
    if not outside <= OUTSIDE * (1 + float(np.abs(weights).max())):
        raise NotCertified(f"a corner portfolio is outside a limit by {outside:.2g}")
    ceiling = _gap(problem, weights[:1], loads[:1], (prices @ problem.limits - problem.mean)[None], prices[None])[0]
    if not ceiling <= OUTSIDE:
        raise NotCertified(f"the highest mean is proved only up to {ceiling:.2g} of the largest")
    middle = [_halved(each) for each in (weights, loads, costs, multipliers)]
    gaps = np.concatenate([_gap(problem, weights, loads, costs, multipliers), _gap(problem, *middle)])
    rounded = FLOOR * (1 + slopes)
    least = np.concatenate([np.maximum(variances, rounded), np.maximum(variances[1:], rounded[:-1])])
    excess = float(np.max(2 * gaps / least))
    if not excess <= EXCESS:
        raise NotCertified(f"the variance of a corner portfolio is proved only up to {excess:.2g} of it")
    return excess


def _halved(ends: Vector) -> Vector:
    """The middle of every two neighbours."""
    return np.asarray((ends[:-1] + ends[1:]) / 2)


def _gap(problem: MeanVariance, weights: Vector, loads: Vector, costs: Vector, multipliers: Vector) -> Vector:
    """By how much others may do better, for each of some portfolios (k)."""
    within = np.maximum(costs, 0) * (weights - problem.low) + np.maximum(-costs, 0) * (problem.high - weights)
    idle = np.where(multipliers > 0, problem.most - loads, np.where(multipliers < 0, loads - problem.least, 0.0))
    return np.asarray(within.sum(axis=1) + np.sum(np.abs(multipliers) * idle, axis=1))


def _reached(what: str, value: float, known: Vector) -> float:
    """The value, or the end of the frontier that it is beyond by rounding only.

    Raises:
        InputError: it is beyond by more.
    """
    reached = float(np.clip(value, known[-1], known[0]))
    if not abs(reached - value) <= ROUNDED * float(np.abs(known).max()):
        span = f"{known[-1]:.10g} to {known[0]:.10g}"
        raise InputError.of(f"no efficient portfolio has a {what} of {value:.10g}", f"ask for one from {span}")
    return reached
