"""Measures: the named functions of an allocation that rules speak about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from allocator.codes import Code
from allocator.errors import Unparsable, nearest

if TYPE_CHECKING:
    from allocator.sparse import Sparse, Vector

NAMED = {
    "equity": "equity",
    "deployed": "the capital deployed",
    "total-assets": "total assets, the reserve included",
    "debt": "debt",
    "reserve": "the reserve",
    "cash-income": "cash income before compression",
    "net-cash-income": "cash income net of compression",
    "interest": "interest",
    "debt-service": "debt service",
    "expected-return": "expected return on the capital",
}
"Each measure's words in a sentence."
WHOLES = {"equity": "E", "reserve": "R", "total-assets": "R + sum of all x_i"}
TERMS = {
    "deployed": "x_i",
    "debt": "f_it",
    "cash-income": "y_i * x_i",
    "net-cash-income": "(y_i * x_i - loss_i)",
    "interest": "c_t * f_it",
    "debt-service": "s_it * f_it",
    "expected-return": "m_i * x_i",
}
"What is added up, in ordinary notation; the wholes are no sums over lines."
OF_CAPITAL = ("equity", "deployed", "cash-income", "net-cash-income", "expected-return")
"The measures that capital alone tells, whatever debt stands behind it."
ACRONYMS = {"mw": "MW", "gw": "GW", "us": "US", "ai": "AI"}


class MeasureName:
    """A measure as a file names it: `deployed`, or `{column: firm-mw-needed}` for a column summed over capital."""

    def __init__(self, name: str, column: bool = False) -> None:
        self.name, self.column = name, column

    @classmethod
    def parse(cls, given: object) -> MeasureName:
        """Read the name of a measure.

        Raises:
            Unparsable: it names no measure.
        """
        if isinstance(given, MeasureName):
            return given
        if isinstance(given, str):
            if given not in NAMED:
                mend = f"{nearest(given, NAMED)} (a column is written {{column: {given[:40]}}})"
                raise Unparsable(f"unknown measure '{given[:60]}'", mend, code=Code.UNKNOWN_NAME)
            return cls(given)
        if isinstance(given, Mapping) and list(given) == ["column"] and isinstance(given["column"], str):
            return cls(given["column"], column=True)
        raise Unparsable("not a measure", "write a name such as deployed, or {column: firm-mw-needed}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        column = {"properties": {"column": {"type": "string"}}, "required": ["column"], "additionalProperties": False}
        return {"anyOf": [{"enum": list(NAMED)}, {"type": "object", **column}]}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MeasureName) and (other.name, other.column) == (self.name, self.column)

    def __hash__(self) -> int:
        return hash((self.name, self.column))

    def __str__(self) -> str:
        if not self.column:
            return NAMED[self.name]
        return f"total {' '.join(ACRONYMS.get(word, word) for word in self.name.split('-'))}"

    @property
    def of_capital(self) -> bool:
        """Whether capital alone tells it, whatever debt stands behind it."""
        return self.column or self.name in OF_CAPITAL

    def formula(self, where: str = "") -> str:
        """The measure in ordinary notation: `sum of all x_i`, or over `where`, such as the lines of a sector."""
        if not self.column and self.name in WHOLES:
            return WHOLES[self.name]
        term = f"{self.name}_i * x_i" if self.column else TERMS[self.name]
        return f"sum of {term} over {where}" if where else f"sum of all {term}"

    def __repr__(self) -> str:
        return f"MeasureName('{self.name}'{', column=True' if self.column else ''})"


@dataclass(frozen=True, eq=False)
class Measure:
    """`row @ v + constant - ||loss @ v||^2`, in parts of equity.

    `loss` is there for income net of compression only, which makes the measure concave.
    """

    words: str
    row: Vector
    constant: float = 0.0
    loss: Sparse | None = None

    def value(self, v: Vector) -> float:
        """The measure of an allocation, in parts of equity."""
        lost = float(((self.loss @ v) ** 2).sum()) if self.loss else 0.0
        return float(self.row @ v) + self.constant - lost
