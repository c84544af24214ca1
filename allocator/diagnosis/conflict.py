"""Which rules and terms leave nothing together: a minimal set, found by dropping one after the other.

Terms are taken by family (all lines' capacities, all covers), since line by line a conflict has dozens of members that
say one thing. What the proof of infeasibility does not use is dropped at once (Farkas), the rest one by one (Chinneck
and Dravnieks 1991). Several minimal sets may exist. Terms are tried before rules, and rules that may not be relaxed
before those that may: so a family of terms stays only where no contradiction is in the text alone, which is what a
reviewer can change.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from allocator.diagnosis.feasibility import Feasibility, Verdict
from allocator.shapes import Clause
from allocator.terms import PREFIX, is_term

FAMILIES = (
    "single-obligor",
    "content",
    "loan-to-value",
    "sub-limit",
    "gearing",
    "cover",
    "fully-invested",
    "tranche-capacity",
    "capacity",
)
"The families of terms, in the order in which they are tried: the plainest facts last."
CARRIES = 1e-6
"A multiplier below this part of the largest is a solver's zero."


@dataclass(frozen=True, eq=False)
class Conflict:
    """A minimal set that leaves nothing.

    Attributes:
        members: ids of rules, and families of terms as `terms.cover`; each is necessary, and together they suffice.
            Rules first. Empty where what may not be blamed leaves nothing already.
        carrying: for each of their clauses, by index, the members of the clause that the proof rests on.
        unclear: those that could be dropped but for a millionth of equity, or that no solver could decide.
        solves: how many programs were solved to find it.
    """

    members: tuple[str, ...]
    carrying: dict[int, tuple[int, ...]]
    unclear: tuple[str, ...]
    solves: int


def group_of(clause: Clause) -> str:
    """The rule of a clause, or the family of a term: a covenant's cover is in the family of all covers."""
    if not is_term(clause):
        return clause.rule
    return PREFIX + clause.rule.removeprefix(PREFIX).rpartition(".")[2]


def groups(clauses: Sequence[Clause]) -> dict[str, list[int]]:
    """The indices of the clauses that may be blamed, by rule and by family."""
    found: dict[str, list[int]] = {}
    for index, clause in enumerate(clauses):
        if clause.priced:
            found.setdefault(group_of(clause), []).append(index)
    return found


def conflict(
    feasibility: Feasibility,
    verdict: Verdict,
    never: Collection[str] = (),
    firm: Collection[str] = (),
    absent: Collection[str] = (),
) -> Conflict:
    """A minimal conflict, where nothing fits.

    Args:
        feasibility: the program.
        verdict: what it says of all clauses but the absent ones; it must have proved that nothing fits.
        never: rules that may not be relaxed; they may be blamed, but are the first rules to be dropped.
        firm: rules and families that are not to be blamed.
        absent: those that are dropped from the start.
    """
    search = _Search(feasibility, firm)
    search.shrink(verdict, [name for name in search.members if name not in {*firm, *absent}])
    waiting = sorted(search.kept, key=lambda name: _order(name, never))
    necessary: list[str] = []
    unclear: list[str] = []
    while waiting:
        name = waiting.pop(0)
        trial = search.without([*necessary, *waiting])
        if trial.status == "nothing":
            search.shrink(trial, [*necessary, *waiting])
            waiting = [each for each in waiting if each in search.kept]
        else:
            necessary.append(name)
            if trial.status != "fits":
                unclear.append(name)
    kept = sorted((name for name in search.members if name in necessary), key=lambda name: name.startswith(PREFIX))
    return Conflict(tuple(kept), search.carrying(kept), tuple(unclear), search.solves)


def _order(name: str, never: Collection[str]) -> tuple[int, int]:
    if not name.startswith(PREFIX):
        return (1 if name in never else 2, 0)
    return (0, FAMILIES.index(name.removeprefix(PREFIX)))


class _Search:
    """What is still in question, and the last proof."""

    def __init__(self, feasibility: Feasibility, firm: Collection[str]) -> None:
        self.feasibility, self.firm = feasibility, firm
        self.members = groups(feasibility.clauses)
        self.kept: list[str] = []
        self.proof: Verdict | None = None
        self.solves = 0

    def indices(self, names: Collection[str]) -> set[int]:
        return {index for name in names for index in self.members[name]}

    def without(self, kept: Collection[str]) -> Verdict:
        """What fits where only some groups, and the firm ones, are kept."""
        self.solves += 1
        off = self.indices(self.members.keys() - set(kept) - set(self.firm))
        return self.feasibility.check(off)

    def shrink(self, proof: Verdict, names: Sequence[str]) -> None:
        """Keep those that the proof uses; all of them where it does not hold without its smallest parts."""
        sizes = {name: sum(float(proof.weights[index].sum()) for index in self.members[name]) for name in names}
        least = CARRIES * max(sizes.values(), default=0.0)
        used = [name for name in names if sizes[name] > least]
        firm = [name for name in self.firm if name in self.members]
        self.kept = used if self.feasibility.proves(proof, self.indices([*used, *firm])) else list(names)
        self.proof = proof
        self.feasibility.focus(self.indices([*self.kept, *firm]))

    def carrying(self, names: Sequence[str]) -> dict[int, tuple[int, ...]]:
        """Which members of their clauses carry weight in the last proof."""
        assert self.proof is not None
        weights = self.proof.weights
        largest = max((float(weights[index].max(initial=0.0)) for index in self.indices(names)), default=0.0)
        return {
            index: tuple(np.flatnonzero(weights[index] > CARRIES * 100 * largest).tolist())
            for index in sorted(self.indices(names))
        }
