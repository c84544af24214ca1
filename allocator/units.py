"""Numbers that carry their unit: parsed from text, computed with as floats, printed back as text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from functools import total_ordering
from typing import Any, ClassVar, Generic, Self, TypeVar, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from allocator.errors import Unparsable

_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_LONGEST = 40
_WIDE = Context(prec=400)
DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_CURRENCY = re.compile("[\u00a3\u00a5\u20a0-\u20cf\uffe5]|\\b[A-Z]{3}\\b")


def plain_decimal(text: str) -> Decimal | None:
    """Read a decimal number such as `1,380` or `-0.5`; None where it is not one (nan and 1e5 are not)."""
    if len(text) > _LONGEST or not text.isascii() or not _NUMBER.fullmatch(text):
        return None
    return Decimal(text.replace(",", ""))


def _shortest(number: Decimal) -> str:
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rounded(value: float, digits: int) -> Decimal:
    """A number to so many digits, however large (Python's own decimals end at 28); zero has no sign."""
    made = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), context=_WIDE)
    return made if made else abs(made)


@total_ordering
class Quantity:
    """A number with a unit, frozen; `float(q)` gives it in the unit that the mathematics uses.

    Subclasses say how they are written. Quantities of one kind compare by value.
    """

    expects: ClassVar[str]
    units: ClassVar[Mapping[str, Decimal]]
    "What may stand behind the number, and how much one of it is in the base unit."
    step: ClassVar[float]
    "A change that a reviewer thinks in, in the base unit: 1 pp of a share, $1 bn of money."
    step_text: ClassVar[str]
    before: ClassVar[str] = ""
    "A pattern of what stands before the number."
    yaml_types: ClassVar[tuple[str, ...]] = ("string",)
    "What YAML takes it for."

    __slots__ = ("amount",)
    amount: Decimal

    def __init__(self, amount: Decimal | float | int) -> None:
        object.__setattr__(self, "amount", amount if isinstance(amount, Decimal) else Decimal(repr(amount)))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __reduce__(self) -> tuple[type[Self], tuple[Decimal]]:
        return type(self), (self.amount,)

    @classmethod
    def parse(cls, given: object) -> Self:
        """Read a quantity from text; one that is of this type already passes as it is.

        Raises:
            Unparsable: the unit is missing or another one, or it is no number.
        """
        if isinstance(given, cls):
            return given
        if not isinstance(given, str):
            shown = f"a {type(given).__name__}" if isinstance(given, (list, dict)) else repr(given)
            raise Unparsable(f"{shown} is not text with a unit", f"write {cls.expects}")
        number, factor = cls.split(given.strip())
        value = plain_decimal(number)
        if factor is None or value is None:
            raise Unparsable(f"cannot read '{given[:60]}'", f"write {cls.expects}")
        return cls(value * factor)

    @classmethod
    def split(cls, text: str) -> tuple[str, Decimal | None]:
        """Split text into its number and what one of its units is worth; None for an unknown unit."""
        match = re.fullmatch(r"(\S*?\d)\s*([a-z%]*)", text)
        return (match[1], cls.units.get(match[2])) if match else (text, None)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return cls.written()

    @classmethod
    def written(cls) -> dict[str, Any]:
        """How files write it, as JSON Schema; YAML takes what has no unit for a number."""
        return _written([cls])

    def __float__(self) -> float:
        return float(self.amount)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.amount == self.amount

    def __lt__(self, other: Self) -> bool:
        return self.amount < other.amount

    def __hash__(self) -> int:
        return hash((type(self), self.amount))

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self}')"

    @classmethod
    def show(cls, value: float, digits: int | None = None) -> str:
        """A computed value in this unit, rounded to what a reader can use."""
        return str(cls(_rounded(value, cls.shown_digits if digits is None else digits)))

    shown_digits: ClassVar[int] = 4

    @classmethod
    def show_change(cls, change: float) -> str:
        """A difference of two values, without its sign."""
        return cls.show(abs(change))


Q = TypeVar("Q", bound=Quantity)


class Share(Quantity):
    """A part of a whole or a yearly rate; 35% is 0.35."""

    expects = "a share such as 35%"
    units: ClassVar = {"%": Decimal("0.01"), "bp": Decimal("0.0001")}
    step, step_text, shown_digits = 0.01, "1 pp", 4

    def __str__(self) -> str:
        return f"{_shortest(self.amount * 100)}%"

    @classmethod
    def show_change(cls, change: float) -> str:
        """A difference of two shares, in percentage points."""
        return f"{_shortest(_rounded(abs(change) * 100, 2))} pp"


