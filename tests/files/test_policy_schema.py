"""The JSON Schema of a policy: it accepts what an editor sees of the shipped files, and refuses damaged ones."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from ruamel.yaml import YAML

from allocator import kinds
from allocator.case import Case
from allocator.cli import main
from allocator.files.policy_schema import policy_schema
from allocator.rulebook.document import KEYS
from allocator.rules import Rule
from allocator.shapes import Clause

ROOT = Path(__file__).parent.parent.parent
POLICIES = [*sorted((ROOT / "constraints").glob("*.yaml")), ROOT / "tests" / "bad_inputs" / "good" / "policy.yaml"]
VALIDATOR = jsonschema.Draft202012Validator(policy_schema())


def seen(text: str) -> Any:
    """A file as an editor sees it: plain YAML 1.2, in whose core schema dates are text."""
    return _dates_as_text(YAML(typ="safe", pure=True).load(text))


def _dates_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {_dates_as_text(key): _dates_as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(each) for each in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def test_the_published_schema_is_the_one_that_is_made() -> None:
    published = (files("allocator.files") / "policy.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == policy_schema(), (
        "run: allocator policy schema --out allocator/files/policy.schema.json"
    )


def test_it_is_a_schema_of_all_keys_and_kinds() -> None:
    schema = policy_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == set(KEYS)
    assert schema["properties"]["rules"]["items"]["properties"]["kind"]["enum"] == kinds.known("rules")


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_the_shipped_policies_are_accepted(path: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(seen(path.read_text(encoding="utf-8")))] == []


ALL = """\
format: allocator/policy/1
extends: {file: base.yaml, sha256: "sha256:0000000000000000000000000000000000000000000000000000000000000000"}
policy:
  id: try
  title: {en: Try, ja: 試し}
  status: draft
  owner: me
  approvers: [me]
  effective: {from: 2026-04-01, until: 2030-12-31}
  waiver-term: 365 days
  defaults: {of: {column: us-jobs}}
sources:
  book: {title: A book}
changes:
  - {rule: two, field: at-most, was: 0.30, now: {2026-04-01: 0.28}, direction: tighter, authority: book, why: W}
rules:
  - id: one
    kind: share
    title: One
    authority: book
    why: {en: W, ja: 理由}
    scope: {jbic: [yes], year: 2030, new: true}
    at-most: {2026-04-01: 35%, 2028-01-01: 30.5%}
    severity: soft
    penalty: 120 bp
    relax: never
    deprecated: {since: 2027-01-01, instead: two, why: Old}
    notes: [Seen in May]
    tests:
      - {name: t, as-of: 2026-04-01, holdings: {a: $1.5 bn}, financing: {a: {loan: $5 m}}, expect: fail by 0.5 pp}
  - {id: two, kind: concentration, title: Two, authority: book, why: W, by: line, measure: hhi, at-most: 0.28}
  - {id: three, kind: concentration, title: T, authority: book, why: W, by: line, measure: top-n, n: 3, at-most: 33%}
waivers:
  - {id: W-1, rule: two, scope: {line: [a]}, at-most: 0.3, effective: {from: 2026-04-01, until: 2026-09-30},
     authority: book, approved-by: me, why: W}
