"""Each rule as a reviewer wants it: what it says, how it stands, and what its numbers cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from allocator.report.mix import SMALL
from allocator.report.words import limit, of_aim, quantity, size, slack, worth
from allocator.solution import Record

STATES = {
    "broken": "Broken",
    "missed": "Missed, at a price",
    "binds": "Binds",
    "room": "Leaves room",
}
"How a rule may stand, worst first, and how that is told."

RULES = ("Hard rule", "Soft rule")
"What the rules of a policy are; all else that is told beside them is none."

BROKEN = 1e-6
"A hard rule missed by more than this part of its limit is broken; less is rounding."


@dataclass(frozen=True)
class Reading:
    """One limit of a rule, as the allocation meets it.

    Attributes:
        what: is measured, in words.
        whom: the member that is closest to the limit; empty where the rule has one only.
        others: the other members that bind.
        value, limit, room: as text.
        bar: value against limit; None where there is nothing to draw.
        state: one of `STATES`.
        waiver: the id of the waiver that set the limit; empty if none did.
        inherited: why what the holdings may stay at is the limit; empty if it isn't.
        worth, step: what one step of the limit is worth, as text; empty where it is worth nothing.
        weight: the same as a number, to order by.
    """

    what: str
    whom: str
    others: tuple[str, ...]
    value: str
    limit: str
    room: str
    bar: Bar | None
    state: str
    waiver: str
    inherited: str
    worth: str
    step: str
    weight: float


@dataclass(frozen=True)
class Bar:
    """A value against its limit, in percent of the width of a drawing.

    Attributes:
        start, length: of the value's bar.
        limit: where the limit stands.
        floor: whether the value is to be over the limit, and not under it.
    """

    start: float
    length: float
    limit: float
    floor: bool


@dataclass(frozen=True)
class Card:
    """A rule and all that a reviewer asks of it.

    Attributes:
        record: its first clause in the outcome: title, sentence, authority, owner, severity.
        why: the reason, in English; empty where none is given.
        titles, whys: in other languages, by their codes.
        kind: what it is: a hard rule, a soft one, a term of the case, or an objective's level.
        readings: a limit each.
        prices: a sentence each, on what its numbers are worth.
    """

    record: Record
    why: str
    titles: Mapping[str, str]
    whys: Mapping[str, str]
    kind: str
    readings: tuple[Reading, ...]
    prices: tuple[str, ...]

    @property
    def ruled(self) -> bool:
        """Whether it is a rule of the policy."""
        return self.kind in RULES

    @property
    def dearest(self) -> Reading:
        """The reading whose limit is worth most."""
        return max(self.readings, key=lambda reading: reading.weight)

    @property
    def state(self) -> str:
        """The worst of its readings' states."""
        return min((reading.state for reading in self.readings), key=list(STATES).index)


def cards(record: Record) -> list[Card]:
    """The rules in the order of their file; where no allocation exists, those that are broken least."""
    clauses: dict[str, list[Record]] = {}
    for each in record["rules"] if "rules" in record else record["violations"]:
        clauses.setdefault(each["rule"], []).append(each)
    named = titles(record)
    return [_card(record, found, named) for found in clauses.values()]


def titles(record: Record) -> dict[str, str]:
    """The titles of lines and tranches, by their ids."""
    tranches = record.get("totals", {}).get("tranches", {})
    return {name: each["title"] for name, each in tranches.items()} | {
        each["line"]: each["title"] for each in record.get("amounts", ())
    }


def named(label: str, known: Mapping[str, str]) -> str:
    """A member by its title where it has one; a pair by both."""
    return ", ".join(known.get(part, part) for part in label.split("/"))


def whom(price: Record, known: Mapping[str, str]) -> str:
    """Whom a priced term limits, by titles: the line, and the tranche whose covenant it is.

    Args:
        price: of a term.
        known: titles by ids.
    """
    tranche, _, covenant = price["of"].removeprefix("terms.").partition(".")
    return "; ".join([named(price["member"], known), *([known.get(tranche, tranche)] if covenant else [])])


