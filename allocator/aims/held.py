"""One objective maximised while others are held at levels: given ones, or their optima less what may be given up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from allocator.aims.blend import check_part
from allocator.errors import InputError, Unparsable
from allocator.objectives import Aim, Bench, Objective, part_said
from allocator.scores import Linear, Norm, Part, Quadratic, Score, Worst
from allocator.shapes import TYPICAL, Clause, Cone, Number, RotatedCone, Rows, Tail
from allocator.sparse import Sparse, Vector
from allocator.units import Share

if TYPE_CHECKING:
    from allocator.case import Case

PREFIX = "objective."
"Begins the names of clauses that hold an objective at a level."


@dataclass(frozen=True)
class Epsilon(Aim):
    """An aim maximised while other objectives are held at levels (Haimes, Lasdon and Wismer 1971).

    Attributes:
        aim: what is maximised.
        levels: objectives with what each must reach; in the objective's base unit.
    """

    aim: Aim
    levels: tuple[tuple[Objective, float], ...]
    apart: ClassVar = "it holds objectives at levels"

    @property
    def name(self) -> str:  # type: ignore[override]
        """What is maximised, and what is held."""
        held = ", ".join(
            f"{part.name} at {'most' if part.smaller_is_better else 'least'} {part.unit.show(level)}"
            for part, level in self.levels
        )
        return f"{self.aim.name}, with {held}"

    @property
    def unit(self) -> Any:  # type: ignore[override]
        """That of what is maximised."""
        return self.aim.unit

    @property
    def over(self) -> tuple[Aim, ...]:
        """What the inner aim is over."""
        return self.aim.over

    def weights(self) -> list[float]:
        """Those of the inner aim."""
        return self.aim.weights()

    def clauses(self, case: Case) -> tuple[Clause, ...]:
        """A clause for each level, and those of the inner aim."""
        return (*self._levels(case), *self.aim.clauses(case))

    def _levels(self, case: Case) -> tuple[Clause, ...]:
        return tuple(held(part, case, level) for part, level in self.levels)

    def holds(self) -> tuple[Objective, ...]:
        """Those with a level."""
        return tuple(part for part, _ in self.levels)

    def settled(self, case: Case, bench: Bench) -> Epsilon | None:
        """With the inner aim settled under the levels."""
        inner = self.aim.settled(case, bench.within(self._levels(case)))
        return None if inner is None else replace(self, aim=inner)

    def doubt(self, case: Case, clauses: Sequence[Clause], v: Vector) -> str:
        """That of the inner aim."""
        return self.aim.doubt(case, clauses, v)

    @property
    def notes(self) -> tuple[str, ...]:
        """Those of the inner aim; and where its ranges were measured."""
        told = f"{self.aim.unchecked} were measured with the levels held: one that does not bind may move the optimum"
        return (*super().notes, *([told] if self.aim.unchecked else []))

    @property
    def unchecked(self) -> str:
        """That of the inner aim; the levels are given."""
        return self.aim.unchecked

    def score(self, case: Case) -> Score:
        """That of the inner aim."""
        return self.aim.score(case)

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """Those of the inner aim."""
        return self.aim.terms()

    def said(self) -> dict[str, Any]:
        """The inner aim, and the levels."""
        inner = self.aim.said()
        levels = [part_said(part, 0.0) | {"level": level} for part, level in self.levels]
        return inner | {"form": "epsilon", "of": inner["form"], "name": self.name, "held": levels}


def epsilon(aim: Aim, levels: Mapping[Objective, str | float]) -> Epsilon:
    """Maximise an aim while other objectives are held at levels.

    Args:
        aim: a single objective, a sum, a blend or a maximin.
        levels: objectives with what each must reach: text such as `7%`, or a number in base units; at least so much,
            or at most where smaller is better.

    Raises:
        InputError: no levels, one that can't be read, or an objective that can't be held.
    """
    if not isinstance(aim, Aim) or isinstance(aim, (Epsilon, Lexicographic)):
        whole = f"'{aim.name}'" if isinstance(aim, Aim) else repr(aim)
        raise InputError.of(f"{whole} can't be maximised with others held", "give a single objective, a sum or a blend")
    if not levels:
        raise InputError.of("no objective is held", "give at least one with its level")
    found = []
    for part, given in levels.items():
        check_part("what is held", part)
        found.append((part, level_of(part, given)))
    return Epsilon(aim, tuple(found))


def level_of(part: Objective, given: str | float, what: str = "level") -> float:
    """A level, or what else `what` says, in the base unit of an objective.

    Raises:
        InputError: it can't be read.
    """
    try:
        level = float(part.unit.parse(given)) if isinstance(given, str) else float(given)
    except (Unparsable, TypeError, ValueError) as error:
        mend = "give text with its unit, or a number"
        if isinstance(error, Unparsable):
            mend = error.mend + (" of equity" if part.unit is Share else "")
        raise InputError.of(f"cannot read the {what} '{given}' of '{part.name}'", mend) from None
    if not np.isfinite(level):
        raise InputError.of(f"the {what} of '{part.name}' is not finite", "give a finite number")
    return level


@dataclass(frozen=True)
class Stage:
    """An objective in its turn, and how much of its optimum the later ones may give up; None for next to nothing."""

    objective: Objective
    tolerance: float | None = None


@dataclass(frozen=True)
class Lexicographic(Aim):
    """Objectives in order: each is maximised while the earlier ones keep their optima, less what may be given up.

    Attributes:
        stages: in order; the last one's tolerance means nothing.
        levels: what the earlier ones must keep; empty until it is known.
    """

    stages: tuple[Stage, ...]
    levels: tuple[float, ...] = ()
    apart: ClassVar = "its objectives come one after the other"

    @property
    def name(self) -> str:  # type: ignore[override]
        """The objectives in order."""
        return ", then ".join(stage.objective.name for stage in self.stages)

    @property
    def unit(self) -> Any:  # type: ignore[override]
        """That of the last objective, which is what is maximised in the end."""
        return self.stages[-1].objective.unit

    @property
    def over(self) -> tuple[Aim, ...]:
        """The last objective."""
        return (self.stages[-1].objective,)

    @property
    def earlier(self) -> tuple[Objective, ...]:
        """All but the last."""
        return tuple(stage.objective for stage in self.stages[:-1])

    def clauses(self, case: Case) -> tuple[Clause, ...]:
        """A clause for each earlier objective."""
        return tuple(
            # There are none until they are known.
            held(stage.objective, case, level)
            for stage, level in zip(self.stages[:-1], self.levels, strict=False)
        )

    @property
    def unchecked(self) -> str:
        """The levels."""
        return "the levels that the earlier objectives keep"

    def settled(self, case: Case, bench: Bench) -> Lexicographic | None:
        """With the levels of all but the last, found one after the other."""
        levels: list[float] = list(self.levels)
        clauses = list(self.clauses(case)) if levels else []
        for stage in self.stages[len(levels) : -1]:
            v = bench.within(clauses).best((stage.objective,), [1.0])
            if v is None:
                return None
            score = stage.objective.score(case)
            give = max(stage.tolerance or 0.0, score.tolerance(v))
            least = score.value(v) - give
            levels.append(-least if stage.objective.smaller_is_better else least)
            clauses.append(held(stage.objective, case, levels[-1]))
        return replace(self, levels=tuple(levels))

    def score(self, case: Case) -> Score:
        """That of the last objective."""
        return self.stages[-1].objective.score(case)

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """The objectives; all but the last count as levels only."""
        last = len(self.stages) - 1
        return tuple((float(k == last), stage.objective) for k, stage in enumerate(self.stages))

    def said(self) -> dict[str, Any]:
        """The objectives in order, with tolerances and levels."""
        parts = [part_said(stage.objective, 1.0) for stage in self.stages]
        for part, stage in zip(parts, self.stages, strict=True):
            part |= {} if stage.tolerance is None else {"tolerance": stage.tolerance}
        for part, level in zip(parts, self.levels, strict=False):
            part |= {"level": level}
        return {"form": "lexicographic", "name": self.name, "parts": parts}


def lexicographic(stages: Sequence[Objective | tuple[Objective, str | float | None]]) -> Lexicographic:
    """Maximise objectives in order, each while the earlier ones keep their optima.

    Args:
        stages: objectives, or pairs of one and how much of its optimum the later ones may give up (text such as
            `10 bp`, or a number in base units).

    Raises:
        InputError: fewer than two, one that can't be held, or a tolerance that is negative or can't be read.
    """
    pairs = [stage if isinstance(stage, tuple) else (stage, None) for stage in stages]
    if len(pairs) < 2:
        raise InputError.of("a lexicographic order has two objectives or more", "add one, or pursue it alone")
    found = []
    for part, given in pairs:
        check_part("a lexicographic order", part)
        tolerance = None if given is None else level_of(part, given, "tolerance")
        if tolerance is not None and tolerance < 0:
            raise InputError.of(f"the tolerance of '{part.name}' is negative", "give zero or more")
        found.append(Stage(part, tolerance))
    return Lexicographic(tuple(found))


def is_level(clause: Clause) -> bool:
    """Whether a clause holds an objective at a level, and is no rule."""
    return clause.rule.startswith(PREFIX) and bool(clause.numbers)


def held(objective: Objective, case: Case, level: float) -> Clause:
    """The clause that an objective reaches a level: at least, or at most where smaller is better.

    Raises:
        InputError: its shapes make no single clause, as a square and a root together don't.
    """
    d, sign = case.decision, -1.0 if objective.smaller_is_better else 1.0
    score = objective.score(case)
    gain, constant = np.zeros(d.size), 0.0
    bent: list[tuple[float, Part]] = []
    for weight, part in score.parts:
        if isinstance(part, Linear):
            gain, constant = gain + weight * part.gain, constant + weight * part.constant
        else:
            bent.append((-weight, part))
    data: dict[str, Any] = {
        "rule": f"{PREFIX}{objective.name}",
        "words": f"{objective.name}, held",
        "R0": Sparse.dense(gain[None]),
        "c0": np.array([constant]),
        "R1": Sparse.zeros(1, d.size),
        "c1": np.array([-sign]),
        "theta": np.array([level]),
        "numbers": (Number("level", level, objective.unit),),
        "unit": objective.unit,
        "at_least": not objective.smaller_is_better,
    }
    shapes = {type(part) for _, part in bent}
    if not bent:
        return Rows(**data)
    if shapes == {Quadratic}:
        M = Sparse.stack([part.F * weight**0.5 for weight, part in bent if isinstance(part, Quadratic)])
        return RotatedCone(**data, M=M, k=np.zeros(M.shape[0]), typical=np.array([TYPICAL]))
    (weight, only), *more = bent
    if isinstance(only, Norm) and not more:
        return Cone(**data, M=only.F * weight, k=np.zeros(only.F.shape[0]))
    if isinstance(only, Worst) and not more:
        return Tail(**data, L=only.L * (weight / only.count), k=np.zeros(only.L.shape[0]), count=only.count)
    raise InputError.of(
        f"'{objective.name}' can't be held at a level here: its curves make no single limit",
        "maximise it and hold another, or blend them",
    )
