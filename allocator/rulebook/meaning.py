"""What a policy means, as plain data and as one digest: the same however it is laid out or split into files.

Comments, the order of rules, units (`0.5%` or `50 bp`), tests, notes and approvals don't count. Titles, reasons and
authorities do, since people sign what they read.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from allocator.measures import MeasureName
from allocator.model import Model, kebab
from allocator.phrases import Phrase
from allocator.rulebook.header import Header
from allocator.rulebook.overlays import Change
from allocator.rules import Rule
from allocator.scope import Scope
from allocator.units import Dated, Quantity

if TYPE_CHECKING:
    from allocator.rulebook import Rulebook

UNSAID: Mapping[type[Model], tuple[str, ...]] = {
    Header: ("status", "tested_on", "defaults"),
    Rule: ("notes", "tests"),
    Change: ("was", "now", "tests"),
}
"Fields that say nothing of what is agreed: defaults are with the rules, and what a change made is in them too."


def digest(rules: Rulebook) -> str:
    """The SHA-256 of what the rules mean, as `sha256:` and 64 digits."""
    text = json.dumps(meaning(rules), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def meaning(rules: Rulebook) -> dict[str, Any]:
    """What the rules mean on all dates, overlays and waivers included."""
    return {
        "policy": plain(rules.header) if rules.header else None,
        "sources": {name: plain(source) for name, source in rules.authorities.items()},
        "rules": {rule.id: {"kind": rule.kind, **plain(rule)} for rule in rules.rules},
        "waivers": {waiver.id: plain(waiver.stated(rules.rule(waiver.rule))) for waiver in rules.waivers},
        # Sorting keeps the order in which one field was changed several times.
        "changes": [plain(each) for each in sorted(rules.amendments, key=lambda each: (each.rule, each.field))],
    }


def plain(value: Any) -> Any:
    """A field as plain data; a record leaves out what has its default, so that a new field changes no old digest."""
    if isinstance(value, Model):
        unsaid = {name for kin in type(value).__mro__ for name in UNSAID.get(kin, ())}
        said = {name: plain(getattr(value, name)) for name in type(value).model_fields if name not in unsaid}
        fields = type(value).model_fields
        return {
            kebab(name): each
            for name, each in said.items()
            if fields[name].is_required() or each != plain(fields[name].get_default(call_default_factory=True))
        }
    if isinstance(value, Dated):
        return _steps(value)
    if isinstance(value, Quantity):
        return f"{(value.amount + 0).normalize():f}"
    if isinstance(value, Scope):
        return {column: sorted(set(names)) for column, names in value.columns.items()}
    if isinstance(value, MeasureName):
        return {"column": value.name} if value.column else value.name
    if isinstance(value, Phrase):
        return dict(value.languages)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    return None if value is None else str(value)


def _steps(dated: Dated[Any]) -> dict[str, str]:
    """The values by the dates from which on they hold; one that only says the same again is left out."""
    found: dict[str, str] = {}
    last = None
    for start, each in dated.values.items():
        if each != last:
            found["always" if start == dt.date.min else str(start)] = plain(each)
        last = each
    return found
