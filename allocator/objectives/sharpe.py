"""Return for risk: what is earned over a rate, by one unit of volatility or of tail loss."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from allocator.errors import InputError, NotCertified
from allocator.objectives import Aim, Bench, Objective, share_from
from allocator.objectives.expected_return import ExpectedReturn
from allocator.objectives.tail_loss import TailLoss
from allocator.objectives.volatility import Volatility
from allocator.scores import Linear, Score
from allocator.shapes import Clause, shortfall
from allocator.sparse import Vector
from allocator.units import Index, Share

if TYPE_CHECKING:
    from allocator.case import Case

ROUNDS = 50
CLOSE = 1e-10
"Relative to the gain: how much more than the ratio times the risk may be left to gain."
NO_RISK = 1e-9
"Less risk, or less gain, than this part of equity is none."


class Excess(Objective):
    """Expected return over equity above a rate."""

    kind: ClassVar = "excess-return"
    unit = Share

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def value(self, case: Case) -> Score:
        """Expected return net of costs, less the rate."""
        less = Score(((1.0, Linear(np.zeros(case.decision.size), -self.rate)),))
        return ExpectedReturn().value(case) + less


class Sharpe(Objective):
    """Expected return above a rate, over volatility (Sharpe 1966) or over tail loss.

    The ratio is maximised by its parametric form: the largest t at which some allocation's gain less t times its risk
    is not negative (Dinkelbach 1967), which is what the certificate checks. The change of variables of Charnes and
    Cooper (1962) gives the same optimum. What soft rules cost is taken off the gain; the ratio that is told is before.

    Args:
        rate: what is earned without risk, as text such as `4%` or as a number; 0 by default.
        risk: `volatility` or `tail-loss`.
        confidence: of the tail loss.
        at: the ratio, once it is known.

    Raises:
        InputError: a rate, a risk or a confidence that can't be read.
    """

    kind: ClassVar = "sharpe"
    unit = Index
    apart: ClassVar = "it is a ratio, which is found by solving"

    def __init__(
        self,
        rate: float | str = 0.0,
        risk: Literal["volatility", "tail-loss"] = "volatility",
        confidence: float | str | None = None,
        *,
        at: float | None = None,
    ) -> None:
        self.rate = share_from("rate", rate, "write 4%, say")
        if risk not in ("volatility", "tail-loss"):
            raise InputError.of(f"unknown risk '{risk}'", "write volatility or tail-loss")
        if confidence is not None and risk != "tail-loss":
            raise InputError.of("a confidence goes with risk 'tail-loss'", "leave it out, or change the risk")
        self.risk, self.at = risk, None if at is None else float(at)
        self.confidence = TailLoss(confidence).confidence if confidence is not None else None

    @property
    def name(self) -> str:  # type: ignore[override]
        """With its rate and its risk, where they are others than zero and the volatility."""
        rate = f" over {Share.show(self.rate)}" if self.rate else ""
        return self.kind + rate + ("" if self.risk == "volatility" else f" by {self.over[1].name}")

    @property
    def over(self) -> tuple[Aim, ...]:
        """What is earned above the rate, and the risk."""
        risk = Volatility() if self.risk == "volatility" else TailLoss(self.confidence or 0.95)
        return (Excess(self.rate), risk)

    def weights(self) -> list[float]:
        """One for the gain, the ratio for the risk."""
        return [1.0, self.at or 0.0]

    def value(self, case: Case) -> Score:
        """The gain less the ratio times the risk."""
        gain, risk = (each.score(case) for each in self.over)
        return gain + risk * (self.at or 0.0)

    def measured(self, case: Case, v: Vector, cost: float = 0.0) -> float:
        """The ratio at v, after what soft rules cost; 0 where there is neither gain nor risk."""
        gain, risk = (each.score(case) for each in self.over)
        taken = -risk.value(v)
        return gain.net(v, cost) / taken if taken > 0 else 0.0

    def doubt(self, case: Case, clauses: Sequence[Clause], v: Vector) -> str:
        """That the ratio is another than the amounts have."""
        gain, risk = (each.score(case) for each in self.over)
        earned, taken, at = gain.net(v, shortfall(clauses, v)), -risk.value(v), self.at or 0.0
        if abs(earned - at * taken) <= 2 * self.value(case).tolerance(v):
            return ""
        ratio = earned / taken if taken > 0 else 0.0
        return f"the amounts have a ratio of {ratio:.6g}, and it is said to be {at:.6g}"

    def settled(self, case: Case, bench: Bench) -> Sharpe | None:
        """With the best ratio: it grows from below, each step the ratio of the best allocation at the last one."""
        if self.at is not None:
            return self
        gain, risk = (each.score(case) for each in self.over)
        if not case.fund.fully_invested and float(case.fund.reserve_yield) >= self.rate:
            safe = bench.best(self.over, [0.0, 1.0])
            if safe is not None and -risk.value(safe) <= NO_RISK:
                what = f"the reserve earns {Share(float(case.fund.reserve_yield))} without risk"
                mend = "give a higher rate, as in al.Sharpe(rate='4%'), or have a rule ask for some capital"
                raise InputError.of(f"{what}, and the rate of {Share(self.rate)} is no more than that", mend)
        ratio = 0.0
        for _ in range(ROUNDS):
            v = bench.best(self.over, [1.0, ratio])
            if v is None:
                return None
            earned, taken = gain.net(v, shortfall(bench.clauses, v)), -risk.value(v)
            if earned <= NO_RISK and ratio == 0:
                what = f"no allocation earns more than the rate of {Share(self.rate)}"
                raise InputError.of(what, "give a lower rate, or pursue the expected return alone")
            if taken <= NO_RISK:
                raise InputError.of(
                    "an allocation has no risk, so no ratio is best", "pursue the expected return alone"
                )
            if earned - ratio * taken <= CLOSE * abs(earned):
                made = copy.copy(self)
                made.at = max(ratio, earned / taken)
                return made
            ratio = earned / taken
        raise NotCertified("the ratio did not settle; try another --solver")
