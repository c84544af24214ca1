"""`allocator policy diff`."""

from __future__ import annotations

from pathlib import Path

import click

from allocator.cli.output import put
from allocator.cli.policy.pair import check, options, read_case_of, read_pair


@click.command("diff")
@options
@click.option(
    "--format", "form", type=click.Choice(("text", "json", "markdown", "html")), default="text", show_default=True
)
def command(
    old: str, new: str, case: Path | None, as_of: str | None, out: Path | None, refused: tuple[str, ...], form: str
) -> None:
    """Show what differs between the policies OLD and NEW, by meaning and not by line.

    Each is a file, or a file in a git revision, as in main:constraints/fund.yaml. Every rule that differs has two
    verdicts: by its text alone, and by what it makes possible or impossible in the case. Html is a redline of the
    rules' sentences.
    """
    before, after = read_pair(old, new, as_of)
    given = read_case_of(case, new, after)
    from allocator.policy.diff import compare
    from allocator.report import diff

    record = compare(before, after, given)
    if form == "json":
        from allocator.files.outcomes import to_json

        put(to_json(record), out)
    elif form == "html":
        from allocator.report.redline import page

        put(page(record), out)
    else:
        put(diff.plain(record) if form == "text" else diff.markdown(record), out)
    check(record, refused)
