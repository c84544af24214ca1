"""One measure over another: `{numerator: {column: firm-mw-supplied}, denominator: {column: firm-mw-needed}}`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from allocator.codes import Code
from allocator.errors import InputError
from allocator.measures import MeasureName
from allocator.rules import Rule, limits_in_words, upper_first
from allocator.scope import Scope
from allocator.shapes import Clause
from allocator.sparse import Sparse
from allocator.units import Dated, Times

if TYPE_CHECKING:
    from allocator.case import Case


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

    def clauses(self, case: Case, on: dt.date) -> list[Clause]:
        """One row, or a cone where income is net of compression."""
        who = f"rule '{self.id}'"
        apart = self.numerator.column or self.denominator.column or self.denominator.name == "net-cash-income"
        if self.severity == "soft" and apart:
            what = f"{who}: its shortfall is not in dollars, so it can't be soft"
            raise InputError([self.problem("severity", what, "make it hard", Code.NO_MEANING)])
        lines = self.scope.lines(case.universe, self.place("scope")) if self.scope else None
        top = case.measure(self.numerator, who, self.place("numerator"), lines)
        bottom = case.measure(self.denominator, who, self.place("denominator"), lines)
        return self.ratios(
            f"{self.numerator} over {self.denominator}",
            Sparse.dense(top.row[None]),
            bottom,
            on,
            constants=np.array([top.constant]),
            loss=top.loss,
        )
