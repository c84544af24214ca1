"""The capital stack: tranches of debt, what each costs, how it is repaid, what it may finance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, model_validator

from allocator.codes import Code
from allocator.errors import Collector, InputError, Place, Problem, Unparsable, nearest
from allocator.lines import Lines
from allocator.model import Id, Model, bounded
from allocator.scope import Scope
from allocator.units import Money, Multiple, Rate, Share, Years, not_negative, part, positive

Room = Annotated[Money, AfterValidator(not_negative), AfterValidator(bounded)]
Part = Annotated[Share, AfterValidator(part)]


class Cost(Model):
    """What a dollar of a tranche costs a year: a rate, or a reference rate with a spread; and a yearly fee."""

    rate: Rate | None = None
    reference: str | None = None
    spread: Rate = Rate(0)
    fee: Rate = Rate(0)

    @model_validator(mode="after")
    def _one_base(self) -> Cost:
        if (self.rate is None) == (self.reference is None):
            mend = "give one of them, as in 4.85%"
            raise Unparsable("a cost is a rate or a reference with a spread", mend, code=Code.CONFLICT)
        return self

    def yearly(self, references: Mapping[str, Rate], place: Place | None = None) -> float:
        """The yearly rate, all in; `place` is the cost's, for one that is a bare rate.

        Raises:
            InputError: the reference rate is not among those given, or the whole is negative.
        """
        name, base = self.reference or "", self.rate
        if base is None and name not in references:
            what, mend = f"unknown reference '{name}'", nearest(name, references)
            raise InputError([self.problem("reference", what, mend, Code.UNKNOWN_NAME)])
        whole = Rate((base or references[name]).amount + self.spread.amount + self.fee.amount)
        if float(whole) < 0:
            what = f"a cost of {whole} a year, all in, is negative"
            raise InputError([Problem(what, "write zero or more", self.place() or place)])
        return float(whole)


def _as_mapping(given: Any) -> Any:
    return {"rate": given} if isinstance(given, (str, Rate)) else given


YearlyCost = Annotated[Cost, BeforeValidator(_as_mapping)]
"A cost as files write it: a bare rate will do."


class SubLimit(Model):
    """A part of a tranche that only some lines may use up to an amount."""

    id: Id
    title: str = ""
    scope: Scope
    at_most: Room


class Covenants(Model):
    """What the lenders of a tranche require; each is optional.

    Attributes:
        cover: each line's income pays this tranche's service so many times, and the other debt's at the line's own.
        loan_to_value: the tranche's loan on a line is at most this part of the capital deployed there.
        content: the lines it finances, weighted by its loans, have at least this United States content.
        single_obligor: at most this part of its loans may depend on one counterparty.
    """

    cover: Annotated[Multiple, AfterValidator(positive)] | None = None
    loan_to_value: Part | None = None
    content: Part | None = None
    single_obligor: Part | None = None


class Tranche(Model):
    """One source of debt.

    `annuity` repays in equal yearly amounts over the tenor, or over the line's life where that is shorter;
    `bullet` pays interest alone.
    """

    id: Id
    title: str = ""
    capacity: Room
    cost: YearlyCost
    tenor: Annotated[Years, AfterValidator(positive)]
    repayment: Literal["annuity", "bullet"] = "annuity"
    eligible: Scope = Scope({})
    covenants: Covenants = Covenants()
    sub_limits: list[SubLimit] = []

    def check_scopes(self, lines: Lines, problems: Collector) -> None:
        """Note the scopes that match no line."""
        scopes = [(self.eligible, self.place("eligible"))]
        for scope, place in [*scopes, *((limit.scope, limit.place("scope")) for limit in self.sub_limits)]:
            with problems.part():
                scope.rows(lines, place)


def annuity(cost: float, years: float) -> float:
    """The equal yearly payments that repay a dollar and its yearly cost over so many years."""
    if cost == 0:
        return 1 / years
    return cost / -math.expm1(-years * math.log1p(cost))
