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
    """Show what moved from outcome FIRST to outcome SECOND, in dollars and shares, and which limits differ."""
    from allocator.files.outcomes import read_record
    from allocator.report.moves import changed_limits, moved
    from allocator.report.tables import notes, title

    records = [read_record(path) for path in (first, second)]
    for path, record in zip((first, second), records, strict=True):
        if "amounts" not in record:
            raise InputError.of(f"{path} has no amounts: no allocation satisfied its rules", "compare two allocations")
    one, other = (record["case"]["id"] for record in records)
    if one != other:
        what = f"{first} is of the case '{one}', and {second} of '{other}'"
        raise InputError.of(what, "compare outcomes of one case")
    tables = [*moved(records[0], records[1]), *changed_limits(records[0], records[1])]
    heads = [
        (word, [f"{title(record)}; {record['objective']['name']}", *notes(record)])
        for word, record in zip(("from", "to"), records, strict=True)
    ]
    if form == "markdown":
        from allocator.report.markdown import render, text

        for word, told in heads:
            click.echo(f"- {word} {text('; '.join(told))}")
        click.echo(f"\n{render(tables)}")
        return
    from allocator.report.terminal import console, show

    out = console()
    for word, told in heads:
        for line in told:
            out.print(f"{word:5}{line}", markup=False)
            word = ""
    show(out, tables)
