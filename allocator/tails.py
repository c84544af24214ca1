"""Sums of the largest of very many entries, written for those alone that decide.

With some entries taken for sure to be among the largest, and others left out, the sum of the largest is no more than
the true one, and it is the true one where both was right. So a program written for the entries in between bounds the
whole one, and its optimum is the whole one's as soon as no entry is on the wrong side; those that are come in between
until then. (Constraint generation; of tail losses: Kuenzi-Bay and Mayer 2006.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from allocator.scores import Score, Worst
from allocator.shapes import Clause, Multipliers, Tail
from allocator.sparse import Indices, Sparse, Vector

FEW = 500
"Entries up to which a sum is written whole."
MANY = 5000
"So many entries, taken evenly, are enough for a look at where the optimum is."
GUESS, MIDWAY, NEAR = 0.6, 0.4, 0.04
"""In parts of how many are summed: ranks as near the last one are in between, where the ranks are those of a guess, of
what lies between guesses, and of an optimum (of another stage, say)."""

Spot = tuple[int, int]
"Of a clause its index and -1; of a score its index and the part's."


@dataclass(eq=False)
class _Sum:
    """A clause or part with its entries `L v + k`.

    Attributes:
        own: the clause or part.
        sure: entries that are taken to be among the largest.
        between: entries that are written.
    """

    own: Tail | Worst
    sure: Indices
    between: Indices

    def ranked(self, v: Vector) -> Indices:
        """The entries, the largest at v first."""
        y = self.own.L @ v
        y = y + self.own.k if isinstance(self.own, Tail) else y
        return np.argsort(-y, kind="stable")

    def split(self, v: Vector, width: float) -> None:
        """Take for sure what is among the largest at v by far, and leave out what by far is not."""
        order, count, near = self.ranked(v), self.own.count, int(np.ceil(width * self.own.count)) + 1
        inner, outer = max(int(count) - near, 0), int(np.ceil(count)) + near
        self.sure, self.between = np.sort(order[:inner]), np.sort(order[inner:outer])

    def mend(self, v: Vector) -> bool:
        """Put in between what is on the wrong side at v, and what is near it; whether there was any."""
        order, count = self.ranked(v), self.own.count
        least, most = int(count), int(np.ceil(count))
        wrong = np.append(np.intersect1d(self.sure, order[least:]), _without(order[:most], self.sure, self.between))
        if not len(wrong):
            return False
        near = int(np.ceil(NEAR * count)) + 1
        more = np.union1d(wrong, order[max(least - near, 0) : most + near])
        self.between = np.union1d(self.between, more)
        self.sure = np.setdiff1d(self.sure, more, assume_unique=True)
        return True

    def short(self, entries: Indices, count: float) -> Tail | Worst:
        """The sum of the largest of some entries, beside those that are sure.

        What is sure is spread over as many as are summed besides: so the sum of the largest has it whole.
        """
        rest = count - len(self.sure)
        ones = np.zeros(self.own.L.shape[0])
        ones[self.sure] = 1 / rest
        L = self.own.L.rows(entries)
        if len(self.sure):
            L = L + Sparse.dense(np.broadcast_to(ones @ self.own.L, L.shape))
        if isinstance(self.own, Tail):
            return replace(self.own, L=L, k=self.own.k[entries] + ones @ self.own.k, count=rest)
        return Worst(L * (rest / count), rest)

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
    """

    def __init__(self, clauses: Sequence[Clause], scores: Sequence[Score]) -> None:
        self._clauses, self._scores = tuple(clauses), tuple(scores)
        long: dict[Spot, Tail | Worst] = {(i, -1): c for i, c in enumerate(clauses) if isinstance(c, Tail)}
        for k, score in enumerate(scores):
            long |= {(k, j): part for j, (_, part) in enumerate(score.parts) if isinstance(part, Worst)}
        none = np.zeros(0, np.int64)
        self._sums = {spot: _Sum(own, none, none) for spot, own in long.items() if own.L.shape[0] > FEW}

    def __bool__(self) -> bool:
        return bool(self._sums)

    def thin(self) -> tuple[tuple[Clause, ...], tuple[Score, ...]]:
        """The clauses and scores with a part of the entries, taken evenly: near the whole ones, and no bound."""
        made: dict[Spot, Any] = {}
        for spot, each in self._sums.items():
            size = each.own.L.shape[0]
            even = np.unique(np.linspace(0, size - 1, min(size, MANY)).astype(np.int64))
            made[spot] = each.short(even, each.own.count * len(even) / size)
        return self._with(made)

    def short(self) -> tuple[tuple[Clause, ...], tuple[Score, ...]]:
        """The clauses and scores with the entries in between: a program that bounds the whole one."""
        return self._with({spot: each.short(each.between, each.own.count) for spot, each in self._sums.items()})

    def _with(self, made: dict[Spot, Any]) -> tuple[tuple[Clause, ...], tuple[Score, ...]]:
        clauses = tuple(made.get((i, -1), clause) for i, clause in enumerate(self._clauses))
        scores = tuple(
            replace(score, parts=tuple((w, made.get((k, j), part)) for j, (w, part) in enumerate(score.parts)))
            for k, score in enumerate(self._scores)
        )
        return clauses, scores

    def split(self, v: Vector, width: float) -> None:
        """Take the ranks at v for a guide; the wider, the more entries are in between."""
        for each in self._sums.values():
            each.split(v, width)

    def mend(self, v: Vector) -> bool:
        """Put in between what v shows to be on the wrong side; whether there was any."""
        mended = [each.mend(v) for each in self._sums.values()]
        return any(mended)

    def whole(self, given: Multipliers) -> Multipliers:
        """The multipliers with the witnesses of all entries."""
        witnesses, score = list(given.witnesses), list(given.score)
        ends = np.cumsum([0, *(len(each.parts) for each in self._scores)])
        for (k, j), each in self._sums.items():
            if j < 0:
                witnesses[k] = each.whole(witnesses[k])
            else:
                first = int(ends[k]) + j
                score[first] = each.whole(score[first])
        return replace(given, witnesses=tuple(witnesses), score=tuple(score))
