"""One program, written once and solved many times: a weighted sum of scores under clauses, inside a box."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from allocator import smoothing
from allocator.canonical import Canonical
from allocator.certificate import TOLERANCE, bound
from allocator.question import Answer, Held, Question
from allocator.scores import Score, weighted
from allocator.shapes import Box, Clause, Cone, Multipliers, hard_ones, largest_excess, moved, shortfall
from allocator.solvers import Solver, Started, able
from allocator.sparse import Vector
from allocator.tails import Tails

if TYPE_CHECKING:
    from allocator.modelling import Modelling

SPREAD = 0.1
"The spread's weight in the solver's units: at one the level's multiplier is ten thousands, and Clarabel gives up."


@dataclass(frozen=True, eq=False)
class Point:
    """What one solve gave.

    Attributes:
        status: `optimal`, `infeasible` or `failed`; the solver's word, not ours.
        solver: which one.
        v: the decision, where there is one.
        value: its score, what soft rules cost taken off.
        proof: computes the bound.
        multipliers: they and the witnesses.
        hold: the multiplier of the level held, in a second stage.
    """

    status: str
    solver: str
    v: Vector
    value: float = -np.inf
    proof: Callable[[], float] = lambda: np.inf
    multipliers: Multipliers | None = None
    hold: float = 0.0

    @cached_property
    def bound(self) -> float:
        """No allocation scores more, by the multipliers; computed when it is asked for."""
        return self.proof()


class Program:
    """Maximise a weighted sum of scores under clauses, inside a box; choices are left out, which allows more.

    The weights, the cost of soft rules, and every limit may be others at each solve. Solvers are handed numbers; only
    what a caller wrote in cvxpy goes through cvxpy.

    Args:
        clauses: rules and terms.
        scores: one or more; each solve weighs them.
        box: where the entries of v may be.
        spread: for the canonical choice, what each entry's square costs (0 for none).
        solver: the name of one to try first.
        whole: whether sums of the largest of very many entries are written with all of them.
    """

    def __init__(
        self,
        clauses: Sequence[Clause],
        scores: Sequence[Score],
        box: Box,
        spread: Vector,
        solver: str | None = None,
        whole: bool = False,
    ) -> None:
        self.clauses, self.scores, self.first = tuple(clauses), tuple(scores), solver
        self.box = box.fixing(self.clauses)
        self.needs = frozenset[str]().union(*(score.needs for score in scores))
        if any(isinstance(clause, Cone) for clause in self.clauses):
            self.needs |= {"conic"}
        self._guide: Vector | None = None
        self._tails = Tails(() if whole else self.clauses, () if whole else self.scores)
        self._alone = not (self.box.high > self.box.low).any()
        self._spread = spread
        self._canonical: dict[str, Canonical] = {}
        self._started: tuple[tuple[str, float], Started] | None = None

    @cached_property
    def _modelling(self) -> Modelling:
        # Only where a caller's own expression needs it: the import of cvxpy takes longer than most solves.
        from allocator.modelling import Modelling

        return Modelling(self.clauses, self.scores, self.box, self._spread)

    def solve(
        self,
        weights: Sequence[float],
        penalty: float = 0.0,
        tolerance: float = 1e-8,
        solver: str | None = None,
        theta: Mapping[int, Vector] | None = None,
    ) -> Point:
        """Maximise the weighted scores.

        Args:
            weights: of the scores, >= 0.
            penalty: how much one unit of the soft rules' cost takes off.
            tolerance: asked of the solver.
            solver: its name, and no other; by default the first that is able and does not fail.
            theta: for some clauses, by index, other parameters than their own.
        """
        question, scale = self._first(weights, penalty, theta or {})
        return self._point(*self._ask(question, tolerance, solver), question, scale)

    def _first(self, weights: Sequence[float], penalty: float, theta: Mapping[int, Vector]) -> tuple[Question, float]:
        """A question of the first stage, and the scale of its units."""
        scale = self.scale(weights)
        return Question(np.asarray(weights, float) * scale, penalty * scale, theta=theta), scale

    def hold(
        self,
        level: float,
        held: Sequence[float],
        held_penalty: float,
        weights: Sequence[float] | None = None,
        penalty: float = 0.0,
        tolerance: float = 1e-10,
        solver: str | None = None,
    ) -> Point:
        """Hold a weighted sum of scores at a level, and maximise another; or, by default, spread by capacity.

        Returns:
            A point whose multipliers are those of the second stage; its bound says nothing of the first.
        """
        scale = self.scale(held)
        row = Held(np.asarray(held, float) * scale, held_penalty * scale, level * scale)
        if weights is None:
            own, spread = SPREAD, SPREAD
        else:
            own, spread = self.scale(weights), 0.0
        aims = np.zeros(len(self.scores)) if weights is None else np.asarray(weights, float)
        question = Question(aims * own, penalty * own, spread, row)
        answer, name = self._ask(question, tolerance, solver)
        found = self._point(answer, name, question, own)
        return replace(found, hold=answer.hold * scale / own)

    def keep(self, levels: Sequence[float], tolerance: float = 1e-10, solver: str | None = None) -> Point:
        """Hold each of the scores at a level of its own, after what soft rules cost it, and spread by capacity.

        Args:
            levels: what each must reach.
            tolerance: asked of the solver.
            solver: its name, and no other; by default the first that is able and does not fail.

        Returns:
            A point whose multipliers and bound say nothing of the scores.
        """
        question = Question(np.zeros(len(self.scores)), 0.0, SPREAD, levels=np.asarray(levels, float))
        return self._point(*self._ask(question, tolerance, solver), question, 1.0)

    def along(
        self, weights: Sequence[float], penalty: float, path: Iterable[Mapping[int, Vector]], tolerance: float = 1e-10
    ) -> Iterator[Point]:
        """Maximise the weighted scores for one set of limits after the other (`theta` of `solve`).

        Where the solver works outside Python's lock, several are under way at once. Each starts from the limits as
        they are, so that its bits don't depend on the others.
        """
        name, kind = self.solvers[0]
        asked = (self._first(weights, penalty, theta) for theta in path)
        if self._alone or self._tails or "cvxpy" in self.needs:
            for question, scale in asked:
                # Another solver would take long over what is hardly feasible, as limits next to an optimum held are.
                yield self._point(*self._ask(question, tolerance, name), question, scale)
            return
        canonical = self._written("first")
        base = canonical.conic(self._first(weights, penalty, {})[0])
        idle = deque(kind.start(base, tolerance) for _ in range(kind.threads))
        under_way = deque[tuple[Question, float, Started, Any]]()

        def finished() -> Point:
            question, scale, started, future = under_way.popleft()
            idle.append(started)
            return self._point(canonical.answer(future.result()), name, question, scale)

        with ThreadPoolExecutor(kind.threads) as pool:
            for question, scale in asked:
                if not idle:
                    yield finished()
                started = idle.popleft()
                under_way.append((question, scale, started, pool.submit(started, canonical.conic(question))))
            while under_way:
                yield finished()

    def score(self, weights: Sequence[float]) -> Score:
        """The weighted sum of the scores."""
        return weighted(self.scores, weights)

    @cached_property
    def solvers(self) -> list[tuple[str, type[Solver]]]:
        """Those that are able to maximise the scores, in the order to try them."""
        if self._alone or self._tails or "cvxpy" in self.needs:
            return able(self.needs, self.first)
        return able(self.needs, self.first, self._written("first").conic(Question(np.ones(len(self.scores)), 0.0)))

    def moves(self, index: int) -> bool:
        """Whether the limits of a clause may be others; not where cvxpy has very many of them."""
        return "cvxpy" not in self.needs or self._modelling.moves(index)

    def scale(self, weights: Sequence[float]) -> float:
        """A factor that makes the weighted objective of order one over the box, which solvers need."""
        size = max(abs(weight) * score.size for weight, score in zip(weights, self.scores, strict=True))
        return 1 / size if size > 0 else 1.0

    def _written(self, stage: str) -> Canonical:
        if stage not in self._canonical:
            clauses, scores = self._tails.short() if self._tails else (self.clauses, self.scores)
            self._canonical[stage] = Canonical(clauses, scores, self.box, self._spread, stage)
        return self._canonical[stage]

    def _ask(self, question: Question, tolerance: float, solver: str | None) -> tuple[Answer, str]:
        """The answer of the first solver that does not fail, and its name."""
        if self._alone:
            return self._fixed(question), "none"
        if not self._tails or "cvxpy" in self.needs:
            return self._asked(question, tolerance, solver)

        def nearby(clauses: Sequence[Clause], scores: Sequence[Score]) -> Vector | None:
            program = Program(clauses, scores, self.box, self._spread, whole=True)
            answer, _ = program._asked(question, tolerance, None)
            return answer.v if answer.status == "optimal" else None

        guess = smoothing.guess(self._tails, nearby, self._guide)
        self._tails.split(self.box.high if guess is None else guess)
        while True:
            self._canonical, self._started = {}, None
            answer, name = self._asked(question, tolerance, solver)
            if answer.multipliers is None or not self._tails.mend(answer.v):
                break
        if answer.status == "optimal":
            self._guide = answer.v
        whole = None if answer.multipliers is None else self._tails.whole(answer.multipliers)
        return replace(answer, multipliers=whole), name

    def _asked(self, question: Question, tolerance: float, solver: str | None) -> tuple[Answer, str]:
        """The answer to a question as the program is written."""
        needs, queue = self.needs, self.solvers
        if question.stage != "first":
            # What was the objective is a constraint now, where squares make a cone.
            needs = needs | {"conic"} if "quadratic" in needs else needs
            needs = needs | {"quadratic"} if question.spread else needs
            queue = able(needs, self.first)
        for name, kind in able(needs, solver)[:1] if solver else queue:
            if "cvxpy" in needs:
                answer = self._modelling.ask(question, kind, tolerance)  # type: ignore[arg-type]
            else:
                answer = self._put(question, name, kind, tolerance)
            if answer.status != "failed":
                break
        return answer, name

    def _put(self, question: Question, name: str, kind: type[Solver], tolerance: float) -> Answer:
        """Put a question to a solver; of the first stage, to the one that is started."""
        canonical = self._written(question.stage)
        conic = canonical.conic(question)
        # A solver that is handed new numbers keeps the scaling of its first ones. Between two levels held they differ
        # too much for that: Clarabel then fails.
        if question.stage != "first":
            return canonical.answer(kind.start(conic, tolerance)(conic))
        if self._started is None or self._started[0] != (name, tolerance):
            self._started = ((name, tolerance), kind.start(conic, tolerance))
        return canonical.answer(self._started[1](conic))

    def _fixed(self, question: Question) -> Answer:
        """What there is to say where nothing is free: whether the one allocation left keeps the hard clauses."""
        clauses, v = moved(self.clauses, question.theta), self.box.low
        if largest_excess(hard_ones(clauses), v) > TOLERANCE:
            return Answer("infeasible")
        weights = tuple(np.zeros(clause.size) for clause in clauses)
        witnesses = tuple(clause.witness(v) for clause in clauses)
        return Answer("optimal", v, Multipliers(weights, witnesses, tuple(self.score([*question.weights]).witness(v))))

    def _point(self, answer: Answer, solver: str, question: Question, scale: float) -> Point:
        """What an answer means in the scores' own units, with its bound."""
        if answer.status != "optimal" or answer.multipliers is None:
            return Point(answer.status, solver, self.box.low)
        weights, penalty = question.weights / scale, question.penalty / scale
        score, clauses, v = self.score(weights.tolist()), moved(self.clauses, question.theta), answer.v
        given = answer.multipliers
        multipliers = replace(given, weights=tuple(weight / scale for weight in given.weights))
        value = float(score.value(v) - penalty * shortfall(clauses, v))

        def proof() -> float:
            return bound(clauses, score, self.box, multipliers, penalty)

        return Point("optimal", solver, v, value, proof, multipliers)
