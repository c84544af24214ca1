"""Marked YAML: what is read, where it stood, and every refusal to the letter."""

from __future__ import annotations

import copy
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from allocator.errors import InputError, Place
from allocator.files import marked
from allocator.files.marked import Dict, List, Text, parse_yaml, read_yaml

POLICY = """\
# limits of the fund
policy: {id: us-japan, title: "日米　第３条", effective: {from: 2026-04-01}}
rules:
  - id: us-domicile
    at-least: {2026-04-01: 85%, 2028-01-01: 90%}   # dated
    why: >
      Treaty commitment,
      not a market view.
    quote: 'it''s "so"'
  - {id: 'no', cap: $300 bn, flag: yes, none: "", list: [1.30x, 0x1F, 1e5, .nan]}
"""


def parse(text: str) -> Dict:
    return parse_yaml(text.encode(), "f")


def refused(text: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        parse_yaml(text if isinstance(text, bytes) else text.encode(), "f")
    return str(caught.value)


def plain(value: Any) -> Any:
    """The same data without marks; fails on anything but text, lists and mappings of ours."""
    if type(value) is Dict:
        return {plain(key): plain(item) for key, item in value.items()}
    if type(value) is List:
        return [plain(item) for item in value]
    assert type(value) is Text
    return str(value)


def test_every_scalar_is_text_as_written() -> None:
    assert plain(parse(POLICY)) == {
        "policy": {"id": "us-japan", "title": "日米　第３条", "effective": {"from": "2026-04-01"}},
        "rules": [
            {
                "id": "us-domicile",
                "at-least": {"2026-04-01": "85%", "2028-01-01": "90%"},
                "why": "Treaty commitment, not a market view.\n",
                "quote": 'it\'s "so"',
            },
            {
                "id": "no",
                "cap": "$300 bn",
                "flag": "yes",
                "none": "",
                "list": ["1.30x", "0x1F", "1e5", ".nan"],
            },
        ],
    }


def test_places_of_values_keys_and_items() -> None:
    root = parse(POLICY)
    rules = root["rules"]
    assert root.place == Place("f", 2, 1)
    assert root.places == {"policy": Place("f", 2, 9), "rules": Place("f", 4, 3)}
    assert root.key_places == {"policy": Place("f", 2, 1), "rules": Place("f", 3, 1)}
    assert rules.places == [Place("f", 4, 5), Place("f", 10, 5)]
    assert rules[0]["why"].place == rules[0].places["why"] == Place("f", 6, 10)
    assert rules[0]["at-least"].key_places["2028-01-01"] == Place("f", 5, 33)
    assert rules[1]["list"].places[1] == Place("f", 10, 65)
    assert root["policy"]["title"].place == Place("f", 2, 31)


def test_places_count_characters_not_bytes() -> None:
    assert parse('"鍵😀": {b: c}').places["鍵😀"] == Place("f", 1, 7)


@pytest.mark.parametrize("text", ["a: b\r\nc: d\r\n", "\ufeffa: b\nc: d", "---\na: b\nc: d\n...\n", "{a: b,\nc: d}"])
def test_other_ways_to_write_the_same(text: str) -> None:
    read = parse(text)
    assert plain(read) == {"a": "b", "c": "d"}
    assert read["c"].place.column == 4


def test_what_python_puts_in_stands_where_its_parent_does() -> None:
    root = parse("a:\n  b: [c]")
    root["a"]["new"] = "x"
    root["a"]["b"].append("y")
    assert root["a"].places["new"] == root["a"].key_places["new"] == Place("f", 2, 3)
    assert root["a"]["b"].places == [Place("f", 2, 7), Place("f", 2, 6)]


@pytest.mark.parametrize("clone", [lambda value: pickle.loads(pickle.dumps(value)), copy.deepcopy])
def test_marks_survive_pickling_and_copying(clone: Any) -> None:
    root = parse(POLICY)
    twin = clone(root)
    assert plain(twin) == plain(root)
    assert (twin.place, twin.places, twin.key_places) == (root.place, root.places, root.key_places)
    assert twin["rules"].places == root["rules"].places
    assert twin["rules"][0].key_places == root["rules"][0].key_places


NO_ALIAS = "anchors and aliases ('&', '*') are not read; write the value out, or put text in quotes"
NO_TAG = "tags ('!') are not read; leave the tag out, or put text in quotes"
NO_DIRECTIVE = "directives ('%') are not read; delete the line, or put text in quotes"
NO_KEY = "this is no key with a value; write 'key: value', with an ordinary colon and a space"
NO_ROOT = "the file does not begin with a key and its value; write 'key: value', with an ordinary colon and a space"
BRACKET = "the bracket of line 1 is not closed, or a comma is missing before this; add it"
INDENTATION = "this does not line up with what stands above; mend the indentation or the quotes"
START = "text cannot begin with this character; put it in quotes"
NBSP = "the character U+00A0 (no-break space) is no ordinary space; write an ordinary one"
WIDE = "the character U+3000 (ideographic space) is no ordinary space; write an ordinary one"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # the whole file
        ("", "f:1:1: the file is empty; write 'key: value' lines"),
        ("# only words\n", "f:2:1: the file is empty; write 'key: value' lines"),
        ("- a\n- b", f"f:1:1: {NO_ROOT}"),
        ("a:b", f"f:1:1: {NO_ROOT}"),
        ("a: 1\n---\nb: 2", "f:2:1: a second document begins here; keep one to a file"),
        ("a: 1\n...\n---\n", "f:3:1: a second document begins here; keep one to a file"),
        ("%YAML 1.2\n---\na: 1", f"f:1:1: {NO_DIRECTIVE}"),
        ("# x\n\n%FOO\n---\na: 1", f"f:3:1: {NO_DIRECTIVE}"),
        # keys and values
        ("a: 1\nid: x\nid: y", "f:3:1: the key 'id' stands twice, first on line 2; keep one"),
        ("r:\n  - {id: x, 'id': y}", "f:2:13: the key 'id' stands twice, first on line 2; keep one"),
        ("a:\nb: 1", "f:1:1: the key 'a' has no value; write one"),
        ("a: ~", "f:1:1: the key 'a' has no value; write one"),
        ("a: {b: null}", "f:1:5: the key 'b' has no value; write one"),
        ("a: {cap: $1,380}", "f:1:13: the key '380' has no value; write one"),
        ("a:\n- x\n-\n", "f:3:2: this item has no value; write one"),
        (": x", "f:1:1: the key before this colon is missing; write one"),
        ("'': x", "f:1:1: the key before this colon is missing; write one"),
        ("? [a]\n: 1", "f:1:3: a key is text, not a list or a mapping; write 'key: value'"),
        ("a: {{b: c}: d}", "f:1:5: a key is text, not a list or a mapping; write 'key: value'"),
        ("a: {x: y}\n<<: z", "f:2:1: merge keys ('<<') are not read; write the keys out"),
        # anchors, aliases and tags
        ("a: &x 1\nb: *x", f"f:1:4: {NO_ALIAS}\nf:2:4: {NO_ALIAS}"),
        ("a: &x\n  b: c", f"f:1:4: {NO_ALIAS}"),
        ("a: * b", f"f:1:5: {NO_ALIAS}"),
        ("*x : b", f"f:1:1: {NO_ALIAS}"),
        ("a: !!str 1", f"f:1:4: {NO_TAG}"),
        ("a: ! 1", f"f:1:4: {NO_TAG}"),
        ("!x {a: [!!int 1]}", f"f:1:1: {NO_TAG}\nf:1:9: {NO_TAG}"),
        ("a: !h!x 1", f"f:1:4: {NO_TAG}"),
        # misleading characters
        ("cap: ３５%", "f:1:6: '３５' is not in ordinary digits; write 35"),
        ("cap: '３５%'", "f:1:7: '３５' is not in ordinary digits; write 35"),
        ("cap: 東京３", "f:1:8: '３' is not in ordinary digits; write 3"),
        ("'第３条': x", "f:1:3: '３' is not in ordinary digits; write 3"),
        ("a: ٣", "f:1:4: '٣' is not in ordinary digits; write 3"),
        ("a: 35\u00a0%", f"f:1:6: {NBSP}"),
        ("a: x\n  y\u00a0z", f"f:2:4: {NBSP}"),
        ("'a\u00a0b': x", f"f:1:3: {NBSP}"),
        ("a: 東京\u3000都", f"f:1:6: {WIDE}"),
        ("a: [\n\u3000b: c]\n", f"f:2:1: {WIDE}"),
        ("rules:\n\u00a0 - id: x\n    kind: y", f"f:2:1: {NBSP}"),
        ("a: x\u200by", "f:1:5: the character U+200B (zero width space) is not readable text; delete it"),
        ("a: '\u202ex'", "f:1:5: the character U+202E (right-to-left override) is not readable text; delete it"),
        ("a: 1 # \u2066", "f:1:8: the character U+2066 (left-to-right isolate) is not readable text; delete it"),
        ("a: x\ufe0f", "f:1:5: the character U+FE0F (variation selector-16) is not readable text; delete it"),
        ("a: 'x\0'", "f:1:6: the character U+0000 (a control character) is not readable text; delete it"),
        ("a: 1\rb: 2", "f:1:5: the character U+000D (a control character) is not readable text; delete it"),
        ("a: b\u2028c: d", "f:1:5: the character U+2028 (line separator) is not readable text; delete it"),
        ("a: \ue000", "f:1:4: the character U+E000 (without a name) is not readable text; delete it"),
        ('a: "x\\u202ey"', r"f:1:6: the escape '\u' hides a character; write the character itself"),
        ('a: "\\ud800"', r"f:1:5: the escape '\u' hides a character; write the character itself"),
        ('"\\x41": b', r"f:1:2: the escape '\x' hides a character; write the character itself"),
        # syntax
        ("a:\n\tb: 1", "f:2:1: a tab stands here; write spaces"),
        ("a:\tb", "f:1:3: a tab stands here; write spaces"),
        ("a: @b", f"f:1:4: {START}"),
        ("a: `b`", f"f:1:4: {START}"),
        ("a: %b", f"f:1:4: {START}"),
        ("a: 'x\nb: c", "f:1:4: this quote is never closed; close it"),
        ('a: "x\n---\n', "f:1:4: this quote is never closed; close it"),
        ('a: "\\q"', "f:1:6: the backslash begins no known escape; write it twice, or use single quotes"),
        ('a: "\\UFFFFFFFF"', "f:1:1: something from here on cannot be read; check the quotes, colons and indentation"),
        ("a: b\nc", f"f:2:1: {NO_KEY}"),
        ("a: b\nid：x\nc: d", f"f:2:1: {NO_KEY}"),
        ("a: b: c", "f:1:5: a colon cannot stand here; put the text in quotes, or mend the indentation"),
        ("a: 1\n  b: 2", "f:2:4: a colon cannot stand here; put the text in quotes, or mend the indentation"),
        ("a: ? b", "f:1:4: a '?' cannot stand here; put the text in quotes"),
        ("a: - b", "f:1:4: a list cannot begin here; begin it on a line of its own"),
        ("a: [1, 2", "f:1:9: the file ends inside a bracket; close it"),
        ("a: {b: [1\nc: 2", f"f:2:2: {BRACKET}"),
        ("a: {b: 1 c: 2}", f"f:1:11: {BRACKET}"),
        ("a: ]", "f:1:4: a value is missing before this; write one, or put text in quotes"),
        ("a: |x\n", "f:1:5: '|' or '>' has text behind it; begin the text on the next line"),
        ("a:\n  - 1\n - 2", f"f:3:2: {INDENTATION}"),
        ("a: 'b' c", f"f:1:8: {INDENTATION}"),
        ("{a: b}\nc", "f:2:1: the data ends before this; delete it, or mend the indentation"),
        ("a: b ? c: d", "f:1:9: a colon cannot stand here; put the text in quotes, or mend the indentation"),
        # too much
        ("a: " + "[" * 20 + "]" * 20, "f:1:23: values are nested more than 20 deep; write them flatter"),
        ("a: [" + "x," * 20_000 + "]", "f:1:39999: the file holds more than 20,000 values; split it"),
        ("#" * 256 * 1024 + "\n", "f:1:1: the file is larger than 256 KB; split it"),
    ],
)  # fmt: skip
def test_refusals(text: str, message: str) -> None:
    assert refused(text) == message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: b\nc: \xe9t\xe9", "f:2:4: the file is not UTF-8 here; save it as UTF-8"),
        ("鍵: ".encode() + b"\xff", "f:1:4: the file is not UTF-8 here; save it as UTF-8"),
        ("a: b".encode("utf-16"), "f:1:1: the file is not UTF-8 here; save it as UTF-8"),
        (b"a: \xed\xa0\x80", "f:1:4: the file is not UTF-8 here; save it as UTF-8"),
    ],
)
def test_other_encodings(data: bytes, message: str) -> None:
    assert refused(data) == message


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    assert refused("a: &x 1\nb:\nb: ３\nc: !t [~]\n").splitlines() == [
        f"f:1:4: {NO_ALIAS}",
        "f:2:1: the key 'b' has no value; write one",
        "f:3:1: the key 'b' stands twice, first on line 2; keep one",
        "f:3:4: '３' is not in ordinary digits; write 3",
        f"f:4:4: {NO_TAG}",
        "f:4:8: this item has no value; write one",
    ]


