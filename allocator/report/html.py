"""A record as a fragment of HTML, for notebooks; every text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from allocator.report import bargain as owners
from allocator.report import frontier as curves
from allocator.report import sweep as sweeps
from allocator.report import tables as made
from allocator.report import why as reasons
from allocator.report.table import Table
from allocator.solution import Record


def _table(table: Table) -> str:
    def cells(tag: str, row: Sequence[str]) -> str:
        sides = ["right" if name.endswith(">") else "left" for name in table.header]
        # A name or a place is not to break at its hyphens.
        return "".join(
            f'<{tag} style="padding:1px 9px;text-align:{side}{"" if " " in text else ";white-space:nowrap"}">'
            f"{escape(text)}</{tag}>"
            for side, text in zip(sides, row, strict=True)
        )

    head = cells("th", [name.rstrip(">") for name in table.header])
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in table.rows)
    note = f"<p><small>{escape(table.note)}</small></p>" if table.note else ""
    caption = f'<caption style="padding:9px;text-align:left;white-space:nowrap"><b>{escape(table.title)}</b></caption>'
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


def _head(record: Record, more: Sequence[str] = ()) -> str:
    said = "".join(f"<p>{escape(each)}</p>" for each in (*made.notes(record), *more))
    return f"<p><b>{escape(made.title(record))}</b></p>{said}"


def fragment(record: Record) -> str:
    """An outcome as a notebook shows it."""
    head = _head(record)
    if "amounts" not in record:
        return head + _table(made.violations(record))
    items = "".join(f"<li>{escape(name)}: {escape(told)}</li>" for name, told in made.summary(record))
    return f"{head}<ul>{items}</ul>{''.join(map(_table, made.tables(record)))}<p>{escape(made.proof(record))}</p>"


def frontier(record: Record) -> str:
    """A frontier as a notebook shows it."""
    if "points" not in record:
        return _head(record) + _table(made.violations(record))
    said = [*(f"{name}: {told}" for name, told in curves.summary(record)), *curves.notes(record)]
    return _head(record, said) + "".join(map(_table, curves.tables(record)))


def sweep(record: Record) -> str:
    """A sweep as a notebook shows it."""
    said = [f"{name}: {told}" for name, told in sweeps.summary(record)]
    return _head(record, said) + "".join(map(_table, sweeps.tables(record)))


def bargain(record: Record) -> str:
    """A bargain as a notebook shows it."""
    agreed = record["outcome"]
    if "amounts" not in agreed:
        return fragment(agreed)
    tables = "".join(map(_table, owners.tables(record)))
    return f"{_head(agreed, owners.sentences(record))}{tables}<p>{escape(owners.proof(record))}</p>"


def why(record: Record) -> str:
    """An explanation as a notebook shows it."""
    return _head(record, reasons.sentences(record)) + "".join(map(_table, reasons.tables(record)))
