"""Where the risk comes from: what each line adds to the variance of the whole."""

from __future__ import annotations

from allocator.errors import InputError
from allocator.report import mix
from allocator.report.plots.bars import MARK, Chart
from allocator.report.plots.layout import Bar
from allocator.report.words import percent
from allocator.solution import Record


def picture(record: Record) -> Chart:
    """Shares of the variance in percent, largest first, each with its share of the capital for comparison.

    Raises:
        InputError: the case has no risk, or the outcome was made before its shares were recorded.
    """
    if "volatility" not in record["totals"]:
        raise InputError.of("the case has no risk to draw", "give it one under 'risk' in fund.yaml")
    if record["totals"]["volatility"] and "risk-share" not in record["amounts"][0]:
        raise InputError.of("the outcome does not tell the lines' shares of the risk", "compute it again")
    shares = {each["line"]: each.get("risk-share", 0.0) for each in record["amounts"]}
    bars: list[Bar] = []
    groups = [(sector, [(shares[part.name], part) for part in members]) for sector, members in mix.groups(record)]
    for sector, members in sorted(groups, key=lambda group: -sum(share for share, _ in group[1])):
        members.sort(key=lambda member: -member[0])
        bars += [_bar(sum(share for share, _ in members), sector, True)] if sector else []
        bars += [_bar(share, part, False) for share, part in members]
    key = {"light": "share of variance", MARK: "share of capital"}
    return Chart("Where the risk comes from", "% of the variance", bars, key, "There is no risk.")


def _bar(share: float, part: mix.Part, head: bool) -> Bar:
    told = f"{percent(share)}; capital {percent(part.share)}"
    return Bar(part.title, told, (("light", share * 100),), part.share * 100, head)
