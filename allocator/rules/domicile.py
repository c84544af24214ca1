"""Where the fund invests: by the seat of the companies, the site of the assets, or the content of the work."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from allocator.errors import Unparsable
from allocator.measures import MeasureName
from allocator.rules import Rule, capped, limits_in_words
from allocator.scope import Scope
from allocator.shapes import Clause
from allocator.sparse import Sparse
from allocator.units import Dated, Share

if TYPE_CHECKING:
    from allocator.case import Case

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
        where = Scope({COLUMNS[self.basis]: (self.country,)}).phrase()
        return self.compared(MeasureName("deployed").formula(where), on, self.of.formula())

    def clauses(self, case: Case, on: dt.date) -> list[Clause]:
        """One row."""
        who, d = f"rule '{self.id}'", case.decision
        row = np.zeros((1, d.size))
        if self.basis == "content":
            row[0, : d.n] = case.universe.number("us-share", who, self.place("basis"))
        else:
            scope = Scope({COLUMNS[self.basis]: (self.country,)})
            row[0, : d.n] = scope.lines(case.universe, self.place("country"))
        whole = case.measure(self.of, who, self.place("of"))
        return self.ratios(f"{self.country} by {self.basis} over {self.of}", Sparse.dense(row), whole, on)
