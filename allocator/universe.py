"""The candidate lines as arrays: numbers, groups and exposures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from allocator.errors import InputError, Place, Unparsable
from allocator.lines import KNOWN, MONEY, MULTIPLE, PARTS, TIME, Lines, Where
from allocator.sparse import Sparse, Vector
from allocator.units import Index, Money, Multiple, Quantity, Share, Years

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Universe:
    """The lines that capital may go to; n of them.

    Attributes:
        ids: one name a line.
        numbers: numeric columns (n each) in base units: fractions, $ bn, years.
        texts: text columns (n each).
        units: what other numeric columns are counted in, as their headers say; empty where they don't.
        counterparties: whom lines depend on.
        exposure: which part of each line depends on each counterparty (counterparties x n).
        places: where the header of each column stands, for what came from a file.
    """

    ids: tuple[str, ...]
    numbers: Mapping[str, Vector]
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    counterparties: tuple[str, ...] = ()
    exposure: Sparse | None = None
    places: Mapping[str, Place | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, lines: Lines) -> Universe:
        """The arrays of a checked table."""
        parties, exposure = lines.counterparties or (), None
        if lines.counterparties is not None:
            party, line = ({name: k for k, name in enumerate(names)} for names in (parties, lines.ids))
            exposure = Sparse.of(
                (len(parties), len(lines.ids)),
                np.array([party[name] for _, name, _ in lines.exposures], int),
                np.array([line[name] for name, _, _ in lines.exposures], int),
                np.array([part for _, _, part in lines.exposures], float),
            )
        numbers = {name: np.array(values, float) for name, values in lines.numbers.items()}
        return cls(lines.ids, numbers, lines.texts, lines.units, parties, exposure, lines.places)

    @classmethod
    def build(cls, columns: Mapping[str, Sequence[Any]], where: Where = lambda row, column: None) -> Universe:
        """Check a table of cells, text or numbers.

        Args:
            columns: header (with its unit in square brackets) to cells.
            where: gives the place of a cell.

        Raises:
            InputError: as for `Lines.build`.
        """
        return cls.of(Lines.build(columns, where))

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Universe:
        """From a pandas frame; ids are its column `id`, or its index.

        Raises:
            InputError: as for `build`.
        """
        columns = {str(name): frame[name].tolist() for name in frame.columns}
        if "id" not in columns:
            columns = {"id": [str(label) for label in frame.index], **columns}
        return cls.build(columns)

    @cached_property
    def lines(self) -> Lines:
        """The same as plain numbers and names."""
        parties, exposures = None, tuple[tuple[str, str, float], ...]()
        if (e := self.exposure) is not None:
            pairs = zip(e.column.tolist(), e.row.tolist(), e.value.tolist(), strict=True)
            parties = self.counterparties
            exposures = tuple((self.ids[line], parties[party], part) for line, party, part in pairs)
        numbers = {name: tuple(values.tolist()) for name, values in self.numbers.items()}
        return Lines(self.ids, numbers, self.texts, self.units, parties, exposures, self.places)

    def with_exposures(
        self, rows: Sequence[tuple[str, str, float]], where: Where = lambda row, column: None
    ) -> Universe:
        """The same lines with what they depend on: rows of line, counterparty and share.

        Raises:
            InputError: as for `Lines.with_exposures`.
        """
        return self.of(self.lines.with_exposures(rows, where))

    def changed(self, line: str, changes: Mapping[str, Any]) -> tuple[Universe, dict[str, str]]:
        """The same table with some cells of a line changed; and what its numbers are then, as text, by column.

        Args:
            line: which.
            changes: columns to text with units, or to numbers in base units.

        Raises:
            InputError: a column is unknown, or a value cannot be read.
        """
        row = self.ids.index(line)
        numbers, texts, told = dict(self.numbers), dict(self.texts), dict[str, str]()
        for column, value in changes.items():
            if column in texts:
                texts[column] = (*texts[column][:row], str(value), *texts[column][row + 1 :])
                continue
            numbers[column] = self.number(column, "the change").copy()
            quantity = _quantity(column, value)
            numbers[column][row] = float(quantity)
            told[column] = str(quantity)
        # The whole table is checked again, so that a what-if can't hold what a file may not.
        checked = Universe.build({"id": list(self.ids), **_with_units(numbers), **texts})
        return replace(self, numbers=checked.numbers, texts=checked.texts), told

    def number(self, column: str, who: str, place: Place | None = None) -> Vector:
        """A numeric column that somebody needs.

        Raises:
            InputError: the table lacks it, or it is text.
        """
        self.lines.column(column, who, place)
        return self.numbers[column]

    def groups(self, column: str, who: str, place: Place | None = None) -> tuple[tuple[str, ...], Sparse]:
        """The groups that a text column makes: their names, and which lines each holds (groups x n).

        Raises:
            InputError: the table has no such text column.
        """
        names = self.lines.groups(column, who, place)
        number = {name: k for k, name in enumerate(names)}
        member = [number[name] for name in (self.ids if column == "line" else self.texts[column])]
        return names, Sparse.of((len(names), len(self.ids)), member, np.arange(len(self.ids)), 1.0)

    def mask(self, rows: Iterable[int]) -> NDArray[np.bool_]:
        """Which lines stand in these rows (n)."""
        found = np.zeros(len(self.ids), bool)
        found[list(rows)] = True
        return found


def _quantity(column: str, value: object) -> Quantity:
    """A new value of a column: text with its unit, or a number in the base unit; 6 is not taken for 600%."""
    unit = {PARTS: Share, MONEY: Money, TIME: Years, MULTIPLE: Multiple}.get(KNOWN.get(column, ""), Index)
    if not isinstance(value, (int, float, np.number)):
        try:
            return unit.parse(value)
        except Unparsable as error:
            raise InputError.of(f"{column}: {error.what}", error.mend) from None
    try:
        number = float(value)
    except OverflowError:
        number = np.inf
    if not np.isfinite(number):
        raise InputError.of(f"{column}: {number} is no number", f"write {unit.expects}")
    made = unit(number)
    if unit is Share and abs(number) > 1:
        raise InputError.of(f"{column}: {number:g} would be {made}", f"write {number:g}% or {number / 100:g}")
    return made


def _with_units(numbers: Mapping[str, Vector]) -> dict[str, Sequence[Any]]:
    base = {MONEY: "$ bn", TIME: "years", PARTS: "1"}
    units = {name: base[kind] for name, kind in KNOWN.items() if kind in base}
    return {f"{name} [{units[name]}]" if name in units else name: list(values) for name, values in numbers.items()}