def test_after_an_error_of_syntax_that_one_alone() -> None:
    assert refused("a: &x 1\na: ３\nb: c: d\n") == (
        "f:3:5: a colon cannot stand here; put the text in quotes, or mend the indentation"
    )


@pytest.mark.parametrize("bad", ["k: \n", "\u200b\n"])
def test_a_broken_file_does_not_bury_its_reader(bad: str) -> None:
    lines = refused(bad * 1_000).splitlines()
    assert len(lines) == 51
    assert lines[-1] == f"{lines[-2].split(': ')[0]}: and 950 more; mend these first"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 'null'", "null"),
        ("a: '35\u00a0%'", "35\u00a0%"),
        ("a: |\n  東京\u3000大阪\n  ３\n", "東京\u3000大阪\n３\n"),
        ('a: "x\\n\\ty\\\\"', "x\n\ty\\"),
        ('a: "x\\\n  y"', "xy"),
        ("a: https://x.org/?a=b#c", "https://x.org/?a=b#c"),
        ("a: 東京：大阪、ＡＢ", "東京：大阪、ＡＢ"),
        ("a: CO₂ ½ ①", "CO₂ ½ ①"),
        ("a: -5 - 3", "-5 - 3"),
    ],
)
def test_what_is_not_refused(text: str, value: str) -> None:
    assert parse(text)["a"] == value


