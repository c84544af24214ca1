"""The rules in force on a date: who set them, on whose authority, and what they are as mathematics."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, model_validator

from allocator import kinds
from allocator.case import Case, Source, plain, today
from allocator.errors import Collector, InputError, Place, Unparsable, nearest
from allocator.measures import MeasureName
from allocator.model import Id, Model, kebab
from allocator.rules import Rule
from allocator.shapes import Clause
from allocator.terms import terms
from allocator.units import parse_date

FORMAT = "allocator/policy/1"
KEYS = ("format", "policy", "sources", "rules")
LATER = ("waivers", "approvals", "extends", "changes")

Date = Annotated[dt.date, BeforeValidator(parse_date)]


class Effective(Model):
    """From when a policy is in force, and until when."""

    from_: Date
    until: Date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Effective:
        if self.until is not None and self.until < self.from_:
            raise Unparsable(f"{self.until} is before {self.from_}", "write a later date", field="until")
        return self


class Defaults(Model):
    """What rules take where they don't say."""

    of: MeasureName | None = None
    severity: Literal["hard", "soft"] = "hard"
    owner: str = ""


class Header(Model):
    """Whose policy it is. `calendar` is the time zone in which its dates are dates."""

    later: ClassVar = ("approvers", "tested-on", "maximum-waiver", "waiver-term")

    id: Id
    title: str
    status: Literal["example", "draft", "final"]
    owner: str
    effective: Effective
    calendar: str = "America/New_York"
    defaults: Defaults = Defaults()


class Authority(Model):
    """A text that rules rest on."""

    title: str
    url: str = ""
    quote: str = ""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Rulebook:
    """Rules and the date on which they are read.

    Attributes:
        rules: in the order of the file.
        as_of: the values of this date are in force; today by default.
        header: whose policy it is; None if it was built in Python.
        authorities: what the rules rest on, by id.
        source: the file that it was read from.
        changes: what `replace` changed since, `rule.field` to its new value, as plain data.
    """

    rules: tuple[Rule, ...] = ()
    as_of: dt.date = dt.date.min
    header: Header | None = None
    authorities: Mapping[str, Authority] = field(default_factory=dict)
    source: Source | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        as_of: dt.date | str | None = None,
        header: Header | None = None,
        authorities: Mapping[str, Authority] | None = None,
        source: Source | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        """Check that the rules fit together.

        Raises:
            InputError: two have the same id, a floor is above a cap on the same subject, or it is not in force yet.
        """
        calendar = header.calendar if header else "America/New_York"
        given = {
            "rules": tuple(rules),
            "as_of": today(calendar) if as_of is None else _date(as_of),
            "header": header,
            "authorities": authorities or {},
            "source": source,
            "changes": changes or {},
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)
        problems = Collector()
        _check_ids(((rule.id, rule.place("id")) for rule in self.rules), problems)
        self._check_dates(problems)
        self._check_room(problems)
        problems.finish()

    def _check_dates(self, problems: Collector) -> None:
        if self.header is None:
            return
        effective = self.header.effective
        if self.as_of < effective.from_:
            what = f"the policy is in force from {effective.from_}, and {self.as_of} is before that"
            problems.add(what, "ask for a later date with --as-of", effective.place("from"))
        if effective.until is not None and self.as_of > effective.until:
            what = f"the policy was in force until {effective.until}, and {self.as_of} is after that"
            problems.add(what, "ask for an earlier date with --as-of", effective.place("until"))

    def _check_room(self, problems: Collector) -> None:
        """A floor above a cap on the same subject leaves nothing, whatever the case."""
        floors: dict[Any, tuple[Rule, Any]] = {}
        caps: dict[Any, tuple[Rule, Any]] = {}
        for rule in self.rules:
            if rule.severity == "soft":
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
                problems.add(what, "lower the floor or raise the cap", low.place(floor.field))

    @classmethod
    def from_document(cls, document: Mapping[str, Any], as_of: str | dt.date | None, source: Source | None) -> Rulebook:
        """Check what a policy file says.

        Args:
            document: the file, as marked mappings, lists and text.
            as_of: a date; today in the policy's calendar by default.
            source: the file and its digest.

        Raises:
            InputError: all that is wrong with it, each with its place.
        """
        problems = Collector()
        place = getattr(document, "place", None)
        if document.get("format") != FORMAT:
            given = getattr(document.get("format"), "place", place)
            problems.add("not a policy file", f"begin it with 'format: {FORMAT}'", given)
            problems.finish()
        for key in document:
            if key in LATER:
                mend = "leave it out, as this version would not act on it"
                problems.add(f"{key}: not supported yet", mend, getattr(key, "place", place))
            elif key not in KEYS:
                problems.add(f"{key}: unknown key", nearest(key, KEYS), getattr(key, "place", place))
        header, authorities = None, dict[str, Authority]()
        with problems.part():
            header = _header(document, problems)
        with problems.part():
            authorities = _authorities(document)
        listed = document.get("rules")
        if not isinstance(listed, list) or not listed:
            problems.add("no rules", "write a list under 'rules'", getattr(listed, "place", place))
            listed = []
        # A header that can't be read must not make each rule say that it misses a default.
        defaults = header.defaults if header else Defaults(of=MeasureName("equity"))
        rules: list[Rule] = []
        for given in listed:
            with problems.part():
                rules.append(_rule(given, defaults, document.get("sources"), problems))
        _check_ids(_written_ids(listed), problems)
        if header is not None:
            with problems.part():
                made = cls(rules, as_of, header, authorities, source)
        problems.finish()
        return made

    def replace(self, rule: str, /, **changes: Any) -> Rulebook:
        """The same rules with some fields of one changed, for a what-if.

        Args:
            rule: its id.
            changes: fields, as files write them: text with units, mappings, lists; None takes a field away.

        Raises:
            InputError: the rule or a field is unknown, or a value cannot be read.
        """
        old = self.rule(rule)
        fields = {kebab(name): getattr(old, name) for name in old.model_fields_set}
        new = type(old).read({**fields, **{kebab(name): value for name, value in changes.items()}}, f"rule '{rule}'")
        # The changed rule still stands where the old one did.
        new._places, new._own_place = old._places, old._own_place
        rules = (new if each.id == rule else each for each in self.rules)
        noted = {**self.changes, **{f"{rule}.{kebab(name)}": plain(value) for name, value in changes.items()}}
        return Rulebook(rules, self.as_of, self.header, self.authorities, self.source, noted)

    def rule(self, name: str) -> Rule:
        """A rule by its id.

        Raises:
            InputError: there is none.
        """
        for rule in self.rules:
            if rule.id == name:
                return rule
        raise InputError.of(f"no rule '{name}'", nearest(name, (rule.id for rule in self.rules)))

    def clauses(self, case: Case) -> tuple[Clause, ...]:
        """The case's terms and the rules in force, as mathematics.

        Raises:
            InputError: all rules that name what the case lacks, or that are not convex.
        """
        problems = Collector()
        found: list[Clause] = []
        with problems.part():
            found += terms(case)
        for rule in self.rules:
            with problems.part():
                found += rule.clauses(case, self.as_of)
        problems.finish()
        return tuple(found)

    def __len__(self) -> int:
        return len(self.rules)

    def __repr__(self) -> str:
        title = self.header.title if self.header else "built in Python"
        return f"Rulebook('{title}', {len(self.rules)} rules as of {self.as_of})"


