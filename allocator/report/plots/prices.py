"""What each number that holds the result back is worth."""

from __future__ import annotations

from collections.abc import Mapping

from allocator.report.cards import titles, whom
from allocator.report.plots.bars import Chart
from allocator.report.plots.layout import Bar
from allocator.report.words import size
from allocator.solution import Record


def picture(record: Record) -> Chart:
    """What one step of each number is worth, dearest first: rules, then terms of the case."""
    priced = [each for each in record["prices"] if each["worth"]]
    priced.sort(key=lambda each: -abs(each["worth"]))
    objective = record["objective"]
    unit = objective["name"] if objective["dollars"] is None else "$ m a year"
    rules = [_bar(each, _rule(record, each)) for each in priced if not each["of"].startswith("terms.")]
    known = titles(record)
    terms = [_bar(each, _term(each, known)) for each in priced if each["of"].startswith("terms.")]
    if rules and terms:
        rules.insert(0, Bar("Rules", "", head=True))
        terms.insert(0, Bar("Terms of the case", "", head=True))
    return Chart(
        "What one step of each number is worth",
        f"{unit}, per step of the number",
        [*rules, *terms],
        nothing="No number is worth anything.",
        faint=0.02,
    )


def _bar(price: Record, name: str) -> Bar:
    worth = abs(price["worth"] if price["dollars"] is None else price["dollars"] * 1e3)
    clear = price["clear"] is not False
    told = f"{size(price)} per {price['step']}{'' if clear else ', unclear'}"
    return Bar(name, told, (("dark" if clear else "hatched", worth),))


def _rule(record: Record, price: Record) -> str:
    """A rule by its title, with its number where that is not the limit that the title tells."""
    title = next((each["title"] for each in record["rules"] if each["rule"] == price["of"]), price["of"])
    return title if price["number"] in ("at-least", "at-most") else f"{title}: {price['number']}"


def _term(price: Record, known: Mapping[str, str]) -> str:
    term = price["of"].rpartition(".")[2].replace("-", " ").capitalize()
    return f"{term}: {whom(price, known)}"
