"""A sweep in words and tables: what comes out, which rules bind, what numbers are worth, and what moves the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from allocator.report.table import Table
from allocator.report.words import NOTHING, dollars, percent, quantity
from allocator.solution import Record
from allocator.units import BY_NAME

SHOWN = ("5%", "25%", "50%", "75%", "95%")
ENDS = ("5%", "50%", "95%")
HEADS = {"50%": "Median>"}
NAMES = {"penalties": "penalties a year"}
SMALL_AMOUNT = 0.0005
"Half a million; less is the solver's noise."
ROWS = 12
"Inputs shown in one table; the JSON has all."
MADE = {"grid": "every combination of levels", "table": "written out", "draws": "drawn"}


def summary(record: Record) -> list[tuple[str, str]]:
    """How many scenarios there are, how they are made, and what is proved of them."""
    said, statuses = record["scenarios"], record["statuses"]
    made = MADE[said["form"]] + (f" with seed {said['seed']}" if said["form"] == "draws" else "")
    proved = [f"{statuses['optimal']:,} with an optimum", f"{statuses['infeasible']:,} that nothing satisfies"]
    if statuses["not-certified"]:
        proved.append(f"{statuses['not-certified']:,} NOT CERTIFIED")
    title = f"{said['title']}: " if said["title"] else ""
    moving = "1 input moves" if len(record["prices"]) == 1 else f"{len(record['prices'])} inputs move"
    told = [
        ("Scenarios", f"{title}{record['count']:,}, {made}; {moving}"),
        ("Proved", ", ".join(proved)),
    ]
    if record["told-of-every"] > 1:
        every = f"one scenario in {record['told-of-every']}; statuses and binding rules are counted in all"
        told.append(("Quantiles", f"of {every}"))
    return told


def tables(record: Record) -> list[Table]:
    """All tables that have rows."""
    found = [results(record), mix(record), binding(record), blamed(record), movers(record), prices(record)]
    return [table for table in [*found, regret(record)] if table.rows]


def results(record: Record) -> Table:
    """How objectives and totals are distributed."""
    rows = [[each["objective"], *_spread(each, partial(quantity, unit=each["unit"]))] for each in record["objectives"]]
    rows += [[NAMES.get(each["sum"], each["sum"]), *_spread(each, dollars)] for each in _amounts(record["sums"])]
    note = "Quantiles of the scenarios with an optimum. Among allocations that are as good the solver's is taken."
    return Table("What comes out", ["", *_heads(SHOWN), "Mean>"], rows, note)


def mix(record: Record) -> Table:
    """How capital in each line and debt of each tranche are distributed."""
    rows = [[each["line"], *_spread(each, _capital)] for each in _amounts(record["amounts"])]
    rows += [[each["tranche"], *_spread(each, _capital)] for each in _amounts(record["tranches"])]
    return Table("Capital by line, then debt by tranche", ["", *_heads(SHOWN), "Mean>"], rows)


def _capital(amount: float) -> str:
    return dollars(amount if amount > SMALL_AMOUNT else 0.0)


def _amounts(rows: Sequence[Record]) -> list[Record]:
    """Those that are anything to speak of."""
    return [each for each in rows if (each["mean"] or 0.0) > SMALL_AMOUNT]


def binding(record: Record) -> Table:
    """How often each rule binds."""
    rows = sorted((each for each in record["binding"] if each["share"] > 0), key=lambda each: -each["share"])
    told = [[each["rule"], each["title"], percent(each["share"])] for each in rows]
    return Table("Rules that bind", ["Rule", "", "Of scenarios>"], told, _never(record))


def _never(record: Record) -> str:
    never = [each["rule"] for each in record["binding"] if not each["share"]]
    return f"In no scenario: {', '.join(never)}." if never else ""


def blamed(record: Record) -> Table:
    """What stands in the way where nothing satisfies the rules."""
    rows = [[each["rule"], each["title"], f"{each['scenarios']:,}"] for each in record["blamed"]]
    note = "Of the conflict that is proved, the rule of which a dollar of room lessens it most; there may be others."
    return Table("Where nothing fits, to blame", ["Rule", "", "Scenarios>"], rows, note)


def movers(record: Record) -> Table:
    """Which inputs move the result most."""
    rows = []
    for each in record["movers"][:ROWS]:
        rho = each["rank-correlation"]
        shown = NOTHING if rho is None else f"{rho:+.2f}"
        rows.append([each["driver"], *(quantity(each[key], each["unit"]) for key in ENDS), shown])
    note = "Spearman's correlation of ranks with what is maximised; the others are weaker."
    return Table("What moves the result most", ["", *_heads(ENDS), "Rank correlation>"], rows, note)


def prices(record: Record) -> Table:
    """What a step of each input is worth."""
    worth, found = record["dollars"], []
    for each in record["prices"]:
        if each["mean"] is None:
            continue
        step = BY_NAME[each["unit"]].step
        ends = [each[key] * step * (worth or 1.0) for key in ENDS]
        found.append((max(map(abs, ends)), [each["input"], BY_NAME[each["unit"]].step_text, *map(_told(worth), ends)]))
    rows = [row for size, row in sorted(found, key=lambda pair: -pair[0])[:ROWS] if size > 0]
    told = "dollars a year" if worth else "the unit of what is maximised"
    note = f"At the margin, in {told}, where the inputs are what a scenario has."
    return Table("What a step of an input is worth", ["Input", "Step", *_heads(ENDS)], rows, note)


def regret(record: Record) -> Table:
    """The allocations of least regret."""
    worth, rows = record["dollars"], []
    for each in record["regret"]:
        both = [_told(worth)(each[key] * (worth or 1.0)) for key in ("largest", "mean")]
        kept = percent(each["kept"]), dollars(each["broken"])
        rows.append([f"least {each['by']}", f"{each['scenario']:,}", *both, *kept])
    note = "Of an allocation kept as it is, against the best of each scenario; a dollar of what it breaks there costs"
    note += " 300 bp a year, as a soft rule's does."
    header = ["Regret", "Best of scenario>", "Largest>", "Mean>", "Keeps all rules>", "Breaks on average>"]
    return Table("Least regret", header, rows, note)


def _told(worth: float | None) -> Callable[[float], str]:
    return dollars if worth else lambda value: f"{value:.4g}"


def _heads(keys: Sequence[str]) -> list[str]:
    return [HEADS.get(key, f"{key}>") for key in keys]


def _spread(each: Record, shown: Callable[[float], str]) -> list[str]:
    return [NOTHING if each[key] is None else shown(each[key]) for key in (*SHOWN, "mean")]
