"""Programs at random, put to one solver twice: as `canonical` writes them, and as cvxpy does, whose word is the test."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from helpers import book
from random_cases import Rng, random_case, random_rules

import allocator as al
from allocator.certificate import TOLERANCE
from allocator.diagnosis.feasibility import Feasibility, blamable
from allocator.modelling import Modelling
from allocator.objectives import Objective
from allocator.program import Program
from allocator.question import Question
from allocator.shapes import Clause, hard_ones, largest_excess, shortfall
from allocator.solvers.clarabel import Clarabel
from allocator.solvers.scs import Scs
from allocator.universe import Universe

TIGHT = 1e-11
CLOSE = 1e-7
"Of the objective: by how much the two may differ."


@dataclass(frozen=True)
class Compared:
    """What was said by all solvers whose answer was proved, and by cvxpy.

    Attributes:
        direct: `optimal` with the solvers whose certificates hold, `infeasible`, or `failed`.
        modelled: `optimal`, `infeasible` or `failed`.
        solvers: those whose certificates hold.
        apart: how far any of theirs is from cvxpy's objective, in parts of its size.
        gap: the largest that their certificates leave open, in parts of what is allowed.
        beyond: whether cvxpy's objective is more than is proved to be possible: it breaks rules by a hair, at a large
            price. Then what is proved stands in its place.
        borderline: whether no one can say if something fits.
    """

    direct: str
    modelled: str
    solvers: tuple[str, ...] = ()
    apart: float = 0.0
    gap: float = 0.0
    beyond: bool = False
    borderline: bool = False

    @property
    def agrees(self) -> bool:
        """Whether both gave the same answer."""
        same = self.direct == self.modelled and self.direct in ("optimal", "infeasible")
        return self.borderline or (same and self.apart <= CLOSE)


def _twins(rng: Rng) -> al.Case:
    """A plain portfolio with two lines that are the same, one without risk, and a covariance without full rank."""
    n = int(rng.integers(4, 10))
    factor = rng.normal(size=(n, 2)) * 0.1
    mean = rng.uniform(0.02, 0.1, n)
    factor[1], mean[1], factor[2] = factor[0], mean[0], 0.0
    return al.Case.from_moments(mean, factor @ factor.T)


def _daily(rng: Rng) -> al.Case:
    """A plain portfolio in daily numbers, with volatilities a thousand times apart."""
    n = int(rng.integers(4, 12))
    spread = 10 ** rng.uniform(-4.5, -1.5, n)
    draws = rng.normal(size=(3 * n, n)) * spread
    return al.Case.from_moments(rng.normal(4e-4, 3e-4, n), np.cov(draws, rowvar=False))


def _dollars(rng: Rng) -> al.Case:
    """The same fund in other sizes: lines of a hundredth of it to a hundred times it."""
    case = random_case(rng)
    size = 10 ** rng.uniform(-2, 2, len(case.universe))
    capacity = np.round(case.universe.numbers["capacity"] * size, 6)
    universe = case.universe
    for line, amount in zip(universe.ids, capacity.tolist(), strict=True):
        universe, _ = universe.changed(line, {"capacity": f"${amount:f} bn"})
    return replace(case, universe=universe)


def _factors(rng: Rng) -> al.Case:
    """A plain portfolio with a factor model of many more lines than factors."""
    n, k = int(rng.integers(12, 40)), int(rng.integers(1, 4))
    universe = Universe.build(
        {"id": [f"line-{i}" for i in range(n)], "expected-return [%]": np.round(rng.uniform(1, 12, n), 3).tolist()}
    )
    return al.Case.from_factors(universe, rng.normal(size=(n, k)) * 0.1, rng.uniform(0, 0.2, n) ** 2)


def draw(seed: int) -> tuple[al.Case, al.Rulebook, list[Objective], list[float]]:
    """A case with its rules, one or two objectives, and their weights."""
    rng = np.random.default_rng(seed)
    kind = seed % 6
    case = [random_case, random_case, _dollars, _twins, _daily, _factors][kind](rng)
    if kind < 3:
        rules = random_rules(rng, case)
        if rng.random() < 0.5:
            # Most draws ask for more than there is: without the floor more of them fit.
            rules = book(*(rule for rule in rules.rules if rule.id != "size"))
        for rule in rules.rules:
            if rule.kind in ("share", "amount", "leverage") and rng.random() < 0.3:
                rules = rules.replace(rule.id, severity="soft", penalty=f"{rng.integers(10, 200)} bp")
        pool: list[Objective] = [al.DividendYield(), al.Volatility(), al.Variance(), al.TailLoss(), al.Tracking()]
    else:
        most = max(2 / len(case.universe), rng.uniform(0.1, 0.6))
        rules = book(
            al.rules.Share(id="one", title="O", each="line", of="deployed", at_most=f"{100 * most:.2f}%"),
            al.rules.Concentration(
                id="hhi",
                title="H",
                by="line",
                measure="hhi",
                of="deployed",
                at_most=f"{min(1.0, rng.uniform(1, 4) * most):.4f}",
            ),
        )
        pool = [al.ExpectedReturn(), al.Variance(), al.Volatility()]
    chosen = rng.permutation(len(pool))[: rng.integers(1, 3)]
    objectives = [pool[k] for k in chosen]
    return case, rules, objectives, rng.uniform(0.2, 2, len(objectives)).tolist()


def compare(seed: int) -> Compared:
    """Solve what a seed draws by both ways: by cvxpy, and straight by every solver that is able.

    A solver's answer counts as it does for the house, where its certificate holds. One that gives up has the next one
    asked, of cvxpy too.
    """
    case, rules, objectives, weights = draw(seed)
    clauses = rules.clauses(case)
    scores = [objective.score(case) for objective in objectives]
    program = Program(clauses, scores, case.box, case.spread)
    score = program.score(weights)
    penalty = max(score.income, 0.5)
    modelled, told = _modelled(program, weights, penalty)
    direct, proved, most = "failed", {}, np.inf
    for name, kind in sorted(program.solvers, key=lambda pair: pair[1] is Scs):
        if kind is Scs and proved:
            break  # the last resort; seldom as near
        point = program.solve(weights, penalty, TIGHT, name)
        if point.status == "optimal":
            gap = (point.bound - point.value) / (2 * score.tolerance(point.v))
            if gap <= 1 and largest_excess(hard_ones(clauses), point.v) <= TOLERANCE:
                direct, proved[name] = "optimal", (point.value, gap)
                most = min(most, point.bound)
        elif point.status == "infeasible" and not proved:
            direct = "infeasible"
            break
    if direct != modelled or not proved:
        borderline = direct != modelled and _borderline(case, clauses)
        return Compared(direct, modelled, tuple(proved), borderline=borderline)
    size = max(abs(told), score.size, 1e-12)
    apart = max(abs(value - min(told, most)) / size for value, _ in proved.values())
    gap = max(gap for _, gap in proved.values())
    return Compared(direct, modelled, tuple(proved), apart, gap, (told - most) / size > CLOSE)


def _modelled(program: Program, weights: list[float], penalty: float) -> tuple[str, float]:
    """What cvxpy says, and its objective."""
    scale = program.scale(weights)
    modelling = Modelling(program.clauses, program.scores, program.box, program._spread)
    question = Question(np.array(weights) * scale, penalty * scale)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for solver in (Clarabel, Scs):
            answer = modelling.ask(question, solver, TIGHT)
            if answer.status != "failed":
                break
    if answer.status != "optimal":
        return answer.status, 0.0
    return "optimal", float(program.score(weights).value(answer.v) - penalty * shortfall(program.clauses, answer.v))


def _borderline(case: al.Case, clauses: list[Clause]) -> bool:
    feasibility = Feasibility(case, blamable(case, clauses))
    return feasibility.told(feasibility.check()) == "borderline"
