"""`allocator verify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from allocator.cli import NOT_CERTIFIED


@click.command("verify")
@click.argument("outcome", type=click.Path(path_type=Path))
@click.option("--case", type=click.Path(path_type=Path), help="The case's folder; by default the outcome's own.")
def command(outcome: Path, case: Path | None) -> None:
    """Recheck OUTCOME from its input files and its multipliers, without solving.

    Checks the files' digests, the sums to the dollar, every rule and term, and the bound on what any other allocation
    could do better. Exits with 4 when anything fails.
    """
    from allocator.verification import verify_files

    found = verify_files(outcome, case)
    click.echo(str(found))
    click.echo("verified" if found else "NOT VERIFIED")
    if not found:
        sys.exit(NOT_CERTIFIED)
