"""The JSON Schema of a policy file, made from the declarations by which files are read; for editors.

A schema sees one file and no names of lines or sectors, so it accepts some files that `allocator policy check` refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from allocator import kinds
from allocator.model import Model, kebab
from allocator.rulebook.document import FORMAT
from allocator.rulebook.header import Approval, Authority, Defaults, Effective, Extends, Header
from allocator.rulebook.overlays import Change
from allocator.rulebook.waivers import Waiver
from allocator.rules import Rule

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
HELP = {
    "format": "the version of the file language",
    "extends": "the file in this folder that this one builds on",
    "policy": "whose policy this is, and since when",
    "sources": "the texts that rules rest on, each under an id of its own",
    "rules": "the rules, all of which apply together",
    "changes": "numbers of the file under 'extends' that are others here",
    "waivers": "other limits for a time",
    "approvals": "who agreed to the policy as it reads; 'allocator policy check' tells what to write",
    "id": "a short name of its own",
    "kind": "which kind of rule it is",
    "title": "what it is called: text, or one text for each language, {en: ..., ja: ...}",
    "authority": "the text that it rests on: an id from 'sources'",
    "why": "the reason: text, or one text for each language",
    "owner": "who looks after it",
    "status": "whether it is an example, a draft, or final; a final one must be agreed to by all approvers",
    "approvers": "who must agree",
    "calendar": "the time zone in which dates are dates, such as America/New_York",
    "severity": "a hard rule may not be missed; a soft one may, at a penalty",
    "penalty": "what a soft rule costs: a yearly rate on each dollar by which it is missed",
    "relax": "never keeps the rule out of every proposal to loosen one",
    "inherited": "no-worse lets present holdings stand where they are beyond the limit, but get no worse",
    "glide": "dates with limits that lead holdings that are beyond the limit back to it",
    "deprecated": "that the rule is on its way out; it binds until it is taken from the file",
    "since": "from which day on",
    "instead": "the id of the rule that takes its place",
    "notes": "remarks, which are not agreed to",
    "tests": "holdings, and whether the rule passes or fails with them",
    "scope": "which lines: a column and names, such as {sector: [power, grid]}, or all",
    "each": "each of what is limited on its own: line, sector, counterparty or another column",
    "by": "what is counted: line, sector or another column",
    "of": "the whole that shares are taken of",
    "measure": "what is measured",
    "numerator": "what is measured: a name, or a column of the lines, {column: NAME}",
    "denominator": "what it is divided by: a name, or a column of the lines, {column: NAME}",
    "n": "how many of the largest are added up, where the measure is top-n",
    "column": "the column of the lines that has each one's minimum, such as minimum-ticket, in place of at-least",
    "holding": "what a line or group must have to count towards at-least",
    "country": "its code of two letters, such as US",
    "basis": "by the company's seat, where its assets stand, or the content that is made there",
    "tranche": "the source of debt, where the measure is tranche",
    "haircut": "a cut taken off income before the test",
    "confidence": "95% for the worst 5% of the scenarios",
    "stress": "the id of one of the case's stresses",
    "at-least": "the floor; or dates with floors, the latest on or before the day being in force",
    "at-most": "the cap; or dates with caps, the latest on or before the day being in force",
    "tested-on": "the folder of a case whose names the rules use, relative to this file",
    "waiver-term": "how long a waiver may last",
    "defaults": "what rules take where they don't say",
    "effective": "from when, and until when (that day included)",
    "from": "the first day",
    "until": "the last day",
    "name": "what the test shows",
    "as-of": "the day on which the rule is read",
    "expect": "pass, or fail by an amount in the rule's unit",
    "holdings": "dollars by line",
    "financing": "debt by line and tranche",
    "rule": "the id of the rule",
    "field": "the field that changes, such as at-most",
    "was": "the value in the file that this one extends",
    "now": "the value from now on",
    "direction": "which way the change goes; it is checked",
    "approved-by": "one of the approvers, or the rule's owner",
    "on": "the day on which they agreed",
    "digest": "of the meaning that they agreed to; 'allocator policy check' prints it",
    "file": "its name, in this folder",
    "sha256": "the fingerprint of that file as it was when this one was written on top of it",
    "url": "where it can be read",
    "quote": "the words of the text that matter here",
    "Approval.by": "which of the approvers",
    "Waiver.at-least": "the floor for that time, in the unit of the rule's own",
    "Waiver.at-most": "the cap for that time, in the unit of the rule's own",
    "Waiver.scope": "which of those that the rule limits each, such as {line: [hall]}; without it, the whole rule",
    "Waiver.effective": "from when until when (that day included), no longer than the policy's waiver-term",
    "Concentration.measure": "hhi: squared shares, added up; effective-number: how many of equal size would be as "
    "concentrated; top-n: the n largest together",
}
"What a field is for, where its record does not say it; of one record only where the name begins with the record's."


class _Writer(GenerateJsonSchema):
    """Leaves out what files don't have: nulls, defaults and titles; what a type does not tell may be anything."""

    def nullable_schema(self, schema: Any) -> Schema:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> Schema:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def date_schema(self, schema: Any) -> Schema:
        return {"type": ["string"], "format": "date", "errorMessage": "write a date such as 2026-04-01"}

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
    for name, rule in rules.items():
        _with_kind(definitions[refs[rule]["$ref"].rpartition("/")[2]], name)
    # A waiver must end.
    term = definitions[Effective.__name__] | {"required": ["from", "until"], "description": ""}
    definitions[Waiver.__name__]["properties"]["effective"] = term
    for record, definition in definitions.items():
        _tell(definition, record)
    told = {name: _summary(definitions[refs[rule]["$ref"].rpartition("/")[2]]) for name, rule in rules.items()}
    whole: Schema = {
        # A title would stand above every help that an editor shows.
        "$schema": DIALECT,
        "description": "A policy: the rules that an allocation must keep.",
        "type": "object",
        "properties": {
            "format": {"const": FORMAT},
            "extends": refs[Extends],
            "policy": refs[Header],
            "sources": {"type": "object", "additionalProperties": refs[Authority]},
            "rules": {"type": "array", "items": _any_rule({name: refs[rule] for name, rule in rules.items()}, told)},
            "changes": {"type": "array", "items": refs[Change]},
            "waivers": {"type": "array", "items": refs[Waiver]},
            "approvals": {"type": "array", "items": refs[Approval]},
        },
        "required": ["format", "policy"],
        "anyOf": [{"required": ["sources", "rules"]}, {"required": ["extends"]}],
        "additionalProperties": False,
        "$defs": definitions,
    }
    _tell(whole)
    return whole


