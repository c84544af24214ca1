"""How curves compare with others: a fine sweep by the house's solver, and what lies outside of which."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import allocator as al
from allocator.certificate import shortfall
from allocator.program import Program
from allocator.sandwich import project
from allocator.sparse import Vector


def values(found: al.Frontier) -> Vector:
    return np.array([each["values"] for each in found.record["points"]])


def scaled(found: al.Frontier, pairs: Vector) -> Vector:
    """Pairs of values as scores in parts of the ranges."""
    between = found.record["between"]
    senses = np.array([-1.0 if each["smaller-is-better"] else 1.0 for each in between])
    return pairs * senses / np.array([each["range"] for each in between])


def outside(found: al.Frontier, pairs: Vector) -> float:
    """How far pairs of values lie outside the curve, at most, in parts of the ranges."""
    chain = scaled(found, values(found))
    return max(float(np.linalg.norm(pair - project(pair, chain))) for pair in scaled(found, pairs))


def beyond(found: al.Frontier, pairs: Vector) -> float:
    """How far pairs of values lie beyond the outer polygon's edges, at most, in parts of the ranges."""
    outer, scores = scaled(found, np.array(found.record["outer"])), scaled(found, pairs)
    over = [float((scores - outer.max(axis=0)).max())]
    for start, end in pairwise(outer):
        along = end - start
        normal = np.array([along[1], -along[0]]) / max(float(np.linalg.norm(along)), 1e-12)
        over.append(float(((scores - start) @ normal).max()))
    return max(over)


def sweep(case: al.Case, rules: al.Rulebook, pair: tuple[Any, Any], found: al.Frontier, count: int) -> Vector:
    """The values at the optima of equally spaced blends, solved one by one."""
    scores = [objective.score(case) for objective in pair]
    program = Program(rules.clauses(case), scores, case.box, case.spread)
    ranges = [each["range"] for each in found.record["between"]]
    swept = []
    for part in np.linspace(0, 1, count):
        weights = [part / ranges[0], (1 - part) / ranges[1]]
        penalty = sum(w * score.income for w, score in zip(weights, scores, strict=True))
        point = program.solve(weights, penalty, 1e-9)
        cost = shortfall(program.clauses, point.v)
        signed = [score.value(point.v) - score.income * cost for score in scores]
        swept.append([-s if objective.smaller_is_better else s for s, objective in zip(signed, pair, strict=True)])
    return np.array(swept)
