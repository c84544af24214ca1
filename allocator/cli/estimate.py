"""`allocator estimate`."""

from __future__ import annotations

from pathlib import Path

import click

from allocator.files.texts import check_new, write_texts


@click.command("estimate")
@click.argument("returns", type=click.Path(path_type=Path))
@click.option("--prices", is_flag=True, help="The table has prices; simple returns are made of them.")
@click.option(
    "--method", type=click.Choice(("ledoit-wolf", "oas", "sample")), help="Of the covariance; ledoit-wolf by default."
)
@click.option("--factors", type=int, metavar="K", help="Keep K principal components instead, and specific variances.")
@click.option("--periods", type=int, metavar="N", help="Periods a year, as 252, 12 or 1; by the dates if not given.")
@click.option(
    "--missing", type=click.Choice(("refuse", "drop-rows", "drop-lines")), default="refuse", show_default=True,
    help="What to do where numbers are missing.",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="A new folder for a case that 'allocator solve' takes.")
def command(
    returns: Path,
    prices: bool,
    method: str | None,
    factors: int | None,
    periods: int | None,
    missing: str,
    out: Path | None,
) -> None:
    """Estimate mean and risk, per year, from RETURNS: a CSV or Parquet table of simple returns.

    A row a period, a column a line; a column date or id labels the rows.
    """
    if out is not None:
        check_new(out)
    from allocator.estimates import estimate
    from allocator.files.estimates import case_texts, read_returns
    from allocator.report.terminal import console, show_estimate

    panel = read_returns(returns)
    found = estimate(panel, prices=prices, method=method, factors=factors, periods=periods, missing=missing)
    show_estimate(console(), found)
    if out is not None:
        click.echo()
        for path in write_texts(out, case_texts(found)):
            click.echo(f"wrote {path}")
        click.echo(f"now run: allocator solve {out}")
