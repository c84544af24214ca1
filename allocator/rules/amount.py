"""So many dollars: of capital in a scope, or of any measure in money."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from allocator.codes import Code
from allocator.errors import InputError
from allocator.measures import MeasureName
from allocator.names import Nature
from allocator.rules import Rule, limits_in_words, upper_first
from allocator.scope import Scope
from allocator.units import Dated, Money

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause


class Amount(Rule):
    """A measure in dollars, over all lines or some."""

    kind: ClassVar = "amount"
    measure: MeasureName = MeasureName("deployed")
    scope: Scope | None = None
    at_least: Dated[Money] | None = None
    at_most: Dated[Money] | None = None

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        where = f" in {self.scope.phrase()}" if self.scope else ""
        aside = "," if "," in f"{self.measure}{where}" else ""
        return f"{upper_first(f'{self.measure}{where}')}{aside} is {limits_in_words(self, on)}."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        return self.compared(self.measure.formula(self.scope.phrase() if self.scope else ""), on)

    def check(self, names: Names, on: dt.date) -> None:
        """A column must be in dollars, and income that compresses has a floor alone."""
        super().check(names, on)
        unit = names.lines.units.get(self.measure.name, "") if self.measure.column else ""
        if unit not in ("", "%", "bp"):
            what = f"{self.who}: column '{self.measure.name}' is in {unit}, not in dollars"
            mend = "compare it with another column by a rule of kind ratio"
            raise InputError([self.problem("measure", what, mend, Code.NO_MEANING)])
        rows = self.scope.rows(names.lines) if self.scope else None
        measured = names.measure(self.measure, self.who, self.place("measure"), rows)
        self.check_ratio(self._words, Nature("one billion dollars"), on, measured.concave)

    @property
    def _words(self) -> str:
        return f"{self.measure}{f' in {self.scope}' if self.scope else ''}"

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """One row; the denominator is one $ bn."""
        lines = self.scope.lines(case.universe) if self.scope else None
        return self.ratios(self._words, case.measure(self.measure, self.who, lines=lines), case.billion, on)
