"""A policy file becomes a rulebook; all that is wrong with it is told at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from allocator import kinds
from allocator.codes import Code
from allocator.errors import Collector, InputError, Place, closest, nearest
from allocator.measures import MeasureName
from allocator.model import Model, Source
from allocator.rulebook import Rulebook, check_ids
from allocator.rulebook.header import Approval, Authority, Defaults, Header
from allocator.rulebook.meaning import plain
from allocator.rulebook.overlays import Change, amended
from allocator.rulebook.waivers import Waiver
from allocator.rules import Rule
from allocator.units import today

FORMAT = "allocator/policy/1"
KEYS = ("format", "policy", "sources", "rules", "waivers", "approvals", "extends", "changes")

_Record = TypeVar("_Record", bound=Model)


def rulebook_from(
    document: Mapping[str, Any],
    as_of: str | dt.date | None,
    source: Source | None = None,
    base: Rulebook | None = None,
) -> Rulebook:
    """Check what a policy file says.

    Args:
        document: the file, as marked mappings, lists and text.
        as_of: a date; today in the policy's calendar by default.
        source: the file and its digest.
        base: what it extends, read already.

    Raises:
        InputError: all that is wrong with it, each with its place.
    """
    problems = Collector()
    place = getattr(document, "place", None)
    if document.get("format") != FORMAT:
        given = getattr(document.get("format"), "place", place)
        problems.add("not a policy file", f"begin it with 'format: {FORMAT}'", given, Code.FILE)
        problems.finish()
    for key in document:
        if key not in KEYS:
            problems.add(f"{key}: unknown key", nearest(key, KEYS), getattr(key, "place", place), Code.UNKNOWN_KEY)
    header, authorities = None, dict[str, Authority]()
    with problems.part():
        header = _header(document, problems)
    with problems.part():
        authorities = _authorities(document, base)
    # A header that can't be read must not make each rule say that it misses a default.
    defaults = header.defaults if header else Defaults(of=MeasureName("equity"))
    listed = _list(document, "rules", problems)
    if not listed and base is None:
        told = document.get("rules")
        problems.add("no rules", "write a list under 'rules'", getattr(told, "place", place), Code.MISSING)
    rules: list[Rule] = []
    for given in listed:
        with problems.part():
            rules.append(_rule(given, defaults, authorities, problems))
    check_ids("rule", _written_ids(listed), problems)
    waivers = _records(document, "waivers", Waiver, "waiver", problems)
    check_ids("waiver", _written_ids(document.get("waivers")), problems)
    approvals = _records(document, "approvals", Approval, "approval", problems)
    changes = _records(document, "changes", Change, "change", problems)
    if changes and base is None:
        problems.add(
            "changes of what?", "name the file that it extends, under 'extends'", changes[0].place(), Code.MISSING
        )
    for record in (*waivers, *changes) if authorities else ():
        _check_authority(type(record).__name__.lower(), record, authorities, problems)
    if header is not None and base is not None and base.header is not None:
        _check_within(header, base.header, problems)
    own = [*(amended(base.rules, changes, problems) if base else ()), *rules]
    made = None
    if header is not None:
        with problems.part():
            made = Rulebook(
                own,
                as_of,
                header,
                authorities,
                waivers=[*(base.waivers if base else ()), *waivers],
                amendments=[*(base.amendments if base else ()), *changes],
                approvals=approvals,
                source=source,
                bases=[*base.bases, *([base.source] if base.source else [])] if base else [],
            )
    if made is None or problems.problems:
        raise InputError(problems.problems, made)
    return made


def _list(document: Mapping[str, Any], key: str, problems: Collector) -> Sequence[Any]:
    """What stands under a key; nothing where the key is absent."""
    given = document.get(key, [])
    if isinstance(given, list):
        return given
    problems.add(f"{key}: this is no list", "begin each item with a dash", getattr(given, "place", None))
    return []


def _records(
    document: Mapping[str, Any], key: str, kind: type[_Record], what: str, problems: Collector
) -> list[_Record]:
    """The records under a key that can be read; what is wrong with the others is noted."""
    found = []
    for number, given in enumerate(_list(document, key, problems)):
        name = given.get("id", given.get("rule", number + 1)) if isinstance(given, Mapping) else number + 1
        with problems.part():
            found.append(kind.read(given, f"{what} '{str(name)[:60]}'"))
    return found


def _written_ids(listed: Any) -> list[tuple[str, Place | None]]:
    """The ids as written; one of an item that can't be read is taken all the same."""
    if not isinstance(listed, list):
        return []
    ids = [given.get("id") for given in listed if isinstance(given, Mapping)]
    return [(str(name), getattr(name, "place", None)) for name in ids if isinstance(name, str)]


