"""The fund itself: who holds its equity, what the reserve earns, what it costs to run."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from allocator.errors import Unparsable
from allocator.model import Id, Model, bounded
from allocator.units import Money, Rate, Share, not_negative, part, positive


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


def _held(holders: list[Holder]) -> list[Holder]:
    if not holders:
        raise Unparsable("nobody holds it", "write at least one holder with an amount")
    bounded(_total(holders))
    return holders


def _total(holders: list[Holder]) -> Money:
    return Money(sum((holder.amount.amount for holder in holders), Decimal(0)))


PORTFOLIO = "portfolio"
"The id of what is no fund but a portfolio of weights: its equity is one, and no dollars."
YesNo = Annotated[bool, BeforeValidator(parse_yes_no)]


class Holder(Model):
    """One owner's equity and the vehicle that holds it; `principal` is the one on whose side a partner stands."""

    holder: str
    vehicle: str = ""
    amount: Annotated[Money, AfterValidator(positive)]
    principal: str | None = None


class Compression(Model):
    """Above `from` of a line's capacity its marginal yield falls, by `slope` over a whole capacity."""

    from_: Annotated[Share, AfterValidator(part)]
    slope: Annotated[Rate, AfterValidator(not_negative)]


class Fund(Model):
    """The fund's own terms.

    `fee` is a yearly part of the capital deployed; `reserve_yield` is earned on equity that is not deployed.
    """

    id: Id
    title: str
    currency: Annotated[str, BeforeValidator(parse_currency)] = "USD"
    equity: Annotated[list[Holder], AfterValidator(_held)]
    reserve_yield: Rate = Rate(0)
    fee: Annotated[Rate, AfterValidator(not_negative)] = Rate(0)
    compression: Compression | None = None
    fully_invested: YesNo = False

    @property
    def total_equity(self) -> float:
        """All holders' equity, in $ bn."""
        return float(_total(self.equity))
