"""Overlays: a policy that builds on another changes single numbers of it, each change checked, and adds rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from allocator.codes import Code
from allocator.direction import direction
from allocator.errors import Collector, InputError, nearest
from allocator.expectations import Expectation
from allocator.model import Model, kebab
from allocator.phrases import Phrase
from allocator.rules import Rule


class Written:
    """A value as a file writes it, read later by the field that it is for."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __str__(self) -> str:
        if isinstance(self.value, Mapping):
            return ", then ".join(f"{value} from {start}" for start, value in self.value.items())
        return str(self.value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": ["string", "number", "object"]}


class Change(Model):
    """One field of a rule of the base: what it was, what it is now, and which way that goes.

    `was` must be what the base says, so that a change of the base can't slip under it (compare and swap).
    """

    rule: str
    field: str
    was: Written
    now: Written
    direction: Literal["tighter", "looser"]
    authority: str
    why: Phrase
    tests: tuple[Expectation, ...] = ()


def amended(rules: Sequence[Rule], changes: Iterable[Change], problems: Collector) -> list[Rule]:
    """The rules with the changes made; what is wrong with a change is noted, and the rule left as it was.

    The tests of a changed rule are those of its last change, since the base's were written for the base's numbers.
    """
    by_id = {rule.id: rule for rule in rules}
    for change in changes:
        with problems.part():
            rule = by_id.get(change.rule)
            if rule is None:
                what = f"change of '{change.rule}': no such rule in the base"
                raise InputError.of(what, nearest(change.rule, by_id), change.place("rule"), Code.UNKNOWN_NAME)
            by_id[rule.id] = _made(rule, change)
    return list(by_id.values())


def _made(rule: Rule, change: Change) -> Rule:
    """The rule with the change.

    Raises:
        InputError: the field can't be changed, `was` is stale, or the direction is false.
    """
    who, field = f"change of '{rule.id}'", change.field.replace("-", "_")
    able = [kebab(name) for name in rule.rises if name in type(rule).model_fields]
    if change.field not in able:
        what = f"{who} field: '{change.field}' can't be changed by an overlay"
        raise InputError.of(
            what, f"{nearest(change.field, able)} (or add a rule)", change.place("field"), Code.UNKNOWN_NAME
        )
    base = getattr(rule, field)
    was = getattr(rule.changed(f"{who} was", {field: change.was.value}, change.place("was")), field)
    if was != base:
        what = f"{who} was: the base says {'nothing' if base is None else base}, and not {was}"
        raise InputError.of(
            what, "see what changed in the base, and write its value here", change.place("was"), Code.STALE
        )
    made = rule.changed(f"{who} now", {field: change.now.value, "tests": change.tests}, change.place("now"))
    way = direction(rule, made)
    if way != change.direction:
        goes = {"same": "changes nothing", "mixed": "is tighter on some dates and looser on others"}
        what = f"{who} direction: from {base} to {getattr(made, field)} {goes.get(way, f'is {way}')}"
        raise InputError.of(what, "mend the number or the direction", change.place("direction"), Code.DIRECTION)
    if way == "looser" and rule.relax == "never":
        what = f"{who}: the rule is marked 'relax: never'"
        raise InputError.of(what, "leave the change out", change.place(), Code.DIRECTION)
    return made
