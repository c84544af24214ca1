"""`allocator policy explain`."""

from __future__ import annotations

from pathlib import Path

import click

from allocator.cli.output import put


@click.command("explain")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as-of", metavar="DATE", help="The rules in force on this date, as in 2026-04-01; today by default.")
@click.option("--format", "form", type=click.Choice(("text", "markdown", "html")), default="text", show_default=True)
@click.option("--language", metavar="CODE", help="Which language to put first, as in ja, where FILE has it.")
@click.option("--math", is_flag=True, help="Tell each rule as a formula too.")
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file instead of printing.")
def command(file: Path, as_of: str | None, form: str, language: str | None, math: bool, out: Path | None) -> None:
    """Tell what the policy FILE says, in plain language.

    First who agreed to it and since when, then the words it uses, then a sentence for each rule with its dates,
    authority, owner and reason, then the waivers. Sentences are in English; titles and reasons in the languages that
    the file has.
    """
    from allocator.files.policies import read_rules
    from allocator.report import explained
    from allocator.report.explain import explain

    render = {"text": explained.plain, "markdown": explained.markdown, "html": explained.page}[form]
    told = render(explain(read_rules(file, as_of), language, math))
    put(told, out)
