"""A part of the fund in some lines: `{scope: {sector: grid}, at-most: 30%}`, or each line or group on its own."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from allocator.codes import Code
from allocator.errors import Unparsable
from allocator.measures import MeasureName
from allocator.rules import Groups, Rule, capped, limits_in_words
from allocator.scope import Scope
from allocator.units import Dated
from allocator.units import Share as Part

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause


class Share(Rule):
    """Capital in a scope, or in each line or group, over a measure."""

    kind: ClassVar = "share"
    scope: Scope | None = None
    each: Groups | None = None
    of: MeasureName
    at_least: Dated[Part] | None = None
    at_most: Dated[Part] | None = None

    @model_validator(mode="after")
    def _fields_fit(self) -> Share:
        if (self.scope is None) == (self.each is None):
            raise Unparsable("a share needs a scope, or each", "give one of them", code=Code.CONFLICT)
        capped(self, self.of.name == "equity")
        return self

    def widens(self) -> str:
        """More lines fill a floor sooner, and a cap too."""
        if self.at_least is not None and self.at_most is not None:
            return "mixed"
        return "looser" if self.at_most is None else "tighter"

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        where = self.scope.phrase() if self.scope is not None else f"each {self.each}"
        return f"Capital in {where} is {limits_in_words(self, on, str(self.of))}."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        if self.scope is not None:
            part = MeasureName("deployed").formula(self.scope.phrase())
            return self.compared(part, on, self.of.formula())
        part = "x_i" if self.each == "line" else "X_g"
        return f"{self.compared(part, on, self.of.formula())}, for every {self.each}"

    def check(self, names: Names, on: dt.date) -> None:
        """The whole, too, must leave the ratio convex."""
        super().check(names, on)
        self.check_ratio(self._words, names.measure(self.of, self.who), on)

    @property
    def _words(self) -> str:
        return f"capital in {self.scope if self.scope is not None else f'each {self.each}'} over {self.of}"

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """A row for the scope, or for each line or group."""
        whole = case.measure(self.of, self.who)
        if self.scope is not None:
            part = case.measure(MeasureName("deployed"), self.who, lines=self.scope.lines(case.universe))
            return self.ratios(self._words, part, whole, on)
        names, rows = case.groups(self.one_by_one, self.who)
        return self.ratios(self._words, rows, whole, on, names)