class Rate(Share):
    """A yearly rate, told in basis points where it is small; 120 bp is 0.012."""

    expects = "a yearly rate such as 4.85% or 120 bp"
    step, step_text, shown_digits = 0.0001, "1 bp", 6

    def __str__(self) -> str:
        return f"{_shortest(self.amount * 10000)} bp"

    @classmethod
    def show_change(cls, change: float) -> str:
        """A difference of two rates, in basis points."""
        return cls.show(abs(change))


class Money(Quantity):
    """An amount of dollars, in $ bn."""

    expects = "an amount such as $300 bn or $5 m"
    units: ClassVar = {"": Decimal("1e-9"), "m": Decimal("0.001"), "bn": Decimal(1), "tn": Decimal(1000)}
    step, step_text, shown_digits = 1.0, "$1 bn", 3
    before: ClassVar = r"-?\$\s?"

    @classmethod
    def split(cls, text: str) -> tuple[str, Decimal | None]:
        """As for any quantity, with the dollar sign before the number."""
        match = re.fullmatch(r"(-?)\$\s?(\S*?\d)\s*(m|bn|tn|)", text)
        return (match[1] + match[2], cls.units[match[3]]) if match else (text, None)

    @classmethod
    def parse(cls, given: object) -> Self:
        """As for any quantity; another currency is refused by name."""
        if isinstance(given, str) and _CURRENCY.search(given):
            raise Unparsable(f"'{given[:60]}' is not in US dollars", f"write {cls.expects}")
        return super().parse(given)

    def __str__(self) -> str:
        size = abs(self.amount)
        sign = "-" if self.amount < 0 else ""
        if size >= 1 or size == 0:
            return f"{sign}${_shortest(size)} bn"
        if size >= Decimal("0.001"):
            return f"{sign}${_shortest(size * 1000)} m"
        return f"{sign}${_shortest(size * 10**9)}"


class Multiple(Quantity):
    """So many times another amount; 1.30x is 1.3."""

    expects = "a multiple such as 1.30x"
    units: ClassVar = {"x": Decimal(1)}
    step, step_text, shown_digits = 0.01, "0.01x", 4

    def __str__(self) -> str:
        return f"{self.amount:,.2f}x" if self.amount == round(self.amount, 2) else f"{_shortest(self.amount)}x"


class Years(Quantity):
    """A length of time in years."""

    expects = "a length of time such as 18 years"
    units: ClassVar = {"years": Decimal(1), "year": Decimal(1)}
    step, step_text, shown_digits = 1.0, "1 year", 2

    def __str__(self) -> str:
        return f"{_shortest(self.amount)} year{'' if self.amount == 1 else 's'}"


class Days(Quantity):
    """A length of time in days."""

    expects = "a length of time such as 365 days"
    units: ClassVar = {"days": Decimal(1), "day": Decimal(1)}
    step, step_text, shown_digits = 1.0, "1 day", 0

    def __str__(self) -> str:
        return f"{_shortest(self.amount)} day{'' if self.amount == 1 else 's'}"


class Index(Quantity):
    """A pure number, such as a Herfindahl-Hirschman index."""

    expects = "a bare number such as 0.28"
    units: ClassVar = {"": Decimal(1)}
    step, step_text, shown_digits = 0.01, "0.01", 4
    yaml_types: ClassVar = ("number", "string")

    def __str__(self) -> str:
        return _shortest(self.amount)


class Count(Index):
    """A whole number of things."""

    expects = "a whole number such as 5"
    step, step_text, shown_digits = 1.0, "1", 2

    @classmethod
    def parse(cls, given: object) -> Self:
        """As for any quantity; fractions are refused."""
        made = super().parse(str(given) if isinstance(given, int) else given)
        if made.amount != made.amount.to_integral_value():
            raise Unparsable(f"'{given}' is not a whole number", f"write {cls.expects}")
        return made


def not_negative(given: Q) -> Q:
    """Refuse a quantity below zero.

    Raises:
        Unparsable: it is.
    """
    if float(given) < 0:
        raise Unparsable(f"{given} is negative", "write zero or more")
    return given


def positive(given: Q) -> Q:
    """Refuse a quantity that is not above zero.

    Raises:
        Unparsable: it is not.
    """
    if float(given) <= 0:
        raise Unparsable(f"{given} is not above zero", "write more than zero")
    return given


def part(given: Q) -> Q:
    """Refuse a share that is no part of a whole.

    Raises:
        Unparsable: it is below 0% or over 100%.
    """
    if not 0 <= float(given) <= 1:
        raise Unparsable(f"{given} is not between 0% and 100%", "write a part of the whole")
    return given


