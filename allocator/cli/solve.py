"""`allocator solve`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from allocator.cli import INFEASIBLE, NOT_CERTIFIED
from allocator.cli.output import FORMATS, check_out, emit
from allocator.errors import InputError


@click.command("solve")
@click.argument("case", type=click.Path(path_type=Path))
@click.option("--policy", type=click.Path(path_type=Path), help="Rules; the case's own by default.")
@click.option(
    "--objective", "objectives", multiple=True, metavar="NAME[=WEIGHT]",
    help="What to maximise; give several with weights for a blend. The case's own by default.",
)  # fmt: skip
@click.option("--as-of", metavar="DATE", help="The rules in force on this date, as in 2026-04-01; today by default.")
@click.option(
    "--set", "settings", multiple=True, metavar="RULE.FIELD=VALUE",
    help="Try another number without editing a file, as in one-line.at-most=10%.",
)  # fmt: skip
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path),
    help="A file for the outcome as JSON (the table is printed all the same) or Markdown; for csv a folder.",
)  # fmt: skip
@click.option("--solver", metavar="NAME", help="Try this solver first: clarabel, highs or scs.")
@click.option("-v", "--verbose", is_flag=True, help="Tell the solver and the time that each part took.")
def command(
    case: Path,
    policy: Path | None,
    objectives: tuple[str, ...],
    as_of: str | None,
    settings: tuple[str, ...],
    form: str,
    out: Path | None,
    solver: str | None,
    verbose: bool,
) -> None:
    """Find the best allocation of CASE, a folder with fund.yaml, within its rules.

    Prints the mix, its financing, what each rule costs, and the proof.
    """
    check_out(form, out)
    asked = _weights(objectives)
    clock = _Clock()
    from allocator.cli.inputs import case_and_rules
    from allocator.objectives import from_names

    given, rules = case_and_rules(case, policy, as_of, settings)
    weights = asked or given.objective
    if not weights:
        raise InputError.of("no objective", "give one with --objective, or name one under 'objective' in fund.yaml")
    aim = from_names(weights)
    clock.lap("imports of the reader, and reading")
    from allocator.outcome import allocate

    found = allocate(given, rules, aim, solver=solver, laps=clock.lap)
    emit(found.record, form, out)
    clock.lap("report")
    if verbose:
        clock.tell()
    if found.status == "infeasible":
        sys.exit(INFEASIBLE)
    if found.status != "optimal":
        sys.exit(NOT_CERTIFIED)


class _Clock:
    """How long each part took; told on standard error, never recorded."""

    def __init__(self) -> None:
        self.last = time.perf_counter()
        self.laps: list[tuple[str, float]] = []

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps.append((name, now - self.last))
        self.last = now

    def tell(self) -> None:
        for name, seconds in self.laps:
            click.echo(f"{seconds * 1000:7.0f} ms  {name}", err=True)


def _weights(texts: tuple[str, ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, weight in map(_weight, texts):
        if name in found:
            raise click.BadParameter(f"'{name}' stands twice; give each once", param_hint="--objective")
        found[name] = weight
    return found


def _weight(text: str) -> tuple[str, float]:
    name, equals, weight = text.partition("=")
    try:
        return name, float(weight) if equals else 1.0
    except ValueError:
        raise click.BadParameter(f"'{text}' is not NAME=WEIGHT", param_hint="--objective") from None