def test_a_file_is_named_as_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("a: b")
    assert read_yaml(path)["a"].place == Place(str(path), 1, 4)
    assert read_yaml(path, "p.yaml")["a"].place == Place("p.yaml", 1, 4)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("absent.yaml", "no such file or directory"), (".", "is a directory"), ("a\0b", "no path")],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read_yaml(tmp_path / name, "p.yaml")
    assert str(caught.value) == f"p.yaml:1:1: the file cannot be read ({reason}); check the path"


def test_a_large_file_is_not_read_to_its_end() -> None:
    with pytest.raises(InputError) as caught:
        read_yaml(Path("/dev/zero"), "p.yaml")
    assert str(caught.value) == "p.yaml:1:1: the file is larger than 256 KB; split it"


TOLD = re.compile(r"f:\d+:\d+: [^\n]+; [^\n]+")


def outcome(data: bytes) -> Dict | InputError:
    try:
        return parse_yaml(data, "f")
    except InputError as error:
        return error


def check_closed(data: bytes) -> None:
    """Whatever the bytes: data of ours whose places are in the file, or an error that says where and what."""
    found = outcome(data)
    if isinstance(found, InputError):
        assert found.problems
        assert all(TOLD.fullmatch(str(problem)) for problem in found.problems)
    else:
        plain(found)
        lines = data.decode("utf-8-sig").splitlines()
        assert all(place.column <= len(lines[place.line - 1]) for place in found.key_places.values())


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    check_closed(data)


