"""`allocator policy impact`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from allocator.cli import INFEASIBLE
from allocator.cli.output import put
from allocator.cli.policy.pair import check, options, read_case_of, read_pair
from allocator.cli.question import Asked, of_aim
from allocator.errors import InputError


@click.command("impact")
@options
@of_aim
@click.option("--format", "form", type=click.Choice(("text", "json", "markdown")), default="text", show_default=True)
def command(
    old: str,
    new: str,
    case: Path | None,
    as_of: str | None,
    out: Path | None,
    refused: tuple[str, ...],
    objectives: tuple[str, ...],
    combine: str,
    held: tuple[str, ...],
    form: str,
) -> None:
    """Show what the change from policy OLD to NEW does to the best allocation of a case.

    Six lines first, details after. Each policy is a file, or a file in a git revision, as in
    main:constraints/fund.yaml. Markdown is a comment for a pull request, and empty where no rule asks anything else.
    """
    asked = Asked.of(objectives, combine, held)
    before, after = read_pair(old, new, as_of)
    given = read_case_of(case, new, after)
    if given is None:
        raise InputError.of("no case", "name one with --case, or under 'tested-on' in the new policy")
    sought = asked.aim(given)
    from allocator.policy.impact import impact
    from allocator.report.impact import comment

    record = impact(before, after, given, sought)
    if form == "json":
        from allocator.files.outcomes import to_json

        put(to_json(record), out)
    elif form == "markdown":
        put(comment(record), out)
    else:
        from allocator.report.terminal import console, paper, show_impact

        page = console() if out is None else paper()
        show_impact(page, record)
        if out is not None:
            put(page.file.getvalue(), out)  # type: ignore[attr-defined]
    check(record["diff"], refused)
    if record["after"] is not None and "amounts" not in record["after"]:
        sys.exit(INFEASIBLE)