def _check_authority(what: str, record: Any, sources: Mapping[str, Any], problems: Collector) -> None:
    if record.authority not in sources:
        told = f"{what} authority: '{record.authority}' is not among the sources"
        problems.add(told, nearest(record.authority, sources), record.place("authority"), Code.UNKNOWN_NAME)


def _header(document: Mapping[str, Any], problems: Collector) -> Header:
    given = document.get("policy")
    if not isinstance(given, Mapping):
        mend, place = "say whose policy it is, under 'policy'", getattr(document, "place", None)
        raise InputError.of("no 'policy'", mend, place, Code.MISSING)
    header = Header.read(given, "policy")
    try:
        today(header.calendar)
    except (KeyError, ValueError, OSError):
        what = f"unknown time zone '{header.calendar}'"
        problems.add(what, "write one such as America/New_York", header.place("calendar"))
        raise InputError(()) from None
    return header


def _check_within(header: Header, base: Header, problems: Collector) -> None:
    """A policy is in force on days only on which the one that it extends is, too: else its text says a false date."""
    own, other = header.effective, base.effective
    if own.from_ < other.from_:
        what = f"the policy is in force from {own.from_}, and '{base.id}', which it extends, from {other.from_}"
        problems.add(what, "begin it on that day or later", own.place("from"), Code.CONFLICT)
    if other.until is not None and (own.until is None or own.until > other.until):
        what = f"'{base.id}', which the policy extends, is in force until {other.until} only"
        problems.add(what, "end the policy by that day, with 'until'", own.place("until"), Code.CONFLICT)


def _authorities(document: Mapping[str, Any], base: Rulebook | None) -> dict[str, Authority]:
    """The texts that rules rest on, those of the base first.

    Raises:
        InputError: one cannot be read, or has the id of another text of the base.
    """
    given = document.get("sources", {} if base else None)
    if not isinstance(given, Mapping):
        place = getattr(given, "place", getattr(document, "place", None))
        mend = "write the texts that rules rest on, as in manual-3: {title: ...}"
        raise InputError.of("no sources", mend, place, Code.MISSING)
    problems = Collector()
    found = dict(base.authorities) if base else {}
    for name, source in given.items():
        with problems.part():
            made = Authority.read(source, f"source '{name}'")
            if plain(found.get(str(name), made)) != plain(made):
                what = f"source '{name}' is another text in the file that this one extends"
                raise InputError.of(what, "give it an id of its own", getattr(name, "place", None), Code.TWICE)
            found[str(name)] = made
    problems.finish()
    return found


def _rule(given: Any, defaults: Defaults, sources: Mapping[str, Any], problems: Collector) -> Rule:
    """One rule of a file: its kind is looked up first, so that its errors are those of its kind only."""
    place = getattr(given, "place", None)
    if not isinstance(given, Mapping):
        raise InputError.of("this is no rule", "write its id, title, kind, ...", place)
    title = f"rule '{given['id']}'" if isinstance(given.get("id"), str) else "a rule"
    if "kind" not in given and (meant := closest("kind", given, 0.7)):
        at = next(getattr(key, "place", place) for key in given if key == meant)
        raise InputError.of(f"{title} {meant}: unknown key", "did you mean 'kind'?", at, Code.UNKNOWN_KEY)
    if not isinstance(given.get("kind"), str):
        mend = f"add one of {', '.join(kinds.known('rules'))}"
        raise InputError.of(f"{title} kind: missing", mend, place, Code.MISSING)
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
            mend = "add it, since files say on whose authority and why"
            problems.add(f"{title} {key}: missing", mend, place, Code.MISSING)
    rule: Rule = kind.read(merged, title)
    if sources and "authority" in given:
        _check_authority(title, rule, sources, problems)
    return rule
