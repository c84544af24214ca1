"""Clauses over a longer vector: v with other variables behind it, or v stretched by a scale that is decided too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from allocator.shapes import Box, Clause, Cone, Fixed, Number, RotatedCone, Rows, Tail
from allocator.sparse import Sparse, Vector
from allocator.units import Index

SWITCH = (Number("switch", 0.0, Index),)
"One parameter for all members of a clause: 1 turns on what stands behind theta."


def column(rows: int, columns: int, at: int, value: Vector | float) -> Sparse:
    """A matrix that is zero but for one column."""
    return Sparse.of((rows, columns), np.arange(rows), at, value)


def written_in(clause: Clause, extra: int = 0, **changes: Any) -> Any:
    """The clause over `extra` more entries, its limits written into R0 and c0, with a theta that is free for others."""
    m, n = clause.size, clause.R0.shape[1] + extra
    data: dict[str, Any] = {
        "R0": (clause.R0 + clause.R1.scaled(clause.theta)).wide(n),
        "c0": clause.c0 + clause.theta * clause.c1,
        "R1": Sparse.zeros(m, n),
        "c1": np.zeros(m),
        "theta": np.zeros(m),
        "numbers": SWITCH,
    }
    if isinstance(clause, Cone):
        data["M"] = clause.M.wide(n)
    if isinstance(clause, Tail):
        data["L"] = clause.L.wide(n)
    return replace(clause, **{**data, **changes})


def at_least(row: Sparse, least: float, dropped: float = 0.0) -> Rows:
    """`row >= least` where theta is 0, and where it is 1 less by `dropped`."""
    return Rows(
        rule="held",
        words="what is held",
        R0=row,
        c0=np.array([-least]),
        R1=Sparse.zeros(1, row.shape[1]),
        c1=np.array([dropped]),
        theta=np.zeros(1),
        numbers=SWITCH,
        unit=Index,
    )


def as_rows(clause: Fixed, box: Box) -> Rows:
    """What is fixed at zero, as two caps of zero: on the capital and on the debt. What is defined follows."""
    n, own = clause.R0.shape[1], clause.R0.column
    others = np.setdiff1d(clause.columns, [*own, *np.flatnonzero(box.defined)])
    parts = [Sparse.of((1, n), 0, columns, -1.0) for columns in (own, others)]
    return Rows(
        rule=clause.rule,
        words=clause.words,
        labels=("capital", "debt"),
        R0=Sparse.stack(parts),
        c0=np.zeros(2),
        R1=Sparse.zeros(2, n),
        c1=np.full(2, clause.c1.max(initial=0.0)),
        theta=np.zeros(2),
        unit=clause.unit,
    )


def stretched(clause: Clause, extra: int, room: Sparse | None = None) -> Any:
    """The clause of v = w / scale, as a clause over (w, scale, extra entries): `scale * (bend(v) - room(v)) <= 0`.

    `room` replaces its own, over the longer vector. Rows, cones and tails become themselves without constants. A
    squared norm becomes a cone:
    `||a||^2 <= scale * room` is `||(2 a, s scale - room / s)|| <= s scale + room / s` for any s > 0.
    (Charnes and Cooper 1962 for ratios of lines; Schaible 1974 for concave ones.)
    """
    n, m = clause.R0.shape[1], clause.size
    plain = written_in(clause, 1 + extra)
    width = n + 1 + extra
    if room is None:
        room = plain.R0 + column(m, width, n, plain.c0)
    if isinstance(clause, RotatedCone):
        return _round(replace(plain, R0=room, c0=np.zeros(m)), clause, n)
    changes: dict[str, Any] = {"R0": room, "c0": np.zeros(m)}
    if isinstance(clause, (Cone, Tail)):
        name = "M" if isinstance(clause, Cone) else "L"
        rows = len(clause.k)
        changes |= {name: getattr(plain, name) + column(rows, width, n, clause.k), "k": np.zeros(rows)}
    return replace(plain, **changes)


def _round(plain: Any, clause: RotatedCone, n: int) -> Cone:
    m, width = clause.size, plain.R0.shape[1]
    d = clause.M.shape[0] // m
    root = np.sqrt(clause.typical)
    arms = (plain.M + column(m * d, width, n, clause.k)) * 2.0
    scale, room = column(m, width, n, root), plain.R0.scaled(1 / root)
    last = scale + room * -1.0
    return Cone(
        rule=clause.rule,
        words=clause.words,
        labels=clause.labels,
        R0=scale + room,
        c0=np.zeros(m),
        R1=plain.R1,
        c1=plain.c1,
        theta=plain.theta,
        numbers=SWITCH,
        unit=clause.unit,
        at_least=clause.at_least,
        M=_interleaved([(arms, d), (last, 1)], m),
        k=np.zeros(m * (d + 1)),
    )


def _interleaved(parts: Sequence[tuple[Sparse, int]], members: int) -> Sparse:
    """Blocks of rows put together member by member; each block has so many rows a member."""
    tall = sum(rows for _, rows in parts)
    found, top = Sparse.zeros(members * tall, parts[0][0].shape[1]), 0
    for matrix, rows in parts:
        member, inside = np.divmod(matrix.row, rows)
        found += Sparse(found.shape, member * tall + top + inside, matrix.column, matrix.value)
        top += rows
    return found
