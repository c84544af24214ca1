"""An estimate of mean and risk as a reader wants it."""

from __future__ import annotations

from allocator.estimates import Estimate
from allocator.report.table import Table
from allocator.report.words import percent


def title(found: Estimate) -> str:
    """Of how many lines, from how many periods."""
    n = len(found.returns.lines)
    return f"Mean and risk of {n:,} line{'s' * (n != 1)}, from {found.returns.span}"


def lines(found: Estimate) -> Table:
    """Mean and volatility of each line."""
    rows = [
        (name, percent(mean, 2), percent(volatility, 2))
        for name, mean, volatility in zip(found.returns.lines, found.mean, found.volatility, strict=True)
    ]
    return Table(
        "Lines, per year", ("Line", "Mean>", "Volatility>"), rows, "Volatilities are those of this covariance."
    )
