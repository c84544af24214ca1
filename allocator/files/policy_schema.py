"""The JSON Schema of a policy file, made from the declarations by which files are read; for editors.

A schema sees one file and no names of lines or sectors, so it accepts some files that `allocator policy check` refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from allocator import kinds
from allocator.document import FORMAT
from allocator.header import Approval, Authority, Defaults, Extends, Header
from allocator.model import Model, kebab
from allocator.overlays import Change
from allocator.rules import Rule
from allocator.waivers import Waiver

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
HELP = {
    "id": "a short name of its own",
    "kind": "which kind of rule it is",
    "title": "what it is called: text, or one text for each language, {en: ..., ja: ...}",
    "authority": "the text that it rests on: an id from 'sources'",
    "why": "the reason: text, or one text for each language",
    "owner": "who looks after it",
    "approvers": "who must agree",
    "severity": "a hard rule may not be missed; a soft one may, at a penalty",
    "penalty": "what a soft rule costs: a yearly rate on each dollar by which it is missed",
    "relax": "never keeps the rule out of every proposal to loosen one",
    "deprecated": "that the rule is on its way out; it binds until it is taken from the file",
    "tests": "holdings, and whether the rule passes or fails with them",
    "scope": "which lines: a column and names, such as {sector: [power, grid]}, or all",
    "each": "each of what is limited on its own: line, sector, counterparty or another column",
    "by": "what is counted: line, sector or another column",
    "of": "the whole that shares are taken of",
    "at-least": "the floor; or dates with floors, the latest on or before the day being in force",
    "at-most": "the cap; or dates with caps, the latest on or before the day being in force",
    "tested-on": "the folder of a case whose names the rules use, relative to this file",
    "waiver-term": "how long a waiver may last",
    "effective": "from when, and until when (that day included)",
    "expect": "pass, or fail by an amount in the rule's unit",
    "holdings": "dollars by line",
    "financing": "debt by line and tranche",
    "was": "the value in the file that this one extends",
    "now": "the value from now on",
    "quote": "the words of the text that matter here",
}
"What a field is for, where its type does not say it."


class _Writer(GenerateJsonSchema):
    """Leaves out what files don't have: nulls, defaults and titles; what a type does not tell may be anything."""

    def nullable_schema(self, schema: Any) -> Schema:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> Schema:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Schema:
        return {}


def policy_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of a policy file, with all kinds of rule that are installed.

    Raises:
        InputError: two packages claim one kind.
    """
    rules: dict[str, type[Rule]] = {name: kinds.find("rules", name) for name in kinds.known("rules")}
    records: list[type[Model]] = [Header, Authority, Waiver, Approval, Extends, Change, *rules.values()]
    found, shared = models_json_schema(
        [(record, "validation") for record in records], ref_template="#/$defs/{model}", schema_generator=_Writer
    )
    refs = {record: found[record, "validation"] for record in records}
    definitions: dict[str, Schema] = shared["$defs"]
    for definition in definitions.values():
        _tell(definition)
    for name, rule in rules.items():
        _with_kind(definitions[refs[rule]["$ref"].rpartition("/")[2]], name)
    return {
        "$schema": DIALECT,
        "title": "A policy: the rules that an allocation must keep",
        "type": "object",
        "properties": {
            "format": {"const": FORMAT},
            "extends": refs[Extends],
            "policy": refs[Header],
            "sources": {"type": "object", "additionalProperties": refs[Authority]},
            "rules": {"type": "array", "items": _any_rule({name: refs[rule] for name, rule in rules.items()})},
            "changes": {"type": "array", "items": refs[Change]},
            "waivers": {"type": "array", "items": refs[Waiver]},
            "approvals": {"type": "array", "items": refs[Approval]},
        },
        "required": ["format", "policy"],
        "anyOf": [{"required": ["sources", "rules"]}, {"required": ["extends"]}],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _tell(definition: Schema) -> None:
    """Say of each field what it is for."""
    definition.pop("title", None)
    for name, field in definition.get("properties", {}).items():
        if name in HELP and "$ref" not in field:
            unit = field.get("description")
            field["description"] = f"{HELP[name]}; {unit}" if unit else HELP[name]


def _with_kind(definition: Schema, name: str) -> None:
    """A kind of rule as files write it: defaults stand in for some fields, and the reason may not be left out."""
    given = {kebab(field) for field in Defaults.model_fields}
    definition["properties"] = {"kind": {"const": name}, **definition["properties"]}
    needed = [field for field in definition["required"] if field not in given]
    definition["required"] = ["kind", *dict.fromkeys([*needed, "authority", "why"])]


def _any_rule(kinds_of_rule: Mapping[str, Schema]) -> Schema:
    """A rule, whose kind says which fields it has."""
    return {
        "type": "object",
        "properties": {"kind": {"enum": list(kinds_of_rule), "description": HELP["kind"]}},
        "required": ["kind"],
        "allOf": [
            {"if": {"properties": {"kind": {"const": name}}, "required": ["kind"]}, "then": ref}
            for name, ref in kinds_of_rule.items()
        ],
    }
