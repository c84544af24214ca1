"""A measure over another one, within a limit, as a clause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from allocator.measures import Measure
from allocator.model import kebab
from allocator.shapes import TYPICAL, Clause, Number, RotatedCone, Rows
from allocator.sparse import Sparse

if TYPE_CHECKING:
    from allocator.rules import Limit, Rule


UNLIKE = 1e4
"A measure that is larger by more is not what the other one is checked by: the smaller one could be nothing at all."


def number(limit: Limit, **how: float) -> Number:
    """The limit as a clause's number; `how` says how theta follows from it."""
    return Number(kebab(limit.field), float(limit.value), type(limit.value), **how)


def within(rule: Rule, words: str, whole: Measure, limit: Limit, **how: float) -> dict[str, Any]:
    """The fields of a clause of one member whose room is the limit times a whole.

    Args:
        rule: whose limit it is.
        words: what is limited.
        whole: what the limit is a part of, linear.
        limit: at least or at most so much.
        how: how theta follows from it.
    """
    own = number(limit, **how)
    return {
        "rule": rule.id,
        "words": words,
        "R0": Sparse.zeros(1, len(whole.row)),
        "c0": np.zeros(1),
        "R1": Sparse.dense(whole.row[None]),
        "c1": np.array([whole.constant]),
        "theta": np.array([own.theta(own.value)]),
        "numbers": (own,),
        "unit": type(limit.value),
        "at_least": limit.at_least,
        "penalty": None if rule.penalty is None else float(rule.penalty),
    }


def ratio(
    rule: Rule,
    words: str,
    part: Measure | Sparse,
    whole: Measure,
    limit: Limit,
    labels: Sequence[str] = ("",),
    numbers: tuple[Number, ...] = (),
) -> Clause:
    """One limit of a ratio that was found to be convex.

    Args:
        rule: whose limit it is.
        words: what the ratio is.
        part: the numerator; or a row a member, linear.
        whole: the denominator.
        limit: at least or at most so much.
        labels: the members' names.
        numbers: what theta is made from, the limit first; the limit alone by default.
    """
    numbers = numbers or (number(limit),)
    if isinstance(part, Measure):
        numerators, constant, loss = Sparse.dense(part.row[None]), part.constant, part.loss
    else:
        numerators, constant, loss = part, 0.0, None
    m = numerators.shape[0]
    sign = 1.0 if limit.at_least else -1.0
    below = Sparse.stack([Sparse.dense(whole.row[None])] * m)
    # Rows of order one: a measure in megawatts would else be checked a thousand times more strictly than dollars.
    over, under = np.abs(numerators.value).max(initial=0), max(np.abs(below.value).max(initial=0), whole.constant)
    least = min((size for size in (over, abs(float(limit.value)) * under) if size > 0), default=1.0)
    scale = float(min(max(over, under), UNLIKE * least)) or 1.0
    top = numerators * (sign / scale), np.full(m, constant * sign / scale)
    bottom = below * (-sign / scale), np.full(m, -sign * whole.constant / scale)
    bend = loss if loss is not None else whole.loss
    if whole.loss is not None:
        # num <= k (den - ||M v||^2) is ||M v||^2 <= den - num / k: theta is 1 / k, and is with the numerator.
        numbers = tuple(Number(n.name, n.value, n.unit, 1 / n.scale, n.shift, n.sign, -n.power) for n in numbers)
        top, bottom = bottom, top
    data: dict[str, Any] = {
        "rule": rule.id,
        "words": words,
        "labels": tuple(labels),
        "R0": top[0],
        "c0": top[1],
        "R1": bottom[0],
        "c1": bottom[1],
        "theta": np.full(m, numbers[0].theta(numbers[0].value)),
        "numbers": numbers,
        "unit": type(limit.value),
        "at_least": limit.at_least,
        "penalty": float(rule.penalty) * scale if rule.penalty is not None else None,
        "order": scale,
    }
    if bend is None:
        return Rows(**data)
    M = Sparse.stack([bend * scale**-0.5] * m)
    return RotatedCone(**data, M=M, k=np.zeros(M.shape[0]), typical=np.full(m, TYPICAL))
