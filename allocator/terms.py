"""The case's terms as clauses: capacity, the stack's limits, gearing, cover and covenants.

They are facts and contracts, not policy, yet they bind and are priced like rules. Ids start with `terms.`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from allocator.case import Case
from allocator.shapes import Clause, Equal, RotatedCone, Rows
from allocator.sparse import Indices, Sparse, Vector
from allocator.units import Index, Money, Multiple, Quantity, Share

PREFIX = "terms."


def is_term(clause: Clause) -> bool:
    """Whether a clause is one of the case's terms, and no rule."""
    return clause.rule.startswith(PREFIX)


def terms(case: Case) -> list[Clause]:
    """All the terms of a case.

    Raises:
        InputError: a scope of the stack matches nothing, or a column that a covenant needs is missing.
    """
    case.names.check()
    found = [_identity(case), _compression(case), _capacity(case)]
    if case.stack:
        found += [_tranche_capacity(case), _gearing(case), *_own_cover(case)]
        found += [_sub_limits(case), _loan_to_value(case), _content(case), _single_obligor(case)]
        for t, tranche in enumerate(case.stack):
            if tranche.covenants.cover is not None:
                found += _covenant_cover(case, t, float(tranche.covenants.cover))
    return [clause for clause in found if clause is not None and clause.size]


def _rows(
    case: Case,
    name: str,
    words: str,
    labels: tuple[str, ...],
    unit: type[Quantity],
    theta: Vector,
    R0: Sparse,
    R1: Sparse | None = None,
    c1: float = 0.0,
    at_least: bool = False,
    priced: bool = True,
) -> Rows:
    m = len(labels)
    return Rows(
        rule=PREFIX + name,
        words=words,
        labels=labels,
        R0=R0,
        c0=np.zeros(m),
        R1=R1 or Sparse.zeros(m, case.decision.size),
        c1=np.full(m, c1),
        theta=np.asarray(theta, float),
        unit=unit,
        at_least=at_least,
        priced=priced,
    )


def _pick(case: Case, columns: Indices, value: Vector | float = 1.0) -> Sparse:
    """A row for each of some entries of v."""
    return Sparse.picking(columns, case.decision.size, value)


def _identity(case: Case) -> Clause:
    """What the sums are, and that capital and reserve are equity and debt."""
    d = case.decision
    m, pairs, drawn = len(d.tranches), d.f + np.arange(d.pairs), d.drawn + np.arange(len(d.tranches))
    balance = Sparse.of((1, d.size), 0, [d.debt, d.deployed, d.reserve], [1.0, -1.0, -1.0])
    sums = [
        _sums(case, np.zeros(d.n, int), np.arange(d.n), np.array([d.deployed])),
        _sums(case, d.pair_tranche, pairs, drawn),
        _sums(case, np.zeros(m, int), drawn, np.array([d.debt])),
    ]
    return Equal(
        rule=PREFIX + "identity",
        words="capital and reserve are equity and debt",
        labels=("deployed", *d.tranches, "debt", "balance"),
        R0=Sparse.stack([*sums, balance]),
        c0=np.append(np.zeros(m + 2), 1.0),
        R1=Sparse.zeros(m + 3, d.size),
        c1=np.zeros(m + 3),
        theta=np.zeros(m + 3),
        unit=Index,
        priced=False,
    )


def _sums(case: Case, row: Indices, parts: Indices, wholes: Indices) -> Sparse:
    """A row for each whole: the sum of its parts less itself."""
    shape = (len(wholes), case.decision.size)
    return Sparse.of(shape, row, parts, 1.0) + Sparse.of(shape, np.arange(len(wholes)), wholes, -1.0)


def _compression(case: Case) -> Clause | None:
    d = case.decision
    if not len(d.bent):
        return None
    labels = tuple(d.lines[i] for i in d.bent)
    room = _pick(case, d.e + np.arange(len(d.bent))) + _pick(case, d.bent, -1.0)
    return _rows(
        case, "compression", "capital at which the yield starts to fall", labels, Money,
        d.threshold * case.equity, room, c1=1 / case.equity, priced=False,
    )  # fmt: skip


