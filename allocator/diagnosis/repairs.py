"""What would let something fit, as numbers that can be written: rounded to the looser side, and checked before told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np

from allocator.case import Case
from allocator.certificate import TOLERANCE
from allocator.diagnosis.feasibility import Feasibility, blamable, worst
from allocator.diagnosis.stretch import Giving, Least, Stretch, denominator, direction
from allocator.errors import InputError
from allocator.model import kebab
from allocator.rulebook import Rulebook
from allocator.rulebook.waivers import loosens
from allocator.rules import Limit, Rule
from allocator.shapes import Clause
from allocator.sparse import Vector
from allocator.terms import PREFIX, is_term
from allocator.units import Index, Money, Multiple, Quantity, Share

GRAIN = {Share: Decimal("0.001"), Money: Decimal("0.1"), Multiple: Decimal("0.01"), Index: Decimal("0.001")}
"What a reader writes a limit in: 0.1 pp, $0.1 bn, 0.01x, 0.001 of an index."
OVERSHOOT = 0.1
"Where rounding would add more than this part to the change, more digits are written."
DIGITS = 6
"As many more, at most."
ROUNDS = 2
"Joint changes are weighed by the sizes of their limits at a first answer, and once more at the next one."
SETTLED = 0.1
"Sizes that moved less are the same."
TOUCHED = TOLERANCE / 2
SMALL = 1e-6
"A limit smaller than this, in parts of equity, is weighed against equity."


@dataclass(frozen=True)
class Change:
    """A new value of one number.

    Attributes:
        of: the rule, the tranche, or the family of the lines' capacities.
        field: its name, as files write it; `allow` for what an exclusion would have to let in.
        was, now: its values; for the lines' capacities and for exclusions, in all.
        parts: by line, where it is a sum.
        waiver: the id of the waiver whose number it is; empty where it is the rule's own.
        since: where the rule has values for several dates, the day from which this one holds; later ones stay.
        ends: waivers that would be no looser than the rule then, and have to go.
    """

    of: str
    field: str
    was: Quantity
    now: Quantity
    parts: tuple[tuple[str, Quantity], ...] = ()
    waiver: str = ""
    since: dt.date | None = None
    ends: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Repair:
    """Changes that let something fit, all of them together.

    Attributes:
        changes: one or more.
        smallest: whether it is proved that none smaller does, but for rounding; of several, by their weighted sum.
        v: an allocation that they let in.
    """

    changes: tuple[Change, ...]
    smallest: bool
    v: Vector


class Repairs:
    """All that may give way in a case, in one program.

    Args:
        case: what is given.
        rules: those in force.
        feasibility: the program of all their clauses.
        names: the rules, and the families of terms, that may give way.
        v: an allocation near the answers.
    """

    def __init__(self, case: Case, rules: Rulebook, feasibility: Feasibility, names: Sequence[str], v: Vector) -> None:
        self._case, self._rules, self._feasibility = case, rules, feasibility
        self.givings: list[Giving] = []
        self._owner: list[str] = []
        for index, clause in enumerate(feasibility.clauses):
            if clause.rule in names:
                for giving in self._ways(index, clause):
                    self.givings.append(giving)
                    self._owner.append(clause.rule)
        self._stretch = Stretch(feasibility, self.givings, v)

    def of(self, name: str) -> list[int]:
        """What may give way of a rule or of a family."""
        return [k for k, owner in enumerate(self._owner) if owner == name]

    def _ways(self, index: int, clause: Clause) -> list[Giving]:
        if clause.rule == f"{PREFIX}tranche-capacity":
            return [Giving(index, member) for member in range(clause.size)]
        if clause.rule == f"{PREFIX}capacity":
            return [Giving(index, apart=True)]
        if is_term(clause) or direction(clause) == 0:
            return []
        return [Giving(index)]

    def _rule(self, clause: Clause) -> Rule:
        """The rule of a clause, with the waiver's limit where the clause is a part that is waived."""
        rule = self._rules.rule(clause.rule)
        return next((each.applied(rule) for each in self._rules.waivers if each.id == clause.waiver), rule)

    def _limit(self, clause: Clause) -> Limit | None:
        """The limit that a clause is of; None for an exclusion."""
        for limit in self._rule(clause).limits(self._rules.as_of):
            if limit.at_least == clause.at_least:
                return limit
        return None

    def alone(self, k: int) -> Repair | None:
        """The smallest change of one of them; None where none was found that holds."""
        least = self._stretch.alone(k)
        if least is None:
            return None
        change = self._change(k, least.v)
        if change is None or not self._holds([change], least.v):
            return None
        # Without its waiver, or where what is inherited moves with it, a line may take more, so that less might do.
        return Repair((change,), not change.ends and not self._inherits(change.of) and least.close, least.v)

    def together(self, chosen: Sequence[int], v: Vector) -> Repair | None:
        """The least change of several, each relative to its limit; None where none was found that holds."""
        least: Least | None = None
        sizes: dict[int, float] = {}
        for _ in range(ROUNDS):
            before, sizes = sizes, {k: self._size(k, v) for k in chosen}
            if before and np.allclose(list(before.values()), list(sizes.values()), rtol=SETTLED):
                break
            found = self._stretch.together(chosen, sizes)
            if found is None:
                break
            least, v = found, found.v
        if least is None:
            return None
        clauses = self._feasibility.clauses
        moved = [k for k in chosen if self._excess(k, clauses[self.givings[k].clause], least.v) > TOUCHED]
        changes = [self._change(k, least.v) for k in moved]
        told = _merged([change for change in changes if change is not None])
        if None in changes or not self._holds(told, least.v):
            return None
        firm = not any(change.ends or self._inherits(change.of) for change in told)
        return Repair(tuple(told), least.close and firm, least.v)

    def _inherits(self, name: str) -> bool:
        """Whether some of what a rule limits stands at what is inherited."""
        return any(clause.rule == name and clause.inherited for clause in self._feasibility.clauses)

    def _excess(self, k: int, clause: Clause, v: Vector) -> float:
        excess, member = clause.excess(v), self.givings[k].member
        return float(excess.max(initial=0.0) if member is None else excess[member])

    def _size(self, k: int, v: Vector) -> float:
        """What a change of one of them is measured against: its limit, in parts of equity."""
        giving = self.givings[k]
        clause = self._feasibility.clauses[giving.clause]
        limit = np.abs(clause.theta * clause.c1) if is_term(clause) else np.abs(clause.theta) * denominator(clause, v)
        size = float(limit.mean() if giving.member is None else limit[giving.member])
        return size if size > SMALL else 1.0

    def _change(self, k: int, v: Vector) -> Change | None:
        """The number that makes room for v, rounded to the looser side."""
        giving = self.givings[k]
        clause = self._feasibility.clauses[giving.clause]
        if not clause.numbers:
            return self._amounts(giving, clause, v)
        limit = self._limit(clause)
        assert limit is not None
        levels = clause.level(v)
        levels = levels[np.isfinite(levels)]
        sign = direction(clause)
        theta = sign * float(np.max(sign * np.append(levels, clause.theta[:1])))
        exact = float(clause.numbers[0].at(np.array([theta]))[0])
        if not np.isfinite(exact):
            return None
        now = rounded(exact, limit.value, limit.at_least)
        change = Change(clause.rule, kebab(limit.field), limit.value, now, waiver=clause.waiver)
        return change if clause.waiver else self._dated(change, limit)

    def _dated(self, change: Change, limit: Limit) -> Change:
        """The change of a rule's own number, with the date from which it holds, and the waivers that end by it."""
        rule = self._rules.rule(change.of)
        since = getattr(rule, limit.field).since(self._rules.as_of)
        try:
            made = _moved(rule, change, self._rules.as_of)
            ends = [each.id for each in self._rules.waivers if each.rule == rule.id and not loosens(each, made)]
        except InputError:
            # It can't be written at all, which is found when it is checked.
            ends = []
        return replace(change, since=None if since == dt.date.min else since, ends=tuple(ends))

    def _amounts(self, giving: Giving, clause: Clause, v: Vector) -> Change:
        """What a tranche, the lines in all, or an exclusion would have to take."""
        d, equity = self._case.decision, self._case.equity
        if giving.member is not None:
            tranche = self._case.stack[giving.member]
            now = rounded(float(v[d.drawn + giving.member]) * equity, tranche.capacity, False)
            return Change(tranche.id, "capacity", tranche.capacity, now)
        was = clause.theta if giving.apart else np.zeros(d.n)
        lines = np.arange(d.n) if giving.apart else self._excluded(clause)
        over = {int(i): float(v[i] * equity) for i in lines if v[i] - was[i] / equity > TOUCHED}
        parts = {i: rounded(amount, Money(float(was[i])), False) for i, amount in over.items()}
        before = sum((Money(float(amount)).amount for amount in was), Decimal(0))
        after = before + sum((now.amount - Money(float(was[i])).amount for i, now in parts.items()), Decimal(0))
        told = tuple((d.lines[i], now) for i, now in parts.items())
        return Change(clause.rule, "capacity" if giving.apart else "allow", Money(before), Money(after), told)

    def _excluded(self, clause: Clause) -> list[int]:
        return [int(i) for i in clause.R0.column[clause.R0.row == 0]]

    def _holds(self, changes: Sequence[Change], v: Vector) -> bool:
        """Whether v keeps all rules and terms once the numbers are changed as files would have them."""
        try:
            case, rules, dropped = changed(self._case, self._rules, changes)
            clauses = [clause for clause in rules.clauses(case) if clause.rule not in dropped]
        except InputError:
            # The number can't be written: a share over 100%, say.
            return False
        d = case.decision
        v = d.vector(v[: d.n], v[d.f : d.reserve])
        return worst(blamable(case, clauses), v) <= TOLERANCE


