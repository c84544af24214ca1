"""One measure over another: `{numerator: {column: firm-mw-supplied}, denominator: {column: firm-mw-needed}}`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from allocator.codes import Code
from allocator.errors import InputError
from allocator.measures import MeasureName
from allocator.rules import Rule, limits_in_words, upper_first
from allocator.scope import Scope
from allocator.units import Dated, Times

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause


class Ratio(Rule):
    """A measure over another one."""

    kind: ClassVar = "ratio"
    numerator: MeasureName
    denominator: MeasureName
    scope: Scope | None = None
    at_least: Dated[Times] | None = None
    at_most: Dated[Times] | None = None

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        where = f"in {self.scope.phrase()}, " if self.scope else ""
        what = f"{where}{self.numerator} is {limits_in_words(self, on, str(self.denominator))}."
        return f"{upper_first(what)} Where both are zero, the rule is kept."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        where = self.scope.phrase() if self.scope else ""
        return self.compared(self.numerator.formula(where), on, self.denominator.formula(where))

    def check(self, names: Names, on: dt.date) -> None:
        """Both measures must be told by line where there is a scope, and fit together; a soft one is in dollars."""
        super().check(names, on)
        apart = self.numerator.column or self.denominator.column or self.denominator.name == "net-cash-income"
        if self.severity == "soft" and apart:
            what = f"{self.who}: its shortfall is not in dollars, so it can't be soft"
            raise InputError([self.problem("severity", what, "make it hard", Code.NO_MEANING)])
        rows = self.scope.rows(names.lines) if self.scope else None
        top = names.measure(self.numerator, self.who, self.place("numerator"), rows)
        bottom = names.measure(self.denominator, self.who, self.place("denominator"), rows)
        self.check_ratio(self._words, bottom, on, top.concave)

    @property
    def _words(self) -> str:
        return f"{self.numerator} over {self.denominator}"

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """One row, or a cone where income is net of compression."""
        lines = self.scope.lines(case.universe) if self.scope else None
        top, bottom = (case.measure(each, self.who, lines=lines) for each in (self.numerator, self.denominator))
        return self.ratios(self._words, top, bottom, on)
