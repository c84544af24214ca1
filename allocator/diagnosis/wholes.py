"""Which tickets and counts leave nothing where something fits without them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from allocator.case import Case
from allocator.choices import Choice
from allocator.choosing import choose
from allocator.errors import NotCertified
from allocator.scores import Score
from allocator.shapes import Clause, hard_ones


def wholes(case: Case, clauses: Sequence[Clause]) -> tuple[str, ...] | None:
    """A smallest set of tickets and counts that leaves nothing with the other rules, by the word of a solver.

    One after the other is dropped; those without which something fits are kept.

    Args:
        case: what is given.
        clauses: rules and terms, with which something fits but for the choices.

    Returns:
        Ids of rules; none where no solver could decide; None where something fits.
    """
    hard = hard_ones(clauses)
    kept = list(dict.fromkeys(clause.rule for clause in hard if isinstance(clause, Choice)))
    fits = _fits(case, hard, kept) if kept else True
    if fits is not False:
        return None if fits else ()
    for name in tuple(kept):
        others = [each for each in kept if each != name]
        if _fits(case, hard, others) is False:
            kept = others
    return tuple(kept)


def _fits(case: Case, clauses: Sequence[Clause], kept: Collection[str]) -> bool | None:
    """Whether a solver finds an allocation with some of the choices; None where it can't say."""
    own = [clause for clause in clauses if not isinstance(clause, Choice) or clause.rule in kept]
    try:
        return not kept or choose(case, own, [Score.nothing(case.decision.size)], [0.0]) is not None
    except NotCertified:
        return None
