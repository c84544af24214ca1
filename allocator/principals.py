"""The principals: those between whom the fund was agreed, what each of them gains by, and how income is divided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator

from allocator.codes import Code
from allocator.errors import Collector, Unparsable, closest, nearest
from allocator.fund import Fund, Holder
from allocator.lines import Lines
from allocator.model import MOST_MONEY, Id, Model, bounded
from allocator.stack import YearlyCost, annuity
from allocator.units import Index, Money, Rate, Share, Years, part, positive


def _credible(given: Money) -> Money:
    if abs(given.amount) > MOST_MONEY.amount:
        raise Unparsable(f"{given} is beyond {MOST_MONEY}", "check its unit")
    return given


def _yearly(given: Years) -> Years:
    if float(given) < 1:
        raise Unparsable(f"{given} is under a year", "write 1 year or more")
    return given


def _whole(given: dict[str, Share]) -> dict[str, Share]:
    total = Share(sum((share.amount for share in given.values()), Decimal(0)))
    if total != Share(1):
        raise Unparsable(f"the shares add up to {total}", "make it 100%")
    return given


Split = Annotated[dict[str, Annotated[Share, AfterValidator(part)]], AfterValidator(_whole)]
"Each principal's part of a sum of money."


class Strategic(Model):
    """A principal's own score of the lines.

    `worth` is what it would pay a year for a point of the score on a dollar of capital, as a part of that dollar.
    """

    column: str
    worth: Annotated[Rate, AfterValidator(part)]


class Principal(Model):
    """One of those between whom the fund was agreed.

    Attributes:
        holder: its treasury, among the fund's holders; partners on its side have their own gains.
        funding: what its treasury's equity costs it a year.
        strategic: its own score of the lines, where it has one.
        walk_away: the gain a year that it has without the fund; negative where leaving costs it something.
        weight: of its gain in a bargain.
    """

    id: Id
    title: str
    holder: str
    funding: YearlyCost
    strategic: Strategic | None = None
    walk_away: Annotated[Money, AfterValidator(_credible)] = Money(0)
    weight: Annotated[Index, AfterValidator(positive)] = Index(1)

    def equity(self, fund: Fund) -> float:
        """What its treasury holds of a fund's equity, in $ bn."""
        return sum(float(each.amount) for each in fund.equity if each.holder == self.holder)


class Deemed(Model):
    """The investment that counts as recouped by equal yearly payments: an amount, its cost, and over how long."""

    amount: Annotated[Money, AfterValidator(positive), AfterValidator(bounded)]
    cost: YearlyCost
    tenor: Annotated[Years, AfterValidator(_yearly)]

    def annuity(self, references: Mapping[str, Rate]) -> float:
        """The yearly payment, in $ bn.

        Raises:
            InputError: the reference rate is not among those given.
        """
        cost = self.cost.yearly(references, self.place("cost"))
        return float(self.amount) * annuity(cost, float(self.tenor))


class Waterfall(Model):
    """How a year's income is divided between the principals' sides: up to the deemed annuity `before`, then `after`.

    What a side gets is convex in income where its part rises: so this is evaluated, and never optimised.
    """

    deemed: Deemed
    before: Split
    after: Split

    def divided(self, income: float, references: Mapping[str, Rate]) -> dict[str, float]:
        """What each side gets of an income of zero or more, both in $ bn a year."""
        first = min(income, self.deemed.annuity(references))
        rest = income - first
        return {name: float(share) * first + float(self.after[name]) * rest for name, share in self.before.items()}


def side(holder: Holder, principals: Sequence[Principal]) -> str | None:
    """The principal on whose side a holder stands: a treasury on its own, a partner where it says; or None."""
    return next((each.id for each in principals if each.holder == holder.holder), holder.principal)


