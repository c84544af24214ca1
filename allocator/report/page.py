"""A record as one page of HTML, for a committee and for reviewers: it asks for nothing else, and runs nothing."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from allocator.report import bargain as owners
from allocator.report import frontier as curves
from allocator.report import mix, plots
from allocator.report import tables as made
from allocator.report.binding import unit_of_prices
from allocator.report.cards import STATES, cards, titles, whom
from allocator.report.glossary import used
from allocator.report.words import (
    NOTHING,
    among,
    at_most,
    better,
    dollars,
    gap_in_words,
    millions,
    percent,
    quantity,
    size,
)
from allocator.report.words import named as named_aim
from allocator.solution import Record

TILES = ("Objective", "Deployed", "Leverage", "Dividend yield", "Cover", "Strategic weight")
"What of the summary stands in figures of its own."
PRICELESS = "Prices are withheld: what a limit is worth can turn on whole choices of what is held, which have no slope."


@cache
def environment() -> Environment:
    """What renders templates: all text is escaped, a name that is missing is an error, and a link goes to the web."""
    found = Environment(
        loader=PackageLoader("allocator.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"dollars": dollars, "millions": millions, "percent": percent}
    found.tests["link"] = lambda url: url.lower().startswith(("https://", "http://"))
    return found


def page(record: Record) -> str:
    """The page of an outcome, the same for the same record. All text of files is escaped, and only web links are links.

    Args:
        record: as `Outcome.record` or an outcome file has it.
    """
    return _rendered("review.html.j2", _view(record))


def bargain(record: Record) -> str:
    """The page of a bargain: what each owner gets and gives, in sentences and a picture; then the mix, and who signs.

    Args:
        record: as `Bargain.record` or its file has it.
    """
    agreed = record["outcome"]
    view = _view(agreed) | {"bargain": record}
    if "amounts" not in agreed:
        return _rendered("bargain.html.j2", view)
    return _rendered(
        "bargain.html.j2",
        view
        | {
            "sentences": owners.sentences(record),
            "terms_of_owners": owners.owners(record),
            "missed": made.shortfalls(agreed),
            "set": _drawn("bargain", record) if len(record["owners"]) == 2 else None,
            "proof_of_bargain": owners.proof(record).capitalize(),
        },
    )


def frontier(record: Record) -> str:
    """The page of a frontier: the curve with what it costs, how the mix moves along it, and where rules bind.

    Args:
        record: as `Frontier.record` or its file has it.
    """
    first, second = (each["name"].replace("-", " ") for each in record["between"])
    view = _origin(record, "points" in record) | {"signed": False, "objective": f"{first} against {second}"}
    if view["found"]:
        facts = curves.summary(record)
        view |= {
            "doubt": "" if record["status"] == "optimal" else dict(facts)["Gap"],
            "facts": facts,
            "said": curves.notes(record),
            "curve": curves.curve(record),
            "mixes": curves.mixes(record),
            "changes": curves.changes(record),
            "picture": _drawn("frontier", record),
        }
    return _rendered("frontier.html.j2", view)


def _rendered(template: str, view: dict[str, Any]) -> str:
    """A page with those words in its glossary that the rest of it uses."""
    made = environment().get_template(template)
    body = made.render(view, glossary={}).partition("<body>")[2]
    return made.render(view, glossary=used(re.sub("<[^>]*>", " ", body)))


def _origin(record: Record, found: bool) -> dict[str, Any]:
    """What the page of every result says: of what it is, by what rules, and where it comes from."""
    policy = record["policy"]
    return {
        "record": record,
        "policy": policy,
        "others": {code: text for code, text in (policy["titles"] if policy else {}).items() if code != "en"},
        "found": found,
        "tried": made.tried(record),
        "unsigned": _unsigned(record),
        "notes": record["notes"],
        "doubt": "",
        "signed": True,
    }


def _view(record: Record) -> dict[str, Any]:
    rules = cards(record)
    ruled = [card for card in rules if card.ruled]
    view = _origin(record, "amounts" in record) | {
        "cards": rules,
        "states": STATES,
        "counts": {state: sum(card.state == state for card in ruled) for state in STATES},
        "ruled": len(ruled),
        "notes": [*record["notes"], *made.idle(record)],
        "objective": _objective(record),
    }
    if "amounts" not in record:
        return view | {"violations": made.violations(record), "choice": None}
    used, choice = mix.used(record), record["certificate"].get("choice")
    return view | {
        "reached": _spoken(made.objective_value(record), record),
        "summary": [(name, _spoken(told, record)) for name, told in made.summary(record) if name not in TILES],
        "sectors": mix.sectors(record),
        "lines": used,
        "unused": made.unused(len(record["amounts"]) - len(used)),
        "loans": {(each["line"], each["tranche"]): each["amount"] for each in record["financing"]},
        "owners": made.who_gets_what(record),
        "stresses": made.stresses(record),
        "dearest": sorted((card for card in rules if card.dearest.weight), key=lambda card: -card.dearest.weight),
        "terms": _terms(record),
        "proof": gap_in_words(record),
        "doubt": "" if record["certificate"]["passes"] else gap_in_words(record),
        "pictures": _pictures(record),
        "among": among(record),
        "beaten": better(record, record["certificate"]["gap"]),
        "over": at_most(record["certificate"]["worst-excess"] * record["case"]["equity"]),
        "a_year": "" if record["objective"]["dollars"] is None else " a year",
        "unit_of_prices": f"Prices are in {unit_of_prices(record)}." if not choice else PRICELESS,
        "choice": choice and {"solver": choice["solver"], "beaten": better(record, choice["gap"])},
    }


def _pictures(record: Record) -> dict[str, dict[str, Any]]:
    """The pictures that have something to show, by name: title and inline SVG, for wide screens and for phones."""
    there = {
        "allocation": record["totals"]["deployed"],
        "financing": record["totals"]["tranches"],
        "prices": any(price["worth"] for price in record["prices"]),
        "risk": any("risk-share" in each for each in record["amounts"]),
    }
    return {name: _drawn(name, record) for name, shows in there.items() if shows}


def _drawn(name: str, record: Record) -> dict[str, Any]:
    """A picture: title and inline SVG, for wide screens and for phones."""
    from allocator.report.plots.canvas import WIDTHS, svg

    made = plots.picture(name, record)
    return {"title": made.title, "drawn": [Markup(svg(made, name, kind)) for kind in WIDTHS]}


def _objective(record: Record) -> str:
    """What was pursued: `dividend yield (weight 0.7) and strategic weight (weight 0.3)`."""
    objective = record["objective"]
    if objective["form"] != "blend":
        return _spoken(objective["name"], record)
    parts = [f"{named_aim(part)} (weight {part['weight']:g})" for part in objective["parts"]]
    return _spoken(" and ".join(parts), record)


def _spoken(text: str, record: Record) -> str:
    """The names of objectives without the hyphens that files write them with."""
    objective = record["objective"]
    for part in (*objective["parts"], *objective.get("held", ())):
        text = text.replace(part["name"], part["name"].replace("-", " "))
    return text


def _unsigned(record: Record) -> list[str]:
    """The approvers whose approval is missing or stale."""
    policy = record["policy"]
    if policy is None:
        return []
    current = {each["by"] for each in policy["approvals"] if each["state"] == "current"}
    return [name for name in policy["approvers"] if name not in current]


def _terms(record: Record) -> list[dict[str, str]]:
    """The terms that are worth something, dearest first: what limits, whom, how much, and what a step is worth."""
    known = titles(record)
    clauses = {(each["term"], each["member"]): each["clause"] for each in record["terms"]}
    priced = [price for price in record["prices"] if price["of"].startswith("terms.")]
    if not record["prices"]:
        # Where prices are withheld, those that bind are told without.
        priced = [each | {"of": f"terms.{each['term']}", "value": each["limit"]} for each in record["terms"]]
    found = []
    for price in priced:
        term = price["of"].removeprefix("terms.")
        found.append(
            {
                "what": clauses.get((term, price["member"]), term),
                "whom": whom(price, known),
                "limit": quantity(price["value"], price["unit"]),
                "worth": f"{size(price)} per {price['step']}" if "step" in price else NOTHING,
                "unclear": price.get("clear") is False,
            }
        )
    return found
