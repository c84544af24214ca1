"""`allocator policy schema`."""

from __future__ import annotations

from pathlib import Path

import click

from allocator.cli.output import put


@click.command("schema")
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file instead of printing.")
def command(out: Path | None) -> None:
    """Print the JSON Schema of a policy file, by which an editor checks and completes it.

    Write the schema beside the policies with --out policy.schema.json, and begin each policy with the line

    # yaml-language-server: $schema=policy.schema.json

    which Visual Studio Code (with the extension YAML by Red Hat) and other editors follow. The editor sees one file:
    names of lines, sums and dates are checked by allocator policy check.
    """
    from allocator.files.outcomes import to_json
    from allocator.files.policy_schema import policy_schema

    put(to_json(policy_schema()), out)
    name = out.name if out else "policy.schema.json"
    click.echo(f"begin a policy beside it with: # yaml-language-server: $schema={name}", err=True)
