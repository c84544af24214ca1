"""Where the money comes from, tranche by tranche, and what it is used for."""

from __future__ import annotations

from allocator.report import mix
from allocator.report.plots.bars import Chart
from allocator.report.plots.layout import Bar
from allocator.report.words import dollars, percent
from allocator.solution import Record


def picture(record: Record) -> Chart:
    """Equity and each tranche, with what is left of its capacity, and what it costs; then uses, in $ bn."""
    t = record["totals"]
    bars = [
        Bar("Sources", dollars(t["equity"] + t["debt"]), head=True),
        Bar("Equity", dollars(t["equity"]), (("light", t["equity"]),)),
    ]
    for each in t["tranches"].values():
        told = f"{dollars(each['amount'])} of {dollars(each['capacity'])} at {percent(each['cost'], 3)}"
        left = max(each["capacity"] - each["amount"], 0.0)
        bars.append(Bar(each["title"], told, (("dark", each["amount"]), ("open", left))))
    bars.append(Bar("Uses", dollars(t["deployed"] + t["reserve"]), head=True))
    for part in mix.sectors(record) or mix.lines(record):
        if part.capital:
            parts = (("dark", part.debt), ("light", part.capital - part.debt))
            bars.append(Bar(part.title, dollars(part.capital), parts))
    if t["reserve"]:
        bars.append(Bar("Reserve", dollars(t["reserve"]), (("light", t["reserve"]),)))
    if not t["tranches"]:
        return Chart("Sources and uses of funds", "$ bn", bars)
    key = {"dark": "debt", "light": "equity", "open": "capacity left"}
    return Chart("Sources and uses of funds", "$ bn; cost of debt in % a year", bars, key)
