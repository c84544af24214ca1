"""A record on the terminal: rich where a person looks, plain text when piped.

What a kind of record needs is imported by its own function: nobody who solves waits for the others.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from allocator.report import tables as made
from allocator.report.table import Table
from allocator.solution import Record

if TYPE_CHECKING:
    from allocator.estimates import Estimate

PIPED_WIDTH = 120
LEAST_WIDTH = 80
"Tables are not squeezed below this; a narrower terminal wraps them, and nothing is lost."


def console() -> Console:
    """Standard output: no colour and no guessing of width when it is not a terminal."""
    found = Console(highlight=False, emoji=False)
    if not found.is_terminal:
        return Console(highlight=False, emoji=False, no_color=True, width=PIPED_WIDTH)
    return found if found.width >= LEAST_WIDTH else Console(highlight=False, emoji=False, width=LEAST_WIDTH)


def paper() -> Console:
    """What is written to a file: as when piped. Its `file` has the text."""
    return Console(file=io.StringIO(), highlight=False, emoji=False, no_color=True, width=PIPED_WIDTH)


def show(out: Console, tables: Sequence[Table]) -> None:
    """Print tables one after the other."""
    for table in tables:
        out.print()
        out.print(f"[bold]{escape(table.title)}[/bold]")
        drawn = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
        for name in table.header:
            right = name.endswith(">")
            drawn.add_column(
                escape(name.rstrip(">")), justify="right" if right else "left", no_wrap=right, overflow="fold"
            )
        for row in table.rows:
            drawn.add_row(*map(escape, row))
        out.print(drawn)
        if table.note:
            out.print(f"[dim]{escape(table.note)}[/dim]")


def _head(out: Console, record: Record) -> None:
    """Of what, by what rules, and what else a reader must know."""
    out.print(f"[bold]{escape(made.title(record))}[/bold]")
    for note in made.notes(record):
        out.print(f"[yellow]{escape(note)}[/yellow]")


def show_outcome(out: Console, record: Record) -> None:
    """Print an outcome: the summary, the mix, the financing, the rules by price, the certificate."""
    _head(out, record)
    if "amounts" not in record:
        show(out, [made.violations(record)])
        return
    out.print()
    for name, told in made.summary(record):
        out.print(f"  [dim]{escape(name):17}[/dim] {escape(told)}", soft_wrap=True)
    show(out, made.tables(record))
    passes = record["certificate"]["passes"]
    out.print()
    out.print(f"[{'green' if passes else 'bold red'}]{escape(made.proof(record))}[/]", soft_wrap=True)


def show_estimate(out: Console, found: Estimate) -> None:
    """Print an estimate: how it was made, then mean and volatility of each line."""
    from allocator.report import estimate

    out.print(f"[bold]{escape(estimate.title(found))}[/bold]")
    out.print()
    for name, told in found.told:
        out.print(f"  [dim]{escape(name):17}[/dim] {escape(told)}", soft_wrap=True)
    show(out, [estimate.lines(found)])


def show_frontier(out: Console, record: Record) -> None:
    """Print a frontier: how close it is, the curve, the mix along it, where rules begin or cease to bind."""
    from allocator.report import frontier

    _head(out, record)
    if "points" not in record:
        show(out, [made.violations(record)])
        return
    out.print()
    for name, told in frontier.summary(record):
        out.print(f"  [dim]{escape(name):7}[/dim] {escape(told)}", soft_wrap=True)
    for note in frontier.notes(record):
        out.print(f"  {escape(note)}", soft_wrap=True)
    show(out, frontier.tables(record))


def show_sweep(out: Console, record: Record) -> None:
    """Print a sweep: how many scenarios, then what they say."""
    from allocator.report import sweep

    _head(out, record)
    out.print()
    for name, told in sweep.summary(record):
        out.print(f"  [dim]{escape(name):9}[/dim] {escape(told)}", soft_wrap=True)
    show(out, sweep.tables(record))


def show_bargain(out: Console, record: Record) -> None:
    """Print a bargain: what each owner gets and gives in sentences, then the tables, then the proof."""
    from allocator.report import bargain

    agreed = record["outcome"]
    if "amounts" not in agreed:
        show_outcome(out, agreed)
        return
    _head(out, agreed)
    for told in bargain.sentences(record):
        out.print()
        out.print(escape(told))
    show(out, bargain.tables(record))
    out.print()
    out.print(f"[{'green' if agreed['certificate']['passes'] else 'bold red'}]{escape(bargain.proof(record))}[/]")


def show_impact(out: Console, record: Record) -> None:
    """Print what a change of policy does: six lines, then the details."""
    from allocator.report import impact

    first, *verdicts = impact.heads(record)
    out.print(f"[bold]{escape(first)}[/bold]", soft_wrap=True)
    for told in verdicts:
        out.print(escape(told), soft_wrap=True)
    out.print()
    for name, told in impact.lines(record):
        out.print(f"  [dim]{escape(name):17}[/dim] {escape(told)}", soft_wrap=True)
    show(out, impact.tables(record))


def show_why(out: Console, record: Record) -> None:
    """Print an explanation: the sentence first, then the tables."""
    from allocator.report import why

    _head(out, record)
    out.print()
    for told in why.sentences(record):
        out.print(escape(told))
    show(out, why.tables(record))
