"""Rules: one file a kind, which holds its fields, its sentence in plain language, and its clauses."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, model_validator

from allocator import kinds
from allocator.codes import Code
from allocator.errors import Collector, InputError, Place, Unparsable
from allocator.expectations import Expectation
from allocator.measures import MeasureName
from allocator.model import Id, Model, kebab
from allocator.phrases import Phrase
from allocator.scope import Scope
from allocator.units import AnyLimit, Dated, Multiple, Quantity, Rate, parse_date, positive
from allocator.units import Share as Part

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.measures import Measure
    from allocator.names import Names, Nature
    from allocator.shapes import Clause
    from allocator.sparse import Sparse


class Grouping(str):
    """The word `line`, or a text column of the universe whose names are groups of lines."""

    __slots__ = ()


Groups = Annotated[str, AfterValidator(Grouping)]
"A field that says by what lines are grouped."


def capped(rule: Rule, of_equity: bool) -> None:
    """Refuse a limit over 100%, which can never bind, unless it is of equity.

    Raises:
        Unparsable: one is over 100%, or negative.
    """
    for name in ("at_least", "at_most"):
        dated: Dated[Part] | None = getattr(rule, name, None)
        for value in dated.values.values() if dated else ():
            if float(value) < 0 or (float(value) > 1 and not of_equity):
                mend = "mend the share" if float(value) < 0 else "mend the share, or take it of equity"
                raise Unparsable(f"{value} is not between 0% and 100%", mend, field=kebab(name))


@dataclass(frozen=True)
class Limit:
    """A limit in force."""

    field: str
    value: Quantity
    at_least: bool

    @property
    def side(self) -> str:
        """`at least` or `at most`."""
        return "at least" if self.at_least else "at most"


class Deprecated(Model):
    """That a rule is on its way out: it binds until it is taken from the file."""

    since: Annotated[dt.date, BeforeValidator(parse_date)]
    instead: str = ""
    why: Phrase


class Rule(Model, ABC):
    """What every kind of rule has.

    `authority` and `why` are required in files, where the authority must be one of the file's sources. `relax: never`
    keeps a rule, such as a treaty's, out of every proposal to loosen one. `inherited: no-worse` lets present holdings
    stand where they are beyond a limit, no further than they are, nor than the `glide` path leads.
    """

    kind: ClassVar[str]
    may_be_soft: ClassVar[bool] = True
    hard_because: ClassVar[str] = "its excess is not in dollars"
    "Why a kind that may not be soft may not."
    rises: ClassVar[Mapping[str, str]] = {"at_least": "tighter", "at_most": "looser", "penalty": "tighter"}
    "What a higher number makes of a rule of this kind, by field."
    LIMITS: ClassVar = ("at_least", "at_most")
    WORDS: ClassVar = ("title", "why", "authority", "owner", "deprecated", "notes", "tests")
    "Fields that say something of the rule and limit nothing."

    id: Id
    title: Phrase
    authority: str = ""
    why: Phrase = Phrase({"en": ""})
    owner: str = ""
    severity: Literal["hard", "soft"] = "hard"
    penalty: Annotated[Rate, AfterValidator(positive)] | None = None
    relax: Literal["may", "never"] = "may"
    inherited: Literal["no-worse"] | None = None
    glide: Dated[AnyLimit] | None = None
    deprecated: Deprecated | None = None
    notes: tuple[str, ...] = ()
    tests: tuple[Expectation, ...] = ()

    @model_validator(mode="after")
    def _severity_fits(self) -> Rule:
        if self.severity == "soft" and not self.may_be_soft:
            what, mend = f"a rule of kind '{self.kind}' can't be soft", f"make it hard, as {self.hard_because}"
            raise Unparsable(what, mend, field="severity")
        if self.severity == "soft" and self.penalty is None:
            raise Unparsable("a soft rule needs a penalty", "add one, such as penalty: 300 bp", field="severity")
        if self.severity == "hard" and self.penalty is not None:
            raise Unparsable("a hard rule takes no penalty", "remove it, or write severity: soft", field="penalty")
        return self

    @model_validator(mode="after")
    def _limits_fit(self) -> Rule:
        floor, cap = getattr(self, "at_least", None), getattr(self, "at_most", None)
        if {"at_least", "at_most"} & set(type(self).model_fields) and floor is None and cap is None:
            raise Unparsable("no limit", "state at-least or at-most", code=Code.MISSING)
        if floor is not None and cap is not None:
            for date in sorted({*floor.values, *cap.values}):
                low, high = floor.on(date), cap.on(date)
                if low is not None and high is not None and float(low) > float(high):
                    what = f"{low} is above at-most {high}"
                    raise Unparsable(what, "lower the floor or raise the cap", field="at-least", code=Code.CONFLICT)
        return self

    @model_validator(mode="after")
    def _inherited_fits(self) -> Rule:
        limits = [dated for name in self.LIMITS if (dated := getattr(self, name, None)) is not None]
        if self.inherited is not None and not limits:
            what, mend = f"a rule of kind '{self.kind}' has no limit", "use one of kind amount, with at-most: $0 bn"
            raise Unparsable(what, mend, field="inherited", code=Code.NO_MEANING)
        if self.inherited is not None and (untold := self.untold()):
            what = f"holdings alone don't tell {untold}"
            raise Unparsable(what, "leave it out", field="inherited", code=Code.NO_MEANING)
        if self.glide is not None:
            self._check_glide(self.glide, limits)
        return self

    def _check_glide(self, glide: Dated[Any], limits: Sequence[Dated[Any]]) -> None:
        """Refuse a path that belongs to nothing, is in another unit, or leads away from the limit.

        Raises:
            Unparsable: it is one.
        """
        if self.inherited is None:
            what, mend = "a glide path is of what is inherited", "add inherited: no-worse, or leave it out"
            raise Unparsable(what, mend, field="glide", code=Code.CONFLICT)
        if len(limits) > 1:
            what, mend = "a glide path leads to one limit, and there are two", "make two rules of it"
            raise Unparsable(what, mend, field="glide", code=Code.CONFLICT)
        units = {type(value) for value in limits[0].values.values()}
        for value in glide.values.values():
            if type(value) not in units:
                mend = f"write {' or '.join(sorted(unit.expects for unit in units))}"
                raise Unparsable(f"{value} is not in the unit of the limit", mend, field="glide")
        way = 1 if getattr(self, "at_most", None) is not None else -1
        for (_, before), (start, after) in pairwise(glide.values.items()):
            if way * (float(after) - float(before)) > 0:
                what = f"{after} from {start} is looser than {before} before"
                raise Unparsable(what, "write a path that leads to the limit", field="glide", code=Code.CONFLICT)

    def untold(self) -> str:
        """What holdings alone don't tell of it, so that it can't be inherited; empty where they tell all."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return next((str(value) for value in values if isinstance(value, MeasureName) and not value.of_capital), "")

    @model_validator(mode="after")
    def _tests_apart(self) -> Rule:
        names = [test.name for test in self.tests]
        for number, name in enumerate(names):
            if name in names[:number]:
                mend = "give each test a name of its own"
                raise Unparsable(f"the test '{name}' stands twice", mend, field="tests", code=Code.TWICE)
        return self

    def limits(self, on: dt.date) -> list[Limit]:
        """The limits in force on a date.

        Raises:
            InputError: one of them has no value yet.
        """
        found = []
        for name in self.LIMITS:
            dated: Dated[Any] | None = getattr(self, name, None)
            if dated is None:
                continue
            value = dated.on(on)
            if value is None:
                first = f"its first is from {min(dated.values)}"
                what = f"rule '{self.id}' {kebab(name)}: no value is in force on {on}, as {first}"
                mend = "add an earlier one, or ask for a later date"
                raise InputError([self.problem(name, what, mend, Code.NOT_IN_FORCE)])
            found.append(Limit(name, value, name == "at_least"))
        return found

    def changed(self, who: str, fields: Mapping[str, Any], place: Place | None = None) -> Self:
        """The rule with other values in some fields, as files write them; None takes one away.

        Args:
            who: whose change it is, for messages.
            fields: names to values.
            place: where they stand.

        Raises:
            InputError: a field is unknown, or a value cannot be read.
        """
        own = {kebab(name): getattr(self, name) for name in self.model_fields_set}
        try:
            made = type(self).read({**own, **{kebab(name): value for name, value in fields.items()}}, who)
        except InputError as error:
            raise InputError(replace(problem, place=problem.place or place) for problem in error.problems) from None
        # The changed rule still stands where the old one did, but for what was changed elsewhere.
        moved = {kebab(name): place for name in fields} if place else {}
        made._places, made._own_place = {**self._places, **moved}, self._own_place
        return made

    def subject(self) -> tuple[Any, ...]:
        """What the rule limits, apart from the limits: two rules with the same subject must leave room."""
        apart = {*Rule.model_fields, "at_least", "at_most"}
        names = sorted(set(type(self).model_fields) - apart)
        return (self.kind, *(repr(getattr(self, name)) for name in names))

    @property
    def who(self) -> str:
        """The rule, in messages."""
        return f"rule '{self.id}'"

    @property
    def one_by_one(self) -> str:
        """The column whose names it limits each on its own; empty where it limits all that it speaks of together."""
        return getattr(self, "each", None) or ""

    def widens(self) -> str:
        """What a wider scope makes of it: `tighter`, `looser`, or `mixed` where that can't be told from the text."""
        return "mixed"

    def sentence(self, on: dt.date) -> str:
        """The rule in plain language, as on a date; a soft one says what missing it costs."""
        said = self.plain(on).replace("\n", " ")
        if self.inherited is not None:
            said += (
                f" Where the present holdings are beyond the limit, they may stay so but get no worse{self._path(on)}."
            )
        if self.severity == "hard":
            return said
        sides = " or ".join("short" if limit.at_least else "over" for limit in self.limits(on))
        return f"{said} It may be missed, at a cost of {self.yearly_penalty} on each dollar {sides}."

    def _path(self, on: dt.date) -> str:
        """The glide path from a date on, in words."""
        if self.glide is None:
            return ""
        side = "at most" if getattr(self, "at_most", None) is not None else "at least"
        steps = [step for step in self.glide.values.items() if step[0] == self.glide.since(on) or step[0] > on]
        told = [f"{'' if start == dt.date.min else f'from {start} '}{side} {value}" for start, value in steps]
        return f"; {', '.join(told)}"

    @property
    def yearly_penalty(self) -> str:
        """What a soft rule costs where it is missed: `3% a year (300 bp)`."""
        assert self.penalty is not None
        return f"{Part(self.penalty.amount)} a year ({self.penalty})"

    @abstractmethod
    def plain(self, on: dt.date) -> str:
        """What the rule asks, in plain language, as on a date."""

    @abstractmethod
    def formula(self, on: dt.date) -> str:
        """What the rule asks, in ordinary mathematical notation, as on a date."""

    def compared(self, left: str, on: dt.date, right: str = "") -> str:
        """The limits in force, in notation: `left <= 35% * (right)`; a soft one leaves a shortfall or an excess."""
        whole = f" * ({right})" if " " in right else f" * {right}" if right else ""
        soft = self.severity == "soft"
        found = []
        for limit in self.limits(on):
            sign, missed = (">=", " + shortfall") if limit.at_least else ("<=", " - excess")
            side = f"({left}){missed}" if soft else left
            found.append(f"{side} {sign} {self._stands(limit, on)}{whole}")
        return " and ".join(found)

    def _stands(self, limit: Limit, on: dt.date) -> str:
        """A limit in notation, with what stands in its place for holdings that are beyond it: `max(12%, held)`."""
        own = str(limit.value).removesuffix("x")
        if self.inherited is None:
            return own
        tighter, looser = ("max", "min") if limit.at_least else ("min", "max")
        path = None if self.glide is None else self.glide.on(on)
        held = "held" if path is None else f"{tighter}(held, {str(path).removesuffix('x')})"
        return f"{looser}({own}, {held})"

    def check(self, names: Names, on: dt.date) -> None:
        """Look up all that the rule names, and refuse what is not convex, without arrays.

        Scopes, measures and groups are looked up for every kind; a kind adds what is its own.

        Raises:
            InputError: it names a line, a group or a column that the case lacks, it is not convex, or a limit has no
                value yet.
        """
        problems = Collector()
        for field in type(self).model_fields:
            if field not in Rule.model_fields:
                with problems.part():
                    self.look_up(field, names)
        with problems.part():
            self.limits(on)
        problems.finish()

    def look_up(self, field: str, names: Names) -> None:
        """Look up what a field names, where it is of a type that names something.

        Raises:
            InputError: the case lacks it.
        """
        value = getattr(self, field)
        if isinstance(value, Scope):
            value.rows(names.lines, self.place(field))
        elif isinstance(value, MeasureName):
            names.measure(value, self.who, self.place(field))
        elif isinstance(value, Grouping):
            names.lines.groups(value, self.who, self.place(field))

    def check_ratio(self, words: str, whole: Nature, on: dt.date, concave: bool = False) -> None:
        """Refuse a ratio that is not convex, or that means nothing.

        Args:
            words: what the ratio is.
            whole: the denominator.
            on: the date.
            concave: whether the numerator is.

        Raises:
            InputError: it is.
        """
        bent = "is not convex: compression makes income concave"
        for limit in self.limits(on):
            if whole.negative:
                why = f"{whole.words} can be negative, so a ratio to it means nothing"
                self._refuse(limit, why, "use another denominator")
            if concave and not limit.at_least:
                self._refuse(limit, f"{words} at most so much {bent}")
            if not whole.concave:
                continue
            if limit.at_least:
                self._refuse(limit, f"{words} at least so much {bent}")
            if float(limit.value) <= 0:
                self._refuse(limit, f"{limit.value} of {whole.words} leaves nothing", "write a limit above zero")
            if self.severity == "soft":
                why = f"its shortfall against {whole.words} is not in dollars of capital"
                self._refuse(limit, why, "make it hard, or use another denominator")

    def check_whole(self, what: str, whole: Nature) -> None:
        """Refuse a whole that can be negative, or that is no sum of amounts, for what is curved itself.

        Raises:
            InputError: it is one.
        """
        if whole.negative or whole.concave:
            told, mend = f"{self.who}: {what} over {whole.words} means nothing", "use deployed, total-assets or equity"
            raise InputError([self.problem("of", told, mend, Code.NO_MEANING)])

    def need(self, there: bool, what: str, mend: str, field: str | None = None) -> None:
        """Refuse a case that does not tell what the rule needs.

        Raises:
            InputError: it is not there.
        """
        if not there:
            raise InputError([self.problem(field, f"{self.who} needs {what}", mend, Code.MISSING)])

    def _refuse(self, limit: Limit, why: str, mend: str = "turn the limit round, or use another measure") -> None:
        raise InputError([self.problem(limit.field, f"{self.who}: {why}", mend, Code.NO_MEANING)])

    def members(self, names: Names) -> tuple[str, ...]:
        """Those that it limits each on its own; one without a name where it limits all together."""
        return names.lines.groups(self.one_by_one, self.who) if self.one_by_one else ("",)

    def clauses(self, case: Case, on: dt.date) -> list[Clause]:
        """The rule as mathematics, as on a date.

        Raises:
            InputError: as for `check`.
        """
        self.check(case.names, on)
        return self.build(case, on)

    @abstractmethod
    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """The clauses of a rule that was checked.

        Only here are arrays made. So numpy and the shapes are imported within, and a policy is checked without them.
        """

    def ratios(
        self, words: str, part: Measure | Sparse, whole: Measure, on: dt.date, labels: Sequence[str] = ("",)
    ) -> list[Clause]:
        """The clauses of `part / whole` within the rule's limits, a member a row.

        Args:
            words: what the ratio is.
            part: the numerator, or one a member, linear.
            whole: the denominator, the same for all.
            on: the date.
            labels: the members' names.
        """
        from allocator.ratios import ratio

        return [ratio(self, words, part, whole, limit, labels) for limit in self.limits(on)]


def limits_in_words(rule: Rule, on: dt.date, of: str = "") -> str:
    """The limits on a date, with the later ones: `at least 85% of equity (from 2028-01-01 at least 90%)`."""
    limits = rule.limits(on)
    later = [
        (start, f"from {start} {limit.side} {value}")
        for limit in limits
        for start, value in getattr(rule, limit.field).values.items()
        if start > on
    ]
    now = " and ".join(f"{limit.side} {limit.value}" for limit in limits)
    whole = f" {'' if isinstance(limits[-1].value, Multiple) else 'of '}{of}" if of else ""
    then = f" ({', '.join(told for _, told in sorted(later))})" if later else ""
    return f"{now}{whole}{then}"


def plural(noun: str) -> str:
    """The word for several, as in `counterparties`."""
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def upper_first(text: str) -> str:
    """The text with which a sentence begins."""
    return text[:1].upper() + text[1:]


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return kinds.by_class("rules", name)
