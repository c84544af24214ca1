"""`allocator frontier`."""

from __future__ import annotations

from pathlib import Path

import click

from allocator.cli import question
from allocator.cli.output import FORMATS, check_out, emit


@click.command("frontier")
@click.argument("case", type=click.Path(path_type=Path))
@click.option(
    "--between", nargs=2, required=True, metavar="FIRST SECOND",
    help="The two objectives, as in dividend-yield strategic-weight, or owner-gain:japan owner-gain:united-states.",
)  # fmt: skip
@click.option("--gap", default="0.1%", show_default=True, help="How close to the true curve, in parts of the ranges.")
@question.of_rules
@click.option("--format", "form", type=click.Choice((*FORMATS, "html")), default="table", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path),
    help="A file for the frontier as JSON (the table is printed all the same), Markdown or HTML; for csv a folder.",
)  # fmt: skip
def command(
    case: Path,
    between: tuple[str, str],
    gap: str,
    policy: Path | None,
    as_of: str | None,
    settings: tuple[str, ...],
    form: str,
    out: Path | None,
) -> None:
    """Trace how much of one objective the best allocations of CASE give for another, with a proven gap.

    Prints the curve, what one more step of the second objective costs, how the mix moves, and where rules begin or
    cease to bind. Expected return against variance is exact where there is no debt and all rules are hard and linear.
    Exits with 4 where the gap can't be proved.
    """
    check_out(form, out)
    close = _gap(gap)
    given, rules = question.case_and_rules(case, policy, as_of, settings)
    from allocator.frontiers import frontier
    from allocator.objectives import from_text

    first, second = map(from_text, between)
    found = frontier(given, rules, first, second, close)
    emit(found.record, form, out, "frontier")
    question.leave(found.status)


def _gap(text: str) -> float:
    from allocator.errors import Unparsable
    from allocator.units import Share

    try:
        return float(Share.parse(text))
    except Unparsable as error:
        raise click.BadParameter(f"{error.what}; {error.mend}", param_hint="--gap") from None
