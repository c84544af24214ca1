"""Objectives: one file a kind. They add up as they are; `aims` has the other ways to combine them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import numpy as np

from allocator import kinds
from allocator.errors import InputError, Unparsable
from allocator.scores import Linear, Quadratic, Score
from allocator.shapes import Clause
from allocator.sparse import Dense, Sparse, Vector
from allocator.units import Index, Quantity, Share

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.risk import Risk


class Scored(Protocol):
    """Anything that has a score in a case."""

    def score(self, case: Case) -> Score:
        """What is maximised, as data."""
        ...


class Bench(Protocol):
    """Solves what an aim must know before it is one concave score: ranges, levels, a ratio.

    Attributes:
        clauses: rules and terms.
    """

    clauses: tuple[Clause, ...]

    def within(self, clauses: Sequence[Clause]) -> Bench:
        """The same with further clauses."""
        ...

    def ranges(self, over: Sequence[Aim]) -> Sequence[Range] | None:
        """How far each of several aims can move; None where nothing satisfies the clauses."""
        ...

    def best(self, over: Sequence[Scored], weights: Sequence[float]) -> Vector | None:
        """An optimum of weighted scores; None where nothing satisfies the clauses."""
        ...


class Range(NamedTuple):
    """How far a score can move: the worst it takes where others are best, and how much better its best is."""

    low: float
    span: float


class Aim(ABC):
    """Anything that can be maximised: an objective, or several in one of the ways to combine them."""

    name: str
    unit: type[Quantity]
    apart: ClassVar[str] = ""
    "Why it can't be part of a sum or of another aim; empty where it can."
    rechecked: ClassVar[tuple[str, str]] = ("objective settled", "")
    "What the check of `doubt` is called, and what is told where there is none; empty where nothing need be."

    @property
    def notes(self) -> tuple[str, ...]:
        """What an outcome must say of it: that of all objectives in it."""
        parts = (*(part for _, part in self.terms()), *self.holds())
        return tuple(dict.fromkeys(note for part in parts for note in part.caveats))

    @property
    def unchecked(self) -> str:
        """What was settled and takes solving to recheck; empty for nothing."""
        return ""

    keeps: tuple[float, ...] = ()
    "What each of its scores keeps in the canonical choice; empty where their weighted sum is all that counts."

    @property
    def over(self) -> tuple[Aim, ...]:
        """What the program has a score for, each; `weights` weighs them."""
        return (self,)

    def weights(self) -> list[float]:
        """What the program's scores weigh."""
        return [1.0]

    def clauses(self, case: Case) -> tuple[Clause, ...]:
        """What must hold beside the rules, such as the level of an objective."""
        return ()

    def holds(self) -> tuple[Objective, ...]:
        """The objectives that must reach a given level."""
        return ()

    @property
    def earlier(self) -> tuple[Objective, ...]:
        """The objectives that came before what is maximised, and keep what they reached."""
        return ()

    def settled(self, case: Case, bench: Bench) -> Aim | None:
        """The same with all that solving must tell first; None where nothing satisfies the clauses.

        Raises:
            InputError: it means nothing in this case.
        """
        return self

    def doubt(self, case: Case, clauses: Sequence[Clause], v: Vector) -> str:
        """What the amounts at v tell against what was settled under the clauses; empty where nothing does."""
        return ""

    @abstractmethod
    def said(self) -> dict[str, Any]:
        """What it is, as plain data that `aims.read` understands."""

    @abstractmethod
    def score(self, case: Case) -> Score:
        """What is maximised, as data.

        Raises:
            InputError: the case lacks a column, or the sum is not concave.
        """

    @abstractmethod
    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """The objectives in it, each with its weight as it stands, unnormalised."""

    def __add__(self, other: Aim) -> Sum:
        return Sum(_summands(self) + _summands(other)) if isinstance(other, Aim) else NotImplemented

    def __radd__(self, other: int) -> Aim:
        return self if other == 0 else NotImplemented  # where the built-in sum begins

    def __sub__(self, other: Aim) -> Sum:
        return self + -1.0 * other

    def __mul__(self, factor: float) -> Sum:
        if not isinstance(factor, Real):
            return NotImplemented
        return Sum(tuple((factor * weight, objective) for weight, objective in _summands(self)))

    __rmul__ = __mul__

    def __neg__(self) -> Sum:
        return -1.0 * self


