"""`allocator policy`: the commands for policy files, one file a command."""

from __future__ import annotations

import click

from allocator.cli import Lazy

COMMANDS = {
    "check": "Tell all that is wrong with policy files.",
    "explain": "Tell what a policy says, in plain language.",
    "test": "Run the tests that stand beside the rules.",
    "schema": "Print the JSON Schema of a policy, for editors.",
    "diff": "Show what differs between two policies, by meaning.",
    "impact": "Show what a change does to the best allocation.",
}


@click.group("policy", cls=Lazy, home=__name__, told=COMMANDS)
def command() -> None:
    """Read, check and compare policy files, the rules that an allocation must keep."""
