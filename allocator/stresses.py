"""Stresses: stories of a bad year, told as what each would do to the lines' returns."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator

from allocator.errors import Collector, InputError, Unparsable
from allocator.lines import Lines
from allocator.model import Id, Model
from allocator.phrases import Phrase
from allocator.scope import Scope
from allocator.units import Share

ALL = Decimal(1)


def _possible(given: Share) -> Share:
    if abs(given.amount) > ALL:
        raise Unparsable(f"{given} is not between -100% and 100%", "write -30%, say, for a loss of that part")
    return given


def _some(given: list[Shock]) -> list[Shock]:
    if not given:
        raise Unparsable("nothing happens in it", "write at least one scope with a return")
    return given


class Shock(Model):
    """A return of the lines in a scope, over the year of the stress; a loss is negative."""

    scope: Scope
    return_: Annotated[Share, AfterValidator(_possible)]


class Stress(Model):
    """A bad year by its name, with its story.

    Shocks of one line add up, so that their order means nothing: what hits a sector and what hits one of its lines
    besides stand beside each other.
    """

    id: Id
    title: Phrase
    story: Phrase
    shocks: Annotated[list[Shock], AfterValidator(_some)]

    def returns(self, lines: Lines) -> tuple[float, ...]:
        """Each line's return in it (n).

        Raises:
            InputError: a scope matches nothing, or a line loses more than all.
        """
        problems = Collector()
        totals = [Decimal(0)] * len(lines.ids)
        for shock in self.shocks:
            with problems.part():
                for row in shock.scope.rows(lines, shock.place("scope")):
                    totals[row] += shock.return_.amount
        problems.finish()
        for line, total in zip(lines.ids, totals, strict=True):
            if total < -ALL:
                what = f"stress '{self.id}': the shocks of '{line}' add up to {Share(total)}, more than all there is"
                raise InputError([self.problem("shocks", what, "write smaller ones, or narrower scopes")])
        return tuple(map(float, totals))
