"""`allocator compare`."""

from __future__ import annotations

from pathlib import Path

import click

from allocator.errors import InputError


@click.command("compare")
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(("table", "markdown")), default="table", show_default=True)
def command(first: Path, second: Path, form: str) -> None:
    """Show what moved from outcome FIRST to outcome SECOND, in dollars and shares."""
    from allocator.files.outcomes import read_record
    from allocator.report.tables import moved, title

    records = [read_record(path) for path in (first, second)]
    for path, record in zip((first, second), records, strict=True):
        if "amounts" not in record:
            raise InputError.of(f"{path} has no amounts: no allocation satisfied its rules", "compare two allocations")
    tables = moved(records[0], records[1])
    if form == "markdown":
        from allocator.report.markdown import render

        click.echo(render(tables))
        return
    from allocator.report.terminal import console, show

    out = console()
    for word, record in zip(("from", "to"), records, strict=True):
        out.print(f"{word:5}{title(record)}; {record['objective']['name']}", markup=False)
    show(out, tables)
