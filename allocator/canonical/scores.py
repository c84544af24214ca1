"""Scores over the variables of a program in conic form; their kinks and squares get variables and rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from allocator.canonical.assembly import TINY, Assembly, Read, Reader, Term
from allocator.scores import Least, Linear, Log, Norm, Part, Quadratic, Score, Worst
from allocator.shapes import TYPICAL, Owed
from allocator.sparse import Indices, Sparse, Vector

SHORT = 2
"Entries that a row of a square's matrix may have and be multiplied out one by one."


def write_score(assembly: Assembly, score: Score, inside: bool) -> Term:
    """A weighted sum of parts over the variables.

    Args:
        assembly: to which rows and variables are added.
        score: what is maximised, or held.
        inside: whether it stands in a row: squares are cones there, whose multipliers are witnesses.
    """
    total = Term()
    for weight, part in score.parts:
        total.plus(_part(assembly, part, inside), weight)
    return total


def _part(assembly: Assembly, part: Part, inside: bool) -> Term:
    term = Term(witnesses=[lambda read: part.witness(read.v)])
    if isinstance(part, Linear):
        term.add(np.arange(len(assembly.free)), part.gain[assembly.free])
        term.constant = part.constant + float(part.gain @ assembly.fixed)
    elif isinstance(part, Owed):
        term.plus(assembly.owed, 1.0)
    elif isinstance(part, Quadratic) and not inside:
        _multiply_out(assembly, part, term)
    else:
        written: dict[type, Callable[[Assembly, Any, Term], Reader]] = {
            Quadratic: _square,
            Norm: _norm,
            Worst: _worst,
            Log: _log,
            Least: _least,
        }
        term.witnesses = [written[type(part)](assembly, part, term)]
    return term


def _multiply_out(assembly: Assembly, part: Quadratic, term: Term) -> None:
    """Squares in the objective as they are; where rows of many entries are few, each gets a variable.

    So a factor model is never multiplied out: k factors of n lines take k n numbers, and not n n.
    """
    whole = np.arange(part.F.shape[0])
    long = whole[np.bincount(part.F.row, minlength=len(whole)) > SHORT]
    apart = long if 2 * len(long) < len(np.unique(part.F.rows(long).column)) else whole[:0]
    if (part.F @ assembly.fixed).any():
        apart = whole  # what is fixed makes linear terms of squares
    for own in (np.setdiff1d(long, apart), np.setdiff1d(whole, [*long, *apart])):
        term.squares.append((1.0, part.F.rows(own).placed(assembly.place)))
    if len(apart):
        y = assembly.variables(assembly.span(part.F.rows(apart)))
        rows = assembly.rows("zero", len(apart))
        assembly.over_v(rows, part.F.rows(apart))
        rows.add_identity(y, -1.0)
        term.squares.append((1.0, Sparse.picking(y, assembly.count)))


def _square(assembly: Assembly, part: Quadratic, term: Term) -> Reader:
    # ||a||^2 <= q is ||(2 sqrt(s) a, q - s)|| <= q + s for any s > 0; s near q keeps the cone round.
    s, d = TYPICAL, part.F.shape[0]
    size = assembly.variables((np.zeros(1), np.array([assembly.norm(part.F) ** 2])))
    rows = assembly.rows("second", d + 2)
    rows.add(Sparse.dense(np.ones((2, 1))), size, np.array([0, d + 1]))
    rows.shift[[0, -1]] = s, -s
    assembly.over_v(rows, part.F * (2 * s**0.5), 1 + np.arange(d))
    term.add(size)

    def witness(read: Read) -> Vector:
        found = read.of(rows)
        weight = float(found[0] + found[-1])
        return part.witness(read.v) if weight <= 0 else -(s**0.5) * found[1:-1] / weight

    return witness


def _norm(assembly: Assembly, part: Norm, term: Term) -> Reader:
    size, d = assembly.variables((np.zeros(1), np.array([assembly.norm(part.F)]))), part.F.shape[0]
    rows = assembly.rows("second", d + 1)
    rows.add_identity(size, rows=np.zeros(1, np.int64))
    assembly.over_v(rows, part.F, 1 + np.arange(d))
    term.add(size)

    def witness(read: Read) -> Vector:
        found = read.of(rows)
        return part.witness(read.v) if found[0] <= 0 else -found[1:] / found[0]

    return witness


def _worst(assembly: Assembly, part: Worst, term: Term) -> Reader:
    q, over, above = assembly.largest(part.L, np.zeros(part.L.shape[0]))
    term.add(q)
    term.add(over, 1 / part.count)

    def witness(read: Read) -> Vector:
        weights = np.maximum(read.of(above), 0)
        return part.witness(read.v) if weights.sum() <= 0 else weights * (part.count / weights.sum())

    return witness


def _log(assembly: Assembly, part: Log, term: Term) -> Reader:
    # A variable of its own, whose multiplier is the slope at which the logarithm was taken: a better witness than the
    # value at a v that is only nearly optimal.
    inside = write_score(assembly, part.of, inside=True)
    within = assembly.within(inside)
    gain, log = (
        assembly.variables(within),
        assembly.variables((np.full(1, -np.inf), np.log(np.maximum(within[1], TINY)))),
    )
    row = assembly.rows("positive", 1)
    assembly.term(row, inside)
    row.add_identity(gain, -1.0)
    cone = assembly.rows("exponential", 3)
    cone.add_identity(np.append(log, gain), rows=np.array([0, 2]))
    cone.shift[1] = 1.0
    term.add(log)
    return lambda read: np.concatenate([read.x[gain], *(reader(read) for reader in inside.witnesses)])


def _least(assembly: Assembly, part: Least, term: Term) -> Reader:
    inner = [write_score(assembly, score, inside=True) for score in part.of]
    spans = [assembly.within(each) for each in inner]
    least = assembly.variables((min(span[0] for span in spans), min(span[1] for span in spans)))
    rows = [assembly.rows("positive", 1) for _ in inner]
    for row, each in zip(rows, inner, strict=True):
        assembly.term(row, each)
        row.add_identity(least, -1.0)
    term.add(least)

    def witness(read: Read) -> Vector:
        weights = np.maximum(np.concatenate([read.of(row) for row in rows]), 0)
        own = [reader(read) for each in inner for reader in each.witnesses]
        return part.witness(read.v) if weights.sum() <= 0 else np.concatenate([weights / weights.sum(), *own])

    return witness


def gram(F: Sparse) -> tuple[Indices, Indices, Vector]:
    """The upper triangle of F'F, as triplets; F is dense, or has no more than `SHORT` entries a row."""
    counts = np.bincount(F.row, minlength=F.shape[0])
    if counts.max(initial=0) > SHORT:
        used, own = np.unique(F.column, return_inverse=True)
        dense = Sparse((F.shape[0], len(used)), F.row, own, F.value).array()
        i, j = np.triu_indices(len(used))
        return used[i], used[j], (dense.T @ dense)[i, j]
    order = np.argsort(F.row, kind="stable")
    column, value = F.column[order], F.value[order]
    first = np.flatnonzero(np.diff(F.row[order]) == 0)
    one, two = column[first], column[first + 1]
    mixed = value[first] * value[first + 1] * np.where(one == two, 2, 1)
    rows, columns = np.append(column, np.minimum(one, two)), np.append(column, np.maximum(one, two))
    return rows, columns, np.append(value**2, mixed)
