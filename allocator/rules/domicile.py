"""Where the fund invests: by the seat of the companies, the site of the assets, or the content of the work."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from allocator.errors import Unparsable
from allocator.measures import MeasureName
from allocator.rules import Rule, capped, limits_in_words
from allocator.scope import Scope
from allocator.units import Dated, Share

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause

COLUMNS = {"seat": "domicile", "assets": "site"}
NAMES = {
    "US": "the United States",
    "JP": "Japan",
    "CA": "Canada",
    "KR": "South Korea",
    "AU": "Australia",
    "GB": "the United Kingdom",
}
"Countries in a sentence; any other stands as the universe writes it."


class Domicile(Rule):
    """The part of the fund in one country."""

    kind: ClassVar = "domicile"
    country: str
    basis: Literal["seat", "assets", "content"]
    of: MeasureName
    at_least: Dated[Share] | None = None
    at_most: Dated[Share] | None = None

    @model_validator(mode="after")
    def _fields_fit(self) -> Domicile:
        if self.basis == "content" and self.country != "US":
            what = f"content is known for the US only, not for '{self.country}'"
            raise Unparsable(what, "use basis: seat or assets", field="country")
        capped(self, self.of.name == "equity")
        return self

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        where = NAMES.get(self.country, self.country)
        what = {
            "seat": f"Capital in companies seated in {where}",
            "assets": f"Capital in assets that stand in {where}",
            "content": f"Content made in {where} (each line's capital times the part of it that is made there)",
        }[self.basis]
        return f"{what} is {limits_in_words(self, on, str(self.of))}."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        if self.basis == "content":
            return self.compared("sum of all u_i * x_i", on, self.of.formula())
        return self.compared(MeasureName("deployed").formula(self._scope.phrase()), on, self.of.formula())

    def look_up(self, field: str, names: Names) -> None:
        """The country, too, which is a scope or stands for a column."""
        if field == "country" and self.basis == "content":
            names.lines.column("us-share", self.who, self.place("basis"))
        elif field == "country":
            self._scope.rows(names.lines, self.place("country"))
        super().look_up(field, names)

    def check(self, names: Names, on: dt.date) -> None:
        """The whole, too, must leave the ratio convex."""
        super().check(names, on)
        self.check_ratio(self._words, names.measure(self.of, self.who), on)

    @property
    def _scope(self) -> Scope:
        """The lines that are in the country."""
        return Scope({COLUMNS[self.basis]: (self.country,)})

    @property
    def _words(self) -> str:
        return f"{self.country} by {self.basis} over {self.of}"

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """One row."""
        if self.basis == "content":
            part = case.measure(MeasureName("us-share", column=True), self.who)
        else:
            part = case.measure(MeasureName("deployed"), self.who, lines=self._scope.lines(case.universe))
        return self.ratios(self._words, part, case.measure(self.of, self.who), on)
