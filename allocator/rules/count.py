"""How many lines or groups are held."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, model_validator

from allocator.codes import Code
from allocator.errors import InputError, Unparsable
from allocator.rules import Grouping, Groups, Rule, limits_in_words, plural
from allocator.scope import Scope
from allocator.units import Count as Whole
from allocator.units import Dated, Money, positive

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause


class Count(Rule):
    """At most, or at least, so many lines or groups of a scope are held, which makes the program mixed-integer.

    Any capital counts against a cap; towards a floor only what has `holding` or more.
    """

    kind: ClassVar = "count"
    may_be_soft: ClassVar = False
    hard_because: ClassVar = "a line is held or not, and nothing in between has a price"
    rises: ClassVar = {**Rule.rises, "holding": "tighter"}
    scope: Scope = Scope({})
    by: Groups = Grouping("line")
    holding: Annotated[Money, AfterValidator(positive)] | None = None
    at_least: Dated[Whole] | None = None
    at_most: Dated[Whole] | None = None

    @model_validator(mode="after")
    def _fields_fit(self) -> Count:
        if self.at_least is not None and self.holding is None:
            what = "at-least needs holding, what a line must have to count"
            raise Unparsable(what, "add one, such as holding: $1 bn", field="at-least", code=Code.MISSING)
        if self.at_least is None and self.holding is not None:
            what = "it goes with at-least; against at-most any capital counts"
            raise Unparsable(what, "leave it out, or add at-least", field="holding", code=Code.CONFLICT)
        for field, limit in (("at-least", self.at_least), ("at-most", self.at_most)):
            if limit is not None and any(float(value) < 1 for value in limit.values.values()):
                raise Unparsable(f"{limit} is less than one", "write 1 or more", field=field)
        return self

    def widens(self) -> str:
        """More lines fill a floor sooner, and a cap too."""
        if self.at_least is not None and self.at_most is not None:
            return "mixed"
        return "looser" if self.at_most is None else "tighter"

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        where = f"Of {self.scope.phrase()}, the" if self.scope else "The"
        floor = f" Towards the floor a {self.by} counts from {self.holding} on." if self.holding else ""
        return f"{where} number of {self._many} that have capital is {limits_in_words(self, on)}.{floor}"

    @property
    def _many(self) -> str:
        return plural(self.by)

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        part = "x_i" if self.by == "line" else "X_g"
        where = f" in {self.scope.phrase()}" if self.scope else ""
        said = []
        for limit in self.limits(on):
            held = f"{part} >= {self.holding}" if limit.at_least else f"{part} > 0"
            said.append(f"(count of {self._many} with {held}{where}) {'>=' if limit.at_least else '<='} {limit.value}")
        return " and ".join(said)

    def check(self, names: Names, on: dt.date) -> None:
        """There must be as many as the floor asks for."""
        super().check(names, on)
        units = self._units(names)
        for limit in self.limits(on):
            if limit.at_least and float(limit.value) > len(units):
                what = f"{self.who}: at-least is {limit.value}, and there are {len(units)} of {self.by}"
                raise InputError([self.problem("at_least", what, "lower it")])

    def _units(self, names: Names) -> dict[str, list[int]]:
        """The rows of the lines of each that is counted."""
        lines = names.lines
        named = lines.ids if self.by == "line" else lines.texts[self.by]
        found: dict[str, list[int]] = {}
        for row in self.scope.rows(lines):
            found.setdefault(named[row], []).append(row)
        return found

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """A clause for each limit, over the same units."""
        import numpy as np

        from allocator.choices import Held, room_of
        from allocator.ratios import number
        from allocator.sparse import Sparse

        units = self._units(case.names)
        row = [k for k, rows in enumerate(units.values()) for _ in rows]
        column = [each for rows in units.values() for each in rows]
        return [
            Held(
                rule=self.id,
                words=f"{self._many} that are held{f', of {self.scope}' if self.scope else ''}",
                units=tuple(units),
                G=Sparse.of((len(units), case.decision.size), row, column, 1.0),
                theta=np.array([float(limit.value)]),
                numbers=(number(limit),),
                unit=Whole,
                at_least=limit.at_least,
                dollar=1 / case.equity,
                holding=float(self.holding or 0.0) if limit.at_least else 0.0,
                **room_of(1, case.decision.size),
            )
            for limit in self.limits(on)
        ]
