"""What differs between two records of a policy file, field by field, in the words in which files are written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from allocator.direction import ways_of
from allocator.expectations import Expectation, Verdict
from allocator.model import Model, kebab
from allocator.phrases import Phrase
from allocator.rulebook.meaning import plain
from allocator.rulebook.overlays import Written
from allocator.rulebook.waivers import Waiver
from allocator.rules import Rule
from allocator.solution import Record
from allocator.units import Dated, Quantity

KNOWN_BY = ("id", "rule", "by", "field", "tests")
"Fields of a record that say which it is, or that are told with its rule."


def of_rule(old: Rule, new: Rule) -> list[Record]:
    """The fields in which two versions of a rule differ, limits date by date.

    Each has its `field`, what it `was` and is `now`, the `way` it goes (`words` where it limits nothing), `by` how
    much, and `since` which date.
    """
    if type(old) is not type(new):
        return [_change("kind", old.kind, new.kind, "mixed"), *of_fields(old, new)]
    found: list[Record] = []
    for name in type(old).model_fields:
        one, other = getattr(old, name), getattr(new, name)
        if not differ(one, other):
            continue
        if isinstance(one, Dated) and isinstance(other, Dated):
            found += _by_dates(name, old, new)
            continue
        if name == "tests":
            found.append(_change("tests", "", _counted(one, other)))
            continue
        way = "words" if name in Rule.WORDS else _way(old, new, name)
        found.append(_change(kebab(name), told(one), told(other), way, _size(one, other)))
    return sorted(found, key=lambda each: each["way"] == "words")


def _by_dates(name: str, old: Rule, new: Rule) -> Iterator[Record]:
    """One for each date from which on the values differ, until they differ in another way."""
    one, other = getattr(old, name), getattr(new, name)
    last: tuple[Any, Any] = None, None
    for date in sorted({*one.values, *other.values}):
        values = one.on(date), other.on(date)
        if values[0] != values[1] and values != last:
            was, now = (
                told(value) or f"none before {min(dated.values)}"
                for value, dated in zip(values, (one, other), strict=True)
            )
            since = "" if date == dt.date.min else date.isoformat()
            yield _change(kebab(name), was, now, _way(old, new, name, date), _size(*values), since)
        last = values


def _counted(old: Sequence[Expectation], new: Sequence[Expectation]) -> str:
    """How many tests differ, which are told by their number alone: `1 changed, 2 added`."""
    before, after = ({each.name: each for each in tests} for tests in (old, new))
    both = before.keys() & after.keys()
    counts = {
        "changed": sum(differ(before[name], after[name]) for name in both),
        "added": len(after) - len(both),
        "removed": len(before) - len(both),
    }
    return ", ".join(f"{count} {how}" for how, count in counts.items() if count)


def _way(old: Rule, new: Rule, name: str, on: dt.date | None = None) -> str:
    ways = {way for field, way in ways_of(old, new, on) if field == name}
    return ways.pop() if len(ways) == 1 else "mixed" if ways else "same"


def of_records(
    what: str, old: Mapping[str, Model], new: Mapping[str, Model], added: str = "words", removed: str = "words"
) -> list[Record]:
    """What was added, removed or changed among records that are known by their names.

    Args:
        what: they are.
        old: those before.
        new: those after.
        added: the way that an addition goes.
        removed: the way that a removal goes.
    """
    found: list[Record] = []
    for name in {**old, **new}:
        one, other = old.get(name), new.get(name)
        if one is None or other is None:
            found.append(
                _change(f"{what} {name}", told(one, KNOWN_BY), told(other, KNOWN_BY), added if one is None else removed)
            )
        else:
            found += [each | {"field": f"{what} {name} {each['field']}"} for each in of_fields(one, other)]
    return found


def of_fields(old: Model, new: Model) -> list[Record]:
    """The fields in which two records differ."""
    names = {**type(old).model_fields, **type(new).model_fields}
    pairs = ((name, getattr(old, name, None), getattr(new, name, None)) for name in names)
    return [_change(kebab(name), told(one), told(other)) for name, one, other in pairs if differ(one, other)]


def differ(one: Any, other: Any) -> bool:
    """Whether two values differ in what they say; where they stand in a file, and in what unit, is none of it."""
    return bool(_said(one) != _said(other))


def _said(value: Any) -> Any:
    """A value as plain data, with all that a reader sees; the digest leaves out what is not agreed to."""
    if isinstance(value, Model):
        return type(value), {name: _said(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, (tuple, list)):
        return [_said(each) for each in value]
    return plain(value.value if isinstance(value, Written) else value)


def told(value: Any, apart: Collection[str] = ()) -> str:
    """A value as a reader takes it, a record without some of its fields; an empty text where there is none."""
    if isinstance(value, Waiver):
        return f"{value.sentence()}, approved by {value.approved_by}: {value.why}"
    if isinstance(value, Model):
        given = ((kebab(name), told(getattr(value, name))) for name in type(value).model_fields if name not in apart)
        return ", ".join(f"{name}: {text}" for name, text in given if text)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {told(each)}" for name, each in value.items())
    if isinstance(value, (tuple, list)):
        return "; ".join(map(told, value))
    if isinstance(value, Phrase) and len(value.languages) > 1:
        return told(value.languages)
    if isinstance(value, (Written, Verdict)):
        return told(value.value if isinstance(value, Written) else value.text)
    return "" if value is None else str(value).replace("\n", " ")


def _change(field: str, was: str, now: str, way: str = "words", by: str = "", since: str = "") -> Record:
    return {"field": field, "was": was, "now": now, "way": way, "by": by, "since": since}


def _size(one: Any, other: Any) -> str:
    """The difference of two numbers of one unit."""
    if not isinstance(one, Quantity) or type(one) is not type(other):
        return ""
    return type(one).show_change(float(other) - float(one))
