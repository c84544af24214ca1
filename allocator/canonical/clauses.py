"""Clauses as rows of a program in conic form, and what the rows' multipliers say of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from allocator.canonical.assembly import TINY, Assembly, Read, Rows
from allocator.certificate import TOLERANCE
from allocator.shapes import Clause, Cone, Fixed, RotatedCone, Tail
from allocator.sparse import Indices, Sparse, Vector


@dataclass(frozen=True, eq=False)
class Reader:
    """What multipliers say of the members of a clause that are written.

    Attributes:
        weights: theirs, from the multipliers of all rows; of many solves at once, where these are rows of an array.
        witnesses: theirs, from all that a solver found.
    """

    weights: Callable[[Vector], Vector]
    witnesses: Callable[[Read], Vector]


def write_clause(assembly: Assembly, clause: Clause, first: int) -> tuple[Indices, Reader]:
    """Write the members of a clause that matter.

    Args:
        assembly: to which rows and variables are added.
        clause: rows, cone or tail.
        first: the place of its first member's parameter among all.

    Returns:
        the members, and how their weights and witnesses are read.
    """
    members = _members(assembly, clause)
    m = len(members)
    slack = None
    if clause.penalty is not None:
        least, _ = assembly.span(clause.R0 + clause.R1.scaled(clause.theta), clause.c0 + clause.theta * clause.c1)
        slack = assembly.variables((np.zeros(m), np.maximum(_most(assembly, clause) - least, 0)[members]), 0.0)
        assembly.owed.add(slack, clause.penalty)

    def room(rows: Rows, at: Indices) -> None:
        assembly.over_v(rows, clause.R0.rows(members), at)
        assembly.over_v(rows, clause.R1.rows(members), at, moving=True)
        rows.shift[at] += clause.c0[members]
        rows.rise[at] += clause.c1[members]
        rows.member[at] = first + members
        if slack is not None:
            rows.add_identity(slack, rows=at)

    if isinstance(clause, RotatedCone):
        return members, _rotated(assembly, clause.only(members), room)
    if isinstance(clause, Cone):
        return members, _second(assembly, clause.only(members), room)
    if isinstance(clause, Tail):
        return members, _tail(assembly, clause, room) if m else NOTHING
    rows = assembly.rows("zero" if clause.equal else "positive", m)
    room(rows, np.arange(m))
    return members, Reader(lambda y: y[..., rows.place], lambda read: np.zeros(0))


Room = Callable[[Rows, Indices], None]


def _most(assembly: Assembly, clause: Clause) -> Vector:
    """What the left side is at most inside the box, for each member."""
    if isinstance(clause, Tail):
        return np.array([clause.count * np.maximum(assembly.span(clause.L, clause.k)[1], 0).max()])
    if not isinstance(clause, Cone):
        return np.zeros(clause.size)
    longest = np.maximum(*np.abs(assembly.span(clause.M, clause.k)))
    norms = np.linalg.norm(longest.reshape(clause.size, -1), axis=1)
    return np.asarray(norms**2 if isinstance(clause, RotatedCone) else norms)


NOTHING = Reader(lambda y: y[..., :0], lambda read: np.zeros(0))


def _members(assembly: Assembly, clause: Clause) -> Indices:
    """Those that a free entry touches, and any other that is broken, or is as soon as a rule's number is another."""
    free = assembly.mask
    if clause.numbers and not isinstance(clause, Fixed):
        return np.arange(clause.size)
    kept = clause.R0.rows_touching(free) | clause.R1.rows_touching(free)
    kept |= clause.excess(assembly.box.low) > TOLERANCE
    if isinstance(clause, Cone):
        kept |= clause.M.rows_touching(free).reshape(clause.size, -1).any(axis=1)
    if isinstance(clause, Tail):
        kept |= clause.L.rows_touching(free).any()
    return np.flatnonzero(kept)


def _second(assembly: Assembly, clause: Cone, room: Room) -> Reader:
    """`(room, arms)` in a cone: score + weight * (room - witness . arms) is the Lagrangian."""
    m, d = clause.size, clause.M.shape[0] // max(clause.size, 1)
    rows = assembly.rows("second", m * (d + 1), d + 1)
    top = np.arange(m) * (d + 1)
    arms = (top[:, None] + 1 + np.arange(d)).ravel()
    room(rows, top)
    assembly.over_v(rows, clause.M, arms)
    rows.shift[arms] += clause.k

    def witnesses(read: Read) -> Vector:
        found = read.of(rows).reshape(m, d + 1)
        return np.asarray(-found[:, 1:] / np.maximum(found[:, :1], TINY))

    return Reader(lambda y: y[..., rows.place][..., top], witnesses)


def _rotated(assembly: Assembly, clause: RotatedCone, room: Room) -> Reader:
    # ||a||^2 <= r is ||(2 sqrt(s) a, r - s)|| <= r + s for any s > 0; s near r keeps the cone round.
    m, d, s = clause.size, clause.M.shape[0] // max(clause.size, 1), clause.typical
    rows = assembly.rows("second", m * (d + 2), d + 2)
    top = np.arange(m) * (d + 2)
    arms = (top[:, None] + 1 + np.arange(d)).ravel()
    for at, sign in ((top, 1.0), (top + d + 1, -1.0)):
        room(rows, at)
        rows.shift[at] += sign * s
    root = np.repeat(2 * np.sqrt(s), d)
    assembly.over_v(rows, clause.M.scaled(root), arms)
    rows.shift[arms] += root * clause.k

    def weights(y: Vector) -> Vector:
        own = y[..., rows.place]
        return np.maximum(own[..., top] + own[..., top + d + 1], 0)

    def witnesses(read: Read) -> Vector:
        arms = read.of(rows).reshape(m, d + 2)[:, 1:-1]
        return np.asarray(-np.sqrt(s)[:, None] * arms / np.maximum(weights(read.y), TINY)[:, None])

    return Reader(weights, witnesses)


def _tail(assembly: Assembly, clause: Tail, room: Room) -> Reader:
    q, over, above = assembly.largest(clause.L, clause.k)
    rows = assembly.rows("positive", 1)
    room(rows, np.zeros(1, np.int64))
    rows.add(Sparse.dense(np.array([[-clause.count]])), q)
    rows.add(Sparse.dense(-np.ones((1, len(over)))), over)
    return Reader(lambda y: y[..., rows.place], lambda read: read.of(above) / max(float(read.of(rows)[0]), TINY))
