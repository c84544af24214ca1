"""Who gets what of a year's income, as text: what holders are paid, and what principals gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from allocator.report.mix import SMALL
from allocator.report.words import NOTHING, dollars, percent, quantity
from allocator.solution import Record

Text = tuple[str, Sequence[str], Sequence[Sequence[str]], str]
"A title, the columns (one that ends in `>` is of numbers), rows, and a sentence under them."


def tables(record: Record) -> list[Text]:
    """What each holder is paid, and what each principal gains; none without an income or with one holder only."""
    found = record.get("distributions")
    if found is None or len(found["holders"]) < 2:
        return []
    return [_holders(record), *([_principals(found)] if found["principals"] else [])]


def _holders(record: Record) -> Text:
    found = record["distributions"]
    sides = {each["principal"]: each["title"] for each in found["principals"]}
    divided = found["waterfall"] is not None
    header = ["Holder", *(["Side"] if sides else []), "Equity>", *(["By equity held>"] if divided else [])]
    rows = [
        [
            each["holder"],
            *([sides.get(each["principal"], NOTHING)] if sides else []),
            dollars(each["equity"]),
            *([dollars(each["by-equity"])] if divided else []),
            dollars(each["amount"]),
            percent(each["yield"], 2),
            percent(each["share"]),
        ]
        for each in found["holders"]
    ]
    header += ["Paid>", "Of its equity>", "Of all paid>"]
    return "What each holder is paid, a year", header, rows, _how(record, sides)


def _how(record: Record, titles: Mapping[str, str]) -> str:
    """By what rule income is divided, in a sentence or two."""
    found = record["distributions"]
    if record["totals"]["distributable-income"] < 0:
        return "The distributable income is negative: nothing is paid, and holders bear the loss by equity held."
    if found["waterfall"] is None:
        return "The distributable income is divided by equity held."

    def parts(split: Mapping[str, float]) -> str:
        return ", ".join(f"{quantity(share, 'share')} {titles.get(name, name)}" for name, share in split.items())

    said = found["waterfall"]
    return (
        f"By the waterfall: of the first {dollars(said['deemed'])} a year, the annuity of the deemed allocation, "
        f"{parts(said['before'])}; of what is above it, {parts(said['after'])}. On each side, by equity held."
    )


def _principals(found: Record) -> Text:
    divided = found["waterfall"] is not None
    missed = any(each["penalties"] > SMALL * each["equity"] for each in found["principals"])
    rules = {"by equity held": ""} | ({"by the waterfall": "-by-waterfall"} if divided else {})
    rows = [
        [
            each["title"],
            *([rule] if divided else []),
            dollars(each[f"income{key}"]),
            dollars(each["funding"]),
            dollars(each["strategic"]),
            *([dollars(-each["penalties"])] if missed else []),
            dollars(each[f"gain{key}"]),
            dollars(each["walk-away"]),
        ]
        for each in found["principals"]
        for rule, key in rules.items()
    ]
    header = ["Principal", *(["Income divided"] if divided else [])]
    note = (
        "Gain: its treasury's part of the income, less what that treasury's equity costs it, plus what its own score "
        f"of the capital deployed is worth to it{', less its part of what soft rules not met cost' if missed else ''}. "
        "Partners on its side are not counted."
    )
    header += ["Treasury's income>", "Funding>", "Own score>", *(["Soft rules>"] if missed else [])]
    header += ["Gain>", "Walking away>"]
    return "What each principal gains, a year", header, rows, note
