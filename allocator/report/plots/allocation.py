"""Where the capital went: sectors and their lines, how much of it was borrowed, and what holds a line."""

from __future__ import annotations

from allocator.report import mix
from allocator.report.plots.bars import Chart
from allocator.report.plots.layout import Bar
from allocator.report.words import dollars, percent
from allocator.solution import Record


def picture(record: Record) -> Chart:
    """Capital in $ bn, largest first, with its share of the whole; lines under their sectors, if they have any.

    Of a portfolio without dollars, the shares alone.
    """
    levered, holds = bool(record["totals"]["tranches"]), _holds(record)
    groups, bars = mix.groups(record), []
    if mix.of_weights(record):
        bars = [_weight(part, holds.get(part.name, "")) for _, members in groups for part in members]
        return Chart("Weights", "%", bars)
    for sector, members in groups:
        bars += [_bar(sector, "", levered, True)] if sector else []
        bars += [_bar(part, holds.get(part.name, ""), levered, False) for part in members]
    title = "Capital by sector and line" if groups[0][0] else "Capital by line"
    key = {"dark": "borrowed", "light": "equity"} if levered else {}
    return Chart(title, "$ bn", bars, key, "Nothing is deployed.")


def _bar(part: mix.Part, hold: str, levered: bool, head: bool) -> Bar:
    told = f"{dollars(part.capital)}, {percent(part.share)}{hold}"
    parts = (("dark", part.debt), ("light", part.capital - part.debt)) if levered else (("dark", part.capital),)
    return Bar(part.title, told, parts, head=head)


def _weight(part: mix.Part, hold: str) -> Bar:
    return Bar(part.title, f"{percent(part.share)}{hold}", (("dark", part.share * 100),))


def _holds(record: Record) -> dict[str, str]:
    """What limits the capital of a line, by its id: its capacity, or the rules that have it for a member."""
    found: dict[str, list[str]] = {each["line"]: [] for each in record["amounts"]}
    for each in record["terms"]:
        if each["term"] == "capacity" and each["member"] in found:
            found[each["member"]].append("capacity")
    for each in record["rules"]:
        for member in each["binding"]:
            if member in found and each["rule"] not in found[member]:
                found[member].append(each["rule"])
    return {line: f"; held by {' and '.join(names)}" for line, names in found.items() if names}
