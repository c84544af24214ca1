"""`allocator bargain`."""

from __future__ import annotations

from pathlib import Path

import click

from allocator.cli import question
from allocator.cli.output import check_out, emit


@click.command("bargain")
@click.argument("case", type=click.Path(path_type=Path))
@question.of_rules
@click.option(
    "--format", "form", type=click.Choice(("table", "json", "markdown", "html")), default="table", show_default=True
)
@click.option(
    "--out", type=click.Path(path_type=Path),
    help="A file for the bargain as JSON (the table is printed all the same), Markdown or HTML.",
)  # fmt: skip
def command(
    case: Path, policy: Path | None, as_of: str | None, settings: tuple[str, ...], form: str, out: Path | None
) -> None:
    """Settle what the owners of CASE, its principals in fund.yaml, would agree on within the rules.

    Prints what each gets, gives up against its own best, and would have walking away; what a dollar more for one costs
    the other; then the mix and the financing. Html is a page to sign. Exits with 3 where they cannot all beat their
    walk-aways, or where nothing satisfies the rules.
    """
    check_out(form, out)
    given, rules = question.case_and_rules(case, policy, as_of, settings)
    from allocator.bargaining import bargain

    # Only the file tells what the rules' numbers are worth.
    found = bargain(given, rules, resolve=form == "json" or (out is not None and out.suffix == ".json"))
    emit(found.record, form, out, "bargain")
    question.leave(found.outcome.status)
