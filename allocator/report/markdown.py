"""A record as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from allocator.report import bargain as owners
from allocator.report import frontier as curves
from allocator.report import sweep as sweeps
from allocator.report import tables as made
from allocator.report import why as reasons
from allocator.report.table import Table
from allocator.solution import Record


def text(cell: str) -> str:
    """A text on one line that cannot be taken for markup, and that calls nobody by an @."""
    marked = re.sub(r"([\\`*_{}\[\]|#~])", r"\\\1", escape(" ".join(cell.split()), quote=False))
    return marked.replace("@", "@<!-- -->")


def render(tables: Sequence[Table]) -> str:
    """Tables one after the other."""
    parts = []
    for table in tables:
        rules = ["---:" if name.endswith(">") else "---" for name in table.header]
        rows = [[text(name.rstrip(">")) for name in table.header], rules, *[list(map(text, row)) for row in table.rows]]
        drawn = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        parts.append(f"### {text(table.title)}\n\n{drawn}\n" + (f"\n{text(table.note)}\n" if table.note else ""))
    return "\n".join(parts)


def _head(record: Record) -> list[str]:
    """Of what, by what rules, and what else a reader must know."""
    return [f"## {text(made.title(record))}\n", *(f"- {text(note)}\n" for note in made.notes(record))]


def outcome(record: Record) -> str:
    """An outcome with all its tables."""
    parts = _head(record)
    if "amounts" not in record:
        return "\n".join([*parts, render([made.violations(record)])])
    parts += ["\n".join(f"- **{text(name)}**: {text(told)}" for name, told in made.summary(record)) + "\n"]
    return "\n".join([*parts, render(made.tables(record)), f"{text(made.proof(record))}\n"])


def frontier(record: Record) -> str:
    """A frontier with all its tables."""
    parts = _head(record)
    if "points" not in record:
        return "\n".join([*parts, render([made.violations(record)])])
    parts += ["\n".join(f"- **{text(name)}**: {text(told)}" for name, told in curves.summary(record)) + "\n"]
    parts += [f"{text(note)}\n" for note in curves.notes(record)]
    return "\n".join([*parts, render(curves.tables(record))])


def sweep(record: Record) -> str:
    """A sweep with all its tables."""
    parts = _head(record)
    parts += ["\n".join(f"- **{text(name)}**: {text(told)}" for name, told in sweeps.summary(record)) + "\n"]
    return "\n".join([*parts, render(sweeps.tables(record))])


def bargain(record: Record) -> str:
    """A bargain: what each owner gets and gives, then all tables."""
    agreed = record["outcome"]
    if "amounts" not in agreed:
        return outcome(agreed)
    parts = _head(agreed)
    parts += [f"{text(each)}\n" for each in owners.sentences(record)]
    return "\n".join([*parts, render(owners.tables(record)), f"{text(owners.proof(record))}\n"])


def why(record: Record) -> str:
    """An explanation with all its tables."""
    parts = _head(record)
    parts += [f"{text(each)}\n" for each in reasons.sentences(record)]
    return "\n".join([*parts, render(reasons.tables(record))])
