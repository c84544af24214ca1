"""Where results go: standard output, a file, or a folder of tables."""

from __future__ import annotations

from pathlib import Path

import click

from allocator.files.texts import write_texts
from allocator.solution import Record

FORMATS = ("table", "json", "csv", "markdown")


def check_out(form: str, out: Path | None) -> None:
    """Refuse a place that does not fit the format.

    Raises:
        click.BadParameter: JSON or HTML to a file of another name, or CSV to a file.
    """
    if out is None:
        return
    if form in ("table", "json") and out.suffix != ".json":
        told = f"the outcome is written as JSON, and '{out}' does not end in .json; write {out.with_suffix('.json')}"
        told += ", or ask for a page with '--format html'" if out.suffix == ".html" else ""
        raise click.BadParameter(told, param_hint="--out")
    if form == "html" and out.suffix != ".html":
        told = f"the page is HTML, and '{out}' does not end in .html; write {out.with_suffix('.html')}"
        raise click.BadParameter(told, param_hint="--out")
    if form == "csv" and out.is_file():
        raise click.BadParameter(f"csv goes to a folder, and '{out}' is a file; name a folder", param_hint="--out")


def put(text: str, out: Path | None) -> None:
    """Print a text, or write it to a file."""
    if out is None:
        click.echo(text, nl=False)
    else:
        write_texts(out.parent, {out.name: text})


def emit(record: Record, form: str, out: Path | None, kind: str = "outcome") -> None:
    """Print a result, or write it: JSON, Markdown or HTML to a file, CSV to a folder.

    With a file that ends in `.json`, it is written there and the table printed all the same. `kind` is what the result
    is, by whose name the reports have a function each.
    """
    if form == "table":
        from allocator.report import terminal

        if out is not None:
            from allocator.files.outcomes import write_outcome

            write_outcome(record, out)
        getattr(terminal, f"show_{kind}")(terminal.console(), record)
    elif form == "csv":
        from allocator.report import csv

        found = getattr(csv, kind)(record)
        if out is None:
            click.echo(next(iter(found.values())), nl=False)
            return
        write_texts(out, found)
    elif form == "json":
        from allocator.files.outcomes import to_json

        put(to_json(record), out)
    elif form == "html":
        from allocator.report import page

        put(getattr(page, kind)(record), out)
    else:
        from allocator.report import markdown

        put(getattr(markdown, kind)(record), out)
