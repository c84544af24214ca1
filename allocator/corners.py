"""Expected return against variance, exactly: every corner portfolio of a case without debt under linear rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from allocator.case import Case
from allocator.codes import Code
from allocator.critical_line import CriticalLine, MeanVariance, critical_line
from allocator.errors import InputError, Problem
from allocator.objectives.expected_return import ExpectedReturn
from allocator.objectives.variance import Variance
from allocator.polyhedron import Member, Polyhedron, polyhedron
from allocator.rulebook import Rulebook, rulebook_of
from allocator.rules import Rule
from allocator.scores import Linear, Quadratic
from allocator.shapes import Clause, Equal, Fixed, Rows
from allocator.sparse import Vector

if TYPE_CHECKING:
    import pandas as pd

INEXACT = "the frontier can't be traced exactly"


@dataclass(frozen=True, eq=False, repr=False)
class CornerPortfolios:
    """The whole efficient frontier: between two corners the allocation is a straight line.

    Attributes:
        case: whose it is.
        clauses: its terms and the rules.
        line: the frontier in v, in parts of equity: `line.at_mean`, `line.at_variance`, `line.slope_at`.
        limits: the bounds and rows that it was traced within.
        problem: the same with mean and covariance.
    """

    case: Case
    clauses: tuple[Clause, ...]
    line: CriticalLine
    limits: Polyhedron
    problem: MeanVariance

    @cached_property
    def corners(self) -> pd.DataFrame:
        """A row a corner, the highest return first: mean, variance, volatility, what more return costs, what changes.

        `slope` is how much more variance one more unit of mean costs, on the way down; it is zero at the end.
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "mean": self.line.means,
                "variance": self.line.variances,
                "volatility": np.sqrt(self.line.variances),
                "slope": 2 * self.line.slopes,
                "change": [self.change(k) for k in range(len(self.line))],
            },
            index=pd.RangeIndex(1, len(self.line) + 1, name="corner"),
        )

    @cached_property
    def amounts(self) -> pd.DataFrame:
        """A row a corner, a column a line, and one for a reserve where one may be kept; in $ bn."""
        return self._table(self.line.weights).set_index(self.corners.index)

    @cached_property
    def binding(self) -> tuple[tuple[Member, ...], ...]:
        """Which members of rules and terms bind from each corner to the next; an exclusion or equation always does."""
        limits, found = self.limits, []
        for weights, free, bound in zip(self.line.weights, self.line.free, self.line.bound, strict=True):
            above, under = weights - limits.low, limits.high - weights
            at = [limits.members[row] for row in np.flatnonzero(bound)]
            # What is not free is at a bound but for rounding, and so at the nearer one.
            at += [limits.floors[j] for j in np.flatnonzero(~free & (above <= under))]
            at += [limits.caps[j] for j in np.flatnonzero(~free & (under <= above))]
            found.append(tuple(sorted({member for member in at if member is not None})))
        return tuple(found)

    @cached_property
    def rules(self) -> pd.DataFrame:
        """Where each rule or term binds: a row a stretch of the frontier, with the means that it begins and ends at."""
        import pandas as pd

        means, rows = self.line.means, []
        stretches = self.binding[:-1] or self.binding
        for member in sorted({each for members in stretches for each in members}):
            edges = np.flatnonzero(np.diff([False, *(member in each for each in stretches), False]))
            for start, end in edges.reshape(-1, 2):
                rows.append((member.rule, member.label, means[start], means[min(end, len(means) - 1)]))
        return pd.DataFrame(rows, columns=["rule", "member", "from", "to"]).set_index("rule")

    def at_mean(self, mean: float) -> pd.Series[float]:
        """The allocation of the least variance that is expected to return so much over equity, in $ bn.

        Raises:
            InputError: it is not on the frontier.
        """
        return self._table(self.line.at_mean(mean)[None]).iloc[0].rename("amount")

    def at_variance(self, variance: float) -> pd.Series[float]:
        """The allocation of the highest expected return at so much variance, in $ bn.

        Raises:
            InputError: it is not on the frontier.
        """
        return self._table(self.line.at_variance(variance)[None]).iloc[0].rename("amount")

    def _table(self, vectors: Vector) -> pd.DataFrame:
        import pandas as pd

        d = self.case.decision
        reserve = [] if d.fully_invested else ["reserve"]
        # Without debt the reserve stands right behind the lines.
        shown = vectors[:, : d.n + len(reserve)] * self.case.equity
        return pd.DataFrame(shown, columns=[*d.lines, *reserve])

    def change(self, corner: int, upwards: bool = False) -> str:
        """What changes at a corner, counted from 0, in words: on the way down from the highest mean, or up."""
        return "; ".join(self._change(corner, index, on != upwards) for index, on in self.line.changes[corner])

    def _change(self, corner: int, index: int, on: bool) -> str:
        d, limits = self.case.decision, self.limits
        if index >= d.size:
            return f"{limits.members[index - d.size]} {'binds' if on else 'no longer binds'}"
        weight = self.line.weights[corner, index]
        at_low = bool(weight - limits.low[index] <= limits.high[index] - weight)
        member = (limits.floors if at_low else limits.caps)[index]
        if member is not None:
            return f"{member} {'no longer binds' if on else 'binds'}"
        name = d.lines[index] if index < d.n else "the reserve" if index == d.reserve else "what is deployed"
        return f"{name} {'enters' if on else 'leaves'}"

    def __repr__(self) -> str:
        means, count = self.line.means, len(self.line)
        span = f"mean {means[-1]:.4%} to {means[0]:.4%}"
        return f"CornerPortfolios('{self.case.fund.title}', {count} corners, {span})"


