"""Runs the tests that stand beside rules: holdings in, `pass` or `fail by 1 pp` out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from allocator.case import Case
from allocator.codes import Code
from allocator.errors import Collector, InputError, nearest
from allocator.expectations import Amounts, Expectation, Verdict
from allocator.readings import readings
from allocator.rulebook import Rulebook
from allocator.rules import Rule
from allocator.shapes import Clause
from allocator.solution import Record
from allocator.sparse import Vector
from allocator.units import Count, Index, Money, Multiple, Quantity, Share

NOISE = 1e-9
"Excesses up to this are rounding: a dollar of $ bn, a ten-millionth of a percentage point."
DIGITS = 4
"Of an excess, in what is printed."
EXAMPLES: Mapping[type[Quantity], str] = {Share: "1 pp", Multiple: "0.05x", Money: "$1 bn", Index: "0.02", Count: "1"}


@dataclass(frozen=True)
class Excess:
    """By how much a member of a rule is beyond its limit, in the unit of the limit; infinite over a whole of zero."""

    by: float
    unit: type[Quantity]
    member: str
    value: float | None
    limit: float

    def __str__(self) -> str:
        """As a test would expect it: `pass`, `fail by 1 pp`."""
        if self.by <= NOISE:
            return "pass"
        if not np.isfinite(self.by):
            return "fail by more than any number, as the whole is zero"
        by = Decimal(f"{self.by:.{DIGITS}g}")
        return f"fail by {str(Share(by))[:-1]} pp" if issubclass(self.unit, Share) else f"fail by {self.unit(by)}"

    def meets(self, expected: Verdict) -> bool:
        """Whether it is what was expected, to within half of the last digit stated."""
        if expected.by is None or self.by <= NOISE:
            return expected.by is None and self.by <= NOISE
        return abs(self.by - float(expected.by)) <= float(expected.grain) / 2 + NOISE

    def reading(self) -> str:
        """What was measured: `hall is 13%, the limit 12%`."""
        if self.value is None:
            return ""
        whole = f"{self.member} is" if self.member else "it is"
        return f"{whole} {self.unit.show(self.value)}, the limit is {self.unit.show(self.limit)}"


def run(rules: Rulebook, case: Case | None) -> Record:
    """Try each rule on the holdings of its tests. Waivers, what is inherited, other rules and terms play no part.

    Args:
        rules: with their tests.
        case: whose lines and tranches the tests name; None will do where no rule has a test.

    Returns:
        Plain data: `case`, its title, and `rules`, each with its `id`, `title` and `tests` (`name`, `expected`, `got`,
        `reading`, `passed`, `place`), those without tests too.

    Raises:
        InputError: there is no case, or all tests that name what the case lacks, that deploy more than there is, or
            that expect an excess in another unit than that of the limit.
    """
    problems = Collector()
    found = []
    for rule in rules.rules:
        tests = []
        for test in rule.tests:
            with problems.part():
                tests.append(_tried(rule, test, case))
        found.append({"id": rule.id, "title": str(rule.title), "tests": tests})
    problems.finish()
    return {"case": case.fund.title if case else "", "rules": found}


def _tried(rule: Rule, test: Expectation, case: Case | None) -> Record:
    who = f"test '{test.name}' of rule '{rule.id}'"
    if case is None:
        mend = "name one with --case, or under 'tested-on' in the policy"
        raise InputError.of(f"{who}: there is no case to run it on", mend, test.place())
    v = _vector(test, case, who)
    clauses = rule.clauses(case, test.as_of)
    unit = clauses[0].unit
    if test.expect.unit is not None and not issubclass(unit, test.expect.unit):
        what = f"{who} expect: '{test.expect.text}' is not in the unit of the rule's limit"
        raise InputError.of(what, f"write one such as fail by {EXAMPLES.get(unit, '1 pp')}", test.place("expect"))
    worst = max((_worst(clause, v) for clause in clauses), key=lambda excess: excess.by)
    file, line, column = test.place() or ("", 1, 1)
    return {
        "name": test.name,
        "expected": test.expect.text,
        "got": str(worst),
        "reading": worst.reading(),
        "passed": worst.meets(test.expect),
        "place": {"file": file, "line": line, "column": column},
    }


def _worst(clause: Clause, v: Vector) -> Excess:
    """The member of a clause that is furthest beyond its limit."""
    sign = -1.0 if clause.at_least else 1.0
    broken = clause.excess(v) > NOISE
    found = []
    for member, (value, limit) in enumerate(readings(clause, v, range(clause.size))):
        # Something over nothing has no reading: it is beyond any limit, or, as a cover without debt, never beyond.
        by = sign * (value - limit) if value is not None else float("inf") if broken[member] else -float("inf")
        found.append(Excess(by, clause.unit, clause.labels[member], value, limit))
    return max(found, key=lambda excess: excess.by)


def _vector(test: Expectation, case: Case, who: str) -> Vector:
    """The holdings and loans of a test as the decision vector, whatever the case's terms say of them.

    Raises:
        InputError: a line or a tranche is unknown, a tranche does not lend to a line, or too much is deployed.
    """
    problems = Collector()
    d = case.decision
    capital, loans = np.zeros(d.n), np.zeros(d.pairs)
    for line, amount in test.holdings.items():
        if _known("line", line, d.lines, test.holdings, who, problems):
            capital[d.lines.index(line)] = float(amount)
    pairs = d.pair_names()
    for line, tranches in test.financing.items():
        if line not in d.lines:
            problems.add(f"{who}: no line '{line}'", nearest(line, d.lines), test.place("financing"), Code.UNKNOWN_NAME)
            continue
        for tranche, amount in tranches.items():
            if not _known("tranche", tranche, d.tranches, tranches, who, problems):
                continue
            if (line, tranche) in pairs:
                loans[pairs.index((line, tranche))] = float(amount)
            else:
                lenders = [lender for each, lender in pairs if each == line]
                what = f"{who}: '{tranche}' does not lend to '{line}'"
                mend = f"use {' or '.join(lenders)}" if lenders else "take the debt of another line"
                problems.add(what, mend, tranches.places.get(tranche), Code.CONFLICT)
    problems.finish()
    short = capital.sum() - case.equity - loans.sum()
    if short > NOISE:
        there = "equity and debt are" if loans.any() else "equity is"
        given, have = Money.show(capital.sum()), Money.show(case.equity + loans.sum())
        what = f"{who}: it deploys {given}, and {there} {have}"
        raise InputError.of(what, f"add financing of {Money.show(short)}, or deploy less", test.place("holdings"))
    return d.vector(capital / case.equity, loans / case.equity)


def _known(what: str, name: str, names: Iterable[str], given: Amounts, who: str, problems: Collector) -> bool:
    if name in names:
        return True
    problems.add(f"{who}: no {what} '{name}'", nearest(name, names), given.places.get(name), Code.UNKNOWN_NAME)
    return False