def _card(record: Record, clauses: list[Record], known: Mapping[str, str]) -> Card:
    first = clauses[0]
    prices = [each for each in record.get("prices", ()) if each["of"] == first["rule"] and each["worth"]]
    limits = {each["number"]: each for each in clauses}
    priced = {each["number"]: each for each in prices}
    return Card(
        first,
        first["whys"].get("en", ""),
        {language: text for language, text in first["titles"].items() if language != "en"},
        {language: text for language, text in first["whys"].items() if language != "en"},
        _kind(first),
        tuple(_reading(record, each, priced.get(each["number"]), known) for each in clauses),
        tuple(said for each in prices for said in price_in_words(record, each, limits)),
    )


def _kind(clause: Record) -> str:
    if of_aim(clause["rule"]):
        return "Level of an objective"
    return "Term of the case" if clause["rule"].startswith("terms.") else RULES[clause["severity"] == "soft"]


def _reading(record: Record, clause: Record, price: Record | None, known: Mapping[str, str]) -> Reading:
    floor = clause["side"] == "at-least"
    state = _state(record, clause)
    short = state in ("broken", "missed")
    apart = slack(clause)
    return Reading(
        clause["clause"],
        named(clause["member"], known),
        tuple(named(label, known) for label in clause["binding"] if label != clause["member"]),
        quantity(clause["value"], clause["unit"]),
        limit(clause),
        ("short by " if floor else "over by ") + apart if short else "none" if state == "binds" else apart,
        _bar(clause["value"], clause["limit"], floor),
        state,
        clause["waiver"],
        clause["inherited"],
        size(price) if price else "",
        price["step"] if price else "",
        abs(price["worth"]) if price else 0.0,
    )


def _state(record: Record, clause: Record) -> str:
    if "amounts" not in record:
        return "broken"
    if clause["shortfall"] > SMALL * record["case"]["equity"]:
        return "missed"
    beyond = clause["slack"] is not None and clause["slack"] < -BROKEN * max(1.0, abs(clause["limit"]))
    if beyond and clause["severity"] == "hard":
        return "broken"
    return "binds" if clause["binding"] else "room"


def _bar(value: float | None, at: float, floor: bool) -> Bar | None:
    """The drawing goes from zero to a little over the larger of both."""
    if value is None or not (value or at):
        return None
    low, high = min(0.0, value, at), max(0.0, value, at)
    whole = (high - low) * 1.12

    def percent(number: float) -> float:
        return round((number - low) / whole * 100, 2)

    start, end = sorted((percent(0.0), percent(value)))
    return Bar(start, round(end - start, 2), percent(at), floor)


def price_in_words(record: Record, price: Record, limits: Mapping[str, Record]) -> list[str]:
    """What moving a number is worth, a whole step either way and a little, as `1 pp looser is worth +$54 m a year.`.

    Args:
        record: the outcome.
        price: of one number of a rule.
        limits: which of the rule's numbers are limits, and of which of its clauses.
    """
    number = price["number"]
    clause = limits.get(number, {"side": "", "waiver": "", "inherited": "", "member": ""})
    up, down = {"at-least": ("tighter", "looser"), "at-most": ("looser", "tighter")}.get(
        clause["side"], (f"more of the {number}", f"less of the {number}")
    )
    unit = " a year" if price["dollars"] is not None else f" of the objective ({record['objective']['name']})"
    steps = [(up, "step-up"), (down, "step-down")]
    steps.sort(key=lambda step: -(price[step[1]] or 0.0))
    told = [
        f"{price['step']} {word} is worth {worth(price, key)}{unit}." for word, key in steps if price[key] is not None
    ]
    whose = f"Of waiver {clause['waiver']}: " if clause["waiver"] else ""
    if clause["inherited"]:
        whose += f"Of what {clause['member'] or 'the rule'} inherits: "
    told = [f"{whose}{said}" for said in told]
    slope = f"Small moves are worth {size(price)}{unit} per {price['step']}."
    if price["clear"] is False:
        slope += " That is unclear: moves up and moves down are not worth the same."
    return [*told, slope]
