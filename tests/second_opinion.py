"""Feasibility by another hand and another solver: what rules and terms mean, written out again from their fields.

Nothing of the package's clauses is used: amounts by line, loans by pair and the reserve are variables of a program of
its own, which ECOS solves. It finds the least s such that everything holds up to s (in parts of equity).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Any

import cvxpy as cp
import numpy as np

import allocator as al
from allocator.measures import MeasureName
from allocator.rules import Rule
from allocator.solution import Record

FITS, NOTHING = 3e-7, 2e-6
"Least s below which something fits, and above which nothing does; what is between is borderline."


def least(case: al.Case, rules: al.Rulebook, kept: Collection[str] | None = None) -> float:
    """The least s for some rules (ids) and families of terms (`terms.cover`), or for all."""
    own = _Own(case)
    rows = [*own.always(), own.s >= 0]
    for name, row in own.terms():
        if kept is None or name in kept:
            rows += row
    for rule in rules.rules:
        if rule.severity == "hard" and (kept is None or rule.id in kept):
            rows += own.rule(rule, rules)
    problem = cp.Problem(cp.Minimize(own.s), rows)
    for options in (
        {"solver": "ECOS", "abstol": 1e-10, "reltol": 1e-10, "feastol": 1e-10, "max_iters": 300},
        {"solver": "ECOS", "max_iters": 300},
        {"solver": "CVXOPT"},
        {"solver": "SCS", "eps_abs": 1e-9, "eps_rel": 1e-9, "max_iters": 200_000},
    ):
        try:
            problem.solve(**options)
        except (cp.error.SolverError, ValueError, ZeroDivisionError, ArithmeticError):
            continue
        if problem.status in ("optimal", "optimal_inaccurate"):
            return float(own.s.value)
    raise AssertionError(f"the second solver failed: {problem.status}")


def fits(case: al.Case, rules: al.Rulebook, kept: Collection[str] | None = None) -> bool | None:
    """Whether something fits; None where it is borderline."""
    s = least(case, rules, kept)
    return True if s < FITS else False if s > NOTHING else None


class _Own:
    """The variables, over equity, and what is measured of them."""

    def __init__(self, case: al.Case) -> None:
        self.case, d = case, case.decision
        u, self.n = case.universe, len(case.universe)
        self.line, self.tranche = d.pair_line, d.pair_tranche
        self.x = cp.Variable(self.n, nonneg=True)
        self.f = cp.Variable(max(d.pairs, 1), nonneg=True)
        self.r = cp.Variable(nonneg=True)
        self.s = cp.Variable()
        self.pairs = d.pairs
        self.income = u.numbers.get("cash-yield", np.zeros(self.n))
        self.capacity = u.numbers["capacity"] / case.equity if "capacity" in u.numbers else None
        life = u.numbers.get("life", np.full(self.n, np.inf))
        self.cost = np.array([float(t.cost.yearly(case.references)) for t in case.stack])
        service = []
        for i, t in zip(self.line, self.tranche, strict=True):
            tranche, c = case.stack[t], self.cost[t]
            years = min(float(tranche.tenor), life[i])
            service.append(c if tranche.repayment == "bullet" else c / (1 - (1 + c) ** -years))
        self.service = np.array(service)
        self.dscr = u.numbers.get("dscr", np.zeros(self.n))

    def loans(self, which: Any) -> Any:
        """A sum of loans, weighted."""
        return np.asarray(which, float) @ self.f if self.pairs else 0.0

    def lost(self, lines: Any) -> Any:
        """What compression takes from the income of some lines."""
        fund = self.case.fund
        if fund.compression is None:
            return 0.0
        h = float(fund.compression.from_)
        k = self.case.universe.numbers.get("compression-slope", np.full(self.n, float(fund.compression.slope)))
        on = np.flatnonzero(np.asarray(lines, bool) & (self.capacity > 0) & (k > 0))
        if not len(on) or h >= 1:
            return 0.0
        over = cp.pos(self.x[on] - h * self.capacity[on])
        return cp.sum(cp.multiply(k[on] / (2 * self.capacity[on]), cp.square(over)))

    def always(self) -> list[Any]:
        """Every dollar is somewhere."""
        rows = [cp.sum(self.x) + self.r == 1 + self.loans(np.ones(self.pairs))]
        return rows if self.pairs else [*rows, self.f == 0]

    def terms(self) -> Iterator[tuple[str, list[Any]]]:
        """Each family."""
        case, u, s = self.case, self.case.universe, self.s
        if case.fund.fully_invested:
            yield "terms.fully-invested", [self.r <= s]
        if self.capacity is not None:
            yield "terms.capacity", [self.x <= self.capacity + s]
        gearing = u.numbers.get("gearing", np.ones(self.n))
        for t, tranche in enumerate(case.stack):
            own = self.tranche == t
            terms = tranche.covenants
            yield "terms.tranche-capacity", [self.loans(own) <= float(tranche.capacity) / case.equity + s]
            for limit in tranche.sub_limits:
                inside = own & limit.scope.lines(u)[self.line]
                yield "terms.sub-limit", [self.loans(inside) <= float(limit.at_most) / case.equity + s]
            if terms.content is not None:
                content = u.numbers["us-share"][self.line] * own
                yield "terms.content", [self.loans(content) >= float(terms.content) * self.loans(own) - s]
            if terms.single_obligor is not None:
                for party in range(len(u.counterparties)):
                    part = np.bincount(
                        u.exposure.column[u.exposure.row == party], u.exposure.value[u.exposure.row == party], self.n
                    )[self.line]
                    most = float(terms.single_obligor) * self.loans(own)
                    yield "terms.single-obligor", [self.loans(part * own) <= most + s]
            for p in np.flatnonzero(own):
                i = self.line[p]
                if terms.loan_to_value is not None:
                    yield "terms.loan-to-value", [self.f[p] <= float(terms.loan_to_value) * self.x[i] + s]
                if terms.cover is not None and self.dscr[i] < float(terms.cover):
                    others = (self.line == i) & ~own
                    owed = self.loans(self.service * others * max(self.dscr[i], 1.0))
                    earned = self.income[i] * self.x[i] - self.lost(np.arange(self.n) == i)
                    yield "terms.cover", [earned >= float(terms.cover) * self.service[p] * self.f[p] + owed - s]
        for i in np.unique(self.line):
            mine = self.line == i
            yield "terms.gearing", [self.loans(mine) <= gearing[i] * self.x[i] + s]
            if self.dscr[i] > 0:
                earned = self.income[i] * self.x[i] - self.lost(np.arange(self.n) == i)
                yield "terms.cover", [earned >= self.dscr[i] * self.loans(mine * self.service) - s]

    def measure(self, name: MeasureName, lines: Any = None) -> Any:
        """A measure, over all lines or some."""
        at = np.ones(self.n, bool) if lines is None else lines
        if name.column:
            return (self.case.universe.numbers[name.name] * at) @ self.x
        return {
            "equity": lambda: 1.0,
            "deployed": lambda: at.astype(float) @ self.x,
            "total-assets": lambda: cp.sum(self.x) + self.r,
            "debt": lambda: self.loans(at[self.line]),
            "reserve": lambda: self.r,
            "debt-service": lambda: self.loans(self.service * at[self.line]),
            "interest": lambda: self.loans(self.cost[self.tranche] * at[self.line]) if self.pairs else 0.0,
            "net-cash-income": lambda: (self.income * at) @ self.x - self.lost(at),
        }[name.name]()

    def within(
        self, rule: Rule, rules: al.Rulebook, part: Any, whole: Any, scale: float = 1.0, label: str = ""
    ) -> list[Any]:
        """Part over whole between the rule's limits, or those of waivers in force."""
        rows = []
        for limit in rule.limits(rules.as_of):
            value = limit.value
            for waiver in rules.waivers:
                mine = (waiver.rule, waiver.side) == (rule.id, limit.field) and waiver.effective.on(rules.as_of)
                if mine and (waiver.names is None or label in waiver.names):
                    value = type(value).parse(getattr(waiver, waiver.side))
            bound = float(value) * whole
            rows.append(part >= bound - scale * self.s if limit.at_least else part <= bound + scale * self.s)
        return rows

    def rule(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        """One rule, by its kind."""
        return getattr(self, f"_{rule.kind.replace('-', '_')}")(rule, rules)

    def _groups(self, by: str) -> list[Any]:
        if by == "line":
            return list(np.eye(self.n, dtype=bool))
        column = np.array(self.case.universe.texts[by])
        return [column == name for name in sorted(set(column))]

    def _share(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        u, whole = self.case.universe, self.measure(rule.of)
        if rule.scope:
            return self.within(rule, rules, rule.scope.lines(u).astype(float) @ self.x, whole)
        names = u.ids if rule.each == "line" else sorted(set(u.texts[rule.each]))
        parts = [at.astype(float) @ self.x for at in self._groups(rule.each)]
        return [
            row
            for name, part in zip(names, parts, strict=True)
            for row in self.within(rule, rules, part, whole, label=name)
        ]

    def _domicile(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        u = self.case.universe
        if rule.basis == "content":
            part = u.numbers["us-share"]
        else:
            part = np.array([v == rule.country for v in u.texts[{"seat": "domicile", "assets": "site"}[rule.basis]]])
        return self.within(rule, rules, part.astype(float) @ self.x, self.measure(rule.of))

    def _amount(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        lines = rule.scope.lines(self.case.universe) if rule.scope else None
        return self.within(rule, rules, self.measure(rule.measure, lines), 1 / self.case.equity)

    def _leverage(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        if rule.measure == "tranche":
            at = [t.id for t in self.case.stack].index(rule.tranche)
            whole = self.measure(MeasureName("debt"))
            return self.within(rule, rules, self.loans(self.tranche == at), whole)
        top = self.measure(MeasureName(rule.measure.removesuffix("-to-equity")))
        return self.within(rule, rules, top, 1.0)

    def _coverage(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        earned = self.measure(MeasureName("net-cash-income")) * (1 - float(rule.haircut))
        return self.within(rule, rules, earned, self.measure(MeasureName(rule.measure)), 0.1)

    def _ratio(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        lines = rule.scope.lines(self.case.universe) if rule.scope else None
        names = (rule.numerator, rule.denominator)
        sizes = [np.abs(self.case.universe.numbers[m.name]).max() for m in names if m.column]
        top, bottom = (self.measure(m, lines) for m in names)
        return self.within(rule, rules, top, bottom, float(max(sizes, default=0.1)))

    def _concentration(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        parts = cp.hstack([at.astype(float) @ self.x for at in self._groups(rule.by)])
        (limit,) = rule.limits(rules.as_of)
        value, whole = float(limit.value), self.measure(rule.of)
        if rule.measure == "top-n":
            return [cp.sum_largest(parts, int(float(rule.n))) <= value * whole + self.s]
        return [cp.norm(parts) <= (value**0.5 if rule.measure == "hhi" else value**-0.5) * whole + self.s]

    def _volatility(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        factor = np.zeros(self.case.risk.factor.shape)
        np.add.at(factor, (self.case.risk.factor.row, self.case.risk.factor.column), self.case.risk.factor.value)
        (limit,) = rule.limits(rules.as_of)
        return [cp.norm(factor @ self.x) <= float(limit.value) * self.measure(rule.of) + self.s]

    def _tail_loss(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        losses, level = -self.case.risk.scenarios @ self.x, cp.Variable()
        worst = (1 - float(rule.confidence)) * losses.shape[0]
        return self.within(rule, rules, level + cp.sum(cp.pos(losses - level)) / worst, self.measure(rule.of))

    def _stress_loss(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        rows = []
        for stress in self.case.stresses:
            lost = -sum(float(shock.return_) * shock.scope.lines(self.case.universe) for shock in stress.shocks)
            if rule.stress in (None, stress.id):
                rows += self.within(rule, rules, lost @ self.x, self.measure(rule.of), label=stress.id)
        return rows

    def _by_line(self, given: Any) -> Any:
        return np.array([given.get(line, 0.0) for line in self.case.universe.ids])

    def _tracking(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        factor = np.zeros(self.case.risk.factor.shape)
        np.add.at(factor, (self.case.risk.factor.row, self.case.risk.factor.column), self.case.risk.factor.value)
        apart = self.x - self._by_line(self.case.benchmark) * cp.sum(self.x)
        return self.within(rule, rules, cp.norm(factor @ apart), self.measure(rule.of))

    def _turnover(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        moved = cp.norm1(self.x - self._by_line(self.case.holdings) / self.case.equity) / 2
        return self.within(rule, rules, moved, self.measure(rule.of))

    def _look_through(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        u, rows = self.case.universe, []
        for party, name in enumerate(u.counterparties):
            if rule.scope is None or name in rule.scope.columns["counterparty"]:
                at = u.exposure.row == party
                part = np.bincount(u.exposure.column[at], u.exposure.value[at], self.n)
                rows += self.within(rule, rules, part @ self.x, self.measure(rule.of))
        return rows

    def _exclusion(self, rule: Any, rules: al.Rulebook) -> list[Any]:
        out = rule.scope.lines(self.case.universe)
        rows = [out.astype(float) @ self.x <= self.s]
        return [*rows, self.loans(out[self.line]) <= self.s] if self.pairs else rows


def ids(members: list[Record]) -> list[str]:
    return [member.get("rule") or f"terms.{member['term']}" for member in members]


def applied(case: al.Case, rules: al.Rulebook, repair: Record) -> tuple[al.Case, al.Rulebook]:
    """The numbers changed as somebody would in the files; an exclusion becomes a cap of what it would allow."""
    for change in repair["changes"]:
        if change["field"] == "allow":
            scope = rules.rule(change["of"]).scope  # type: ignore[attr-defined]
            cap = al.rules.Amount(id=change["of"], title="Allowed", scope=scope, at_most=change["now"])
            rules = al.Rulebook([cap if r.id == change["of"] else r for r in rules.rules], rules.as_of)
        elif change["parts"]:
            for line, amount in change["parts"].items():
                case = case.replace(line, capacity=amount)
        elif change["field"] == "capacity":
            case = case.replace(change["of"], capacity=change["now"])
        elif change["waiver"]:
            rules = rewaived(rules, change["waiver"], change["field"].replace("-", "_"), change["now"])
        else:
            field = change["field"].replace("-", "_")
            dated = {day: str(value) for day, value in getattr(rules.rule(change["of"]), field).values.items()}
            since = dt.date.fromisoformat(change["since"]) if change["since"] else dt.date.min
            for waiver in change["ends"]:
                rules = rewaived(rules, waiver)
            rules = rules.replace(change["of"], **{field: {**dated, since: change["now"]}})
    return case, rules


def rewaived(rules: al.Rulebook, name: str, field: str = "", now: str = "") -> al.Rulebook:
    """The rules with a waiver's number changed, or without the waiver."""
    waivers = [each for each in rules.waivers if each.id != name]
    if field:
        (own,) = (each for each in rules.waivers if each.id == name)
        waivers.append(own.model_copy(update={field: now}))
    return al.Rulebook(rules.rules, rules.as_of, rules.header, rules.authorities, waivers=waivers)


def short(rules: al.Rulebook, change: Record) -> Record:
    """The change but for a fifth of it, which is more than rounding may add."""
    rule = rules.rule(change["of"])
    (limit,) = (each for each in rule.limits(rules.as_of) if each.field.replace("_", "-") == change["field"])
    unit = type(limit.value)
    was, now = (float(unit.parse(change[name])) for name in ("was", "now"))
    return change | {"now": str(unit(round(Decimal(was + 0.8 * (now - was)), 12)))}


def repairs_of(record: Record) -> list[Record]:
    """All that is printed."""
    found = [repair for single in record["singles"] for repair in single["repairs"]] + record["amounts"]
    both = [record["joint"], record.get("keeping", {"repair": None})]
    return found + [each["repair"] for each in both if each["repair"] is not None]


def check(case: al.Case, rules: al.Rulebook, record: Record, seen: Counter[str]) -> None:
    """Each member is necessary, all together suffice, each repair repairs; what is borderline is counted."""

    def asked(what: str, found: bool | None, wanted: bool) -> None:
        seen[f"{what}, borderline" if found is None else what] += 1
        assert found in (None, wanted), what

    for members in (
        record["conflict"],
        *record["joint"]["further"],
        *record.get("keeping", {"further": []})["further"],
    ):
        names = ids(members)
        assert names
        asked("sufficient", fits(case, rules, names), False)
        for name in names:
            if name not in record["unclear"]:
                asked("necessary", fits(case, rules, set(names) - {name}), True)
    every = {f"terms.{family}" for family in FAMILIES} | {rule.id for rule in rules.rules}
    for single in record["singles"]:
        if single["outcome"] == "none":
            asked("no change helps", fits(case, rules, every - {single["rule"]}), False)
        for repair in single["repairs"]:
            seen["single repairs"] += 1
            change = repair["changes"][0]
            if repair["smallest"] and change["field"] != "allow" and not change["waiver"]:
                asked(
                    "no smaller change helps", fits(*applied(case, rules, {"changes": [short(rules, change)]})), False
                )
        if single["outcome"] in ("remove", "undecided"):
            seen[single["outcome"]] += 1
    for repair in repairs_of(record):
        asked("repairs", fits(*applied(case, rules, repair)), True)
    if record["joint"]["open"]:
        seen["joint told" if record["joint"]["repair"] else "joint missing"] += 1


FAMILIES = (
    "capacity", "tranche-capacity", "gearing", "cover", "sub-limit", "loan-to-value", "content", "single-obligor",
    "fully-invested",
)  # fmt: skip
