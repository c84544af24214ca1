"""An estimate of mean and risk as a reader wants it."""

from __future__ import annotations

from allocator.estimates import Estimate
from allocator.report.tables import Table
from allocator.report.words import percent


def title(found: Estimate) -> str:
    """Of how many lines, from how many periods."""
    periods = found.returns
    n = len(periods.lines)
    span = f", {periods.labels[0]} to {periods.labels[-1]}" if periods.dates else ""
    return f"Mean and risk of {n:,} line{'s' * (n != 1)}, from {len(periods.labels):,} periods{span}"


def lines(found: Estimate) -> Table:
    """Mean and volatility of each line."""
    rows = [
        (name, percent(mean, 2), percent(volatility, 2))
        for name, mean, volatility in zip(found.returns.lines, found.mean, found.volatility, strict=True)
    ]
    return Table(
        "Lines, per year", ("Line", "Mean>", "Volatility>"), rows, "Volatilities are those of this covariance."
    )
