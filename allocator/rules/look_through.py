"""What stands behind the lines: the part of the fund that depends on one counterparty."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from allocator.codes import Code
from allocator.errors import Collector, Unparsable, nearest
from allocator.measures import MeasureName
from allocator.rules import Rule, capped, limits_in_words
from allocator.scope import Scope
from allocator.units import Dated, Share

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause


class LookThrough(Rule):
    """Exposure to each counterparty, or to those of a scope (each on its own), over a measure."""

    kind: ClassVar = "look-through"
    each: str | None = None
    scope: Scope | None = None
    of: MeasureName
    at_most: Dated[Share]

    @model_validator(mode="after")
    def _fields_fit(self) -> LookThrough:
        if (self.each is None) == (self.scope is None):
            what, mend = "a look-through needs each: counterparty, or a scope", "give one of them"
            raise Unparsable(what, mend, field="scope", code=Code.CONFLICT)
        if self.each not in (None, "counterparty") or (self.scope and list(self.scope.columns) != ["counterparty"]):
            field = "scope" if self.each is None else "each"
            raise Unparsable("a look-through speaks of counterparties", "write each: counterparty", field=field)
        capped(self, self.of.name == "equity")
        return self

    @property
    def one_by_one(self) -> str:
        """Those of a scope are limited each on its own, too."""
        return "counterparty"

    def widens(self) -> str:
        """Each counterparty is limited on its own."""
        return "tighter"

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        names = self.scope.columns["counterparty"] if self.scope else ("any one counterparty",)
        apart = "each on its own and " if len(names) > 1 else ""
        whom = f"{' or '.join(names)}, {apart}added up over all lines,"
        return f"Capital that depends on {whom} is {limits_in_words(self, on, str(self.of))}."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        names = f"p = {' and '.join(self.scope.columns['counterparty'])}" if self.scope else "every counterparty p"
        return f"{self.compared('sum of all w_ip * x_i', on, self.of.formula())}, for {names}"

    def look_up(self, field: str, names: Names) -> None:
        """The scope is one of counterparties and not of lines."""
        if field != "scope":
            super().look_up(field, names)
        else:
            parties, mend = names.lines.counterparties, "name a table under 'exposures' in fund.yaml"
            self.need(parties is not None, "exposures, and the case has none", mend, "each")
            self._check_known(parties or ())

    def _check_known(self, parties: tuple[str, ...]) -> None:
        problems = Collector()
        for name in self.scope.columns["counterparty"] if self.scope else ():
            if name not in parties:
                place = getattr(name, "place", self.place("scope"))
                problems.add(f"no exposure to '{name}'", nearest(name, parties), place, Code.UNKNOWN_NAME)
        problems.finish()

    def check(self, names: Names, on: dt.date) -> None:
        """The whole, too, must leave the ratio convex."""
        super().check(names, on)
        self.check_ratio(self._words, names.measure(self.of, self.who), on)

    @property
    def _words(self) -> str:
        return f"exposure to one counterparty over {self.of}"

    def members(self, names: Names) -> tuple[str, ...]:
        """The counterparties of the scope, or all."""
        return tuple(map(str, self.scope.columns["counterparty"])) if self.scope else names.lines.counterparties or ()

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """A row for each counterparty."""
        parties = self.members(case.names)
        return self.ratios(self._words, case.exposures(parties), case.measure(self.of, self.who), on, parties)
