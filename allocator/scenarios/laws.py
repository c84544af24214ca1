"""Laws of single numbers: each turns a standard normal score into a value, and rises with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from scipy.special import ndtr, ndtri

from allocator.errors import InputError
from allocator.sparse import Vector


class Law(Protocol):
    """How one number is distributed."""

    @property
    def middle(self) -> float:
        """What it is taken to be where nothing is said: its mean, median, midpoint or peak."""
        ...

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the most that it can be."""
        ...

    def values(self, scores: Vector) -> Vector:
        """The values of standard normal scores."""
        ...


class _Bounded:
    """A law between two bounds."""

    at_least: float
    at_most: float

    @property
    def ends(self) -> tuple[float, float]:
        """The bounds."""
        return self.at_least, self.at_most


@dataclass(frozen=True)
class Normal(_Bounded):
    """Normal, given that it lies between two bounds.

    Attributes:
        mean, spread: of the law without bounds; the spread is its standard deviation.
        at_least, at_most: the bounds.
    """

    mean: float
    spread: float
    at_least: float = -np.inf
    at_most: float = np.inf

    def __post_init__(self) -> None:
        _check(self, self.mean)

    @property
    def middle(self) -> float:
        """The mean."""
        return self.mean

    def values(self, scores: Vector) -> Vector:
        """The values of standard normal scores."""
        least, most = (self.at_least - self.mean) / self.spread, (self.at_most - self.mean) / self.spread
        return np.asarray(self.mean + self.spread * _between(scores, least, most))


@dataclass(frozen=True)
class Lognormal(_Bounded):
    """Its logarithm is normal, given that it lies between two bounds.

    Attributes:
        median: of the law without bounds.
        spread: the standard deviation of the logarithm: 10% moves the number by some 10%.
        at_least, at_most: the bounds.
    """

    median: float
    spread: float
    at_least: float = 0.0
    at_most: float = np.inf

    def __post_init__(self) -> None:
        _check(self, self.median)
        if self.median <= 0 or self.at_least < 0:
            raise InputError.of(f"a lognormal law with a median of {self.median:g}", "keep it above zero")

    @property
    def middle(self) -> float:
        """The median."""
        return self.median

    def values(self, scores: Vector) -> Vector:
        """The values of standard normal scores."""
        with np.errstate(divide="ignore"):
            least, most = np.log(np.array(self.ends) / self.median) / self.spread
        return np.asarray(self.median * np.exp(self.spread * _between(scores, least, most)))


@dataclass(frozen=True)
class Uniform(_Bounded):
    """Anything between two bounds, equally likely."""

    at_least: float
    at_most: float

    def __post_init__(self) -> None:
        _check(self, self.at_least)

    @property
    def middle(self) -> float:
        """The midpoint."""
        return (self.at_least + self.at_most) / 2

    def values(self, scores: Vector) -> Vector:
        """The values of standard normal scores."""
        return np.asarray(self.at_least + (self.at_most - self.at_least) * ndtr(scores))


@dataclass(frozen=True)
class Triangular(_Bounded):
    """Likeliest at a peak, and less so in a line down to both bounds."""

    at_least: float
    peak: float
    at_most: float

    def __post_init__(self) -> None:
        _check(self, self.peak)

    @property
    def middle(self) -> float:
        """The peak."""
        return self.peak

    def values(self, scores: Vector) -> Vector:
        """The values of standard normal scores."""
        low, peak, high = self.at_least, self.peak, self.at_most
        parts, below = ndtr(scores), (peak - low) / (high - low)
        rising = low + np.sqrt(np.maximum(parts, 0) * (high - low) * (peak - low))
        falling = high - np.sqrt(ndtr(-scores) * (high - low) * (high - peak))
        return np.asarray(np.where(parts <= below, rising, falling))


def said(law: Law) -> dict[str, Any]:
    """A law as plain data; bounds that are none are left out."""
    fields = asdict(law)  # type: ignore[call-overload]
    return {"law": type(law).__name__.lower()} | {name: own for name, own in fields.items() if np.isfinite(own)}


def _check(law: Any, inside: float) -> None:
    """Refuse bounds that cross, a middle outside them, and a spread that is none.

    Raises:
        InputError: any of these.
    """
    name = type(law).__name__.lower()
    finite = np.isfinite([own for field, own in vars(law).items() if not field.startswith("at_")]).all()
    if not finite or np.isnan([law.at_least, law.at_most]).any():
        raise InputError.of(f"a {name} law with a number that is not finite", "give numbers")
    if not law.at_least < law.at_most:
        raise InputError.of(f"a {name} law from {law.at_least:g} to {law.at_most:g}", "put the lower bound first")
    if not law.at_least <= inside <= law.at_most:
        what = f"a {name} law around {inside:g}, which is not between {law.at_least:g} and {law.at_most:g}"
        raise InputError.of(what, "keep it inside the bounds")
    if not getattr(law, "spread", 1.0) > 0:
        raise InputError.of(f"a {name} law with a spread of {law.spread:g}", "give one above zero")


def _between(scores: Vector, least: float, most: float) -> Vector:
    """The scores of the same ranks where only those between two ends are drawn."""
    if not np.isfinite([least, most]).any():
        return scores
    below, above = ndtr(least), ndtr(-most)
    # From whichever end is nearer, so that the far tails keep their digits.
    low = ndtri(below + ndtr(scores) * (1 - below - above))
    high = -ndtri(above + ndtr(-scores) * (1 - below - above))
    return np.asarray(np.clip(np.where(scores < 0, low, high), least, most))