def _date(given: dt.date | str) -> dt.date:
    try:
        return parse_date(given)
    except Unparsable as error:
        raise InputError.of(error.what, error.mend) from None


def _check_ids(ids: Iterable[tuple[str, Place | None]], problems: Collector) -> None:
    first: set[str] = set()
    for name, place in ids:
        if name in first:
            problems.add(f"the rule id '{name}' stands twice", "give each rule an id of its own", place)
        first.add(name)


def _written_ids(listed: Iterable[Any]) -> list[tuple[str, Place | None]]:
    """The ids of the rules as written; one of a rule that can't be read is taken all the same."""
    ids = [given.get("id") for given in listed if isinstance(given, Mapping)]
    return [(str(name), getattr(name, "place", None)) for name in ids if isinstance(name, str)]


def _header(document: Mapping[str, Any], problems: Collector) -> Header:
    given = document.get("policy")
    if not isinstance(given, Mapping):
        raise InputError.of("no 'policy'", "say whose policy it is, under 'policy'", getattr(document, "place", None))
    header = Header.read(given, "policy")
    try:
        today(header.calendar)
    except (KeyError, ValueError, OSError):
        what = f"unknown time zone '{header.calendar}'"
        problems.add(what, "write one such as America/New_York", header.place("calendar"))
        raise InputError(()) from None
    return header


def _authorities(document: Mapping[str, Any]) -> dict[str, Authority]:
    given = document.get("sources")
    if not isinstance(given, Mapping):
        place = getattr(given, "place", getattr(document, "place", None))
        raise InputError.of("no sources", "write the texts that rules rest on, as in manual-3: {title: ...}", place)
    problems = Collector()
    found = {}
    for name, source in given.items():
        with problems.part():
            found[str(name)] = Authority.read(source, f"source '{name}'")
    problems.finish()
    return found


def _rule(given: Any, defaults: Defaults, sources: Any, problems: Collector) -> Rule:
    """One rule of a file: its kind is looked up first, so that its errors are those of its kind only."""
    place = getattr(given, "place", None)
    if not isinstance(given, Mapping):
        raise InputError.of("this is no rule", "write its id, title, kind, ...", place)
    title = f"rule '{given['id']}'" if isinstance(given.get("id"), str) else "a rule"
    if not isinstance(given.get("kind"), str):
        raise InputError.of(f"{title} kind: missing", f"add one of {', '.join(kinds.known('rules'))}", place)
    kind = kinds.find("rules", str(given["kind"]), getattr(given["kind"], "place", place))
    applied = {
        name: getattr(defaults, name)
        for name in defaults.model_fields_set
        if name in kind.model_fields and name not in given
    }
    if "penalty" in given and "severity" not in given:
        applied.pop("severity", None)
    merged: Mapping[str, Any] = {**applied, **{key: value for key, value in given.items() if key != "kind"}}
    if place:
        merged = type(given)(merged, place)  # type: ignore[call-arg]
    for key in ("authority", "why"):
        if key not in given:
            problems.add(f"{title} {key}: missing", "add it, since files say on whose authority and why", place)
    authority = given.get("authority")
    if isinstance(authority, str) and isinstance(sources, Mapping) and authority not in sources:
        what = f"{title} authority: '{authority}' is not among the sources"
        problems.add(what, nearest(str(authority), sources), getattr(authority, "place", place))
    rule: Rule = kind.read(merged, title)
    return rule
