"""Nash bargaining: what the principals would agree on, each with something to walk away to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from allocator.errors import Infeasible, InputError
from allocator.objectives import Aim, Bench, Objective, Range, part_said
from allocator.objectives.owner_gain import OwnerGain
from allocator.scores import Least, Linear, Log, Score
from allocator.shapes import Clause, Owed, shortfall, soft_ones
from allocator.sparse import Vector
from allocator.units import Index

if TYPE_CHECKING:
    from allocator.case import Case

LEAST = 1e-4
"Of the most that it could be: the surplus that each owner must have by the most even allocation."
GIVE = 1e-7
"What the canonical choice may take off a gain at most, over equity."
PART = 1e-5
"And over the surplus, so that an agreement over little is kept to as many digits."
CLOSE = 1e-4
"How near to what a bargain asks the worth of a dollar to each owner must be, relative to itself."
SPAN = 1e-9
"A surplus that is none, over equity."


@dataclass(frozen=True)
class Surpluses:
    """The principals' surpluses over their walk-aways, each after its part of what soft rules cost.

    Each is divided by the most that it could be, which changes no bargain and keeps logarithms of one size; solvers
    fail on logarithms of dollars.

    Attributes:
        ranges: each one's walk-away, and how much more it could have, over equity.
        clauses: the soft ones.
        exponents: to which surpluses are multiplied; none for the least of them.
    """

    ranges: tuple[Range, ...]
    clauses: tuple[Clause, ...]
    exponents: tuple[float, ...] = ()

    def score(self, case: Case) -> Score:
        """The least surplus, or the weighted logarithms."""
        owed, nothing = Owed(self.clauses, case.decision.size), np.zeros(case.decision.size)
        found = []
        for each, (low, span) in zip(case.principals, self.ranges, strict=True):
            gain = OwnerGain(each.id).score(case)
            found.append((Score((*gain.parts, (1.0, Linear(nothing, -low)), (-gain.income, owed)))) * (1 / span))
        if not self.exponents:
            return Score(((1.0, Least(tuple(found))),), give=Score.GIVE)
        return Score(tuple((weight, Log(each)) for weight, each in zip(self.exponents, found, strict=True)))


@dataclass(frozen=True)
class Bargain(Aim):
    """The principals' surpluses over their walk-aways, multiplied, each to the power of its weight (Nash 1950).

    The allocations with the greatest product are those that, with each gain weighed by weight over surplus as it is
    there, have the greatest sum: the product's logarithm is concave, and that sum is its tangent. So the bargain is
    found by logarithms once; what is recorded and certified is the sum, with every gain held where it was found.

    Attributes:
        principals: ids with weights that add up to one.
        lows: each one's walk-away, over equity.
        counts: what a unit of each one's gain counts there; empty until it is known. A unit of income counts one.
        keeps: each one's gain there, over equity, after its part of what soft rules cost.
    """

    principals: tuple[tuple[str, float], ...]
    lows: tuple[float, ...]
    counts: tuple[float, ...] = ()
    keeps: tuple[float, ...] = ()
    unit = Index
    apart: ClassVar = "it is what the owners agree on between them"
    rechecked: ClassVar = ("bargain", "each gain counts by its weight over its surplus")

    @property
    def name(self) -> str:  # type: ignore[override]
        """Between whom."""
        return f"the bargain of {' and '.join(name for name, _ in self.principals)}"

    @classmethod
    def of(cls, case: Case) -> Bargain:
        """Between the principals of a case.

        Raises:
            InputError: it has none.
        """
        if not case.principals:
            raise InputError.of("there is nobody to bargain", "name the owners under 'principals' in fund.yaml")
        return cls(_weights(case), _walk_aways(case))

    @property
    def over(self) -> tuple[Aim, ...]:
        """The gains."""
        return tuple(OwnerGain(name) for name, _ in self.principals)

    def weights(self) -> list[float]:
        """What the gains count."""
        return list(self.counts)

    def settled(self, case: Case, bench: Bench) -> Bargain | None:
        """With the gains that the principals would agree on, and what a unit of each counts there.

        Whether they can agree is asked first, by the most even allocation: the least surplus is as large as can be.

        Raises:
            Infeasible: they cannot all beat their walk-aways.
        """
        if self.counts:
            return self
        soft = soft_ones(bench.clauses)
        alone = []
        for name, _ in self.principals:
            top = bench.best((OwnerGain(name),), [1.0])
            if top is None:
                return None
            alone.append(_net(case, name, soft, top))
        ranges = _ranges(self.lows, alone)
        least = Surpluses(ranges, soft)
        v = bench.best((least,), [1.0])
        if v is not None and least.score(case).value(v) < LEAST:
            raise Infeasible(_no_agreement(case, self._gains(case, soft, v), alone))
        exponents = tuple(weight for _, weight in self.principals)
        v = v if v is None else bench.best((Surpluses(ranges, soft, exponents),), [1.0])
        if v is None:
            return None
        # Solvers with logarithms stop a little short of the frontier: on from there, by equal parts of each surplus.
        v = bench.best((Surpluses(_ranges(self.lows, self._gains(case, soft, v)), soft),), [1.0])
        if v is None:
            return None
        gains = self._gains(case, soft, v)
        return replace(self, counts=self._slopes(case, gains), keeps=self._kept(gains))

    def _kept(self, gains: Sequence[float]) -> tuple[float, ...]:
        """What the canonical choice keeps of each gain."""
        return tuple(gain - min(GIVE, PART * (gain - low)) for gain, low in zip(gains, self.lows, strict=True))

    def _gains(self, case: Case, clauses: Sequence[Clause], v: Vector) -> list[float]:
        """The gains after what soft rules cost."""
        return [_net(case, name, clauses, v) for name, _ in self.principals]

    def _slopes(self, case: Case, gains: Sequence[float]) -> tuple[float, ...]:
        """Each one's weight over its surplus, the slope of the product's logarithm, so that income counts one."""
        parts = zip(self.principals, gains, self.lows, strict=True)
        slopes = [weight / (gain - low) for (_, weight), gain, low in parts]
        income = sum(slope * each.score(case).income for slope, each in zip(slopes, self.over, strict=True))
        return tuple(slope / income for slope in slopes)

    def doubt(self, case: Case, clauses: Sequence[Clause], v: Vector) -> str:
        """Why an allocation is not this bargain's of this case, even if it has the greatest sum."""
        if self.principals != _weights(case):
            return "the principals and their weights are not the case's"
        if self.lows != _walk_aways(case):
            return "the walk-aways are not the case's"
        gains = self._gains(case, clauses, v)
        least = min(gain - low for gain, low in zip(gains, self.lows, strict=True))
        if least <= 0 or not np.allclose(self.counts, self._slopes(case, gains), rtol=CLOSE, atol=0):
            return "what a gain counts is not its weight over its surplus"
        return ""

    def score(self, case: Case) -> Score:
        """The gains, each by what it counts."""
        found = Score(())
        for each, count in zip(self.over, self.counts, strict=True):
            found = found + each.score(case) * count
        return found

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """The gains, each with what it counts."""
        return tuple((count, OwnerGain(name)) for (name, _), count in zip(self.principals, self.counts, strict=True))

    def said(self) -> dict[str, Any]:
        """The gains with their weights, and the walk-aways."""
        parts = [part_said(OwnerGain(name), weight) for name, weight in self.principals]
        return {"form": "bargain", "name": self.name, "parts": parts, "lows": list(self.lows)}


