"""`allocator policy test`."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import click

from allocator.cli import CHECK_FAILED
from allocator.errors import Collector


@click.command("test")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--case", type=click.Path(path_type=Path), help="The case; the one that each file was tested on by default."
)
@click.option(
    "--as-of", metavar="DATE", help="Read the files as of this date, today by default; each test has its own."
)
@click.option("--format", "form", type=click.Choice(("text", "json", "github")), default="text", show_default=True)
def command(files: tuple[Path, ...], case: Path | None, as_of: str | None, form: str) -> None:
    """Run the tests that stand beside the rules of FILES.

    A folder stands for the .yaml files in it. A test gives holdings, and says whether the rule passes or by how much it
    fails: pass, or fail by 1 pp. Only the rule itself is tried, as it is written: waivers, what is inherited,
    capacities and the other rules play no part. Exits with 5 when a test fails.
    """
    from allocator.files.cases import read_case
    from allocator.files.policies import read_rules
    from allocator.policy.cases import run
    from allocator.policy.check import policies_of
    from allocator.report import trials

    read = cache(read_case)
    problems = Collector()
    records = []
    for file in policies_of(files):
        with problems.part():
            rules = read_rules(file, as_of)
            folder = case or (rules.header.case_of(file) if rules.header else None)
            records.append({"file": str(file), **run(rules, read(folder) if folder else None)})
    if form == "json":
        from allocator.files.outcomes import to_json

        click.echo(to_json({"files": records}), nl=False)
    elif records:
        click.echo(trials.plain(records) if form == "text" else trials.github(records), nl=False)
    # Files that can't be read do not hide what was found in the others.
    problems.finish()
    if any(not test["passed"] for record in records for rule in record["rules"] for test in rule["tests"]):
        sys.exit(CHECK_FAILED)
