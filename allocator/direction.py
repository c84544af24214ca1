"""Which way a change of a rule goes, by its text alone: tighter, looser, mixed or the same; no case is needed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from allocator.rules import Rule
from allocator.units import Dated

TURNED = {"tighter": "looser", "looser": "tighter"}


def direction(old: Rule | None, new: Rule | None, on: dt.date | None = None) -> str:
    """Whether the new version of a rule asks more than the old one.

    A number goes one way where the kind says which (`Rule.rises`), and so does a scope (`Rule.widens`). Of dated values
    all dates are compared; those that go both ways are mixed, as is a change of what the rule speaks of.

    Args:
        old: the version before; None where there was none.
        new: the version after; None where there is none any more.
        on: compare the values of this date only.

    Returns:
        `same`, `tighter`, `looser` or `mixed`.
    """
    if old is None or new is None:
        return "same" if old is new else "tighter" if old is None else "looser"
    ways = {"mixed"} if type(old) is not type(new) else {way for _, way in ways_of(old, new, on)}
    return "same" if not ways else ways.pop() if len(ways) == 1 else "mixed"


def ways_of(old: Rule, new: Rule, on: dt.date | None = None) -> Iterator[tuple[str, str]]:
    """The fields in which two versions of a rule of one kind differ in meaning, each with the way that it goes."""
    for name in type(old).model_fields:
        one, other = getattr(old, name), getattr(new, name)
        if name in Rule.WORDS or one == other:
            continue
        if name in ("severity", "relax"):
            yield name, "tighter" if other in ("hard", "never") else "looser"
        elif name == "inherited":
            yield name, "looser" if one is None else "tighter"
        elif name == "glide":
            # It goes with what is inherited.
            if old.inherited is not None and new.inherited is not None:
                side = "at_least" if getattr(old, "at_most", None) is None else "at_most"
                for way in _by_path(one, other, old.rises[side], on):
                    yield name, way
        elif name == "penalty" and old.severity != new.severity:
            continue  # it goes with the severity
        elif name == "scope" and one is not None and other is not None:
            yield name, _by_scope(old, one, other)
        elif name in Rule.LIMITS:
            for way in _by_dates(one, other, old.rises[name], on):
                yield name, way
        elif name in old.rises and one is not None and other is not None:
            rises = float(other) > float(one)
            yield name, old.rises[name] if rises else TURNED[old.rises[name]]
        else:
            yield name, "mixed"


def _by_scope(old: Rule, one: Any, other: Any) -> str:
    """By the names alone: what the wider scope means is the kind's to say."""
    widens = old.widens()
    if widens == "mixed" or not (one.within(other) or other.within(one)):
        return "mixed"
    return widens if one.within(other) else TURNED[widens]


def _by_path(one: Dated[Any] | None, other: Dated[Any] | None, rises: str, on: dt.date | None) -> Iterator[str]:
    """On each date on which a value begins; before the first one, holdings are held to nothing tighter."""
    for date in [on] if on else sorted({*(one.values if one else ()), *(other.values if other else ())}):
        before, after = (None if path is None else path.on(date) for path in (one, other))
        if before is None or after is None:
            if before is not after:
                yield "tighter" if before is None else "looser"
        elif float(before) != float(after):
            yield rises if float(after) > float(before) else TURNED[rises]


def _by_dates(one: Dated[Any] | None, other: Dated[Any] | None, rises: str, on: dt.date | None) -> Iterator[str]:
    """On each date on which a value begins; a limit that was not there at all is tighter."""
    if one is None or other is None:
        yield "tighter" if one is None else "looser"
        return
    for date in [on] if on else sorted({*one.values, *other.values}):
        before, after = one.on(date), other.on(date)
        if before is None or after is None:
            # No value in force is an error on that date, unless the other one is of no date at all.
            if date != dt.date.min:
                yield "mixed"
        elif float(before) != float(after):
            yield rises if float(after) > float(before) else TURNED[rises]
