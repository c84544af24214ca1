"""What a rule is expected to say of given holdings: `pass`, or `fail by 1 pp`; tests that stand beside the rules."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from allocator.errors import Place, Unparsable
from allocator.model import Model, Name, bounded
from allocator.units import Index, Money, Multiple, Quantity, Share, parse_date, plain_decimal

Date = Annotated[dt.date, BeforeValidator(parse_date)]
WRITE = "write pass, or fail by an amount in the rule's unit, such as fail by 1 pp"
FAILURE = r"fail by (\$?)([0-9][0-9,.]*) ?(pp|%|x|bn|m|)"
UNITS: Mapping[str, tuple[type[Quantity], Decimal]] = {
    "pp": (Share, Share.units["%"]),
    "x": (Multiple, Decimal(1)),
    "bn": (Money, Money.units["bn"]),
    "m": (Money, Money.units["m"]),
    "": (Index, Decimal(1)),
}
"What an excess is written in: of what limits, and what one of it is in their base unit."


class Amounts(dict[str, Money]):
    """Dollars by name, which remember where each name stood."""

    def __init__(self, amounts: Mapping[str, Money], places: Mapping[str, Place]) -> None:
        super().__init__(amounts)
        self.places = places

    @classmethod
    def parse(cls, given: object) -> Amounts:
        """Read a mapping of names to dollars.

        Raises:
            Unparsable: it is none, or an amount is negative or cannot be read.
        """
        if isinstance(given, Amounts):
            return given
        if not isinstance(given, Mapping) or not given:
            raise Unparsable("no names with amounts", "write a line and an amount, such as {grid: $85 bn}")
        found = {}
        for name, value in given.items():
            place = getattr(value, "place", None)
            try:
                found[str(name)] = bounded(Money.parse(value))
            except Unparsable as error:
                raise Unparsable(error.what, error.mend, place) from None
            if found[str(name)] < Money(0):
                raise Unparsable(f"{value} is negative", "write zero or more", place)
        return cls(found, getattr(given, "key_places", {}))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": Money.written(), "minProperties": 1}


@dataclass(frozen=True)
class Verdict:
    """That a rule holds, or by how much it fails.

    Attributes:
        by: the excess over the limit in the unit of the limit, without a sign; None if the rule holds.
        grain: the last digit stated: excesses that round to the same are the same.
        unit: of the limits that it can be the excess over; None if the rule holds.
        text: as written.
    """

    by: Decimal | None
    grain: Decimal
    unit: type[Quantity] | None
    text: str

    @classmethod
    def parse(cls, given: object) -> Verdict:
        """Read `pass` or `fail by 1 pp`.

        Raises:
            Unparsable: it is neither.
        """
        if isinstance(given, Verdict):
            return given
        if given == "pass":
            return cls(None, Decimal(0), None, "pass")
        match = re.fullmatch(FAILURE, str(given))
        number = plain_decimal(match[2]) if match else None
        if match is None or number is None or bool(match[1]) != (match[3] in ("bn", "m")):
            raise Unparsable(f"cannot read '{str(given)[:60]}'", WRITE)
        if match[3] == "%":
            raise Unparsable(f"'{given}' does not say of what", "write percentage points, such as fail by 1 pp")
        if number == 0:
            raise Unparsable(f"'{given}' is no failure", "write pass")
        unit, factor = UNITS[match[3]]
        last = Decimal(1).scaleb(-len(match[2].partition(".")[2]))
        return cls(number * factor, last * factor, unit, str(given))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        examples = ["pass", "fail by 1 pp"]
        return {"type": ["string"], "pattern": f"^(pass|{FAILURE})$", "examples": examples, "errorMessage": WRITE}


class Expectation(Model):
    """A test of one rule: on a date, with these holdings, it passes or fails by so much.

    `financing` is debt by line and tranche, for rules that speak of debt; what is not deployed is the reserve.
    """

    name: Name
    as_of: Date
    holdings: Amounts
    financing: dict[str, Amounts] = {}
    expect: Verdict
