"""`allocator solve`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from allocator.cli import question
from allocator.cli.output import FORMATS, check_out, emit


@click.command("solve")
@click.argument("case", type=click.Path(path_type=Path))
@question.options
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path),
    help="A file for the outcome as JSON (the table is printed all the same) or Markdown; for csv a folder.",
)  # fmt: skip
@click.option(
    "--solver", metavar="NAME", help="Try this solver first: clarabel, highs, scs; with the extra 'fast' piqp or qoco."
)
@click.option("-v", "--verbose", is_flag=True, help="Tell the solver and the time that each part took.")
def command(
    case: Path,
    policy: Path | None,
    objectives: tuple[str, ...],
    combine: str,
    held: tuple[str, ...],
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
    asked = question.Asked.of(objectives, combine, held)
    clock = _Clock()
    given, rules, aim = question.read(case, policy, asked, as_of, settings)
    clock.lap("imports of the reader, and reading")
    from allocator.outcome import allocate

    found = allocate(given, rules, aim, solver=solver, laps=clock.lap)
    emit(found.record, form, out)
    clock.lap("report")
    if verbose:
        clock.tell()
    question.leave(found.status)


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