def _merged(changes: Sequence[Change]) -> list[Change]:
    """The changes, the loosest of those of one number: what is inherited moves with the rule's own limit."""
    found: dict[tuple[str, ...], Change] = {}
    for change in changes:
        key = (change.of, change.field, change.waiver)
        other = found.setdefault(key, change)
        if (float(change.now) < float(other.now)) == (change.field == "at-least"):
            found[key] = change
    return list(found.values())


def changed(case: Case, rules: Rulebook, changes: Sequence[Change]) -> tuple[Case, Rulebook, list[str]]:
    """The case and the rules with the numbers changed, and the exclusions that would have to go.

    Raises:
        InputError: a number can't be written.
    """
    dropped = []
    for change in changes:
        if change.field == "allow":
            dropped.append(change.of)
        elif change.of == f"{PREFIX}capacity":
            for line, now in change.parts:
                case = case.replace(line, capacity=str(now))
        elif change.field == "capacity":
            case = case.replace(change.of, capacity=str(change.now))
        else:
            rules = _rewritten(rules, change)
    return case, rules, dropped


def _rewritten(rules: Rulebook, change: Change) -> Rulebook:
    """The rules with one number of a rule, or of a waiver, changed.

    Raises:
        InputError: the number can't be written.
    """
    waivers = [each for each in rules.waivers if each.id not in change.ends]
    if change.waiver:
        field = change.field.replace("-", "_")
        waivers = [
            each.model_copy(update={field: str(change.now)}) if each.id == change.waiver else each for each in waivers
        ]
        return rules.with_rules(rules.rules, waivers=waivers)
    made = [_moved(each, change, rules.as_of) if each.id == change.of else each for each in rules.rules]
    return rules.with_rules(made, waivers=waivers)


def _moved(rule: Rule, change: Change, on: dt.date) -> Rule:
    """The rule with the number that is in force on a date changed; those of other dates stay.

    Raises:
        InputError: the number can't be written.
    """
    field = change.field.replace("-", "_")
    dated = {day: str(value) for day, value in getattr(rule, field).replaced(on, change.now).values.items()}
    return rule.changed(f"rule '{rule.id}'", {field: dated})


def rounded(exact: float, was: Quantity, at_least: bool) -> Quantity:
    """The number to write: no tighter than the exact one, and hardly looser.

    A ten-thousandth of a grain is taken for the solver's, not for a reason to write another digit.
    """
    unit = type(was)
    grain, shift = GRAIN[unit], abs(exact - float(was))
    slack = Decimal(repr(1e-4 * min(shift, float(grain))))
    value = Decimal(repr(exact)) + (slack if at_least else -slack)
    for _ in range(DIGITS):
        found = (value / grain).to_integral_value(ROUND_FLOOR if at_least else ROUND_CEILING) * grain
        if abs(float(found) - float(was)) <= (1 + OVERSHOOT) * shift:
            break
        grain /= 10
    return unit(found)
