"""`allocator why`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from allocator.cli import NOT_CERTIFIED, question


@click.command("why")
@click.argument("case", type=click.Path(path_type=Path))
@question.of_rules
@click.option(
    "--changed-only", "old", type=click.Path(path_type=Path), metavar="OLD",
    help="Blame only what differs from this policy.",
)  # fmt: skip
@click.option("--format", "form", type=click.Choice(("table", "json", "markdown")), default="table", show_default=True)
def command(
    case: Path, policy: Path | None, as_of: str | None, settings: tuple[str, ...], old: Path | None, form: str
) -> None:
    """Explain why nothing satisfies the rules of CASE, and what would let something; or what holds its objective back.

    Names a smallest set of rules and terms that leave nothing together, the smallest change of each rule alone that
    helps, and the least change of several. Exits with 4 where it can't be decided.
    """
    from allocator.files.policies import read_rules

    given, rules = question.case_and_rules(case, policy, as_of, settings)
    before = None if old is None else read_rules(old, rules.as_of)
    from allocator.reasons import reasons

    record = reasons(given, rules, before)
    if form == "json":
        from allocator.files.outcomes import to_json

        click.echo(to_json(record), nl=False)
    elif form == "markdown":
        from allocator.report.markdown import why

        click.echo(why(record), nl=False)
    else:
        from allocator.report.terminal import console, show_why

        show_why(console(), record)
    if record["status"] == "undecided":
        sys.exit(NOT_CERTIFIED)