class Objective(Aim):
    """One kind of objective.

    Alone it is pursued in its own sense (`Variance()` is made small); in sums it counts with the sign that is written,
    so `ExpectedReturn() - 2 * Variance()` is what it says.
    """

    kind: ClassVar[str]
    smaller_is_better: ClassVar[bool] = False
    caveats: ClassVar[tuple[str, ...]] = ()
    "What an outcome must say wherever it has a part."

    @property
    def name(self) -> str:  # type: ignore[override]
        """The kind's name, with what it was made with where that matters to a reader."""
        return self.kind

    @abstractmethod
    def value(self, case: Case) -> Score:
        """The number itself, as a score; where smaller is better it is convex."""

    def measured(self, case: Case, v: Vector, cost: float = 0.0) -> float:
        """The number at v, after what soft rules cost, in parts of equity a year."""
        return self.value(case).net(v, cost)

    def settings(self) -> dict[str, Any]:
        """What it was made with, by the name of the argument; plain data."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def said(self) -> dict[str, Any]:
        """Its name, and what it was made with."""
        return {"form": "single", "name": self.name, "parts": [part_said(self, 1.0)]}

    def score(self, case: Case) -> Score:
        """What is maximised: the value, or its negative."""
        return self.value(case) * (-1.0 if self.smaller_is_better else 1.0)

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """Itself, once."""
        return ((1.0, self),)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.settings().items())})"


def from_text(text: str) -> Objective:
    """An objective as files and the command line write it: its kind, and behind colons what it is made with.

    `tail-loss:99%` is `TailLoss("99%")`; settings stand in the order of the kind's arguments.

    Raises:
        InputError: an unknown kind, more settings than it takes, or one that can't be read.
    """
    kind, *settings = text.split(":")
    made = kinds.find("objectives", kind)
    taken = [name for name, each in signature(made).parameters.items() if each.kind is each.POSITIONAL_OR_KEYWORD]
    if len(settings) > len(taken):
        takes = f"takes no more than {' and '.join(taken)}" if taken else "takes no settings"
        raise InputError.of(f"'{text}' says too much: '{kind}' {takes}", f"leave out ':{settings[len(taken)]}'")
    found: Objective = made(*settings)
    return found


def part_said(objective: Objective, weight: float) -> dict[str, Any]:
    """An objective in an aim, as plain data."""
    made = objective.settings()
    title = {} if objective.name == objective.kind else {"title": objective.name}
    return {"name": objective.kind, "weight": weight} | title | ({"settings": made} if made else {})


@dataclass(frozen=True)
class Sum(Aim):
    """A weighted sum of objectives as they are; it is maximised.

    Raises:
        InputError: a weight is not finite.
    """

    parts: tuple[tuple[float, Objective], ...]

    def __post_init__(self) -> None:
        for weight, part in self.parts:
            if not np.isfinite(weight):
                raise InputError.of(f"'{part.name}' with the weight {weight:g} means nothing", "give a finite weight")

    @property
    def name(self) -> str:  # type: ignore[override]
        """As it would be written."""
        text = " ".join(f"{'-' if weight < 0 else '+'} {abs(weight):g} {part.name}" for weight, part in self.parts)
        return text.removeprefix("+ ")

    unit = Index

    def said(self) -> dict[str, Any]:
        """The parts with their weights."""
        return {"form": "sum", "name": self.name, "parts": [part_said(part, weight) for weight, part in self.parts]}

    def score(self, case: Case) -> Score:
        """The weighted sum of the values."""
        total: Score | None = None
        for weight, part in self.parts:
            own = part.value(case) * weight
            if not own.concave:
                what = f"'{part.name}' with the weight {weight:g} is not concave, so it can't be maximised"
                raise InputError.of(what, "turn its sign round")
            total = own if total is None else total + own
        if total is None:
            raise InputError.of("a sum of no objectives", "add one")
        return total

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """The parts."""
        return self.parts


def _summands(aim: Aim) -> tuple[tuple[float, Objective], ...]:
    if aim.apart:
        alone = "pursue it alone, or maximise it with others held at levels"
        mend = (
            alone
            if isinstance(aim, Objective)
            else "add the objectives in it without it, or weigh all of them in one blend"
        )
        raise InputError.of(f"'{aim.name}' can't be added or multiplied: {aim.apart}", mend)
    return aim.terms()


def linear(gain: Any, constant: float = 0.0) -> tuple[float, Linear]:
    """A linear part with weight one."""
    return 1.0, Linear(np.asarray(gain, float), constant)


def risk_of(case: Case, who: Objective) -> Risk:
    """The case's risk.

    Raises:
        InputError: it has none.
    """
    if case.risk is None:
        mend = "give it one, as in 'risk: {correlation: correlation.csv}' in fund.yaml"
        raise InputError.of(f"objective '{who.kind}' needs a covariance, and the case has no risk", mend)
    return case.risk


def losses(case: Case, who: Objective) -> Sparse:
    """Each scenario's loss on v, over equity (scenarios x len(v)).

    Raises:
        InputError: the case has no scenarios.
    """
    if case.risk is None or case.risk.scenarios is None:
        what = f"objective '{who.kind}' needs return scenarios, and the case has none"
        raise InputError.of(what, "name a table under 'risk: {scenarios: ...}' in fund.yaml, or use Case.from_returns")
    return Dense(case.risk.scenarios, case.decision.size, -1.0)


def part_of_one(what: str, given: float | str, least: float = 0.0) -> float:
    """A setting that is a part of the whole, as text such as `95%` or as a number.

    Raises:
        InputError: it can't be read, or it is not between the least and 100%.
    """
    value = share_from(what, given, "write 95%, say")
    if not least <= value < 1:
        told = f"the {what} {Share.show(value)} is not from {Share(least)} to below 100%"
        raise InputError.of(told, "write 95%, say")
    return value


def share_from(what: str, given: object, mend: str) -> float:
    """A finite number that was given as one, or as text such as `4%`.

    Raises:
        InputError: it can't be read, or it is not finite.
    """
    try:
        value = float(Share.parse(given)) if isinstance(given, str) else float(given)  # type: ignore[arg-type]
    except (Unparsable, TypeError, ValueError):
        raise InputError.of(f"cannot read the {what} '{given}'", mend) from None
    if not np.isfinite(value):
        raise InputError.of(f"the {what} is not finite", mend)
    return value


def shares_from(what: str, given: object) -> dict[str, float]:
    """Lines to shares, each as a number or as text such as `30%`, that add up to one.

    Raises:
        InputError: one that can't be read or is negative, or they don't add up.
    """
    if not isinstance(given, Mapping):
        raise InputError.of(f"cannot read the {what} '{given}'", "give lines with their shares, as in {'power': '30%'}")
    found = {str(line): share_from(f"{what} of '{line}'", part, "write 30%, say") for line, part in given.items()}
    if any(part < 0 for part in found.values()) or abs(sum(found.values()) - 1) > 1e-6:
        raise InputError.of(f"the {what} must be zero or more and add up to 100%", "mend the shares")
    return found


def net_of_costs(case: Case, gain: Any) -> tuple[tuple[float, Linear | Quadratic], ...]:
    """Gains on capital, and what the reserve earns, net of compression, interest and the fee; in parts of equity."""
    from allocator.measures import MeasureName

    d = case.decision
    row = -case.measure(MeasureName("interest"), "the objective").row
    row[: d.n] += gain
    row[d.reserve] += float(case.fund.reserve_yield)
    row[d.deployed] -= float(case.fund.fee)
    lost = ((-1.0, Quadratic(case.loss())),) if len(d.bent) else ()
    return (linear(row), *lost)


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return kinds.by_class("objectives", name)