def _capacity(case: Case) -> Clause | None:
    d = case.decision
    if "capacity" not in case.universe.numbers:
        return None
    theta = case.capacity * case.equity
    room = _pick(case, np.arange(d.n), -1.0)
    return _rows(case, "capacity", "capacity of the line", d.lines, Money, theta, room, c1=1 / case.equity)


def _tranche_capacity(case: Case) -> Clause:
    d = case.decision
    theta = np.array([float(tranche.capacity) for tranche in case.stack])
    room = _pick(case, d.drawn + np.arange(len(d.tranches)), -1.0)
    return _rows(
        case,
        "tranche-capacity",
        "capacity of the tranche",
        d.tranches,
        Money,
        theta,
        room,
        c1=1 / case.equity,
    )


def _sub_limits(case: Case) -> Clause | None:
    d = case.decision
    labels: list[str] = []
    theta: list[float] = []
    rows: list[int] = []
    columns: list[int] = []
    for t, tranche in enumerate(case.stack):
        for limit in tranche.sub_limits:
            inside = limit.scope.lines(case.universe)
            own = np.flatnonzero((d.pair_tranche == t) & inside[d.pair_line])
            rows += [len(labels)] * len(own)
            columns += (d.f + own).tolist()
            labels.append(f"{tranche.id}/{limit.id}")
            theta.append(float(limit.at_most))
    room = Sparse.of((len(labels), d.size), np.array(rows, int), np.array(columns, int), -1.0)
    return _rows(
        case,
        "sub-limit",
        "part of a tranche",
        tuple(labels),
        Money,
        np.array(theta),
        room,
        c1=1 / case.equity,
    )


def _lines_with_debt(case: Case) -> Indices:
    return np.flatnonzero(np.bincount(case.decision.pair_line, minlength=case.decision.n))


def _gearing(case: Case) -> Clause:
    d = case.decision
    lines = _lines_with_debt(case)
    row = np.searchsorted(lines, d.pair_line)
    debt = Sparse.of((len(lines), d.size), row, d.f + np.arange(d.pairs), -1.0)
    return _rows(
        case, "gearing", "debt on the line over its capital", tuple(d.lines[i] for i in lines), Share,
        case.column("gearing", 1.0)[lines], debt, _pick(case, lines),
    )  # fmt: skip


def _own_cover(case: Case) -> list[Clause]:
    """Each line's own cover of all its debt service.

    It also keeps a line that could carry debt from being built beyond where compression has eaten all its income, debt
    or none: without that the cover would not be convex.
    """
    lines = _lines_with_debt(case)
    floor = case.column("dscr", 0.0)[lines]
    lines, floor = lines[floor > 0], floor[floor > 0]
    words = "income of the line over its debt service"
    return _cover(case, "cover", words, lines, floor, np.ones(case.decision.pairs, bool))


def _covenant_cover(case: Case, tranche: int, multiple: float) -> list[Clause]:
    """A tranche's covenant on the lines it lends to, where it is stricter than the line's own cover.

    Income pays the tranche's service at the covenant's multiple after the other debt's at the line's own, or once.
    """
    d = case.decision
    covered = d.pair_tranche == tranche
    lines = d.pair_line[covered]
    lines = lines[case.column("dscr", 0.0)[lines] < multiple]
    words = "income of the line over what this tranche is owed"
    return _cover(case, f"{d.tranches[tranche]}.cover", words, lines, np.full(len(lines), multiple), covered)