def check_owners(
    fund: Fund, principals: Sequence[Principal], waterfall: Waterfall | None, references: Mapping[str, Rate]
) -> None:
    """Check that principals, holders, the waterfall and reference rates name one another.

    Raises:
        InputError: all that does not fit, each with its place.
    """
    problems = Collector()
    if len(principals) == 1:
        what = f"principal '{principals[0].id}' has nobody to agree with"
        problems.add(what, "name the others too, or none", principals[0].place(), Code.MISSING)
    _check_principals(fund, principals, references, problems)
    _check_sides(fund, principals, waterfall is not None, problems)
    if waterfall is not None:
        _check_waterfall(waterfall, [each.id for each in principals], problems)
        with problems.part():
            waterfall.deemed.annuity(references)
    problems.finish()


def _check_principals(
    fund: Fund, principals: Sequence[Principal], references: Mapping[str, Rate], problems: Collector
) -> None:
    known = [each.holder for each in fund.equity]
    ids, treasuries = set[str](), set[str]()
    for each in principals:
        if each.id in ids:
            what = f"the principal id '{each.id}' stands twice"
            problems.add(what, "give each its own", each.place("id"), Code.TWICE)
        if each.holder not in known:
            what = f"the treasury of principal '{each.id}', '{each.holder}', holds no equity"
            problems.add(what, nearest(each.holder, known), each.place("holder"), Code.UNKNOWN_NAME)
        elif each.holder in treasuries:
            what = f"'{each.holder}' is the treasury of two principals"
            problems.add(what, "name each one's own", each.place("holder"), Code.TWICE)
        ids.add(each.id)
        treasuries.add(each.holder)
        with problems.part():
            each.funding.yearly(references, each.place("funding"))


def _check_sides(fund: Fund, principals: Sequence[Principal], divided: bool, problems: Collector) -> None:
    ids = [each.id for each in principals]
    known, treasuries = {each.holder for each in fund.equity}, {each.holder for each in principals}
    # A treasury that is misspelt is one fault, though it leaves the right one on no side.
    told = len(known & treasuries) < len(principals)
    for holder in fund.equity:
        stands, place = side(holder, principals), holder.place("principal")
        if holder.principal is not None and holder.principal not in ids:
            mend = nearest(holder.principal, ids) if ids else "name it under 'principals', or leave it out here"
            problems.add(f"no principal '{holder.principal}'", mend, place, Code.UNKNOWN_NAME)
        elif holder.principal is not None and holder.principal != stands:
            what = f"'{holder.holder}' is the treasury of '{stands}', and cannot stand with '{holder.principal}'"
            problems.add(what, "leave 'principal' out here", place, Code.CONFLICT)
        elif stands is None and divided and ids and not told:
            what = f"'{holder.holder}' stands on no side, so that the waterfall would pay it nothing"
            problems.add(what, "add its 'principal'", holder.place(), Code.MISSING)


def _check_waterfall(waterfall: Waterfall, ids: Sequence[str], problems: Collector) -> None:
    if not ids:
        what = "a waterfall divides income between principals, and there are none"
        problems.add(what, "name them under 'principals'", waterfall.place(), Code.MISSING)
        return
    for field, split in (("before", waterfall.before), ("after", waterfall.after)):
        meant = set[str | None]()
        for name in split:
            if name not in ids:
                place = getattr(name, "place", waterfall.place(field))
                problems.add(f"no principal '{name}'", nearest(name, ids), place, Code.UNKNOWN_NAME)
                meant.add(closest(name, ids))
        # A misspelt name is one fault, though it leaves the right one missing.
        for name in ids:
            if name not in split and name not in meant:
                what = f"'{field}' says nothing of '{name}'"
                problems.add(what, "add its share, 0% for nothing", waterfall.place(field), Code.MISSING)


def check_scores(principals: Sequence[Principal], lines: Lines) -> None:
    """Check that the lines have an income to divide, and the principals' scores.

    Raises:
        InputError: all columns that are missing or are text.
    """
    problems = Collector()
    if principals:
        with problems.part():
            lines.column("cash-yield", "a fund with principals", principals[0].place())
    for each in principals:
        if each.strategic is not None:
            with problems.part():
                lines.column(each.strategic.column, f"principal '{each.id}'", each.strategic.place("column"))
    problems.finish()
