"""The rules in force on a date: who set them, on whose authority, and what they are as mathematics."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from allocator.codes import Code
from allocator.errors import Collector, InputError, Place, Unparsable, nearest
from allocator.model import Source, kebab, plain
from allocator.rulebook import meaning
from allocator.rulebook.header import Approval, Authority, Header
from allocator.rulebook.overlays import Change
from allocator.rulebook.waivers import Waiver, check_waived, check_waivers
from allocator.rules import Rule
from allocator.units import parse_date, today

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Rulebook:
    """Rules and the date on which they are read.

    Attributes:
        rules: in the order of the file, those of the files that it extends first.
        as_of: the values of this date are in force; today by default.
        header: whose policy it is; None if it was built in Python.
        authorities: what the rules rest on, by id.
        waivers: of these rules, whether in force on the date or not.
        amendments: what overlays changed, the files' own order.
        approvals: who agreed to what digest.
        source: the file that it was read from.
        bases: the files that it extends, the first one first.
        changes: what `replace` changed since, `rule.field` to its new value, as plain data.
    """

    rules: tuple[Rule, ...] = ()
    as_of: dt.date = dt.date.min
    header: Header | None = None
    authorities: Mapping[str, Authority] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    amendments: tuple[Change, ...] = ()
    approvals: tuple[Approval, ...] = ()
    source: Source | None = None
    bases: tuple[Source, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        as_of: dt.date | str | None = None,
        header: Header | None = None,
        authorities: Mapping[str, Authority] | None = None,
        *,
        waivers: Sequence[Waiver] = (),
        amendments: Sequence[Change] = (),
        approvals: Sequence[Approval] = (),
        source: Source | None = None,
        bases: Sequence[Source] = (),
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        """Check that the rules fit together.

        Raises:
            InputError: two have the same id, a floor is above a cap on the same subject, a waiver or an approval does
                not fit, or it is not in force yet.
        """
        calendar = header.calendar if header else "America/New_York"
        given = {
            "rules": tuple(rules),
            "as_of": today(calendar) if as_of is None else as_date(as_of),
            "header": header,
            "authorities": authorities or {},
            "waivers": tuple(waivers),
            "amendments": tuple(amendments),
            "approvals": tuple(approvals),
            "source": source,
            "bases": tuple(bases),
            "changes": changes or {},
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)
        problems = Collector()
        check_ids("rule", ((rule.id, rule.place("id")) for rule in self.rules), problems)
        self._check_dates(problems)
        self._check_room(problems)
        check_ids("waiver", ((waiver.id, waiver.place("id")) for waiver in self.waivers), problems)
        check_waivers(self.waivers, self.rules, self.header, problems)
        self._check_approvals(problems)
        problems.finish()

    def _check_dates(self, problems: Collector) -> None:
        if self.header is None:
            return
        effective = self.header.effective
        if self.as_of < effective.from_:
            what = f"the policy is in force from {effective.from_}, and {self.as_of} is before that"
            problems.add(what, "ask for a later date with --as-of", effective.place("from"), Code.NOT_IN_FORCE)
        if effective.until is not None and self.as_of > effective.until:
            what = f"the policy was in force until {effective.until}, and {self.as_of} is after that"
            problems.add(what, "ask for an earlier date with --as-of", effective.place("until"), Code.NOT_IN_FORCE)

    def _check_room(self, problems: Collector) -> None:
        """A floor above a cap on the same subject leaves nothing, whatever the case; what is inherited may."""
        floors: dict[Any, tuple[Rule, Any]] = {}
        caps: dict[Any, tuple[Rule, Any]] = {}
        for rule in self.rules:
            if rule.severity == "soft" or rule.inherited is not None:
                continue
            with problems.part():
                for limit in rule.limits(self.as_of):
                    kept, key = (floors if limit.at_least else caps), rule.subject()
                    tighter = key not in kept or (
                        limit.value > kept[key][1].value if limit.at_least else limit.value < kept[key][1].value
                    )
                    if tighter:
                        kept[key] = rule, limit
        for key, (low, floor) in floors.items():
            high, cap = caps.get(key, (low, floor))
            if low is not high and float(floor.value) > float(cap.value):
                what = f"the floor of '{low.id}', {floor.value}, is above the cap of '{high.id}', {cap.value}"
                problems.add(what, "lower the floor or raise the cap", low.place(floor.field), Code.CONFLICT)

    def _check_approvals(self, problems: Collector) -> None:
        approvers = self.header.approvers if self.header else ()
        for number, approval in enumerate(self.approvals):
            if approval.by not in approvers:
                what = f"approval: '{approval.by}' is none of the policy's approvers"
                problems.add(what, nearest(approval.by, approvers), approval.place("by"), Code.UNKNOWN_NAME)
            if approval.by in (other.by for other in self.approvals[:number]):
                problems.add(
                    f"approval: '{approval.by}' stands twice", "keep the latest", approval.place("by"), Code.TWICE
                )

    @cached_property
    def digest(self) -> str:
        """The digest of what the rules mean, which approvers agree to."""
        return meaning.digest(self)

    def is_current(self, approval: Approval) -> bool:
        """Whether an approval is of the rules as they read now."""
        return approval.digest == self.digest

    @property
    def unsigned(self) -> list[str]:
        """The approvers who have not agreed to the rules as they read now."""
        signed = {approval.by for approval in self.approvals if self.is_current(approval)}
        return [name for name in (self.header.approvers if self.header else ()) if name not in signed]

    def replace(self, rule: str, /, **changes: Any) -> Rulebook:
        """The same rules with some fields of one changed, for a what-if.

        Args:
            rule: its id.
            changes: fields, as files write them: text with units, mappings, lists; None takes a field away.

        Raises:
            InputError: the rule or a field is unknown, or a value cannot be read.
        """
        made = self.rule(rule).changed(f"rule '{rule}'", changes)
        noted = {f"{rule}.{kebab(name)}": plain(value) for name, value in changes.items()}
        return self.with_rules([made if each.id == rule else each for each in self.rules], {**self.changes, **noted})

    def with_rules(
        self,
        rules: Iterable[Rule],
        changes: Mapping[str, Any] | None = None,
        waivers: Iterable[Waiver] | None = None,
    ) -> Rulebook:
        """The same policy with other rules; waivers and changes of rules that it no longer has are left out.

        Args:
            rules: all of them.
            changes: what `replace` changed; as before by default.
            waivers: all of them; as before by default.

        Raises:
            InputError: they don't fit together.
        """
        kept = tuple(rules)
        ids = {rule.id for rule in kept}
        return Rulebook(
            kept,
            self.as_of,
            self.header,
            self.authorities,
            waivers=[waiver for waiver in (self.waivers if waivers is None else waivers) if waiver.rule in ids],
            amendments=[change for change in self.amendments if change.rule in ids],
            approvals=self.approvals,
            source=self.source,
            bases=self.bases,
            changes=self.changes if changes is None else changes,
        )

    def rule(self, name: str) -> Rule:
        """A rule by its id.

        Raises:
            InputError: there is none.
        """
        for rule in self.rules:
            if rule.id == name:
                return rule
        raise InputError.of(
            f"no rule '{name}'", nearest(name, (rule.id for rule in self.rules)), code=Code.UNKNOWN_NAME
        )

    def check(self, names: Names) -> None:
        """Look up in a case all that its terms and the rules name; no arrays are made.

        Raises:
            InputError: all rules and terms that name what the case lacks, or that are not convex.
        """
        problems = Collector()
        with problems.part():
            names.check()
        for rule in self.rules:
            with problems.part():
                check_waived(rule, self.waivers, names, self.as_of)
        problems.finish()

    def clauses(self, case: Case) -> tuple[Clause, ...]:
        """The case's terms and the rules in force, as mathematics.

        Raises:
            InputError: as for `check`.
        """
        # Rules are read, checked and told without the mathematics, and numpy takes longer to load than they do.
        from allocator.rulebook.inherited import inherited
        from allocator.rulebook.waived import waived
        from allocator.terms import terms

        self.check(case.names)
        found = [*terms(case)]
        for rule in self.rules:
            found += inherited(rule, waived(rule, self.waivers, case, self.as_of), case, self.as_of)
        return tuple(found)

    def __len__(self) -> int:
        return len(self.rules)

    def __repr__(self) -> str:
        title = self.header.title if self.header else "built in Python"
        return f"Rulebook('{title}', {len(self.rules)} rules as of {self.as_of})"


def rulebook_of(given: Rulebook | Sequence[Rule] | None, as_of: str | None = None) -> Rulebook:
    """A rulebook as it is, or one made of a list of rules; none make an empty one.

    Raises:
        InputError: it is something else.
    """
    if isinstance(given, Rulebook):
        return given
    rules = () if given is None else given
    if isinstance(rules, (list, tuple)) and all(isinstance(rule, Rule) for rule in rules):
        return Rulebook(rules, as_of)
    raise InputError.of(f"{given!r} is no rulebook", "give al.read_rules(path), or a list of rules")


def as_date(given: dt.date | str) -> dt.date:
    """A date, as Python or the command line gives it.

    Raises:
        InputError: it can't be read.
    """
    try:
        return parse_date(given)
    except Unparsable as error:
        raise InputError.of(error.what, error.mend) from None


def check_ids(what: str, ids: Iterable[tuple[str, Place | None]], problems: Collector) -> None:
    """Note the ids that stand twice."""
    first: set[str] = set()
    for name, place in ids:
        if name in first:
            problems.add(
                f"the {what} id '{name}' stands twice", f"give each {what} an id of its own", place, Code.TWICE
            )
        first.add(name)
