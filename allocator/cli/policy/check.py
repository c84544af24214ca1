"""`allocator policy check`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from allocator.cli import INPUT_WRONG


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--case", type=click.Path(path_type=Path),
    help="The case whose lines, sectors and columns the rules may name; by default the one under 'tested-on'.",
)  # fmt: skip
@click.option("--deep", is_flag=True, help="Warn, too, of rules that do nothing or are easily missed; this solves.")
@click.option("--as-of", metavar="DATE", help="The rules in force on this date, as in 2026-04-01; today by default.")
@click.option("--format", "form", type=click.Choice(("text", "json", "github")), default="text", show_default=True)
def command(files: tuple[Path, ...], case: Path | None, deep: bool, as_of: str | None, form: str) -> None:
    """Tell all that is wrong with the policies in FILES, each with its place and its mend.

    A folder stands for the .yaml files in it. Nothing is solved without --deep. Exits with 1 when anything is wrong;
    a warning is not wrong.
    """
    from allocator.policy.check import all_problems, check, is_error, summary
    from allocator.report import problems as report

    found = check(files, case, as_of)
    if deep:
        from allocator.policy.deep import deepened

        found = [deepened(checked) for checked in found]
    problems = all_problems(found)
    write = {"text": report.text, "json": report.to_json, "github": report.github}[form]
    click.echo(write(problems), nl=False)
    if form != "json":
        for line in summary(found):
            # A file's name may hold a line break, behind which a workflow would take the rest for a command.
            click.echo(line.replace("\n", " "))
    if any(map(is_error, problems)):
        sys.exit(INPUT_WRONG)
