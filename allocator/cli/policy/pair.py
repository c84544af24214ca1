"""What `diff` and `impact` share: the two policies, the case, and the checks that are asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import click

from allocator.case import Case
from allocator.cli import CHECK_FAILED
from allocator.files.revisions import split
from allocator.rulebook import Rulebook
from allocator.solution import Record

VERDICTS = ("tighter", "looser", "mixed", "undetermined")


OPTIONS = (
    click.argument("old"),
    click.argument("new"),
    click.option(
        "--case", type=click.Path(path_type=Path), help="The case; by default the one that NEW says it was tested on."
    ),
    click.option(
        "--as-of", metavar="DATE", help="Both as in force on this date, as in 2026-04-01; today by default."
    ),
    click.option("--out", type=click.Path(path_type=Path), help="Write to this file instead of printing."),
    click.option(
        "--fail-if", "refused", multiple=True, type=click.Choice(VERDICTS),
        help="Exit with 5 if any verdict is this one; may be given several times.",
    ),
)  # fmt: skip


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments and options that both have."""
    return reduce(lambda made, add: add(made), reversed(OPTIONS), command)


def read_pair(old: str, new: str, as_of: str | None) -> tuple[Rulebook, Rulebook]:
    """Both policies, as in force on one date: the one asked for, or today in the calendar of the new one."""
    from allocator.files.policies import read_rules

    after = read_rules(new, as_of)
    return read_rules(old, after.as_of), after


def read_case_of(given: Path | None, new: str, rules: Rulebook) -> Case | None:
    """The case asked for, else the one that the new policy names; None where there is neither."""
    from allocator.files.cases import read_case

    folder = given or (rules.header.case_of(Path(split(new)[1])) if rules.header else None)
    return None if folder is None else read_case(folder)


def check(record: Record, refused: Sequence[str]) -> None:
    """Exit with 5 if a verdict is among the refused ones; which is told on standard error."""
    from allocator.policy.diff import verdicts

    found = verdicts(record)
    failed = [verdict for verdict in refused if verdict in found]
    for verdict in failed:
        click.echo(f"failed: {record['new']['file']} is {verdict}: {', '.join(found[verdict])}", err=True)
    if failed:
        sys.exit(CHECK_FAILED)