def obstacles(case: Case, rules: Rulebook, clauses: Sequence[Clause]) -> list[Problem]:
    """Why the frontier of return against variance can't be traced exactly; nothing where it can.

    Args:
        case: what is given.
        rules: those in force.
        clauses: they and the terms; they don't count where there is debt.
    """
    if case.decision.pairs:
        return [Problem(f"with debt {INEXACT}", "leave the stack out", None, Code.NO_MEANING)]
    found = []
    if len(case.decision.bent):
        what = f"with compression, which bends the expected return, {INEXACT}"
        found.append(Problem(what, "leave compression out of fund.yaml", None, Code.NO_MEANING))
    for clause in clauses:
        soft = clause.penalty is not None
        if soft or not isinstance(clause, (Rows, Equal, Fixed)):
            what = f"rule '{clause.rule}' is {'soft' if soft else 'not linear'}, and so {INEXACT}"
            place = rules.rule(clause.rule).place()
            found.append(Problem(what, "make it hard" if soft else "leave it out", place, Code.NO_MEANING))
    return list(dict.fromkeys(found))


def corner_portfolios(case: Case, rules: Rulebook | Sequence[Rule] | None = None) -> CornerPortfolios:
    """Trace expected return, net of costs, against variance: exact, by the critical line (Markowitz 1956).

    Args:
        case: without debt and compression, and with risk.
        rules: those in force, all hard and linear; none by default.

    Raises:
        InputError: the case or a rule does not admit it (each is told), or lacks a column.
        Infeasible: no allocation satisfies rules and terms.
        NotCertified: rounding keeps a corner from being proved.
    """
    book = rulebook_of(rules)
    clauses = () if case.decision.pairs else book.clauses(case)
    if faults := obstacles(case, book, clauses):
        raise InputError(faults)
    return corners_within(case, clauses)


def corners_within(case: Case, clauses: Sequence[Clause]) -> CornerPortfolios:
    """The same under clauses to which nothing stands in the way.

    Raises:
        Infeasible: no allocation satisfies them.
        NotCertified: rounding keeps a corner from being proved.
    """
    limits = polyhedron(clauses, case.box)
    mean, constant = np.zeros(case.decision.size), 0.0
    for weight, part in ExpectedReturn().score(case).parts:
        assert isinstance(part, Linear)
        mean, constant = mean + weight * part.gain, constant + weight * part.constant
    ((_, square),) = Variance().value(case).parts
    assert isinstance(square, Quadratic)
    problem = MeanVariance(square.F, mean, limits.rows, limits.least, limits.most, limits.low, limits.high)
    line = critical_line(problem)
    return CornerPortfolios(case, tuple(clauses), replace(line, means=line.means + constant), limits, problem)
