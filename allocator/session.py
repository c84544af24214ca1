"""One case solved again and again with other numbers: written once, each solve proved, with a price for every input.

What is solved is the first stage: the optimum, its proof and its prices. Among allocations that are as good the
solver's is taken; `allocate` has the canonical one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from allocator.features import FAR
from allocator.inputs import Turns, inputs_of
from allocator.measuring import index_map
from allocator.objectives import Aim, Objective
from allocator.objectives.sharpe import Sharpe
from allocator.parts import Parts
from allocator.proofs import Checker
from allocator.question import Question
from allocator.rulebook import Rulebook, rulebook_of
from allocator.rules import Rule
from allocator.scores import Score
from allocator.sensitivity import IndexMap, still
from allocator.shapes import Clause, RotatedCone, moved
from allocator.solution import binding
from allocator.solved import Solved
from allocator.solvers import Solver, Started, able
from allocator.sparse import Vector

TOLERANCES, LAST_TOLERANCE = (1e-8, 1e-10), 1e-11
NOTHING = 1e-9
"An objective as small as this, in its own unit, is as good as zero."


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
        # Whoever is quickest, the first one that takes cones has the last word: it tells why nothing fits, too.
        last = able(needs | {"conic"})[0][1]
        self.tries = [(kind, TOLERANCES[0]) for kind in dict.fromkeys((quickest, first, last))] + [
            (last, TOLERANCES[1])
        ]
        self._started: dict[tuple[type[Solver], float], Started] = {}

    def found(self, conic: Conic) -> Iterator[Found]:
        """What solvers find, one after the other.

        Each is started from the inputs as they are, whatever was solved before: so its bits don't turn on that.
        """
        for each in self.tries:
            if each not in self._started:
                kind, tolerance = each
                self._started[each] = kind.start(self.map.base, tolerance)
            yield self._started[each](conic)
        # What is far from where the others started may need scales of its own: 48 of 100,000 draws of the example do.
        yield self.tries[-1][0].start(conic, LAST_TOLERANCE)(conic)


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
        self._give, self._least, self._size = score.give, score.LEAST * score.size, score.size
        self._turns = Turns(self.inputs)
        self._least_values = np.array([each.least for each in self.inputs])
        self._most_values = np.array([each.most for each in self.inputs])
        self._values = np.array([each.value for each in self.inputs])
        self._base = self._turns.coordinates(self._values)
        signed = np.array([each.least < 0 for each in self._turns.first], bool)
        made = index_map(lambda at: self._write(at)[1:], self._base, signed)
        self._written = _Written(self._canonical, made, self._needs)
        self._parts = Parts([part for _, part in settled.terms()], self._case, self._base, signed)
        self._unknown = np.full(len(self.inputs), np.nan)
        # Who fails where all is as it is need not be asked again.
        for k, solved in enumerate(self._attempts(self._values)):
            if solved.status != "not-certified":
                del self._written.tries[:k]
                break

    def __getstate__(self) -> dict[str, Any]:
        """What is measured travels to other processes; the program is written anew there, and solvers are started."""
        state = {name: value for name, value in vars(self).items() if name != "_canonical"}
        return state | {"_written": (self._written.map, self._written.tries)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        made, tries = state["_written"]
        self._written = _Written(self._canonical, made, self._needs)
        self._written.tries = tries

    def __repr__(self) -> str:
        return f"Session('{self.case.fund.title}', {self.aim.name}, {len(self.inputs)} inputs)"

    @property
    def names(self) -> list[str]:
        """The inputs' names, in the order of values and prices."""
        return [each.name for each in self.inputs]

    def _clauses(self, case: Case) -> list[Clause]:
        return [*self.rules.clauses(case), *self.aim.clauses(case)]

    def _case(self, coordinates: Vector) -> Case:
        """The case for other inputs."""
        case = self.case
        for each, value, old in zip(self._turns.first, coordinates.tolist(), self._base.tolist(), strict=True):
            case = case if value == old else each.moved(case, value)
        return case

    def _write(self, coordinates: Vector) -> tuple[Canonical, Conic, float]:
        """The program for other inputs, written anew; and the constant of its cost."""
        case = self._case(coordinates)
        # Limits alone are numbers to write.
        canonical = self._canonical if case is self.case else self._made(case)
        limits = self._limits(canonical.clauses, coordinates)
        question = Question(np.full(1, self._scale), self._penalty * self._scale, theta=limits)
        return canonical, canonical.conic(question), canonical.constant(question)

    def _made(self, case: Case) -> Canonical:
        clauses = self._clauses(case)
        old = dict(zip(_keys(self._round), self._round, strict=True))
        clauses = [_as_round(own, old.get(key, own)) for own, key in zip(clauses, _keys(clauses), strict=True)]
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
        for solved in self._attempts(self._given(values)):
            if solved.status != "not-certified":
                break
        return solved

    def _attempts(self, values: Vector) -> Iterator[Solved]:
        """What one solver after the other finds."""
        coordinates = self._turns.coordinates(values)
        written = self._written
        if not written.map.knows(coordinates):
            canonical, conic, constant = self._write(coordinates)
            written = _Written(canonical, still(conic, constant, coordinates), self._needs)
        conic, constant = written.map.at(coordinates)
        for found in written.found(conic):
            yield self._solved(written, conic, constant, coordinates, values, found)

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
        worth, none = self._unknown, (np.nan, np.inf, np.inf)
        if found.status != "optimal":
            broken = written.checker.conflict(conic, found.y) if found.status == "infeasible" else 0.0
            if broken > TOLERANCE:
                return Solved("infeasible", np.nan, np.inf, broken, worth, values, self, found, written.canonical)
            return Solved("not-certified", *none, worth, values, self, found, written.canonical)
        proof = written.checker.proof(conic, found.x, found.y)
        near = Score.GIVE * (abs(proof.linear) + abs(proof.squares)) / self._scale
        allowed = 2 * (self._give or max(near, self._least, NOTHING))
        gap = proof.gap / self._scale
        good = proof.worst <= TOLERANCE and gap <= allowed
        if written is self._written:
            cost = written.map.prices(coordinates, found.x, found.y)
            cost[written.map.apart] = np.nan
            worth = self._turns.prices(coordinates, values, cost) * (-1 / self._scale)
        value = -(proof.cost + constant) / self._scale
        status = "optimal" if good else "not-certified"
        return Solved(status, value, gap, proof.worst, worth, values, self, found, written.canonical)

    @property
    def penalty(self) -> float:
        """What a unit of the soft rules' cost, in parts of equity a year, takes off the objective."""
        return self._penalty

    @property
    def digest(self) -> str:
        """Of all numbers that its programs are written with; two sessions that share it solve to the same bits."""
        made = self._written.map
        numbers = (made.numbers, made.features.base, made.features.curved, made.entry, made.feature, made.slope)
        tries = repr([(kind.__name__, tolerance) for kind, tolerance in self._written.tries])
        return sha256(b"".join([tries.encode(), *(np.ascontiguousarray(own).tobytes() for own in numbers)])).hexdigest()

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Those of the aim."""
        return self._parts.objectives

    def case_at(self, values: Vector) -> tuple[Case, tuple[Clause, ...]]:
        """The case for values of all inputs; and all clauses, with their limits."""
        coordinates = self._turns.coordinates(values)
        case = self._case(coordinates)
        clauses = self._clauses(case)
        return case, moved(clauses, self._limits(clauses, coordinates))

    def _limits(self, clauses: Sequence[Clause], coordinates: Vector) -> dict[int, Vector]:
        """The parameters that inputs make, by the place of their clauses."""
        # A case with other numbers may have fewer terms, and its rules other places.
        places, old = {key: place for place, key in enumerate(_keys(clauses))}, _keys(self._round)
        return {
            places[old[index]]: np.full(clauses[places[old[index]]].size, value)
            for each, value in zip(self._turns.first, coordinates.tolist(), strict=True)
            for index in each.clauses
        }

    def parts(self, values: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each objective of the aim (columns) at many decisions as it reads, each for values of all inputs (rows)."""
        return self._parts.at(self._turns.coordinates(values), v)

    def binding(self, clause: Clause, weight: Vector) -> NDArray[np.bool_]:
        """Whether a clause's multipliers, as the solver has them, say that it holds the objective back.

        Of many solves at once, where these are rows.
        """
        return np.asarray(binding(clause, weight / self._scale, self._size).any(-1))


def _keys(clauses: Sequence[Clause]) -> list[tuple[str, str, int]]:
    """What each clause is known by: its rule, its words, and which of those with both it is."""
    seen, found = Counter[tuple[str, str]](), []
    for clause in clauses:
        own = clause.rule, clause.words
        found.append((*own, seen[own]))
        seen[own] += 1
    return found


def _as_round(clause: Clause, old: Clause) -> Clause:
    """The clause with its rows of the old size and its cones as round: both turn on yields, and change nothing."""
    made = clause if clause.order == old.order else clause.ordered(old.order)
    if isinstance(made, RotatedCone) and isinstance(old, RotatedCone) and made.size == old.size:
        return replace(made, typical=old.typical)
    return made
