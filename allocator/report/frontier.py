"""A frontier in words and tables: how close it is, what the second objective costs, how the mix and the rules move."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from allocator.report import mix
from allocator.report.mix import SMALL
from allocator.report.table import Table
from allocator.report.words import NOTHING, dollars, percent
from allocator.solution import Record
from allocator.units import BY_NAME

LEAST_RANGE = 2e-4
"Steps in which costs are told are a part of the range, but for ranges below this."
COLUMNS = 7
"Points at which the mix is shown, the ends among them; more do not fit beside the names."
ROWS = 12
"Of a mix without sectors, so many lines are shown."


def names(record: Record) -> list[str]:
    """The two objectives."""
    return [each["name"] for each in record["between"]]


def summary(record: Record) -> list[tuple[str, str]]:
    """How close the curve is proved to be, and what that took."""
    gap, solves = record["gap"], record["solves"]
    ranges = ("Ranges", " and ".join(f"{_range(axis)} of {axis['name']}" for axis in record["between"]))
    if record["exact"]:
        told = "exact: every corner portfolio of the critical line is a point, and between two the variance is a "
        return [("Gap", f"{told}parabola in the return (proved, but for {gap['proven']:.0e} of the ranges)"), ranges]
    proved, asked = percent(gap["proven"], 4), percent(gap["asked"], 4)
    if record["status"] == "optimal":
        told = f"{proved} of the ranges, proved: no allocation lies further outside the curve ({asked} was asked)"
    else:
        told = f"NOT PROVED as asked: {proved} of the ranges, where {asked} was asked"
    took = f"{solves['curve']} traced the curve"
    if solves["canonical"]:
        took += f"; {solves['canonical']} more chose among allocations that are as good"
    return [("Gap", told), ("Solves", took), ranges]


def _range(axis: Record) -> str:
    return f"{axis['range'] * 100:.3f} pp" if axis["unit"] == "share" else _digits(axis["range"], axis["range"])


def notes(record: Record) -> list[str]:
    """What else a reader must know of the curve."""
    found = []
    if why := record["why-not-exact"]:
        found.append(f"{why[0].upper()}{why[1:]}; its gap is proved instead.")
    if len(record["points"]) == 1:
        first, second = names(record)
        found.append(f"'{first}' and '{second}' do not stand against each other: one allocation is best by both.")
    paid = [each["name"] for each in record["between"] if each["income"] > 0]
    missed = any(point["totals"].get("penalties", 0.0) > SMALL * record["case"]["equity"] for point in record["points"])
    if paid and missed:
        found.append(f"What is told of {' and '.join(paid)} is after the penalties of soft rules that are not met.")
    return found


def curve(record: Record) -> Table:
    """A row a point: both values, what one more step of the second costs, and how much is deployed."""
    first, second = record["between"]
    paid, size = first["income"] > 0 and not mix.of_weights(record), step(record)
    told = BY_NAME[second["unit"]].show_change(size)
    header = ["Point>", f"{first['name']}>", f"{second['name']}>", f"Cost of {told}>", *(["A year>"] if paid else [])]
    rows = []
    for number, point in enumerate(record["points"], 1):
        costs = [value or NOTHING for value in cost(record, point)]
        values = (_value(point["values"][k], record["between"][k]) for k in (0, 1))
        rows.append([str(number), *values, *costs[: 1 + paid], dollars(point["totals"]["deployed"])])
    takes = "adds to" if first["smaller-is-better"] else "takes off"
    note = f"Cost: what {stepped(record)} {takes} {first['name']}, at the margin"
    note += "; a year: the same in dollars." if paid else "."
    if any(one["values"] == other["values"] for one, other in pairwise(record["points"])):
        note += " A point that stands twice is a kink, with what it costs on either side."
    return Table(f"{first['name']} against {second['name']}", [*header, "Deployed>"], rows, note)


def step(record: Record) -> float:
    """By how much more, or less, of the second objective costs are told."""
    second = record["between"][1]
    size = float(BY_NAME[second["unit"]].step)
    while size > max(second["range"], LEAST_RANGE) / 2:
        size /= 10
    return size


def stepped(record: Record) -> str:
    """A step of the second objective: `1 pp more of expected-return`."""
    second = record["between"][1]
    told = BY_NAME[second["unit"]].show_change(step(record))
    return f"{told} {'less' if second['smaller-is-better'] else 'more'} of {second['name']}"


def cost(record: Record, point: Record) -> tuple[str, str]:
    """What a step of the second objective costs at a point, in the first and in dollars; empty where it has none."""
    exchange, income, size = point["exchange"], point["dollars"], step(record)
    told = "" if exchange is None else _cost(exchange * size, record["between"][0]["unit"])
    return told, "" if income is None else dollars(income * size)


def _value(value: float, axis: Record) -> str:
    """A value to a thousandth of its range, at the least."""
    return percent(value, 3) if axis["unit"] == "share" else _digits(value, axis["range"])


def _cost(value: float, unit: str) -> str:
    return f"{_digits(value * 1e4, value * 1e5)} bp" if unit == "share" else _digits(value, value * 10)


def _digits(value: float, size: float) -> str:
    """A number to four significant digits of a size."""
    places = 3 - int(np.floor(np.log10(size))) if size > 0 else 0
    return f"{value:,.{max(places, 0)}f}"


def mixes(record: Record) -> Table:
    """How the capital moves from sector to sector along the curve, or from line to line where there are no sectors."""
    points = record["points"]
    chosen = np.unique(np.linspace(0, len(points) - 1, min(COLUMNS, len(points))).round().astype(int)).tolist()
    grouped = bool(mix.sectors(points[0]))
    shares = [{part.name: part.share for part in (mix.sectors if grouped else mix.lines)(points[k])} for k in chosen]
    most = {name: max(each[name] for each in shares) for name in shares[0]}
    used = sorted((name for name in most if most[name] > SMALL), key=lambda name: (-most[name], name))
    rows = [[name, *(percent(each[name]) for each in shares)] for name in used[:ROWS]]
    left = len(used) - len(rows)
    what = "Sector" if grouped else "Line"
    note = f"{left} more are in the JSON." if left > 0 else ""
    title = f"{what}s along the curve, in shares of the capital deployed"
    return Table(title, (what, *(f"At {k + 1}>" for k in chosen)), rows, note)


def changes(record: Record) -> Table:
    """Where rules begin or cease to bind: between which points, or at which corner."""
    points, axis = record["points"], record["between"][1]
    if record["exact"]:
        rows = [
            [str(number), _value(point["values"][1], axis), point["turn"]]
            for number, point in enumerate(points, 1)
            if point["turn"]
        ]
        title = "Where lines and rules come in or go out, from the first point to the last"
        return Table(title, ("Point>", f"{axis['name']}>", "What changes"), rows, _all_along(record))
    rows = []
    for each in record["changes"]:
        one, other = (_value(points[each[side] - 1]["values"][1], axis) for side in ("after", "before"))
        listed = [", ".join(each[what]) or NOTHING for what in ("begin", "cease")]
        rows.append([f"{each['after']} and {each['before']}", f"{one} to {other}", *listed])
    title = "Where rules begin or cease to bind"
    return Table(title, ("Between points", f"{axis['name']}>", "Begin", "Cease"), rows, _all_along(record))


def _all_along(record: Record) -> str:
    bound = [[rule["rule"] for rule in point["rules"] if rule["binding"]] for point in record["points"]]
    always = list(dict.fromkeys(name for name in bound[0] if all(name in each for each in bound)))
    return f"Bind all along: {', '.join(always)}." if always else "No rule binds all along."


def tables(record: Record) -> list[Table]:
    """All tables of a frontier."""
    return [curve(record), mixes(record), changes(record)]


def frames(record: Record) -> dict[str, tuple[Sequence[Record], Sequence[str]]]:
    """Plain rows for files, each with the header of none: points, compositions, rules and changes."""
    points = list(enumerate(record["points"], 1))
    first, second = names(record)
    told = [
        {
            "point": number,
            "exact": record["exact"],
            first: each["values"][0],
            second: each["values"][1],
            f"weight of {first}": each["weights"][0],
            f"weight of {second}": each["weights"][1],
            **{key: each[key] for key in ("exchange", "dollars", "turn")},
            "gap": each["certificate"]["gap"],
            **{key: each["totals"][key] for key in ("deployed", "debt", "reserve")},
        }
        for number, each in points
    ]
    return {
        "points": (told, ()),
        "compositions": ([{"point": number, **line} for number, each in points for line in each["amounts"]], ()),
        "rules": ([{"point": number, **rule} for number, each in points for rule in each["rules"]], ("point", "rule")),
        "changes": (record["changes"], ("after", "before", "begin", "cease")),
    }
