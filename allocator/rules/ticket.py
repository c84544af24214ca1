"""Nothing or at least a minimum: a line too small to be worth its work is not held at all."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from allocator.codes import Code
from allocator.errors import InputError, Unparsable
from allocator.lines import KNOWN, MONEY
from allocator.rules import Rule, limits_in_words
from allocator.scope import Scope
from allocator.units import Dated, Money

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause


class Ticket(Rule):
    """Each line of a scope has nothing, or at least its minimum, which makes the program mixed-integer."""

    kind: ClassVar = "ticket"
    may_be_soft: ClassVar = False
    hard_because: ClassVar = "a line is held or not, and nothing in between has a price"
    scope: Scope = Scope({})
    column: str | None = None
    at_least: Dated[Money] | None = None

    @model_validator(mode="after")
    def _limits_fit(self) -> Ticket:
        if (self.at_least is None) == (self.column is None):
            what = "a ticket needs at-least, or a column with each line's minimum"
            raise Unparsable(what, "give one of them", code=Code.CONFLICT)
        if self.at_least is not None and any(float(value) <= 0 for value in self.at_least.values.values()):
            raise Unparsable("the minimum must be above zero", "write $1 bn, say", field="at-least")
        return self

    @property
    def one_by_one(self) -> str:
        """Each line on its own."""
        return "line"

    def widens(self) -> str:
        """More lines have a minimum."""
        return "tighter"

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        whom = f"Of {self.scope.phrase()}, each line" if self.scope else "Each line"
        least = "at least its own minimum" if self.column else limits_in_words(self, on)
        return f"{whom} has either nothing or {least}."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        least = f"{self.column}_i" if self.column else str(self.limits(on)[0].value)
        where = f" in {self.scope.phrase()}" if self.scope else ""
        return f"x_i = 0 or x_i >= {least}, for every line{where}"

    def check(self, names: Names, on: dt.date) -> None:
        """A column must be in dollars, and never negative."""
        super().check(names, on)
        if self.column is None:
            return
        place = self.place("column")
        values = names.lines.column(self.column, self.who, place)
        if KNOWN.get(self.column) != MONEY and names.lines.units.get(self.column) != "$ bn":
            what = f"{self.who}: column '{self.column}' is not in dollars"
            mend = f"name one that is, such as minimum-ticket, or write its unit: {self.column} [$ bn]"
            raise InputError.of(what, mend, place, Code.NO_MEANING)
        if min(values) < 0:
            line = names.lines.ids[values.index(min(values))]
            what = f"{self.who}: column '{self.column}' is negative for '{line}'"
            raise InputError.of(what, "write zero where a line has no minimum", place, Code.NO_MEANING)
        if not any(values[row] for row in self.scope.rows(names.lines)):
            what = f"{self.who}: by column '{self.column}' no line has a minimum"
            raise InputError.of(what, "write one, or leave the rule out", place, Code.NO_MEANING)

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """A member a line; those without a minimum are left out."""
        import numpy as np

        from allocator.choices import Ticket as Choice
        from allocator.choices import room_of
        from allocator.ratios import number
        from allocator.sparse import Sparse

        d, limits = case.decision, self.limits(on)
        least = case.universe.numbers[self.column] if self.column else np.full(d.n, float(limits[0].value))
        lines = np.flatnonzero(self.scope.lines(case.universe) & (least > 0))
        m, names = len(lines), tuple(d.lines[i] for i in lines)
        return [
            Choice(
                rule=self.id,
                words=f"capital in each line that is held{f', of {self.scope}' if self.scope else ''}",
                labels=names,
                units=names,
                G=Sparse.of((m, d.size), np.arange(m), lines, 1.0),
                theta=least[lines],
                numbers=tuple(map(number, limits)),
                unit=Money,
                at_least=True,
                dollar=1 / case.equity,
                **room_of(m, d.size),
            )
        ]
