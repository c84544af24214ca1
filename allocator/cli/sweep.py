"""`allocator sweep`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from allocator.cli import question
from allocator.cli.output import FORMATS, check_out, emit


@click.command("sweep")
@click.argument("case", type=click.Path(path_type=Path))
@click.option(
    "--scenarios", "told", type=click.Path(path_type=Path), required=True,
    help="A YAML file with a grid, a table or draws; or a table, in CSV or Parquet.",
)  # fmt: skip
@click.option(
    "--into", type=click.Path(path_type=Path),
    help="A folder for all scenarios, in Parquet. What a run that was stopped left there is not solved again.",
)  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), help="How many solve at once; one a processor by default.")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler whose workers solve, as in tcp://10.0.0.5:8786.")
@click.option(
    "--chunk", type=click.IntRange(min=1), default=500, show_default=True,
    help="Scenarios that are solved, sent and kept together.",
)  # fmt: skip
@question.options
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path),
    help="A file for what the sweep says, as JSON or Markdown; for csv a folder.",
)  # fmt: skip
def command(
    case: Path,
    told: Path,
    into: Path | None,
    threads: int | None,
    scheduler: str | None,
    chunk: int,
    policy: Path | None,
    objectives: tuple[str, ...],
    combine: str,
    held: tuple[str, ...],
    as_of: str | None,
    settings: tuple[str, ...],
    form: str,
    out: Path | None,
) -> None:
    """Solve CASE under many scenarios, each proved and priced.

    Prints how the result is distributed, which rules bind and how often, what is to blame where nothing fits, what
    numbers are worth, which inputs move the result most, and the allocation of least regret. Exits with 3 where nothing
    fits in any scenario, and with 4 where one is not certified.
    """
    check_out(form, out)
    asked = question.Asked.of(objectives, combine, held)
    given, rules, aim = question.read(case, policy, asked, as_of, settings)
    from allocator.sweeps import sweep

    with _progress() as done:
        found = sweep(given, rules, aim, told, into=into, threads=threads, scheduler=scheduler, chunk=chunk, told=done)
    emit(found.record, form, out, "sweep")
    question.leave(found.status)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scenarios", total=None)
        yield lambda done, count: bar.update(task, completed=done, total=count)
