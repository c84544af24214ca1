"""How capital is spread over lines or groups: Herfindahl-Hirschman index, effective number, or the largest n."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from allocator.codes import Code
from allocator.errors import InputError, Unparsable
from allocator.measures import MeasureName
from allocator.rules import Groups, Rule, limits_in_words, plural
from allocator.units import Count, Dated, Index, Level, Share

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause

UNIT = {
    "hhi": "a bare number such as 0.28",
    "effective-number": "a bare number such as 4",
    "top-n": "a share such as 60%",
}


class Concentration(Rule):
    """The sum of squared shares (hhi), its inverse (effective-number), or the sum of the n largest shares (top-n).

    Herfindahl 1950; shares are of the measure `of`, so an index of the capital deployed counts what is deployed only.
    """

    kind: ClassVar = "concentration"
    may_be_soft: ClassVar = False
    rises: ClassVar = {**Rule.rises, "n": "tighter"}
    by: Groups
    measure: Literal["hhi", "effective-number", "top-n"]
    n: Count | None = None
    of: MeasureName
    at_least: Dated[Index] | None = None
    at_most: Dated[Level] | None = None

    @model_validator(mode="after")
    def _fields_fit(self) -> Concentration:
        if (self.measure == "top-n") != (self.n is not None) or (self.n is not None and float(self.n) < 1):
            mend = "write measure: top-n and n: 3, or neither"
            raise Unparsable("it goes with measure: top-n, and is at least 1", mend, field="n", code=Code.CONFLICT)
        wrong = self.at_most if self.measure == "effective-number" else self.at_least
        if wrong is not None:
            side = "at most" if self.measure == "effective-number" else "at least"
            mend = {"effective-number": "use at-least"}.get(self.measure, "use at-most")
            what, field = f"{self.measure} {side} so much is not convex", side.replace(" ", "-")
            raise Unparsable(what, mend, field=field, code=Code.NO_MEANING)
        limit = self.at_least or self.at_most
        if self.at_most is not None:
            unit = Share if self.measure == "top-n" else Index
            if any(type(value) is not unit for value in self.at_most.values.values()):
                what = f"{self.at_most} has the wrong unit for {self.measure}"
                raise Unparsable(what, f"write {UNIT[self.measure]}", field="at-most")
        top = {"effective-number": math.inf}.get(self.measure, 1.0)
        if limit is not None and any(not 0 < float(value) <= top for value in limit.values.values()):
            side = "at-least" if self.at_least else "at-most"
            raise Unparsable(f"{limit} is out of range for {self.measure}", f"write {UNIT[self.measure]}", field=side)
        return self

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        limits = limits_in_words(self, on)
        many = plural(self.by)
        if self.measure == "hhi":
            return f"The HHI of the {many} (each one's share of {self.of}, squared, and all added up) is {limits}."
        if self.measure == "effective-number":
            alike = f"how many {many} of equal size would be as concentrated, by shares of {self.of}"
            return f"The effective number of {many} ({alike}) is {limits}."
        of_whole = limits_in_words(self, on, str(self.of))
        if self.n == Count(1):
            return f"The largest {self.by} makes up {of_whole}."
        return f"The {self.n} largest {many} together make up {of_whole}."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        capital, whole = ("x_i", self.of.formula()) if self.by == "line" else ("X_g", self.of.formula())
        if self.measure == "top-n":
            return self.compared(f"sum of the {self.n} largest {capital}", on, whole)
        squares = f"sum of ({capital} / ({whole}))^2 over every {self.by}"
        return self.compared(squares if self.measure == "hhi" else f"1 / ({squares})", on)

    def check(self, names: Names, on: dt.date) -> None:
        """The whole must be linear and never negative, and hold n groups."""
        super().check(names, on)
        whole = names.measure(self.of, self.who)
        if whole.negative or whole.concave:
            what = f"{self.who}: shares of {whole.words} mean nothing here"
            mend = "use deployed, total-assets or equity"
            raise InputError([self.problem("of", what, mend, Code.NO_MEANING)])
        count = len(names.lines.groups(self.by, self.who))
        if self.n is not None and float(self.n) > count:
            what = f"{self.who}: n is {self.n}, and there are {count} of {self.by}"
            raise InputError([self.problem("n", what, "lower n")])

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """A cone over the groups' capital, or a sum of the largest."""
        import numpy as np

        from allocator.ratios import within
        from allocator.shapes import Cone, Tail

        names, groups = case.groups(self.by, self.who)
        (limit,) = self.limits(on)
        power = {"hhi": 0.5, "effective-number": -0.5, "top-n": 1.0}[self.measure]
        words, whole = f"{self.measure} by {self.by} over {self.of}", case.measure(self.of, self.who)
        data, k = within(self, words, whole, limit, power=power), np.zeros(len(names))
        return [Tail(**data, L=groups, k=k, count=float(self.n)) if self.n is not None else Cone(**data, M=groups, k=k)]
