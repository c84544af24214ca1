"""Problems as text, as JSON, and as the annotations of a GitHub workflow."""

from __future__ import annotations

import json
from collections.abc import Sequence

from allocator.errors import Place, Problem


def text(problems: Sequence[Problem]) -> str:
    """A line for each: its place, its code, what is wrong, and the mend."""
    return "".join(f"{_line(problem)}\n" for problem in problems)


def _line(problem: Problem) -> str:
    where = f"{problem.place}: " if problem.place else ""
    return f"{where}{problem.code} {problem.what}; {problem.mend}".replace("\n", " ")


def to_json(problems: Sequence[Problem]) -> str:
    """A list of records; `file`, `line` and `column` are null for one without a place."""
    records = []
    for problem in problems:
        file, line, column = problem.place or (None, None, None)
        records.append(
            {
                "file": file,
                "line": line,
                "column": column,
                "code": problem.code,
                "severity": problem.code.severity,
                "what": problem.what,
                "mend": problem.mend,
            }
        )
    return json.dumps(records, ensure_ascii=False, indent=2) + "\n"


def github(problems: Sequence[Problem]) -> str:
    """Workflow commands, which GitHub shows beside the lines of a pull request."""
    return "".join(
        annotation(problem.code.severity, problem.place, problem.code, f"{problem.what}; {problem.mend}")
        for problem in problems
    )


def annotation(severity: str, place: Place | None, title: str, told: str) -> str:
    """One workflow command: `error` or `warning`, where, under what title, and what.

    Source: GitHub Docs, "Workflow commands for GitHub Actions"; its runner decodes these escapes and no others.
    """
    where = f"file={_property(place.file)},line={place.line},col={place.column}," if place else ""
    return f"::{severity} {where}title={_property(title)}::{_data(told)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
