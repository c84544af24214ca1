"""What is lost in a bad year that the case tells by name: `{each: stress, at-most: 15%}`, or one of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from allocator.codes import Code
from allocator.errors import InputError, Unparsable, nearest
from allocator.measures import MeasureName
from allocator.rules import Rule, capped, limits_in_words
from allocator.units import Dated, Share

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause


class StressLoss(Rule):
    """The loss on capital in one stress of the case, or in each on its own, over a measure."""

    kind: ClassVar = "stress-loss"
    stress: str | None = None
    each: Literal["stress"] | None = None
    of: MeasureName
    at_most: Dated[Share]

    @model_validator(mode="after")
    def _fields_fit(self) -> StressLoss:
        if (self.stress is None) == (self.each is None):
            what, mend = "it speaks of one stress, or of each", "write stress: and its id, or each: stress"
            raise Unparsable(what, mend, field="stress", code=Code.CONFLICT)
        capped(self, self.of.name == "equity")
        return self

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        where = "each stress" if self.stress is None else f"the stress {self.stress}"
        return f"The loss on capital in {where} is {limits_in_words(self, on, str(self.of))}."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        where = "for every stress s" if self.stress is None else f"for the stress s = {self.stress}"
        return f"{self.compared('sum of all l_is * x_i', on, self.of.formula())}, {where}"

    def look_up(self, field: str, names: Names) -> None:
        """The stresses, too."""
        if field in ("stress", "each") and getattr(self, field) is not None:
            known, mend = [stress.id for stress in names.stresses], "write some under 'stresses' in fund.yaml"
            self.need(bool(known), "stresses, and the case has none", mend, field)
            if self.stress is not None and self.stress not in known:
                what, mend = f"{self.who}: no stress '{self.stress}'", nearest(self.stress, known)
                raise InputError([self.problem("stress", what, mend, Code.UNKNOWN_NAME)])
        super().look_up(field, names)

    def check(self, names: Names, on: dt.date) -> None:
        """The whole, too, must leave the ratio convex."""
        super().check(names, on)
        self.check_ratio(self._words, names.measure(self.of, self.who), on)

    @property
    def _words(self) -> str:
        return f"loss in {'each stress' if self.stress is None else self.stress} over {self.of}"

    def members(self, names: Names) -> tuple[str, ...]:
        """All stresses; one that is named stands for the whole rule."""
        return tuple(stress.id for stress in names.stresses) if self.stress is None else ("",)

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """A row for each stress."""
        import numpy as np

        from allocator.sparse import Sparse

        meant = [stress for stress in case.stresses if self.stress in (None, stress.id)]
        returns = np.array([stress.returns(case.universe.lines) for stress in meant])
        losses = Sparse.dense(-returns).wide(case.decision.size)
        whole = case.measure(self.of, self.who)
        return self.ratios(self._words, losses, whole, on, self.members(case.names))