def _ranges(lows: Sequence[float], highs: Sequence[float]) -> tuple[Range, ...]:
    """From walk-aways to gains; of the size of equity where there is nothing between."""
    pairs = zip(lows, highs, strict=True)
    return tuple(Range(low, high - low if high - low > SPAN else 1.0) for low, high in pairs)


def _net(case: Case, name: str, clauses: Sequence[Clause], v: Vector) -> float:
    """A principal's gain after its part of what soft rules cost, over equity."""
    return OwnerGain(name).measured(case, v, shortfall(clauses, v))


def _weights(case: Case) -> tuple[tuple[str, float], ...]:
    """The principals with their weights, which add up to one."""
    total = sum(float(each.weight) for each in case.principals)
    return tuple((each.id, float(each.weight) / total) for each in case.principals)


def _walk_aways(case: Case) -> tuple[float, ...]:
    """What each principal gains without the fund, over the fund's equity."""
    return tuple(float(each.walk_away) / case.equity for each in case.principals)


def _no_agreement(case: Case, gains: list[float], alone: list[float]) -> str:
    """Why the principals can't all beat their walk-aways, in dollars."""
    told = [
        f"{each.title} would walk away to {each.walk_away} a year, and has ${best * case.equity:.3f} bn where it alone "
        f"decides, ${gain * case.equity:.3f} bn by the most even allocation"
        for each, gain, best in zip(case.principals, gains, alone, strict=True)
    ]
    return f"the owners cannot all beat their walk-aways: {'; '.join(told)}"
