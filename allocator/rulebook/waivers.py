"""Waivers: for a time, another number in place of a rule's limit; they never switch a rule off."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, WithJsonSchema, model_validator

from allocator.codes import Code
from allocator.direction import direction
from allocator.errors import Collector, InputError, Unparsable, nearest
from allocator.model import Model, Name
from allocator.phrases import Phrase
from allocator.rulebook.header import Effective, Header
from allocator.rules import Rule
from allocator.scope import Scope

if TYPE_CHECKING:
    from allocator.names import Names


WrittenLimit = Annotated[str, WithJsonSchema({"type": ["string", "number"]})]
"A limit as files write it, which YAML takes for a number where it has no unit."


def parse_number(given: object) -> str:
    """Read the number of a waiver, such as W-2026-004.

    Raises:
        Unparsable: it is none.
    """
    if isinstance(given, str) and re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", given) and len(given) <= 60:
        return str(given)
    raise Unparsable(f"'{str(given)[:60]}' can't be the id of a waiver", "write one such as W-2026-004")


class Waiver(Model):
    """Another limit for a rule, or for some of those that the rule limits each.

    `scope` names them in the rule's own column: `{line: [hall]}` where it limits each line.
    """

    id: Annotated[str, BeforeValidator(parse_number)]
    rule: str
    scope: Scope | None = None
    at_least: WrittenLimit | None = None
    at_most: WrittenLimit | None = None
    effective: Effective
    authority: str
    approved_by: Name
    why: Phrase

    @model_validator(mode="after")
    def _fits(self) -> Waiver:
        if (self.at_least is None) == (self.at_most is None):
            raise Unparsable("a waiver sets one limit", "write at-least or at-most")
        if self.effective.until is None:
            raise Unparsable("a waiver must end", "add until", field="effective")
        if self.scope is not None and len(self.scope.columns) != 1:
            raise Unparsable("a waiver's scope has one column", "write {line: [...]}, say", field="scope")
        return self

    @property
    def side(self) -> str:
        """The field of the rule that it replaces."""
        return "at_least" if self.at_least is not None else "at_most"

    @property
    def names(self) -> frozenset[str] | None:
        """The members that it speaks of; None for the whole rule."""
        return None if self.scope is None else frozenset(*self.scope.columns.values())

    def sentence(self) -> str:
        """`at most 18% for the counterparty nvidia, from 2026-04-01 until 2026-09-30 (that day included)`."""
        side = self.side.replace("_", " ")
        whom = "".join(
            f" for the {column} {names[0]}" if len(names) == 1 else f" for each {column} of {', '.join(names)}"
            for column, names in (self.scope.columns.items() if self.scope else ())
        )
        term = f"from {self.effective.from_} until {self.effective.until} (that day included)"
        return f"{side} {getattr(self, self.side)}{whom}, {term}"

    def state(self, on: dt.date) -> str:
        """`in force`, `expired` or `not yet in force`."""
        if self.effective.on(on):
            return "in force"
        return "not yet in force" if on < self.effective.from_ else "expired"

    def applied(self, rule: Rule) -> Rule:
        """The rule with the waiver's limit.

        Raises:
            InputError: the limit cannot be read.
        """
        return rule.changed(f"waiver '{self.id}'", {self.side: getattr(self, self.side)}, self.place(self.side))

    def stated(self, rule: Rule) -> Waiver:
        """The waiver with its limit as limits are told, however it was written: 50.0% and 5000 bp are 50%."""
        return self.model_copy(update={self.side: str(getattr(self.applied(rule), self.side))})


def check_waivers(waivers: Sequence[Waiver], rules: Iterable[Rule], header: Header | None, problems: Collector) -> None:
    """Note all that is wrong with waivers: unknown rules, limits that are no looser, terms too long, overlaps."""
    by_id = {rule.id: rule for rule in rules}
    for waiver in waivers:
        who = f"waiver '{waiver.id}'"
        if header is not None:
            _check_term(who, waiver, header, problems)
        rule = by_id.get(waiver.rule)
        if rule is None:
            problems.add(
                f"{who} rule: no rule '{waiver.rule}'",
                nearest(waiver.rule, by_id),
                waiver.place("rule"),
                Code.UNKNOWN_NAME,
            )
            continue
        if header is not None and waiver.approved_by not in {*header.approvers, rule.owner}:
            known = {*header.approvers, rule.owner} - {""}
            what = f"{who} approved-by: '{waiver.approved_by}' is no approver of the policy nor the rule's owner"
            problems.add(what, nearest(waiver.approved_by, known), waiver.place("approved-by"), Code.WAIVER)
        with problems.part():
            _check_looser(who, waiver, rule)
        if waiver.scope is not None and rule.one_by_one not in waiver.scope.columns:
            (column,) = waiver.scope.columns
            limits = f"each {rule.one_by_one}" if rule.one_by_one else "all that it speaks of together"
            what = f"{who} scope: rule '{rule.id}' limits {limits}, and not each {column} on its own"
            mend = f"write {{{rule.one_by_one}: [...]}}" if rule.one_by_one else "leave the scope out"
            problems.add(what, mend, waiver.place("scope"), Code.WAIVER)
    for i, one in enumerate(waivers):
        for other in waivers[:i]:
            if _overlap(one, other):
                what = f"waiver '{one.id}' and waiver '{other.id}' waive the same at the same time"
                problems.add(what, "end the first before the second begins", one.place("effective"), Code.WAIVER)


def _check_term(who: str, waiver: Waiver, header: Header, problems: Collector) -> None:
    assert waiver.effective.until is not None
    days = (waiver.effective.until - waiver.effective.from_).days + 1
    if header.waiver_term is None:
        mend = "add 'waiver-term: 365 days', say, under 'policy'"
        problems.add(f"{who}: the policy does not say how long a waiver may last", mend, waiver.place(), Code.WAIVER)
    elif days > float(header.waiver_term):
        what = f"{who} lasts {days} days, and the policy's waiver-term is {header.waiver_term}"
        problems.add(what, "end it sooner", waiver.effective.place("until"), Code.WAIVER)


def _check_looser(who: str, waiver: Waiver, rule: Rule) -> None:
    """A waiver loosens a limit that the rule has, on every day of its term.

    Raises:
        InputError: it does not.
    """
    field = waiver.side.replace("_", "-")
    if getattr(rule, waiver.side, None) is None:
        what = f"{who} {field}: rule '{rule.id}' has no such limit"
        raise InputError.of(what, "waive one that it has", waiver.place(field), Code.WAIVER)
    if rule.relax == "never":
        what = f"{who}: rule '{rule.id}' is marked 'relax: never'"
        raise InputError.of(what, "leave the waiver out", waiver.place(), Code.WAIVER)
    if not loosens(waiver, rule):
        own = getattr(rule, waiver.side)
        what = f"{who} {field}: {getattr(waiver, waiver.side)} is no looser than the rule's {own}"
        raise InputError.of(what, "write a looser limit, or tighten the rule itself", waiver.place(field), Code.WAIVER)


def loosens(waiver: Waiver, rule: Rule) -> bool:
    """Whether a waiver's limit is looser than the rule's, on every day of its term.

    Raises:
        InputError: the limit cannot be read.
    """
    made, dated = waiver.applied(rule), getattr(rule, waiver.side)
    days = [waiver.effective.from_, *(day for day in dated.values if waiver.effective.on(day))]
    return all(direction(rule, made, day) not in ("same", "tighter") for day in days)


def _overlap(one: Waiver, other: Waiver) -> bool:
    if (one.rule, one.side) != (other.rule, other.side):
        return False
    if one.names is not None and other.names is not None and not one.names & other.names:
        return False
    return one.effective.on(other.effective.from_) or other.effective.on(one.effective.from_)


def pending(rule: Rule, waivers: Iterable[Waiver], on: dt.date) -> list[Waiver]:
    """A rule's waivers but those that have expired.

    Names are looked up in those to come, too, lest a policy that is well today fails when one begins.
    """
    return [waiver for waiver in waivers if waiver.rule == rule.id and waiver.state(on) != "expired"]


def check_waived(rule: Rule, waivers: Iterable[Waiver], names: Names, on: dt.date) -> None:
    """Check a rule as on a date, and as it is where it is waived.

    Raises:
        InputError: as for the rule's own check, or a waiver names what the rule does not limit.
    """
    rule.check(names, on)
    problems = Collector()
    for waiver in pending(rule, waivers, on):
        members = rule.members(names)
        for name in (waiver.names or frozenset()) - set(members):
            place = getattr(name, "place", waiver.place("scope"))
            what = f"waiver '{waiver.id}' scope: rule '{rule.id}' does not limit '{name}' on its own"
            problems.add(what, nearest(name, filter(None, members)), place, Code.UNKNOWN_NAME)
        if waiver.effective.on(on):
            with problems.part():
                waiver.applied(rule).check(names, on)
    problems.finish()
