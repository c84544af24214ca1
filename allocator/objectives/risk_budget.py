"""Each line takes its part of the risk: equal parts (risk parity), or budgets that are given."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from allocator.codes import Code
from allocator.errors import InputError, NotCertified, nearest
from allocator.objectives import Bench, Objective, linear, risk_of, shares_from
from allocator.risk import Risk
from allocator.scores import Score
from allocator.shapes import Clause, Equal
from allocator.sparse import Sparse, Vector
from allocator.units import Index, Multiple

if TYPE_CHECKING:
    from allocator.case import Case

ROUNDS = 2_000
EXACT = 1e-12
"How far a line's part of the risk may be from its budget."
DOUBTED = 1e-9
"The same, of a mix that was recorded."
LEAST = 1e-6
"Less capital than this, in parts of equity, is none."


class RiskBudget(Objective):
    """As much capital as fits, mixed so that each line's part of the variance is its budget (Maillard et al. 2010).

    The mix is that of the unconstrained problem, where it is unique; rules and terms admit it or they don't.

    Args:
        budgets: lines to parts of the risk that add up to 100%; equal ones for all lines by default.
        shares: the mix, line by line, once it is known.

    Raises:
        InputError: a budget that is negative, or budgets that don't add up.
    """

    kind: ClassVar = "risk-budget"
    unit = Multiple
    apart: ClassVar = "it fixes the mix, which leaves nothing to weigh"

    def __init__(self, budgets: Mapping[str, float | str] | None = None, *, shares: list[float] | None = None) -> None:
        if budgets is not None:
            budgets = shares_from("risk budgets", budgets)
        self.budgets, self.shares = budgets, shares

    @property
    def name(self) -> str:  # type: ignore[override]
        """With whose budgets."""
        return f"{self.kind} in {'equal' if self.budgets is None else 'given'} parts"

    def value(self, case: Case) -> Score:
        """The capital deployed, over equity."""
        gain = np.zeros(case.decision.size)
        gain[case.decision.deployed] = 1
        return Score((linear(gain),), give=Score.GIVE)

    def clauses(self, case: Case) -> tuple[Clause, ...]:
        """Each line's capital is its share of all."""
        d, shares = case.decision, np.array(self.shares)
        if shares.shape != (d.n,):
            raise InputError.of("the mix has not a share for each line", "leave it out: it is found from the budgets")
        own = Sparse.of((d.n, d.size), np.arange(d.n), np.arange(d.n), 1.0)
        whole = Sparse.of((d.n, d.size), np.arange(d.n), np.full(d.n, d.deployed), -shares)
        data: dict[str, Any] = {
            "rule": f"objective.{self.kind}",
            "words": "each line's capital is the part that its risk budget asks for",
            "labels": d.lines,
            "R1": Sparse.zeros(d.n, d.size),
            "c0": np.zeros(d.n),
            "c1": np.ones(d.n),
            "theta": np.zeros(d.n),
            "unit": Index,
            "priced": False,
        }
        return (Equal(R0=own + whole, **data),)

    def settled(self, case: Case, bench: Bench) -> RiskBudget:
        """With its mix; refused where the rules leave no capital for it."""
        if self.shares is not None:
            return self
        made = copy.copy(self)
        made.shares = mix(risk_of(case, self), self._budgets(case), case.universe.ids).tolist()
        v = bench.within(made.clauses(case)).best((made,), [1.0])
        if v is not None and v[case.decision.deployed] < LEAST:
            what = "the rules and terms leave no capital for a mix with these risk budgets"
            raise InputError.of(what, "leave lines that are excluded or have no capacity out of the budgets")
        return made

    def doubt(self, case: Case, clauses: Sequence[Clause], v: Vector) -> str:
        """That the mix is another than the budgets ask for."""
        parts = risk_of(case, self).shares(np.array(self.shares))
        if parts is None:
            return "the mix has no risk to take parts of"
        off = float(np.abs(parts - self._budgets(case)).max())
        return "" if off <= DOUBTED else f"a line's part of the risk is off its budget by {off:.2g}"

    def _budgets(self, case: Case) -> Vector:
        ids = case.universe.ids
        if self.budgets is None:
            return np.full(len(ids), 1 / len(ids))
        for line in self.budgets:
            if line not in ids:
                raise InputError.of(f"no line '{line}' for a risk budget", nearest(line, ids), code=Code.UNKNOWN_NAME)
        given = np.array([self.budgets.get(line, 0.0) for line in ids])
        return np.asarray(given / given.sum())


def mix(risk: Risk, budgets: Vector, names: tuple[str, ...]) -> Vector:
    """The shares at which each line's part of the variance is its budget (n, they add up to one).

    Cyclical coordinate descent on `x'Cx / 2 - sum b_i log x_i`, each coordinate in closed form (Griveau-Billion,
    Richard and Roncalli 2013), with the covariance in factor form.

    Raises:
        InputError: a line with a budget has no risk.
        NotCertified: it did not settle.
    """
    F = np.zeros(risk.factor.shape)
    F[risk.factor.row, risk.factor.column] = risk.factor.value
    squares = (F**2).sum(axis=0)
    used = np.flatnonzero(budgets)
    for i in used:
        if squares[i] <= 0:
            raise InputError.of(f"'{names[i]}' has no risk, so it can't take a part of it", "give it a budget of zero")
    x = np.zeros(len(budgets))
    x[used] = np.sqrt(budgets[used] / squares[used])
    seen = F @ x
    for _ in range(ROUNDS):
        for i in used:
            rest = F[:, i] @ seen - squares[i] * x[i]
            moved = (np.sqrt(rest**2 + 4 * squares[i] * budgets[i]) - rest) / (2 * squares[i])
            seen += F[:, i] * (moved - x[i])
            x[i] = moved
        seen = F @ x
        parts = x * (F.T @ seen)
        if np.abs(parts / parts.sum() - budgets).max() <= EXACT:
            return np.asarray(x / x.sum())
    raise NotCertified("no mix with these risk budgets was found: the covariance is nearly singular")