def _cover(
    case: Case, name: str, words: str, lines: Indices, floor: Vector, covered: NDArray[np.bool_]
) -> list[Clause]:
    """Income net of compression at least `floor` times the covered service, after the other debt's.

    Rows for lines whose yield does not compress, cones for the others.
    """
    d = case.decision
    income, place = case.column("cash-yield", 0.0), np.full(d.n, -1)
    place[lines] = np.arange(len(lines))
    inside = place[d.pair_line] >= 0
    first, others = np.flatnonzero(inside & covered), np.flatnonzero(inside & ~covered)
    shape = (len(lines), d.size)
    once = np.maximum(case.column("dscr", 0.0), 1.0)[d.pair_line] * case.service
    R0 = _pick(case, lines, income[lines])
    R0 += Sparse.of(shape, place[d.pair_line[others]], d.f + others, -once[others])
    R1 = Sparse.of(shape, place[d.pair_line[first]], d.f + first, -case.service[first])
    bends = np.isin(lines, d.bent)
    found: list[Clause] = []
    for chosen in (np.flatnonzero(~bends), np.flatnonzero(bends)):
        if not len(chosen):
            continue
        fixed: dict[str, Any] = {
            "rule": PREFIX + name,
            "words": words,
            "labels": tuple(d.lines[i] for i in lines[chosen]),
            "R0": R0.rows(chosen),
            "c0": np.zeros(len(chosen)),
            "R1": R1.rows(chosen),
            "c1": np.zeros(len(chosen)),
            "theta": floor[chosen],
            "unit": Multiple,
            "at_least": True,
        }
        if not bends[chosen[0]]:
            found.append(Rows(**fixed))
            continue
        beyond = d.e + np.searchsorted(d.bent, lines[chosen])
        loss = _pick(case, beyond, np.sqrt(case.loss_weight[lines[chosen]]))
        typical = income[lines[chosen]] * case.capacity[lines[chosen]]
        found.append(RotatedCone(**fixed, M=loss, k=np.zeros(len(chosen)), typical=typical))
    return found


def _loan_to_value(case: Case) -> Clause:
    d = case.decision
    limit = np.array([float(t.covenants.loan_to_value or Share(1)) for t in case.stack])[d.pair_tranche]
    # A loan within the line's own gearing can't break a covenant that is no stricter.
    kept = np.flatnonzero(limit < case.column("gearing", 1.0)[d.pair_line])
    names = d.pair_names()
    labels = tuple("/".join(names[p]) for p in kept)
    return _rows(
        case, "loan-to-value", "a tranche's loan over the line's capital", labels, Share, limit[kept],
        _pick(case, d.f + kept, -1.0), _pick(case, d.pair_line[kept]),
    )  # fmt: skip


def _content(case: Case) -> Clause:
    d = case.decision
    bound = [t for t, tranche in enumerate(case.stack) if tranche.covenants.content is not None]
    rows = np.zeros((len(bound), d.size))
    for row, t in enumerate(bound):
        content = case.universe.numbers["us-share"]
        rows[row, d.f : d.reserve] = np.where(d.pair_tranche == t, content[d.pair_line], 0)
    return _rows(
        case, "content", "United States content of what a tranche finances", tuple(d.tranches[t] for t in bound), Share,
        np.array([float(case.stack[t].covenants.content or 0) for t in bound]),
        Sparse.dense(rows), _pick(case, d.drawn + np.array(bound, int), -1.0), at_least=True,
    )  # fmt: skip


def _single_obligor(case: Case) -> Clause:
    """A row for each tranche with the covenant and each counterparty."""
    d = case.decision
    exposure, parties = case.universe.exposure, case.universe.counterparties
    bound = [t for t, tranche in enumerate(case.stack) if tranche.covenants.single_obligor is not None]
    rows = [Sparse.zeros(0, d.size)]
    for t in bound:
        assert exposure is not None  # as names.check() saw
        place = np.full(d.n, -1)
        own = np.flatnonzero(d.pair_tranche == t)
        place[d.pair_line[own]] = d.f + own
        kept = place[exposure.column] >= 0
        shape = (len(parties), d.size)
        rows.append(Sparse.of(shape, exposure.row[kept], place[exposure.column[kept]], -exposure.value[kept]))
    drawn = np.repeat(d.drawn + np.array(bound, int), len(parties))
    limits = [float(case.stack[t].covenants.single_obligor or 0) for t in bound]
    return _rows(
        case, "single-obligor", "a tranche's loans that depend on one counterparty",
        tuple(f"{d.tranches[t]}/{party}" for t in bound for party in parties), Share,
        np.repeat(limits, len(parties)), Sparse.stack(rows), _pick(case, drawn),
    )  # fmt: skip
