"""The command line: read, call, render, and an exit code. A command is imported when it is called."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import os
import sys
from collections.abc import Mapping
from typing import Any

import click

from allocator import __version__

COMMANDS = {
    "solve": "Find the best allocation of a case within its rules.",
    "bargain": "Settle what the owners agree on: what each gets and gives.",
    "frontier": "Trace what one objective costs in another, with a proven gap.",
    "sweep": "Solve a case under very many scenarios, here or on a cluster.",
    "why": "Explain why nothing fits, or what holds the objective back.",
    "compare": "Show what moved between two outcomes.",
    "report": "Write one page of HTML for a committee and for reviewers.",
    "verify": "Recheck an outcome from its files, without solving.",
    "estimate": "Estimate mean and risk from past returns, as a case to start from.",
    "init": "Write a small case to start from.",
    "policy": "Check, explain, test and compare policy files.",
}
"Each command with its help, so that --help needs to import none of them."

INPUT_WRONG, INFEASIBLE, NOT_CERTIFIED, CHECK_FAILED = 1, 3, 4, 5


class Lazy(click.Group):
    """A group whose commands live in modules of their own.

    Args:
        home: the package of these modules.
        told: each command with its help.
    """

    def __init__(self, *arguments: Any, home: str, told: Mapping[str, str], **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.home, self.told = home, told

    def list_commands(self, context: click.Context) -> list[str]:
        """The names, in the order of a first use."""
        return list(self.told)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """A command by its name."""
        if name not in self.told:
            return None
        command: click.Command = importlib.import_module(f"{self.home}.{name}").command
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The list for --help, without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.told.items()))


@click.group(cls=Lazy, home=__name__, told=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def group() -> None:
    """Certified allocation for leveraged sovereign funds.

    Exit codes: 0 done; 1 the input is wrong; 2 usage; 3 no allocation satisfies the rules; 4 not certified;
    5 a check that was asked for failed.
    """


def main(arguments: list[str] | None = None) -> Any:
    """Run a command; what is wrong with the input is told on standard error, never as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Titles may hold letters that the terminal's encoding lacks.
            stream.reconfigure(errors="replace")
    # Whoever watches pydantic from a plugin can say so; to look for one in every package takes longer than most files.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # A process that soon ends leaves little to collect; a tenth of a short command would go into looking for it.
    gc.set_threshold(500_000)
    atexit.register(gc.freeze)
    try:
        _run(arguments)
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read has seen enough, as `head` has; the interpreter is not to complain of it on leaving.
            with contextlib.suppress(BrokenPipeError):
                sys.stdout.close()


def _run(arguments: list[str] | None) -> None:
    from allocator.errors import AllocatorError, Infeasible, InputError, NotCertified

    try:
        sys.exit(group.main(arguments, prog_name="allocator", standalone_mode=True))
    except InputError as error:
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        sys.exit(INPUT_WRONG)
    except Infeasible as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(INFEASIBLE)
    except NotCertified as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(NOT_CERTIFIED)
    except AllocatorError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(INPUT_WRONG)
    except OSError as error:
        named = f" '{error.filename}'" if error.filename else ""
        click.echo(f"error: cannot read or write{named} ({error.strerror}); check the path", err=True)
        sys.exit(INPUT_WRONG)
