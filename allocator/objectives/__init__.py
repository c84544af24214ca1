"""Objectives: one file a kind. They add up as they are; `blend` weighs them by their ranges."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from allocator import kinds
from allocator.errors import InputError
from allocator.scores import Linear, Quadratic, Score
from allocator.units import Index, Quantity

if TYPE_CHECKING:
    from allocator.case import Case


class Aim(ABC):
    """Anything that can be maximised: an objective, or a sum of some."""

    name: str
    unit: type[Quantity]

    @abstractmethod
    def score(self, case: Case) -> Score:
        """What is maximised, as data.

        Raises:
            InputError: the case lacks a column, or the sum is not concave.
        """

    @abstractmethod
    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """The objectives in it, each with its weight as it stands, unnormalised."""

    def __add__(self, other: Aim) -> Sum:
        return Sum(_summands(self) + _summands(other)) if isinstance(other, Aim) else NotImplemented

    def __radd__(self, other: int) -> Aim:
        return self if other == 0 else NotImplemented  # where the built-in sum begins

    def __sub__(self, other: Aim) -> Sum:
        return self + -1.0 * other

    def __mul__(self, factor: float) -> Sum:
        if not isinstance(factor, Real):
            return NotImplemented
        return Sum(tuple((factor * weight, objective) for weight, objective in _summands(self)))

    __rmul__ = __mul__

    def __neg__(self) -> Sum:
        return -1.0 * self


class Objective(Aim):
    """One kind of objective.

    Alone it is pursued in its own sense (`Variance()` is made small); in sums it counts with the sign that is written,
    so `ExpectedReturn() - 2 * Variance()` is what it says.
    """

    kind: ClassVar[str]
    smaller_is_better: ClassVar[bool] = False

    @property
    def name(self) -> str:  # type: ignore[override]
        """The kind's name."""
        return self.kind

    @abstractmethod
    def value(self, case: Case) -> Score:
        """The number itself, as a score; where smaller is better it is convex."""

    def score(self, case: Case) -> Score:
        """What is maximised: the value, or its negative."""
        return self.value(case) * (-1.0 if self.smaller_is_better else 1.0)

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """Itself, once."""
        return ((1.0, self),)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


@dataclass(frozen=True)
class Sum(Aim):
    """A weighted sum of objectives as they are; it is maximised.

    Raises:
        InputError: a weight is not finite.
    """

    parts: tuple[tuple[float, Objective], ...]

    def __post_init__(self) -> None:
        for weight, part in self.parts:
            if not np.isfinite(weight):
                raise InputError.of(f"'{part.name}' with the weight {weight:g} means nothing", "give a finite weight")

    @property
    def name(self) -> str:  # type: ignore[override]
        """As it would be written."""
        text = " ".join(f"{'-' if weight < 0 else '+'} {abs(weight):g} {part.name}" for weight, part in self.parts)
        return text.removeprefix("+ ")

    unit = Index

    def score(self, case: Case) -> Score:
        """The weighted sum of the values."""
        total: Score | None = None
        for weight, part in self.parts:
            own = part.value(case) * weight
            if not own.concave:
                what = f"'{part.name}' with the weight {weight:g} is not concave, so it can't be maximised"
                raise InputError.of(what, "turn its sign round")
            total = own if total is None else total + own
        if total is None:
            raise InputError.of("a sum of no objectives", "add one")
        return total

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """The parts."""
        return self.parts


@dataclass(frozen=True)
class Blend(Aim):
    """Objectives of unlike units, each divided by its range.

    Attributes:
        parts: weights, >= 0, and objectives.
        ranges: how far each can move, from the pay-off table; None until they are known.
    """

    parts: tuple[tuple[float, Objective], ...]
    ranges: tuple[float, ...] | None = None
    unit = Index

    @property
    def name(self) -> str:  # type: ignore[override]
        """The parts with their weights."""
        return ", ".join(f"{part.name} {weight:g}" for weight, part in self.parts)

    def weights(self) -> list[float]:
        """What one unit of each objective counts, with the ranges taken into account.

        Raises:
            InputError: the ranges are not known yet.
        """
        if self.ranges is None:
            raise InputError.of("a blend's ranges are not known yet", "allocate it, or give them")
        return [weight / span if span > 0 else 0.0 for (weight, _), span in zip(self.parts, self.ranges, strict=True)]

    def score(self, case: Case) -> Score:
        """The weighted sum of the objectives over their ranges."""
        total: Score | None = None
        for weight, (_, part) in zip(self.weights(), self.parts, strict=True):
            own = part.score(case) * weight
            total = own if total is None else total + own
        assert total is not None
        return replace(total, give=Score.GIVE)

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """The parts over their ranges, each in the sense in which it is pursued."""
        signed = [-1.0 if part.smaller_is_better else 1.0 for _, part in self.parts]
        return tuple((s * w, part) for s, w, (_, part) in zip(signed, self.weights(), self.parts, strict=True))


def _summands(aim: Aim) -> tuple[tuple[float, Objective], ...]:
    if isinstance(aim, Blend):
        what = f"the blend '{aim.name}' can't be added or multiplied, as its objectives count by their ranges"
        raise InputError.of(what, "weigh all objectives in one blend, or add them without it")
    return aim.terms()


def blend(weights: Mapping[Objective, float]) -> Aim:
    """A blend of unlike objectives, normalised by their ranges; a single one is itself.

    Raises:
        InputError: no weight, or one that is negative or not finite; a sum or another blend among the objectives.
    """
    for given in weights:
        if not isinstance(given, Objective):
            whole = f"'{given.name}'" if isinstance(given, Aim) else repr(given)
            what = f"a blend is of single objectives, and {whole} is none"
            raise InputError.of(what, "weigh each objective in the blend, as in {al.DividendYield(): 1}")
    parts = tuple((float(weight), objective) for objective, weight in weights.items())
    if any(not np.isfinite(weight) or weight < 0 for weight, _ in parts) or not any(weight for weight, _ in parts):
        raise InputError.of("weights of a blend must be zero or more, and not all zero", "mend the weights")
    used = tuple(part for part in parts if part[0] > 0)
    return used[0][1] if len(used) == 1 else Blend(used)


def from_names(weights: Mapping[str, float]) -> Aim:
    """A blend from names, as files and the command line give them.

    Raises:
        InputError: an unknown name.
    """
    return blend({kinds.find("objectives", name)(): weight for name, weight in weights.items()})


def linear(gain: Any, constant: float = 0.0) -> tuple[float, Linear]:
    """A linear part with weight one."""
    return 1.0, Linear(np.asarray(gain, float), constant)


def net_of_costs(case: Case, gain: Any) -> tuple[tuple[float, Linear | Quadratic], ...]:
    """Gains on capital, and what the reserve earns, net of compression, interest and the fee; in parts of equity."""
    from allocator.measures import MeasureName

    d = case.decision
    row = -case.measure(MeasureName("interest"), "the objective").row
    row[: d.n] += gain
    row[d.reserve] += float(case.fund.reserve_yield)
    row[d.deployed] -= float(case.fund.fee)
    lost = ((-1.0, Quadratic(case.loss())),) if len(d.bent) else ()
    return (linear(row), *lost)


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return kinds.by_class("objectives", name)
