"""The fund itself: who holds its equity, what the reserve earns, what it costs to run."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, model_validator

from allocator.errors import Unparsable
from allocator.model import Model
from allocator.units import Money, Rate, Share


def parse_yes_no(given: object) -> bool:
    """Read `yes` or `no`.

    Raises:
        Unparsable: anything else.
    """
    if isinstance(given, bool):
        return given
    if given in ("yes", "no"):
        return given == "yes"
    raise Unparsable(f"cannot read '{given}'", "write yes or no")


def parse_currency(given: object) -> str:
    """Read the currency; dollars are the only one.

    Raises:
        Unparsable: another currency.
    """
    if given == "USD":
        return "USD"
    raise Unparsable(f"'{given}' is not supported", "state all amounts in US dollars, currency: USD")


YesNo = Annotated[bool, BeforeValidator(parse_yes_no)]


class Holder(Model):
    """One owner's equity and the vehicle that holds it."""

    holder: str
    vehicle: str = ""
    amount: Money


class Compression(Model):
    """Above `from` of a line's capacity its marginal yield falls, by `slope` over a whole capacity."""

    from_: Share
    slope: Rate

    @model_validator(mode="after")
    def _in_range(self) -> Compression:
        if not 0 <= float(self.from_) <= 1:
            raise Unparsable(f"from {self.from_} is not part of a capacity", "write a share between 0% and 100%")
        if float(self.slope) < 0:
            raise Unparsable(f"slope {self.slope} is negative", "write how much the yield falls, as in 3%")
        return self


class Fund(Model):
    """The fund's own terms.

    `fee` is a yearly part of the capital deployed; `reserve_yield` is earned on equity that is not deployed.
    """

    id: str
    title: str
    currency: Annotated[str, BeforeValidator(parse_currency)] = "USD"
    equity: list[Holder]
    reserve_yield: Rate = Rate(0)
    fee: Rate = Rate(0)
    compression: Compression | None = None
    fully_invested: YesNo = False

    @model_validator(mode="after")
    def _has_equity(self) -> Fund:
        if not self.equity or any(float(holder.amount) <= 0 for holder in self.equity):
            raise Unparsable("equity needs at least one holder with a positive amount", "add one, or mend the amount")
        return self

    @property
    def total_equity(self) -> float:
        """All holders' equity, in $ bn."""
        return float(sum(holder.amount.amount for holder in self.equity))
