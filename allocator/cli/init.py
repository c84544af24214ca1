"""`allocator init`."""

from __future__ import annotations

from pathlib import Path

import click

from allocator.files.texts import check_new, start, write_texts


@click.command("init")
@click.argument("directory", type=click.Path(path_type=Path))
def command(directory: Path) -> None:
    """Write a small case to DIRECTORY, with its rules, that solves; then make it your own."""
    check_new(directory)
    for path in write_texts(directory, start()):
        click.echo(f"wrote {path}")
    click.echo(f"now run: allocator solve {directory}")