def _tell(definition: Schema, record: str = "") -> None:
    """Say of each field what it is for, and of the record what its first words say."""
    definition.pop("title", None)
    definition["description"] = _summary(definition)
    for name, field in definition.get("properties", {}).items():
        told = HELP.get(f"{record}.{name}", HELP.get(name))
        if told:
            unit = field.get("description")
            field["description"] = f"{told}; {unit}" if unit else told


def _summary(definition: Schema) -> str:
    """The first paragraph of what a record says of itself, on one line."""
    return " ".join(definition.get("description", "").partition("\n\n")[0].split()).replace("`", "'")


def _with_kind(definition: Schema, name: str) -> None:
    """A kind of rule as files write it: defaults stand in for some fields, and the reason may not be left out."""
    given = {kebab(field) for field in Defaults.model_fields}
    definition["properties"] = {"kind": {"const": name}, **definition["properties"]}
    needed = [field for field in definition["required"] if field not in given]
    definition["required"] = ["kind", *dict.fromkeys([*needed, "authority", "why"])]


def _any_rule(kinds_of_rule: Mapping[str, Schema], told: Mapping[str, str]) -> Schema:
    """A rule, whose kind says which fields it has; what is told of each kind stands beside its name."""
    names = list(kinds_of_rule)
    return {
        "type": "object",
        "properties": {
            "kind": {"enum": names, "description": HELP["kind"], "enumDescriptions": [told[name] for name in names]}
        },
        "required": ["kind"],
        "allOf": [
            {"if": {"properties": {"kind": {"const": name}}, "required": ["kind"]}, "then": ref}
            for name, ref in kinds_of_rule.items()
        ],
    }