def parse_date(given: object) -> dt.date:
    """Read an ISO date, `2026-04-01`.

    Raises:
        Unparsable: anything else, a time of day included.
    """
    if isinstance(given, dt.date) and not isinstance(given, dt.datetime):
        return given
    if isinstance(given, str) and re.fullmatch(DATE, given):
        try:
            return dt.date.fromisoformat(str(given))
        except ValueError:
            pass
    raise Unparsable(f"cannot read '{str(given)[:60]}' as a date", "write a date such as 2026-04-01")


def today(calendar: str) -> dt.date:
    """Today's date in a time zone."""
    from zoneinfo import ZoneInfo

    return dt.datetime.now(ZoneInfo(calendar)).date()


Times = Multiple | Share
"A ratio: as a multiple, 1.15x, or as a percentage."
Level = Index | Share
"An index of concentration: a bare number, or for the largest n a percentage."

AnyLimit = Share | Money | Multiple | Index
"A limit of any rule, whose own unit says of which."

BY_NAME: Mapping[str, type[Quantity]] = {
    unit.__name__.lower(): unit for unit in (Share, Rate, Money, Multiple, Years, Index, Count)
}


def parse_any(units: tuple[type[Quantity], ...], given: object) -> Quantity:
    """Read a quantity whose own unit says which of several it is.

    Raises:
        Unparsable: it is none of them.
    """
    for unit in units:
        try:
            return unit.parse(given)
        except Unparsable as error:
            refused = error
    raise Unparsable(refused.what, "write " + ", or ".join(unit.expects for unit in units))


def _written(units: Sequence[type[Quantity]]) -> dict[str, Any]:
    """How files write a quantity of one of some units, as JSON Schema, with what editors say where it is none."""
    expected = " or ".join(unit.expects for unit in units)
    examples = [example for unit in units for example in unit.expects.partition(" such as ")[2].split(" or ")]
    return {
        "type": list(dict.fromkeys(name for unit in units for name in unit.yaml_types)),
        "pattern": "|".join(rf"^{unit.before}{_NUMBER.pattern}\s*({'|'.join(unit.units)})$" for unit in units),
        "description": expected,
        "examples": list(dict.fromkeys(examples)),
        "errorMessage": f"write {expected}",
    }


class Dated(Generic[Q]):
    """A limit through time: the latest value on or before a date is in force.

    A single value, `35%`, holds on every date; `{2026-04-01: 85%, 2028-01-01: 90%}` changes.
    """

    __slots__ = ("values",)

    def __init__(self, values: Mapping[dt.date, Q]) -> None:
        self.values = dict(sorted(values.items()))

    def on(self, date: dt.date) -> Q | None:
        """The value in force on a date; None before the first one."""
        start = self.since(date)
        return None if start is None else self.values[start]

    def since(self, date: dt.date) -> dt.date | None:
        """The day from which the value in force on a date holds; None before the first one."""
        return max((start for start in self.values if start <= date), default=None)

    def replaced(self, date: dt.date, value: Q) -> Dated[Q]:
        """The same with another value in place of the one in force on a date; earlier and later ones stay.

        Raises:
            KeyError: none is in force.
        """
        start = self.since(date)
        if start is None:
            raise KeyError(date)
        return Dated({**self.values, start: value})

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        (annotation,) = get_args(source)
        units = get_args(annotation) or (annotation,)

        def parse(given: object) -> Dated[Any]:
            if isinstance(given, Dated):
                return given
            if not isinstance(given, Mapping):
                return cls({dt.date.min: parse_any(units, given)})  # type: ignore[dict-item]
            if not given:
                raise Unparsable("no value in it", f"write {units[0].expects}")
            try:
                return cls({parse_date(date): parse_any(units, value) for date, value in given.items()})  # type: ignore[misc]
            except Unparsable as error:
                raise _placed(error, given) from None

        def written(schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
            one = _written(units)
            dates = {"patternProperties": {DATE: one}, "additionalProperties": False, "minProperties": 1}
            # One schema and not two to choose from, as editors tell of no choice what is wrong with it.
            return {**one, "type": [*one["type"], "object"], **dates}

        return core_schema.no_info_plain_validator_function(parse, metadata={"pydantic_js_functions": [written]})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dated) and self.values == other.values

    def __hash__(self) -> int:
        return hash(tuple(self.values.items()))

    def __str__(self) -> str:
        if list(self.values) == [dt.date.min]:
            return str(self.values[dt.date.min])
        return ", then ".join(f"{value} from {start}" for start, value in self.values.items())

    def __repr__(self) -> str:
        return f"Dated('{self}')"


def _placed(error: Unparsable, given: Mapping[Any, Any]) -> Unparsable:
    """The error with the place of the entry at fault, where a file gave one."""
    for date, value in given.items():
        if f"'{value}'" in error.what or f"'{date}'" in error.what:
            culprit = value if f"'{value}'" in error.what else date
            error.place = getattr(culprit, "place", None)
            break
    return error
