from __future__ import annotations

import json

from allocator.codes import Code
from allocator.errors import Place, Problem
from allocator.report.problems import github, text, to_json

FOUND = [
    Problem("no case 'x'", "name one", None, Code.FILE),
    Problem("cannot read '15'\n100%", "write 15%", Place("a,b:c%.yaml", 3, 14)),
]


def test_text_has_a_line_for_each() -> None:
    assert text(FOUND[:1]) == "P101 no case 'x'; name one\n"
    assert text([Problem("one", "two", Place("a.yaml", 2, 5), Code.TWICE)]) == "a.yaml:2:5: P108 one; two\n"
    assert text([]) == ""


def test_no_value_begins_a_line_of_its_own() -> None:
    found = Problem("cannot read 'x\n::error::y'", "write z")
    assert text([found]) == "P105 cannot read 'x ::error::y'; write z\n"
    assert str(found) == "cannot read 'x ::error::y'; write z"


def test_github_decodes_what_is_escaped() -> None:
    assert github(FOUND) == (
        "::error title=P101::no case 'x'; name one\n"
        "::error file=a%2Cb%3Ac%25.yaml,line=3,col=14,title=P105::cannot read '15'%0A100%25; write 15%25\n"
    )


def test_json_is_a_list_of_records() -> None:
    assert json.loads(to_json(FOUND)) == [
        {"file": None, "line": None, "column": None, "code": "P101", "severity": "error", "what": "no case 'x'",
         "mend": "name one"},
        {"file": "a,b:c%.yaml", "line": 3, "column": 14, "code": "P105", "severity": "error",
         "what": "cannot read '15'\n100%", "mend": "write 15%"},
    ]  # fmt: skip
    assert to_json([]) == "[]\n"
