"""So many dollars: of capital in a scope, or of any measure in money."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from allocator.codes import Code
from allocator.errors import InputError
from allocator.measures import Measure, MeasureName
from allocator.rules import Rule, limits_in_words, upper_first
from allocator.scope import Scope
from allocator.shapes import Clause
from allocator.sparse import Sparse
from allocator.units import Dated, Money

if TYPE_CHECKING:
    from allocator.case import Case


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

    def clauses(self, case: Case, on: dt.date) -> list[Clause]:
        """One row; the denominator is one $ bn."""
        who = f"rule '{self.id}'"
        unit = case.universe.units.get(self.measure.name, "") if self.measure.column else ""
        if unit not in ("", "%", "bp"):
            what = f"{who}: column '{self.measure.name}' is in {unit}, not in dollars"
            mend = "compare it with another column by a rule of kind ratio"
            raise InputError([self.problem("measure", what, mend, Code.NO_MEANING)])
        lines = self.scope.lines(case.universe, self.place("scope")) if self.scope else None
        measure = case.measure(self.measure, who, self.place("measure"), lines)
        billion = Measure("one billion dollars", np.zeros(case.decision.size), 1 / case.equity)
        where = f" in {self.scope}" if self.scope else ""
        constants = np.array([measure.constant])
        return self.ratios(
            f"{self.measure}{where}",
            Sparse.dense(measure.row[None]),
            billion,
            on,
            constants=constants,
            loss=measure.loss,
        )
