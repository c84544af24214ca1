"""Whether income covers what the debt asks: cash income net of compression over debt service, or over interest."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from allocator.errors import Unparsable
from allocator.measures import MeasureName
from allocator.rules import Rule, limits_in_words
from allocator.units import Dated, Multiple, Share

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause

INCOME = MeasureName("net-cash-income")


class Coverage(Rule):
    """All lines' cash income net of compression, less a haircut, over all debt service or interest.

    What the reserve earns is not counted.
    """

    kind: ClassVar = "coverage"
    rises: ClassVar = {**Rule.rises, "haircut": "tighter"}
    measure: Literal["debt-service", "interest"]
    haircut: Share = Share(0)
    at_least: Dated[Multiple]

    @model_validator(mode="after")
    def _fields_fit(self) -> Coverage:
        if not 0 <= float(self.haircut) < 1:
            raise Unparsable(f"{self.haircut} is not between 0% and 100%", "write 15%, say", field="haircut")
        if any(float(value) <= 0 for value in self.at_least.values.values()):
            raise Unparsable("the cover must be above zero", "write 1.20x, say", field="at-least")
        return self

    def untold(self) -> str:
        """What is owed."""
        return str(MeasureName(self.measure))

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        cut = f", cut by a haircut of {self.haircut}," if float(self.haircut) else ""
        owed = limits_in_words(self, on, str(MeasureName(self.measure)))
        return f"Cash income net of compression{cut} is {owed}. Where nothing is owed, the rule is kept."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        income = INCOME.formula()
        cut = f"(1 - {self.haircut}) * ({income})" if float(self.haircut) else income
        return self.compared(cut, on, MeasureName(self.measure).formula())

    def check(self, names: Names, on: dt.date) -> None:
        """The income, too, which no field names."""
        super().check(names, on)
        names.measure(INCOME, self.who)

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """One row, or a cone where yields compress."""
        from allocator.ratios import number, ratio
        from allocator.shapes import Number

        income, owed = case.measure(INCOME, self.who), case.measure(MeasureName(self.measure), self.who)
        (limit,) = self.limits(on)
        cut, floor = float(self.haircut), float(limit.value)
        numbers = (
            number(limit, scale=1 / (1 - cut)),
            Number("haircut", cut, Share, scale=floor, shift=1, sign=-1, power=-1),
        )
        return [ratio(self, f"income over {owed.words}", income, owed, limit, numbers=numbers)]
