"""What moved between two outcomes of one case: amounts, limits, and what their rules hold back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from allocator.report.table import Table
from allocator.report.words import NOTHING, called, change, dollars, percent, quantity, worth
from allocator.solution import Record

LEAST = 0.0005
"Moves of less than this, in $ bn, are not told."

Pairs = dict[str, tuple[float, float]]


def moved(one: Record, other: Record) -> list[Table]:
    """Totals, lines and financing, in dollars and shares."""
    return [_totals(one, other), *(_moves(*each) for each in (_lines(one, other), _tranches(one, other)))]


def sectors(one: Record, other: Record) -> Table:
    """Capital by sector, the largest move first."""
    return _moves("Sectors", _grouped(one), _grouped(other), "Sector")


def sector_moves(one: Record, other: Record) -> list[tuple[str, float]]:
    """By how much each sector's capital moved, in $ bn, the largest move first; those that moved only."""
    before, after = _grouped(one), _grouped(other)
    found = [(name, after.get(name, (0.0, 0.0))[0] - before.get(name, (0.0, 0.0))[0]) for name in {**before, **after}]
    return sorted((each for each in found if abs(each[1]) >= LEAST), key=lambda each: -abs(each[1]))


def _grouped(record: Record) -> Pairs:
    found: Pairs = {}
    for each in record["amounts"]:
        amount, share = found.get(each["sector"], (0.0, 0.0))
        found[each["sector"]] = amount + each["amount"], share + each["share"]
    return found


def _lines(one: Record, other: Record) -> tuple[str, Pairs, Pairs, str]:
    first, second = (
        {each["line"]: (each["amount"], each["share"]) for each in record["amounts"]} for record in (one, other)
    )
    return "Lines", first, second, "Line"


def _tranches(one: Record, other: Record) -> tuple[str, Pairs, Pairs, str]:
    def debts(record: Record) -> Pairs:
        found, whole = record["totals"]["tranches"], record["totals"]["debt"] or 1.0
        return {name: (each["amount"], each["amount"] / whole) for name, each in found.items()}

    return "Financing", debts(one), debts(other), "Tranche"


def _moves(name: str, first: Pairs, second: Pairs, column: str) -> Table:
    rows = []
    for key in sorted({*first, *second}, key=lambda key: -abs(second.get(key, (0,))[0] - first.get(key, (0,))[0])):
        (a, p), (b, q) = first.get(key, (0.0, 0.0)), second.get(key, (0.0, 0.0))
        if abs(b - a) >= LEAST:
            rows.append((key, dollars(a), dollars(b), change(b - a), f"{(q - p) * 100:+z.2f} pp"))
    same = len({*first, *second}) - len(rows)
    header = (column, "From>", "To>", "Change>", "Of its share>")
    return Table(name, header, rows, f"{same} unchanged." if same else "")


def _totals(one: Record, other: Record) -> Table:
    told = []
    for name in ("dividend-yield", "strategic-weight", "volatility", "debt-to-equity", "deployed", "reserve"):
        a, b = one["totals"].get(name), other["totals"].get(name)
        if a is None or b is None:
            continue
        if name in ("deployed", "reserve"):
            told.append((name, dollars(a), dollars(b), change(b - a)))
        elif name in ("dividend-yield", "volatility"):
            told.append((name, percent(a, 3), percent(b, 3), f"{(b - a) * 1e4:+.2f} bp"))
        else:
            told.append((name, f"{a:.4f}", f"{b:.4f}", f"{b - a:+.4f}"))
    return Table("Totals", ("", "From>", "To>", "Change>"), told)


def changed_limits(one: Record, other: Record) -> list[Table]:
    """A table of the rules whose limits differ; none where all are the same."""
    first, second = (
        {(each["rule"], each["number"] or each["side"]): each for each in record["rules"]} for record in (one, other)
    )
    pairs = {key: (first.get(key), second.get(key)) for key in {**first, **second}}
    rows = [(f"{called(rule)} {side}", *map(_limit, pair)) for (rule, side), pair in pairs.items() if _differ(*pair)]
    return [Table("Limits that differ", ("Rule", "From>", "To>"), rows)] if rows else []


def _limit(reading: Record | None) -> str:
    return NOTHING if reading is None else quantity(reading["limit"], reading["unit"])


def _differ(one: Record | None, other: Record | None) -> bool:
    """Whether limits differ; those that are each member's own are known of the closest member only."""
    own = [each["member"] for each in (one, other) if each is not None and not each["number"]]
    return _limit(one) != _limit(other) and len(set(own)) < 2


def binding(record: Record) -> list[str]:
    """The rules that hold the objective back."""
    return list(dict.fromkeys(each["rule"] for each in record["rules"] if each["binding"]))


def prices(one: Record, other: Record) -> list[Table]:
    """What a step of each binding rule's number is worth in both, at the margin and as a whole; none where none is."""
    first, second = ({(each["of"], each["number"]): each for each in record["prices"] if not each["member"]}
                     for record in (one, other))  # fmt: skip
    rows = [
        (
            f"{of} {number}",
            (second.get((of, number)) or first[of, number])["step"],
            *_sides(first, second, (of, number)),
        )
        for of, number in {**first, **second}
        if any(each.get((of, number), {"worth": 0})["worth"] for each in (first, second))
    ]
    header = ("Price of", "Step", "Slope from>", "Slope to>", "Down from>", "Down to>", "Up from>", "Up to>")
    note = (
        "Slope: what a step is worth at the margin; down, up: what a whole step of the number does, re-solved. "
        "Unclear: the slopes on the two sides differ."
    )
    return [Table("Prices", header, rows, note)] if rows else []


def _sides(first: Mapping[Any, Record], second: Mapping[Any, Record], key: Any) -> Sequence[str]:
    pair = [each.get(key) for each in (first, second)]
    slopes = [
        NOTHING if each is None else worth(each) + (" unclear" if each["clear"] is False else "") for each in pair
    ]
    steps = [NOTHING if each is None else worth(each, step) for step in ("step-down", "step-up") for each in pair]
    return [*slopes, *steps]
