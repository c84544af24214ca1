"""What differs between two policies as one page of HTML: what was struck, what was put in; it asks for nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from allocator.report.diff import KINDS, change, details, summary, title, verdict
from allocator.report.page import environment
from allocator.solution import Record


def page(record: Record) -> str:
    """The page; all text of files is escaped."""
    view = {
        "title": title(record),
        "summary": summary(record),
        "rules": [_rule(rule, record) for rule in record["rules"]],
        "other": [_field(each) for each in record["other"]],
    }
    return environment().get_template("redline.html.j2").render(view)


def _rule(rule: Record, record: Record) -> dict[str, Any]:
    return {
        "id": rule["rule"],
        "title": rule["title"],
        "kind": KINDS[rule["change"]],
        "sentence": list(words(rule["was"], rule["now"])),
        "words": [_field(each) for each in rule["changes"] if _is_text(each)],
        "changes": [change(each) for each in rule["changes"] if not _is_text(each)],
        "said": [verdict(rule), *details(rule, record)],
    }


def _is_text(each: Record) -> bool:
    """Whether it is words that are struck and put in; tests are told by their number."""
    return bool(each["way"] == "words" and each["field"] != "tests")


def _field(each: Record) -> dict[str, Any]:
    return {"field": each["field"], "runs": list(words(each["was"], each["now"]))}


def words(was: str, now: str) -> Iterator[tuple[str, str]]:
    """A redline, word by word: runs of text, each `same`, `del` (struck) or `ins` (put in)."""
    # A word with the blanks behind it, or a mark; a number keeps its point.
    old, new = (re.findall(r"[\w.$%-]*[\w$%]\s*|\S\s*", text) for text in (was, now))
    for how, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        struck, put_in = "".join(old[a:b]), "".join(new[c:d])
        if how == "equal":
            yield "same", put_in
            continue
        if struck:
            yield "del", struck
        if struck and put_in and not struck[-1].isspace():
            yield "same", " "
        if put_in:
            yield "ins", put_in
