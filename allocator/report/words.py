"""How numbers are told: dollars, shares and differences, to the digits that a reader can use."""

from __future__ import annotations

import math

from allocator.aims.held import PREFIX as HELD
from allocator.solution import Record
from allocator.units import BY_NAME

NOTHING = "–"


def dollars(billions: float | None) -> str:
    """An amount of $ bn: `$512.7 bn`, `$54 m`, `$340 k`."""
    if billions is None:
        return NOTHING
    # The unit is chosen by what is printed: $999.9 m would be told as $1000 m.
    size, sign = abs(float(f"{billions:.3g}")), "-" if billions < 0 else ""
    if size >= 1000:
        return f"{sign}${abs(billions):,.0f} bn"
    if size >= 1:
        return f"{sign}${abs(billions):.1f} bn"
    if size >= 0.01:
        return f"{sign}${size * 1e3:.0f} m"
    if size >= 0.001:
        return f"{sign}${size * 1e3:.1f} m"
    return f"{sign}${size * 1e6:.0f} k" if size >= 5e-7 else "$0"


def millions(billions: float) -> str:
    """An amount of $ bn to the million: `$10.931 bn`, `$78 m`."""
    told = round(billions, 3)
    return f"{'-' if told < 0 else ''}${abs(told):,.3f} bn" if abs(told) >= 1 else dollars(told)


def change(billions: float | None) -> str:
    """A change of $ bn, always with its sign."""
    if billions is None:
        return NOTHING
    told = dollars(billions)
    return told if billions < 0 or told == "$0" else f"+{told}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share: `34.9%`."""
    return NOTHING if share is None else f"{share:.{digits}%}"


def quantity(value: float | None, unit: str) -> str:
    """A value in the unit of its limit."""
    return NOTHING if value is None else BY_NAME[unit].show(value)


def limit(reading: Record) -> str:
    """The limit of a rule's clause: `at least 85%`."""
    if reading["unit"] == "money" and reading["limit"] == 0:
        return "nothing"
    return f"{reading['side'].replace('-', ' ')} {quantity(reading['limit'], reading['unit'])}"


def of_aim(rule: str) -> bool:
    """Whether what stands among rules belongs to what is maximised, as a level that an objective is held at does."""
    return rule.startswith(HELD)


def called(rule: str) -> str:
    """A rule by its id; a level that an objective is held at by the objective's name."""
    return f"{rule.removeprefix(HELD)}, held" if of_aim(rule) else rule


def closest(reading: Record) -> str:
    """A rule with the member of it that is closest to the limit, where it has several."""
    return called(reading["rule"]) + (f" ({reading['member']})" if reading["member"] else "")


def slack(reading: Record) -> str:
    """How far a clause's value is from its limit, on either side of it: `4.99 pp`."""
    return NOTHING if reading["slack"] is None else BY_NAME[reading["unit"]].show_change(reading["slack"])


def gap_in_words(record: Record) -> str:
    """The certificate in one line."""
    proved = record["certificate"]
    choice, size = proved.get("choice"), better(record, proved["gap"])
    held, none = "certified: every rule and term holds", f"{among(record)} can do better by more than {size}"
    if proved["passes"] and choice is None:
        return f"{held}, and no allocation{none}"
    if proved["passes"]:
        other = f"that no other choice of what is held does by more than {better(record, choice['gap'])}"
        return f"{held}, and within this choice none{none}; {other} is the word of {choice['solver']}"
    if proved["worst-excess"] > 1e-7:
        over = dollars(proved["worst-excess"] * record["case"]["equity"])
        return f"NOT CERTIFIED: '{proved['worst-clause']}' is broken by {over}"
    if proved["gap"] > proved["allowed"]:
        return f"NOT CERTIFIED: another allocation might do better by {size}"
    if choice is not None and choice["gap"] > choice["allowed"]:
        return f"NOT CERTIFIED: another choice of what is held might do better by {better(record, choice['gap'])}"
    return "NOT CERTIFIED: the soft rules might be missed by less"


def among(record: Record) -> str:
    """Among which allocations nothing does better, where the soft rules' least shortfall comes first."""
    return " that misses the soft rules as little" if "least-shortfall" in record["certificate"] else ""


def better(record: Record, gap: float) -> str:
    """By how much another allocation might do better, rounded up: in dollars a year where the aim is income."""
    objective = record["objective"]
    if objective["dollars"] is not None:
        return f"{at_most(gap * objective['dollars'])} a year"
    if scored(objective) == "share":
        return f"{_up(gap * 1e4, 1e-6):g} bp of equity"
    return f"{_up(gap, 1e-15):g} of {own_unit(objective)}"


def at_most(billions: float) -> str:
    """A bound on an amount of $ bn, rounded up to one digit; $1 k or more."""
    return dollars(_up(billions, 1e-6))


def _up(size: float, least: float) -> float:
    """Rounded up to one digit, as a bound must be."""
    size = max(size, least)
    unit = 10.0 ** math.floor(math.log10(size))
    return float(f"{math.ceil(size / unit * (1 - 1e-12)) * unit:.1g}")


def form(objective: Record) -> str:
    """How objectives were combined; what others were held at does not count."""
    return str(objective.get("of") or objective["form"])


def named(part: Record) -> str:
    """An objective with the settings that matter."""
    return str(part.get("title") or part["name"])


def reached(objective: Record) -> str:
    """What each objective came to: `dividend-yield 7.039%, strategic-weight 1.38`."""
    return ", ".join(f"{named(part)} {value(part)}" for part in objective["parts"])


def value(part: Record, digits: int = 4) -> str:
    """What an objective came to; after the penalties of soft rules that are not met, too, where they are taken off."""
    told, net = (_measured(part[key], part["unit"], digits) for key in ("value", "net"))
    return f"{told} ({net} after penalties)" if penalised(part) else told


def penalised(part: Record) -> bool:
    """Whether penalties are taken off an objective, so that a reader can see it."""
    return _measured(part["value"], part["unit"], 6) != _measured(part["net"], part["unit"], 6)


def _measured(value: float, unit: str, digits: int) -> str:
    if unit == "share":
        return percent(value, 3)
    return quantity(value, unit) if unit == "multiple" else f"{value:.{digits}g}"


def own_unit(objective: Record) -> str:
    """In what the score is, where it is worth no dollars."""
    if form(objective) == "maximin":
        return "the objectives' ranges"
    if not scored(objective):
        return f"the objective's own unit ({objective['name']})"
    bp = "; 0.0001 is 1 bp" if scored(objective) == "share" else ""
    return f"the objective's own unit ({named(objective['parts'][-1])}{bp})"


def scored(objective: Record) -> str:
    """The unit of what was maximised, where it is one objective: of a ratio, that of the return; else empty."""
    if form(objective) not in ("single", "lexicographic"):
        return ""
    part = objective["parts"][-1]
    return "share" if part["name"] == "sharpe" else str(part["unit"])


def worth(price: Record, key: str = "worth") -> str:
    """What a price or a step is worth: in dollars a year where there is income in the objective."""
    name = {"worth": "dollars", "step-up": "step-up-dollars", "step-down": "step-down-dollars"}[key]
    if price[key] is None:
        return NOTHING
    if price[name] is not None:
        return change(price[name])
    return f"{price[key]:+.2g}"


def size(price: Record) -> str:
    """What a price is worth, without its sign."""
    return dollars(abs(price["dollars"])) if price["dollars"] is not None else f"{abs(price['worth']):.2g}"
