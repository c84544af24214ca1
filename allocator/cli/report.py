"""`allocator report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allocator.cli import question

if TYPE_CHECKING:
    from allocator.solution import Record


@click.command("report")
@click.argument("what", metavar="CASE|OUTCOME", type=click.Path(path_type=Path))
@question.options
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The page to write, as in review.html.")
def command(
    what: Path,
    policy: Path | None,
    objectives: tuple[str, ...],
    combine: str,
    held: tuple[str, ...],
    as_of: str | None,
    settings: tuple[str, ...],
    out: Path,
) -> None:
    """Write one page for a committee and for reviewers, of a case or of an outcome.

    CASE, a folder with fund.yaml, is solved first; OUTCOME is a JSON file that 'allocator solve --out' wrote. The page
    has the mix, the financing, each rule with its authority, value and price, waivers, approvals and the certificate;
    that of a frontier's file has the curve. It is one file, loads nothing from elsewhere, and prints.
    """
    if out.suffix != ".html":
        told = f"the page is HTML, and '{out}' does not end in .html; write {out.with_suffix('.html')}"
        raise click.BadParameter(told, param_hint="--out")
    if what.suffix == ".json":
        if policy or objectives or combine != "blend" or held or as_of or settings:
            told = "an outcome has its rules and its objective in it; drop all options but --out"
            raise click.UsageError(told)
        record = _stored(what)
    else:
        asked = question.Asked.of(objectives, combine, held)
        record = _solved(what, policy, asked, as_of, settings)
    from allocator.files.texts import write_texts
    from allocator.report import page
    from allocator.solution import FRONTIER

    write = page.frontier if record["format"] == FRONTIER else page.page
    write_texts(out.parent, {out.name: write(record)})
    click.echo(f"wrote {out}")
    question.leave(record["status"])


def _stored(path: Path) -> Record:
    from allocator.files.outcomes import read_record
    from allocator.solution import FORMAT, FRONTIER

    return read_record(path, FORMAT, FRONTIER)


def _solved(
    path: Path, policy: Path | None, asked: question.Asked, as_of: str | None, settings: tuple[str, ...]
) -> Record:
    given, rules, aim = question.read(path, policy, asked, as_of, settings)
    from allocator.outcome import allocate

    return allocate(given, rules, aim).record
