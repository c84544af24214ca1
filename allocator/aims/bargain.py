"""Nash bargaining: what the principals would agree on, each with something to walk away to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from allocator.certificate import shortfall
from allocator.errors import Infeasible, InputError, NotCertified
from allocator.objectives import Aim, Bench, Objective, Range, part_said
from allocator.objectives.owner_gain import OwnerGain
from allocator.scores import Least, Linear, Log, Score
from allocator.sparse import Vector
from allocator.units import Index

if TYPE_CHECKING:
    from allocator.case import Case

LEAST = 1e-4
"Of the most that it could be: the surplus that the owner who fares worst must have for an agreement."
ROUNDS, CLOSE = 30, 1e-7
"Steps in which the cost of soft rules must settle, and how closely."
SPAN = 1e-9
"A range that is none, over equity."


@dataclass(frozen=True)
class Surplus(Aim):
    """The least that any principal gains over its walk-away, each as a part of the most that it could be."""

    ranges: tuple[Range, ...]
    name = "the least surplus of the principals"
    unit = Index

    def score(self, case: Case) -> Score:
        """The least of the surpluses."""
        return Score(((1.0, Least(tuple(surpluses(case, self.ranges)))),), give=Score.GIVE)

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """It is never told by its parts."""
        return ()

    def said(self) -> dict[str, Any]:
        """It is never recorded."""
        raise NotImplementedError


@dataclass(frozen=True)
class Bargain(Aim):
    """The principals' surpluses over their walk-aways, multiplied, each to the power of its weight (Nash 1950).

    Its logarithm is concave and is what is maximised. Each surplus is divided by the most that it could be, which
    changes no bargain and keeps the logarithms of one size; solvers fail on logarithms of dollars.

    Attributes:
        principals: ids with weights that add up to one; empty until the case is known.
        ranges: each one's walk-away, and how much more it could have, over equity; empty until they are known.
        penalties: what soft rules cost where they agree, over equity: each bears its part of that.
        rate: what a unit of that cost takes off the score where they agree.
    """

    principals: tuple[tuple[str, float], ...] = ()
    ranges: tuple[Range, ...] = ()
    penalties: float = 0.0
    rate: float = 0.0
    unit = Index
    apart: ClassVar = "it is what the owners agree on between them"

    @property
    def name(self) -> str:  # type: ignore[override]
        """Between whom."""
        return f"the bargain of {' and '.join(name for name, _ in self.principals)}" if self.principals else "a bargain"

    def settled(self, case: Case, bench: Bench) -> Bargain | None:
        """With the principals' weights and ranges; it is looked for first where the one that fares worst fares best.

        Raises:
            InputError: the case has no principals.
            Infeasible: they cannot all beat their walk-aways.
        """
        if self.ranges:
            return self
        if not case.principals:
            raise InputError.of("there is nobody to bargain", "name the owners under 'principals' in fund.yaml")
        total = sum(float(each.weight) for each in case.principals)
        gains = [OwnerGain(each.id) for each in case.principals]
        tops = [bench.best((gain,), [1.0]) for gain in gains]
        if any(top is None for top in tops):
            return None
        alone = [gain.measured(case, top) for gain, top in zip(gains, tops, strict=True) if top is not None]
        lows = [float(each.walk_away) / case.equity for each in case.principals]
        ranges = tuple(Range(low, max(best - low, SPAN)) for low, best in zip(lows, alone, strict=True))
        v = bench.best((Surplus(ranges),), [1.0])
        if v is None:
            return None
        if Surplus(ranges).score(case).value(v) < LEAST:
            raise Infeasible(_no_agreement(case, [gain.measured(case, v) for gain in gains], alone))
        weights = tuple((each.id, float(each.weight) / total) for each in case.principals)
        return replace(self, principals=weights, ranges=ranges)._charged(case, bench, v)

    def _charged(self, case: Case, bench: Bench, v: Vector) -> Bargain | None:
        """With what soft rules cost: inside a logarithm that counts by the slope there, which is found in steps."""
        made = self
        if not any(clause.penalty is not None for clause in bench.clauses):
            return made
        for _ in range(ROUNDS):
            before, made = made, replace(made, penalties=shortfall(bench.clauses, v)).rated(case, v)
            if abs(made.rate - before.rate) <= CLOSE * made.rate and abs(made.penalties - before.penalties) <= CLOSE:
                return made
            found = bench.best((made,), [1.0])
            if found is None:
                return None
            v = found
        raise NotCertified("what soft rules cost the owners did not settle; try another --solver")

    def rated(self, case: Case, v: Vector) -> Bargain:
        """With the rate at which soft rules cost the score at v."""
        parts = zip(self.principals, surpluses(case, self.ranges, self.penalties), strict=True)
        return replace(self, rate=sum(w * each.income / max(each.value(v), LEAST) for (_, w), each in parts))

    def score(self, case: Case) -> Score:
        """The weighted logarithms of the surpluses."""
        if not self.ranges:
            return Surplus((Range(0.0, 1.0),) * len(case.principals)).score(case)
        parts = zip(self.principals, surpluses(case, self.ranges, self.penalties), strict=True)
        return Score(tuple((weight, Log(surplus)) for (_, weight), surplus in parts), self.rate, Score.GIVE)

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """The gains, with their weights."""
        return tuple((weight, OwnerGain(name)) for name, weight in self.principals)

    def said(self) -> dict[str, Any]:
        """The gains with their weights and ranges."""
        return {
            "form": "bargain",
            "name": self.name,
            "parts": [part_said(part, weight) for weight, part in self.terms()],
            "lows": [low for low, _ in self.ranges],
            "ranges": [span for _, span in self.ranges],
            "penalties": self.penalties,
            "rate": self.rate,
        }


def surpluses(case: Case, ranges: tuple[Range, ...], penalties: float = 0.0) -> list[Score]:
    """Each principal's gain, less its part of penalties, over its walk-away; as a part of the most it could be."""
    nothing, found = np.zeros(case.decision.size), []
    for each, (low, span) in zip(case.principals, ranges, strict=True):
        gain = OwnerGain(each.id).score(case)
        borne = Score(((1.0, Linear(nothing, -low - gain.income * penalties)),))
        found.append((gain + borne) * (1 / span))
    return found


def _no_agreement(case: Case, gains: list[float], alone: list[float]) -> str:
    """Why the principals can't all beat their walk-aways, in dollars."""
    told = [
        f"{each.title} would walk away to {each.walk_away} a year, and has ${best * case.equity:.3f} bn where it alone "
        f"decides, ${gain * case.equity:.3f} bn where the one that fares worst fares best"
        for each, gain, best in zip(case.principals, gains, alone, strict=True)
    ]
    return f"the owners cannot all beat their walk-aways: {'; '.join(told)}"
