"""Sums of the largest of very many entries, written for those alone that decide.

With some entries taken for sure to be among the largest, and others left out, the sum of the largest is no more than
the true one, and it is the true one where both was right. So a program written for the entries in between bounds the
whole one, and its optimum is the whole one's as soon as no entry is on the wrong side; those that are come in between
until then. (Constraint generation; of tail losses: Kuenzi-Bay and Mayer 2006.) Where to start, `smoothing` guesses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from allocator.scores import Part, Score, Worst
from allocator.shapes import Clause, Multipliers, Tail
from allocator.sparse import Indices, Sparse, Vector

FEW = 1000
"Entries up to which a sum is written whole; so many, taken evenly, are enough for a first look."
LEAST_NEAR, MOST_NEAR = 200, 400
"""Ranks on each side of the last one summed that are near it. At an optimum about as many entries are tied there as
there are lines."""

Spot = tuple[int, int]
"Of a clause its index and -1; of a score its index and the part's."

Written = Clause | tuple[tuple[float, Part], ...]
"In the place of a clause, a clause; in the place of a part, parts and how often each is in it."


@dataclass(eq=False)
class LongSum:
    """A clause or part with its entries `L v + k`.

    Attributes:
        own: the clause or part.
        sure: entries that are taken to be among the largest.
        between: entries that are written.
    """

    own: Tail | Worst
    sure: Indices
    between: Indices

    def entries(self, v: Vector) -> Vector:
        """The entries at v."""
        y = self.own.L @ v
        return y + self.own.k if isinstance(self.own, Tail) else y

    def ranked(self, v: Vector) -> Indices:
        """The entries, the largest at v first."""
        return np.argsort(-self.entries(v), kind="stable")

    def around(self, least: int = LEAST_NEAR) -> slice:
        """The ranks near the last one that is summed."""
        near = max(least, min(self.own.L.shape[1], MOST_NEAR))
        return slice(max(int(self.own.count) - near, 0), int(np.ceil(self.own.count)) + near)

    def split(self, v: Vector) -> None:
        """Take for sure what is among the largest at v by far, and leave out what by far is not."""
        order, around = self.ranked(v), self.around()
        self.sure, self.between = np.sort(order[: around.start]), np.sort(order[around])

    def mend(self, v: Vector) -> bool:
        """Put in between what is on the wrong side at v, and what is near it; whether there was any."""
        order, count = self.ranked(v), self.own.count
        least, most = int(count), int(np.ceil(count))
        wrong = np.append(np.intersect1d(self.sure, order[least:]), _without(order[:most], self.sure, self.between))
        if not len(wrong):
            return False
        more = np.union1d(wrong, order[self.around()])
        self.between = np.union1d(self.between, more)
        self.sure = np.setdiff1d(self.sure, more, assume_unique=True)
        return True

    def thin(self) -> Written:
        """The sum of a part of the entries, taken evenly: near the whole one, and no bound."""
        size = self.own.L.shape[0]
        even = np.linspace(0, size - 1, FEW).astype(np.int64)
        return self._written(even, self.own.count * FEW / size, np.zeros(0, np.int64))

    def short(self) -> Written:
        """The sum with the largest of the entries in between."""
        return self._written(self.between, self.own.count, self.sure)

    def _written(self, entries: Indices, count: float, sure: Indices) -> Written:
        # What is sure is spread over as many as are summed besides: so the sum of the largest has it whole.
        rest = count - len(sure)
        ones = np.zeros(self.own.L.shape[0])
        ones[sure] = 1 / rest
        L = self.own.L.rows(entries)
        if len(sure):
            L = L + Sparse.dense(np.broadcast_to(ones @ self.own.L, L.shape))
        if isinstance(self.own, Tail):
            return replace(self.own, L=L, k=self.own.k[entries] + ones @ self.own.k, count=rest)
        return ((1.0, Worst(L * (rest / count), rest)),)

    def whole(self, witness: Vector) -> Vector:
        """The weights of all entries."""
        found = np.zeros(self.own.L.shape[0])
        found[self.sure] = 1
        found[self.between] = witness
        return found


def _without(given: Indices, *others: Indices) -> Indices:
    for each in others:
        given = np.setdiff1d(given, each, assume_unique=True)
    return given


class Tails:
    """The long sums of a program.

    Args:
        clauses: rules and terms.
        scores: what is maximised.

    Attributes:
        sums: those that are long, by where they are.
    """

    def __init__(self, clauses: Sequence[Clause], scores: Sequence[Score]) -> None:
        self._clauses, self._scores = tuple(clauses), tuple(scores)
        long: dict[Spot, Tail | Worst] = {(i, -1): c for i, c in enumerate(clauses) if isinstance(c, Tail)}
        for k, score in enumerate(scores):
            long |= {(k, j): part for j, (_, part) in enumerate(score.parts) if isinstance(part, Worst)}
        none = np.zeros(0, np.int64)
        self.sums = {spot: LongSum(own, none, none) for spot, own in long.items() if own.L.shape[0] > FEW}

    def __bool__(self) -> bool:
        return bool(self.sums)

    def thin(self) -> tuple[tuple[Clause, ...], tuple[Score, ...]]:
        """The clauses and scores with a part of the entries, taken evenly: near the whole ones, and no bound."""
        return self.replaced({spot: each.thin() for spot, each in self.sums.items()})

    def short(self) -> tuple[tuple[Clause, ...], tuple[Score, ...]]:
        """The clauses and scores with the entries in between: a program that bounds the whole one."""
        return self.replaced({spot: each.short() for spot, each in self.sums.items()})

    def replaced(self, made: Mapping[Spot, Any]) -> tuple[tuple[Clause, ...], tuple[Score, ...]]:
        """The clauses and scores with others in the place of the sums."""
        clauses = tuple(made.get((i, -1), clause) for i, clause in enumerate(self._clauses))
        scores = tuple(
            replace(
                score,
                parts=tuple(
                    (weight * times, other)
                    for j, (weight, part) in enumerate(score.parts)
                    for times, other in made.get((k, j), ((1.0, part),))
                ),
            )
            for k, score in enumerate(self._scores)
        )
        return clauses, scores

    def split(self, v: Vector) -> None:
        """Take the ranks at v for a guide."""
        for each in self.sums.values():
            each.split(v)

    def mend(self, v: Vector) -> bool:
        """Put in between what v shows to be on the wrong side; whether there was any."""
        mended = [each.mend(v) for each in self.sums.values()]
        return any(mended)

    def whole(self, given: Multipliers) -> Multipliers:
        """The multipliers with the witnesses of all entries."""
        witnesses, score = list(given.witnesses), list(given.score)
        ends = np.cumsum([0, *(len(each.parts) for each in self._scores)])
        for (k, j), each in self.sums.items():
            if j < 0:
                witnesses[k] = each.whole(witnesses[k])
            else:
                first = int(ends[k]) + j
                score[first] = each.whole(score[first])
        return replace(given, witnesses=tuple(witnesses), score=tuple(score))