YAML_WORDS = st.sampled_from(
    [*"abk:-?,[]{}#&*!|>'\"%@`\\ \n\t３東\u3000\u200b", ": ", "- ", "\n  ", "a: ", "\r\n", "<<", "---\n", "...", "\\u0"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(YAML_WORDS, max_size=40).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    check_closed(text.encode())


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(POLICY)), st.integers(0, 8), st.lists(YAML_WORDS, max_size=3).map("".join))
def test_a_damaged_policy_is_read_or_refused(start: int, length: int, text: str) -> None:
    check_closed((POLICY[:start] + text + POLICY[start + length :]).encode())


words = st.text(st.sampled_from("azAZ059 -?:#'\"{}[],&*!|>%@`\\日本é😀"), min_size=1, max_size=8).filter(str.strip)
documents = st.dictionaries(
    words,
    st.recursive(
        words,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
        max_leaves=5,
    ),
    min_size=1,
    max_size=3,
)


def quoted(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)}: {quoted(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(quoted, value)) + "]"
    return "'" + value.replace("'", "''") + "'"


@settings(max_examples=200, deadline=None)
@given(documents)
def test_what_is_written_is_read_back(document: dict[str, Any]) -> None:
    text = quoted(document)
    read = parse(text)
    assert plain(read) == document
    assert all(text.startswith(quoted(key), place.column - 1) for key, place in read.key_places.items())


BLOCKS = "a: |\n  text\n  more\nb: >\n  folded\n  text\nlong: plain\n  continued here\n# c\nn: {a: [x, y], b: 'z'}\n"
EDIT = st.tuples(st.integers(0, 10**6), st.sampled_from(["put", "insert", "delete"]),
                 st.sampled_from("{}[]:,?-#&*!|>'\"%@`~=<\\ \n\t.ab1あ１"))  # fmt: skip


def everything(data: bytes) -> Any:
    """All that is read, with all places; or all that is said."""
    try:
        return marks(parse_yaml(data, "f"))
    except InputError as error:
        return str(error)


def marks(value: Any) -> Any:
    if isinstance(value, Dict):
        return value.place, [(key, key.place, marks(item)) for key, item in value.items()]
    return (value.place, [marks(item) for item in value]) if isinstance(value, List) else (str(value), value.place)


@settings(max_examples=300)
@given(base=st.sampled_from([POLICY, BLOCKS]), edits=st.lists(EDIT, max_size=3))
@example(base="a: >#b\n", edits=[])
@example(base="&a b: c\nd: e\n", edits=[])
@example(base="a: {b: 1,*c: d}\n", edits=[])
@example(base="a:\tb\n", edits=[])
def test_libyaml_reads_and_refuses_what_the_parser_in_python_does(base: str, edits: list[tuple[int, str, str]]) -> None:
    pytest.importorskip("_ruamel_yaml")
    text = list(base)
    for at, how, char in edits:
        at %= len(text)
        text[at : at + (how != "insert")] = [] if how == "delete" else [char]
    data = "".join(text).encode()
    quick = everything(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marked, "CParser", None)
        assert everything(data) == quick
