"""How much is borrowed: debt or capital over equity, or one tranche's part of the debt."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from allocator.codes import Code
from allocator.errors import InputError, Unparsable, nearest
from allocator.measures import MeasureName
from allocator.rules import Rule, limits_in_words
from allocator.units import Dated, Times

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause


class Leverage(Rule):
    """Debt to equity, capital deployed to equity, or a tranche's share of all debt."""

    kind: ClassVar = "leverage"
    measure: Literal["debt-to-equity", "deployed-to-equity", "tranche"]
    tranche: str | None = None
    at_least: Dated[Times] | None = None
    at_most: Dated[Times] | None = None

    @model_validator(mode="after")
    def _fields_fit(self) -> Leverage:
        if (self.measure == "tranche") != (self.tranche is not None):
            what, mend = "it goes with measure: tranche", "give both, or none"
            raise Unparsable(what, mend, field="tranche", code=Code.CONFLICT)
        return self

    def untold(self) -> str:
        """The debt."""
        return "" if self.measure == "deployed-to-equity" else "debt"

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        if self.measure == "tranche":
            part = f"Debt of the tranche {self.tranche} is {limits_in_words(self, on, 'all debt')}."
            return f"{part} Where there is no debt, the rule is kept."
        what = "Debt" if self.measure == "debt-to-equity" else "The capital deployed"
        return f"{what} is {limits_in_words(self, on, 'equity')}."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        if self.measure == "tranche":
            return self.compared(f"sum of all f_it of tranche {self.tranche}", on, MeasureName("debt").formula())
        return self.compared(MeasureName(self.measure.removesuffix("-to-equity")).formula(), on, "E")

    def look_up(self, field: str, names: Names) -> None:
        """The tranche, too."""
        known = [tranche.id for tranche in names.stack]
        if field == "tranche" and self.tranche is not None and self.tranche not in known:
            what, mend = f"{self.who}: no tranche '{self.tranche}'", nearest(self.tranche, known)
            raise InputError([self.problem("tranche", what, mend, Code.UNKNOWN_NAME)])
        super().look_up(field, names)

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """One row."""
        if self.tranche is not None:
            whole = case.measure(MeasureName("debt"), self.who)
            return self.ratios(f"debt of {self.tranche} over all debt", case.drawn(self.tranche), whole, on)
        top = case.measure(MeasureName(self.measure.removesuffix("-to-equity")), self.who)
        whole = case.measure(MeasureName("equity"), self.who)
        return self.ratios(f"{top.words} over equity", top, whole, on)
