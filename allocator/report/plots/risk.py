"""Where the risk comes from: what each line adds to the variance of the whole."""

from __future__ import annotations

from allocator.errors import InputError
from allocator.report import mix
from allocator.report.plots.bars import MARK, Bar, Chart
from allocator.report.tables import SMALL
from allocator.report.words import percent
from allocator.solution import Record


def picture(record: Record) -> Chart:
    """Shares of the variance in percent, largest first, each with its share of the capital for comparison.

    Raises:
        InputError: the case has no risk, or the outcome was made before its shares were recorded.
    """
    if "volatility" not in record["totals"]:
        raise InputError.of("the case has no risk to draw", "give it one under 'risk' in fund.yaml")
    shares = {each["line"]: each["risk-share"] for each in record["amounts"] if "risk-share" in each}
    if not shares and record["totals"]["volatility"] > 0:
        raise InputError.of("the outcome does not tell the lines' shares of the risk", "compute it again")
    lines = [part for part in mix.lines(record) if part.capital > SMALL * record["case"]["equity"]] if shares else []
    groups = []
    for sector in mix.sectors(record) or [None]:
        members = [
            (shares[part.name], part) for part in lines if sector is None or part.sector == sector.name
        ]
        members.sort(key=lambda member: -member[0])
        if members:
            groups.append((sum(share for share, _ in members), sector, members))
    bars = []
    for share, sector, members in sorted(groups, key=lambda group: -group[0]):
        if sector:
            bars.append(_bar(share, sector, True))
        bars += [_bar(each, part, False) for each, part in members]
    key = {"light": "share of the variance", MARK: "share of the capital"}
    return Chart("Where the risk comes from", "% of the variance", bars, key, "There is no risk.")


def _bar(share: float, part: mix.Part, head: bool) -> Bar:
    return Bar(part.title, percent(share), (("light", share * 100),), part.share * 100, head)