approvals:
  - {by: me, on: 2026-04-01, digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000"}
"""


def test_everything_that_a_policy_may_say_is_accepted() -> None:
    assert [error.message for error in VALIDATOR.iter_errors(seen(ALL))] == []


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("format: allocator/policy/1", "format: allocator/policy/2"),
        ("approvals:", "aprovals:"),
        ("kind: share", "kind: shares"),
        ("kind: share\n", "\n"),
        ("    at-most: {2026", "    at-mots: {2026"),
        ("    at-most: {2026", "    at_most: {2026"),
        ("2028-01-01: 30.5%", "2028-01-01: 30.5"),
        ("2028-01-01: 30.5%", "2028-1-1: 30.5%"),
        ("2028-01-01: 30.5%", "2028-01-01: $30.5 bn"),
        ("penalty: 120 bp", "penalty: 120"),
        ("severity: soft", "severity: softish"),
        ("relax: never", "relax: no"),
        ("waiver-term: 365 days", "waiver-term: 365"),
        ("status: draft", "status: done"),
        ("{en: Try, ja: 試し}", "{ja: 試し}"),
        ("{en: W, ja: 理由}", "{en: W, jpn: 理由}"),
        ("    why: {en: W, ja: 理由}\n", ""),
        ("    authority: book\n", ""),
        ("{column: us-jobs}", "deploid"),
        ("{column: us-jobs}", "{colum: us-jobs}"),
        ("n: 3,", "n: three,"),
        ("measure: hhi", "measure: hi"),
        ("scope: {line: [a]}", "scope: {line: []}"),
        ("a: $1.5 bn", "a: 1.5 bn"),
        ("loan: $5 m", "loan: 5"),
        ("fail by 0.5 pp", "fails by 0.5 pp"),
        ("since: 2027-01-01, ", ""),
        ("direction: tighter", "direction: up"),
        ("id: one", "id: One"),
        ("approved-by: me, ", ""),
        ('digest: "sha256:00', 'digest: "sha256:zz'),
        ("by: line, measure: hhi", "by: line, each: line, measure: hhi"),
    ],
)
def test_damage_is_refused(was: str, now: str) -> None:
    assert was in ALL
    assert list(VALIDATOR.iter_errors(seen(ALL.replace(was, now, 1))))


@pytest.mark.parametrize(
    "path", [path for path in POLICIES if "\nrules:" in path.read_text()], ids=lambda path: path.name
)
def test_each_limit_without_its_unit_is_refused(path: Path) -> None:
    document = seen(path.read_text(encoding="utf-8"))
    # The measure of a concentration says whether its limit has a unit: that is for `policy check`.
    limited = [rule for rule in document["rules"] if rule["kind"] not in ("concentration", "exclusion")]
    for rule in limited:
        for side in {"at-least", "at-most"} & set(rule):
            written = rule[side]
            rule[side] = float(
                re.sub("[^0-9.]", "", written if isinstance(written, str) else next(iter(written.values())))
            )
            assert list(VALIDATOR.iter_errors(document)), rule
            rule[side] = written
    assert limited


def test_a_kind_completes_its_own_fields_only() -> None:
    definitions = policy_schema()["$defs"]
    assert "haircut" in definitions["Coverage"]["properties"]
    assert "haircut" not in definitions["Share"]["properties"]
    assert definitions["Coverage"]["properties"]["haircut"]["examples"] == ["35%"]
    assert definitions["Share"]["required"] == ["kind", "id", "title", "authority", "why"]


class Odd:
    """A type that says nothing of how it is written."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(lambda given: cls())


class Tithe(Rule):
    """A tenth for a good cause."""

    kind = "tithe"
    cause: Odd

    def plain(self, on: dt.date) -> str:
        return "A tenth is given."

    def formula(self, on: dt.date) -> str:
        return "g = 10% * E"

    def clauses(self, case: Case, on: dt.date) -> list[Clause]:
        return []


def test_a_kind_of_another_package_has_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("tithe", f"{__name__}:Tithe", "allocator.rules")
    monkeypatch.setattr(EntryPoint, "load", lambda self: Tithe)
    monkeypatch.setattr(kinds, "_points", lambda: EntryPoints([point]))
    kinds._claims.cache_clear()
    try:
        schema = policy_schema()
    finally:
        kinds._claims.cache_clear()
    assert "tithe" in schema["properties"]["rules"]["items"]["properties"]["kind"]["enum"]
    assert schema["$defs"]["Tithe"]["description"] == "A tenth for a good cause."
    assert schema["$defs"]["Tithe"]["properties"]["cause"] == {}
    assert schema["$defs"]["Tithe"]["required"] == ["kind", "id", "title", "cause", "authority", "why"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["policy", "schema"])
    told = capsys.readouterr()
    assert not stopped.value.code
    assert json.loads(told.out) == policy_schema()
    assert told.err == "begin a policy beside it with: # yaml-language-server: $schema=policy.schema.json\n"
    with pytest.raises(SystemExit):
        main(["policy", "schema", "--out", str(tmp_path / "p.json")])
    assert capsys.readouterr().err == "begin a policy beside it with: # yaml-language-server: $schema=p.json\n"
    assert (tmp_path / "p.json").read_text(encoding="utf-8") == told.out


def test_an_editor_says_what_to_write_in_plain_words() -> None:
    """Of a choice between schemas, and of patterns, the language server for YAML tells nothing that a reader could use."""
    schema = policy_schema()
    limit = schema["$defs"]["Share"]["properties"]["at-most"]
    assert limit["errorMessage"] == "write a share such as 35%"
    assert limit["type"] == ["string", "object"]
    assert schema["$defs"]["Concentration"]["properties"]["at-most"]["errorMessage"] == (
        "write a bare number such as 0.28 or a share such as 35%"
    )
    assert schema["$defs"]["Effective"]["properties"]["from"]["errorMessage"] == "write a date such as 2026-04-01"
    patterns = [each for each in _within(schema) if "pattern" in each]
    assert patterns
    assert all("errorMessage" in each for each in patterns)


def test_every_field_says_what_it_is_for() -> None:
    schema = policy_schema()
    records = {"the whole": schema, **schema["$defs"]}
    silent = [
        f"{name}.{field}"
        for name, record in records.items()
        for field, each in record["properties"].items()
        if not each.get("description") and "const" not in each
    ]
    assert silent == []
    assert "title" not in schema  # It would stand above every help.
    approval, concentration = (schema["$defs"][name]["properties"] for name in ("Approval", "Concentration"))
    assert approval["by"]["description"] == "which of the approvers"
    assert concentration["by"]["description"] == "what is counted: line, sector or another column"


def test_a_waiver_must_end_and_a_change_says_both_values() -> None:
    definitions = policy_schema()["$defs"]
    assert definitions["Waiver"]["properties"]["effective"]["required"] == ["from", "until"]
    assert definitions["Header"]["properties"]["effective"]["$ref"] == "#/$defs/Effective"
    assert definitions["Effective"]["required"] == ["from"]
    # Without a type an editor would not put them in.
    for name in ("was", "now"):
        assert definitions["Change"]["properties"][name]["type"] == ["string", "number", "object"]


def test_the_kinds_are_told_beside_their_names() -> None:
    kind = policy_schema()["properties"]["rules"]["items"]["properties"]["kind"]
    told = dict(zip(kind["enum"], kind["enumDescriptions"], strict=True))
    assert told["exclusion"] == "No capital and no debt in a scope."


def _within(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for each in schema.values():
            yield from _within(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _within(each)
