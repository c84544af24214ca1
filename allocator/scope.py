"""Which lines a rule or a tranche speaks of: `{sector: [power, grid], site: US}`, or `all`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from allocator.codes import Code
from allocator.errors import Collector, Place, Unparsable, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from allocator.lines import Lines
    from allocator.universe import Universe


class Scope:
    """Names to look for in columns: all the columns must match, any of a column's names will do.

    The names keep the places that a file gave them.
    """

    def __init__(self, columns: Mapping[str, tuple[str, ...]], places: Mapping[str, Place] | None = None) -> None:
        self.columns = dict(columns)
        self._places = dict(places or {})

    @classmethod
    def parse(cls, given: object) -> Scope:
        """Read the word `all`, or a mapping of column to one name or a list of names.

        Raises:
            Unparsable: anything else.
        """
        if isinstance(given, Scope):
            return given
        if given == "all":
            return cls({})
        if not isinstance(given, Mapping) or not given:
            raise Unparsable("not a scope", "write a column and a name, such as {sector: power}, or all")
        columns: dict[str, tuple[str, ...]] = {}
        for column, names in given.items():
            listed = (names,) if isinstance(names, str) else names
            if not isinstance(listed, (list, tuple)) or not listed or not all(isinstance(n, str) for n in listed):
                mend = f"write one, or a list: {{{column}: [a, b]}}"
                raise Unparsable(f"no names under '{column}'", mend, getattr(names, "place", None))
            columns[str(column)] = tuple(listed)
        return cls(columns, getattr(given, "key_places", {}))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        # YAML takes some names for numbers, or for true and false.
        name = {"type": ["string", "number", "boolean"]}
        names = {"anyOf": [name, {"type": "array", "items": name, "minItems": 1}]}
        columns = {"type": "object", "additionalProperties": names, "minProperties": 1}
        return {"anyOf": [{"const": "all"}, columns], "examples": [{"sector": ["power", "grid"]}, "all"]}

    def rows(self, lines: Lines, place: Place | None = None) -> list[int]:
        """The rows of the lines that match.

        Raises:
            InputError: a column or a name is unknown, or the columns together select nothing.
        """
        problems = Collector()
        rows = list(range(len(lines.ids)))
        for column, names in self.columns.items():
            values = lines.ids if column == "line" else lines.texts.get(column)
            if values is None:
                known = ["line", *lines.texts]
                kind = "holds numbers, not names" if column in lines.numbers else "is unknown"
                where = self._places.get(column, place)
                problems.add(f"column '{column}' {kind}", nearest(column, known), where, Code.UNKNOWN_NAME)
                continue
            present = set(values)
            for name in names:
                if name not in present:
                    where = getattr(name, "place", place)
                    what = f"no line '{name}'" if column == "line" else f"no line has {column} '{name}'"
                    problems.add(what, nearest(name, present), where, Code.UNKNOWN_NAME)
            wanted = set(names)
            rows = [row for row in rows if values[row] in wanted]
        problems.finish()
        if not rows:
            problems.add(f"{self} selects no line", "widen it", place, Code.UNKNOWN_NAME)
            problems.finish()
        return rows

    def lines(self, universe: Universe, place: Place | None = None) -> NDArray[np.bool_]:
        """A mask of the lines that match (n).

        Raises:
            InputError: as for `rows`.
        """
        return universe.mask(self.rows(universe.lines, place))

    def within(self, other: Scope) -> bool:
        """Whether it selects no line that the other does not, in any universe, as far as the names tell."""
        return all(
            column in self.columns and set(self.columns[column]) <= set(names)
            for column, names in other.columns.items()
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scope) and other._sets() == self._sets()

    def __hash__(self) -> int:
        return hash(frozenset(self._sets().items()))

    def _sets(self) -> dict[str, frozenset[str]]:
        """The names by column; their order means nothing."""
        return {column: frozenset(names) for column, names in self.columns.items()}

    def __bool__(self) -> bool:
        return bool(self.columns)

    def __str__(self) -> str:
        """In words: `sector power or grid, site US`."""
        if not self.columns:
            return "all lines"
        parts = [names if column == "line" else f"{column} {names}" for column, names in self._joined()]
        return ", ".join(parts)

    def phrase(self) -> str:
        """In a sentence: `the sectors power and grid, in lines whose site is US`."""
        rest = [
            f"marked '{column}'" if names == ("yes",) else f"whose {column} is {' or '.join(names)}"
            for column, names in self.columns.items()
        ]
        for column in ("line", "sector"):
            if column in self.columns:
                names = self.columns[column]
                rest.pop(list(self.columns).index(column))
                head = f"the {column}{'s' if len(names) > 1 else ''} {_listed(names)}"
                return f"{head}, in lines {' and '.join(rest)}" if rest else head
        return f"lines {' and '.join(rest)}" if rest else "all lines"

    def _joined(self) -> list[tuple[str, str]]:
        return [(column, " or ".join(names)) for column, names in self.columns.items()]

    def __repr__(self) -> str:
        return f"Scope('{self}')"


def _listed(names: tuple[str, ...]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
