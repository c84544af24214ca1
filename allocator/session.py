"""One case solved again and again with other numbers: written once, each solve proved, with a price for every input.

What is solved is the first stage: the optimum, its proof and its prices. Among allocations that are as good the
solver's is taken; `allocate` has the canonical one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from allocator.aims import from_names
from allocator.aims.bargain import Bargain
from allocator.aims.held import Lexicographic
from allocator.bench import Bench
from allocator.canonical import Canonical
from allocator.case import Case
from allocator.certificate import TOLERANCE
from allocator.choices import open_choices
from allocator.conic import Conic, Found
from allocator.errors import Infeasible, InputError, nearest
from allocator.exact_penalty import penalty_of
from allocator.inputs import Turns, inputs_of
from allocator.objectives import Aim
from allocator.objectives.sharpe import Sharpe
from allocator.proofs import Checker
from allocator.question import Question
from allocator.rulebook import Rulebook, rulebook_of
from allocator.rules import Rule
from allocator.scores import Score
from allocator.sensitivity import FAR, IndexMap, index_map, still
from allocator.shapes import Clause, RotatedCone
from allocator.solvers import Started, able
from allocator.sparse import Vector

if TYPE_CHECKING:
    import pandas as pd

TOLERANCES = (1e-8, 1e-10)
NOTHING = 1e-9
"An objective as small as this, in its own unit, is as good as zero."


@dataclass(frozen=True, eq=False, repr=False)
class Solved:
    """What one solve found.

    Attributes:
        status: `optimal` where it is proved, `not-certified`, or `infeasible` by the solver's word.
        value: the objective, what soft rules cost taken off; nan where nothing was found.
        gap: how far the optimum may be above it, as proved.
        worst: the largest excess of a rule or term, in parts of equity.
        v: the decision, in parts of equity; empty where nothing was found. Entries that follow from others (capital
            beyond a threshold of compression) may be anything that the rules allow where nothing presses on them.
        worth: what one more unit of each input is worth to the objective, in the session's order; nan where the program
            was written anew, or would be if the input moved.
        session: whose it is.
    """

    status: str
    value: float
    gap: float
    worst: float
    v: Vector
    worth: Vector
    session: Session

    @cached_property
    def amounts(self) -> pd.Series[float]:
        """Capital by line, in $ bn.

        Raises:
            Infeasible: there is none.
        """
        import pandas as pd

        if not len(self.v):
            raise Infeasible("no allocation satisfies the rules with these inputs")
        d = self.session.case.decision
        return pd.Series(self.v[: d.n] * d.equity, list(d.lines), name="amount")

    @cached_property
    def prices(self) -> pd.Series[float]:
        """What one more unit of each input is worth to the objective; nan where that is not known (see `worth`)."""
        import pandas as pd

        return pd.Series(self.worth, self.session.names, name="price")

    def __repr__(self) -> str:
        return f"Solved({self.status}: {self.value:.6g}, gap {self.gap:.1e})"


class _Written:
    """A program with what solves and proves it.

    Attributes:
        canonical: the program.
        map: how its numbers follow from the inputs.
        checker: proves what is found.
    """

    def __init__(self, canonical: Canonical, made: IndexMap, needs: frozenset[str]) -> None:
        self.canonical, self.map = canonical, made
        self.checker = Checker(made.base, *canonical.spans(FAR**2))
        quickest, first = able(needs, conic=made.base, again=True)[0][1], able(needs)[0][1]
        # Whoever is quickest, the first of all solvers has the last word.
        self._tries = [(kind, TOLERANCES[0]) for kind in dict.fromkeys((quickest, first))] + [(first, TOLERANCES[1])]
        self._started: dict[int, Started] = {}

    def found(self, conic: Conic) -> Iterator[Found]:
        """What solvers find, one after the other.

        Each is started from the inputs as they are, whatever was solved before: so its bits don't turn on that.
        """
        for k, (kind, tolerance) in enumerate(self._tries):
            if k not in self._started:
                self._started[k] = kind.start(self.map.base, tolerance)
            yield self._started[k](conic)


class Session:
    """A case, its rules and an objective, to be solved for other values of some inputs.

    The ranges of a blend, and what makes soft rules come first where the objective has no income, stay as they are for
    the inputs' own values.

    Args:
        case: what is given.
        rules: those in force; none by default.
        objective: what is maximised; the case's own by default.
        inputs: the names of the numbers that move, such as `one-line.at-most`, `colocation.cash-yield`,
            `yen-loans.cost`, `fund.fee` or `sofr`.

    Raises:
        InputError: an input is unknown, or the case has tickets or counts, or an objective with logarithms, of the
            caller's own, or that turns on an optimum (an order, a bargain, a Sharpe ratio).
        Infeasible: nothing satisfies the rules as they are, so that the ranges of a blend can't be measured.
    """

    def __init__(
        self,
        case: Case,
        rules: Rulebook | Sequence[Rule] | None = None,
        objective: Aim | None = None,
        inputs: Sequence[str] = (),
    ) -> None:
        self.case, self.rules = case, rulebook_of(rules)
        aim = objective if objective is not None else from_names(case.objective)
        bench = Bench(case, self.rules.clauses(case))
        if open_choices(bench.clauses):
            raise InputError.of("a session takes no tickets or counts", "leave them out, or use allocate")
        settled = aim.settled(case, bench)
        if settled is None:
            raise Infeasible("nothing satisfies the rules as they are, so that the blend has no ranges to keep")
        if isinstance(settled, Lexicographic | Bargain | Sharpe):
            what = f"a session does not take '{settled.name}', whose levels or weights are another optimum's"
            raise InputError.of(what, "use allocate, or blend objectives")
        self.aim, score = settled, settled.score(case)
        clauses = self._round = self._clauses(case)
        program = Bench(case, clauses).program((settled,))
        if program.needs & {"cvxpy", "exponential"}:
            raise InputError.of(f"a session does not take '{settled.name}'", "use allocate")
        self.inputs = tuple(inputs_of(case, clauses, list(inputs)))
        self._places = {each.name: k for k, each in enumerate(self.inputs)}
        self._needs = program.needs
        self._penalty, _ = penalty_of(program, [1.0])
        self._scale = program.scale([1.0])
        self._give, self._least = score.give, score.LEAST * score.size
        self._turns = Turns(self.inputs)
        self._least_values = np.array([each.least for each in self.inputs])
        self._most_values = np.array([each.most for each in self.inputs])
        self._values = np.array([each.value for each in self.inputs])
        self._base = self._turns.coordinates(self._values)
        self._written = self._measured()
        # Where the program holds as it is written: as far as it was tried, and so not for inputs that it is not affine
        # in, nor from zero.
        self._sign, size = np.sign(self._base), np.abs(self._base)
        self._near, self._far = np.where(size > 0, size, 1.0) * self._least_part, FAR * size
        self._unknown = np.full(len(self.inputs), np.nan)

    def __repr__(self) -> str:
        return f"Session('{self.case.fund.title}', {self.aim.name}, {len(self.inputs)} inputs)"

    @property
    def names(self) -> list[str]:
        """The inputs' names, in the order of values and prices."""
        return [each.name for each in self.inputs]

    def _measured(self) -> _Written:
        """The program as it is, with what the inputs move in it; those that it is not affine in are set apart."""

        def write(at: Vector) -> tuple[Conic, float]:
            return self._write(at)[1:]

        signed = np.array([each.least < 0 for each in self._turns.first], bool)
        found, self._least_part = index_map(write, self._base, signed)
        self._apart = np.isinf(self._least_part)
        return _Written(self._write(self._base)[0], found, self._needs)

    def _clauses(self, case: Case) -> list[Clause]:
        return [*self.rules.clauses(case), *self.aim.clauses(case)]

    def _write(self, coordinates: Vector) -> tuple[Canonical, Conic, float]:
        """The program for other inputs, written anew; and the constant of its cost."""
        case, theta = self.case, dict[int, float]()
        for each, value, old in zip(self._turns.first, coordinates.tolist(), self._base.tolist(), strict=True):
            theta |= dict.fromkeys(each.clauses, value)
            case = case if value == old else each.moved(case, value)
        # Limits alone are numbers to write.
        canonical = self._canonical if case is self.case else self._made(case)
        moved = {index: np.full(canonical.clauses[index].size, value) for index, value in theta.items()}
        question = Question(np.full(1, self._scale), self._penalty * self._scale, theta=moved)
        return canonical, canonical.conic(question), canonical.constant(question)

    def _made(self, case: Case) -> Canonical:
        clauses = self._clauses(case)
        if len(clauses) == len(self._round):
            clauses = [_as_round(own, old) for own, old in zip(clauses, self._round, strict=True)]
        box = case.box.fixing(clauses)
        far = replace(box, high=np.where(box.high > box.low, FAR * box.high, box.high))
        return Canonical(clauses, [self.aim.score(case)], far, np.zeros(len(far.low)), "first")

    @cached_property
    def _canonical(self) -> Canonical:
        return self._made(self.case)

    def solve(self, values: Mapping[str, float] | Vector | None = None) -> Solved:
        """Solve with some inputs at other values.

        Args:
            values: names to numbers in base units (parts, $ bn, years), the others as they are; or all inputs in their
                order.

        Raises:
            InputError: an input is unknown, or a value is not finite.
        """
        given = self._given(values)
        coordinates = self._turns.coordinates(given)
        moved, written = coordinates - self._base, self._written
        if (moved[(coordinates * self._sign < self._near) | (coordinates * self._sign > self._far)] != 0).any():
            canonical, conic, constant = self._write(coordinates)
            moved, written = np.zeros(len(moved)), _Written(canonical, still(conic, constant), self._needs)
        conic, constant = written.map.at(moved)
        for found in written.found(conic):
            solved = self._solved(written, conic, constant, coordinates, given, found)
            if solved.status != "not-certified":
                break
        return solved

    def _given(self, values: Mapping[str, float] | Vector | None) -> Vector:
        # A pandas Series goes by its index, like a mapping.
        told = dict(getattr(values, "items", lambda: ())())
        for name in told:
            if name not in self._places:
                raise InputError.of(f"the session has no input '{name}'", nearest(str(name), self._places))
        try:
            given = np.array(self._values if told or values is None else values, float)
            for name, value in told.items():
                given[self._places[name]] = value
        except (TypeError, ValueError):
            given = np.zeros(0)
        if given.shape != self._values.shape or not np.isfinite(given).all():
            raise InputError.of(f"the values are not {len(self.inputs)} finite numbers", "give one for each input")
        if (given < self._least_values).any() or (given > self._most_values).any():
            self._refuse(given)
        return given

    def _refuse(self, given: Vector) -> None:
        for each, value in zip(self.inputs, given.tolist(), strict=True):
            if not each.least <= value <= each.most:
                raise InputError.of(f"'{each.name}' can't be {value:g}", f"give {each.least:g} to {each.most:g}")

    def _solved(
        self, written: _Written, conic: Conic, constant: float, coordinates: Vector, values: Vector, found: Found
    ) -> Solved:
        none = self._unknown
        if found.status != "optimal":
            status = "infeasible" if found.status == "infeasible" else "not-certified"
            return Solved(status, np.nan, np.inf, np.inf, np.zeros(0), none, self)
        proof = written.checker.proof(conic, found.x, found.y)
        near = Score.GIVE * (abs(proof.linear) + abs(proof.squares)) / self._scale
        allowed = 2 * (self._give or max(near, self._least, NOTHING))
        gap = proof.gap / self._scale
        good = proof.worst <= TOLERANCE and gap <= allowed
        worth = none
        if written is self._written:
            cost = written.map.prices(found.x, found.y, len(coordinates))
            cost[self._apart] = np.nan
            worth = self._turns.prices(coordinates, values, cost) * (-1 / self._scale)
        return Solved(
            "optimal" if good else "not-certified",
            -(proof.cost + constant) / self._scale,
            gap,
            proof.worst,
            written.canonical.decided(found.x),
            worth,
            self,
        )


def _as_round(clause: Clause, old: Clause) -> Clause:
    """The clause with its rows of the old size and its cones as round: both turn on yields, and change nothing."""
    made = clause if clause.order == old.order else clause.ordered(old.order)
    if isinstance(made, RotatedCone) and isinstance(old, RotatedCone) and made.size == old.size:
        return replace(made, typical=old.typical)
    return made
