"""The candidate lines: a checked table of numbers, groups and exposures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from allocator.codes import Code
from allocator.errors import Collector, InputError, Place, closest, nearest
from allocator.model import MOST_MONEY
from allocator.sparse import Sparse, Vector

if TYPE_CHECKING:
    import pandas as pd

Where = Callable[[int | None, str], Place | None]
"Gives the place of a cell by row (None for the header) and column."

MOST = 1e15
"Larger numbers are mistakes."
NAME = re.compile(r"\w[\w .&/'’-]{0,78}[\w.]|\w")

PARTS, MONEY, TIME, MULTIPLE, PLAIN = "a fraction", "money", "time", "a multiple", "a number"
KNOWN = {
    "us-share": PARTS,
    "cash-yield": PARTS,
    "yield-error": PARTS,
    "expected-return": PARTS,
    "volatility": PARTS,
    "compression-slope": PARTS,
    "gearing": PARTS,
    "capacity": MONEY,
    "minimum-ticket": MONEY,
    "life": TIME,
    "dscr": MULTIPLE,
    "strategic-weight": PLAIN,
}
"Columns with a meaning of their own."
TEXTS = ("title", "sector", "domicile", "site")
UNITS = {
    PARTS: {"": 1.0, "%": 0.01, "bp": 0.0001, "1": 1.0},
    MONEY: {"$ bn": 1.0, "$ m": 0.001, "$ tn": 1000.0},
    TIME: {"years": 1.0},
    MULTIPLE: {"": 1.0, "x": 1.0},
    PLAIN: {"": 1.0, "%": 0.01},
}
NOT_NEGATIVE = frozenset(KNOWN) - {"cash-yield", "expected-return", "strategic-weight"}
AT_MOST_ONE = ("us-share", "gearing")


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
    def build(cls, columns: Mapping[str, Sequence[Any]], where: Where = lambda row, column: None) -> Universe:
        """Check a table of cells, text or numbers.

        Args:
            columns: header (with its unit in square brackets) to cells.
            where: gives the place of a cell.

        Raises:
            InputError: all that is wrong with it: unknown units, missing or unreadable cells, values out of range,
                duplicate or missing ids.
        """
        problems = Collector()
        ids = tuple(str(cell) for cell in columns.get("id", ()))
        if not ids:
            problems.add(
                "no column 'id', or no lines",
                "name every line in a column 'id'",
                where(None, next(iter(columns), "id")),
                Code.MISSING,
            )
            problems.finish()
        _check_ids(ids, problems, where)
        numbers: dict[str, Vector] = {}
        texts: dict[str, tuple[str, ...]] = {}
        units: dict[str, str] = {}
        places: dict[str, Place | None] = {}
        for header, cells in columns.items():
            name, unit = split_header(header)
            places[name] = where(None, header)
            if name == "id":
                continue
            _check_name(name, columns, problems, where(None, header))
            if name in numbers or name in texts:
                problems.add(f"column '{name}' stands twice", "keep one", where(None, header), Code.TWICE)
            elif name in TEXTS or (name not in KNOWN and not unit and not _mostly_numbers(cells)):
                texts[name] = _texts(ids, header, cells, problems, where)
            else:
                numbers[name] = _numbers(ids, header, cells, problems, where)
                units[name] = "" if name in KNOWN else unit
        problems.finish()
        return cls(ids, numbers, texts, units, places=places)

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

    def with_exposures(
        self, rows: Sequence[tuple[str, str, float]], where: Where = lambda row, column: None
    ) -> Universe:
        """The same lines with what they depend on: rows of line, counterparty and share.

        Raises:
            InputError: an unknown line, no counterparty, a share outside 0 to 1, or a pair that stands twice.
        """
        problems = Collector()
        index = {line: i for i, line in enumerate(self.ids)}
        parties = sorted({party for _, party, _ in rows})
        number = {party: i for i, party in enumerate(parties)}
        seen: set[tuple[str, str]] = set()
        for row, (line, party, share) in enumerate(rows):
            if line not in index:
                problems.add(f"no line '{line}'", nearest(line, index), where(row, "line"), Code.UNKNOWN_NAME)
            if not party:
                place = where(row, "counterparty")
                problems.add(f"no counterparty for '{line}'", "write a name", place, Code.MISSING)
            if not 0 <= share <= 1:
                problems.add(f"the exposure {share:g} is not between 0 and 1", "write 0% to 100%", where(row, "share"))
            if (line, party) in seen:
                problems.add(f"'{line}' with '{party}' stands twice", "keep one", where(row, "line"), Code.TWICE)
            seen.add((line, party))
        problems.finish()
        exposure = Sparse.of(
            (len(parties), len(self.ids)),
            np.array([number[party] for _, party, _ in rows], int),
            np.array([index[line] for line, _, _ in rows], int),
            np.array([share for _, _, share in rows], float),
        )
        return replace(self, counterparties=tuple(parties), exposure=exposure)

    def number(self, column: str, who: str, place: Place | None = None) -> Vector:
        """A numeric column that somebody needs.

        Raises:
            InputError: the table lacks it, or it is text.
        """
        if column in self.numbers:
            return self.numbers[column]
        if column in self.texts:
            what = f"{who} needs numbers, and column '{column}' is text"
            raise InputError.of(what, "name a numeric column", place, Code.UNKNOWN_NAME)
        what = f"{who} needs column '{column}', which the universe lacks"
        close = closest(column, self.numbers)
        mend = f"add it to the universe, or did you mean '{close}'?" if close else "add it to the universe"
        raise InputError.of(what, mend, place, Code.UNKNOWN_NAME)

    def groups(self, column: str, who: str, place: Place | None = None) -> tuple[tuple[str, ...], Sparse]:
        """The groups that a text column makes: their names, and which lines each holds (groups x n).

        Raises:
            InputError: the table has no such text column.
        """
        if column == "line":
            n = len(self.ids)
            return self.ids, Sparse.of((n, n), np.arange(n), np.arange(n), 1.0)
        if column not in self.texts:
            kind = "is numeric" if column in self.numbers else "is not in the universe"
            what = f"{who} groups by '{column}', which {kind}"
            raise InputError.of(what, nearest(column, ["line", *self.texts]), place, Code.UNKNOWN_NAME)
        names = sorted(set(self.texts[column]))
        number = {name: k for k, name in enumerate(names)}
        member = [number[name] for name in self.texts[column]]
        return tuple(names), Sparse.of((len(names), len(self.ids)), member, np.arange(len(self.ids)), 1.0)


def split_header(header: str) -> tuple[str, str]:
    """Split `capacity [$ bn]` into the column's name and its unit."""
    match = re.fullmatch(r"\s*(.*?)\s*\[(.*)\]\s*", header)
    return (match[1], match[2].strip()) if match else (header.strip(), "")


def parse_cells(cells: Sequence[Any]) -> Vector | None:
    """All cells as numbers below 1e15; None where one of them isn't (an empty one, `nan`, `1_000`, or text)."""
    if any(isinstance(cell, str) for cell in cells):
        joined = "".join(map(str, cells))
        if not joined.isascii() or "_" in joined:
            return None
    try:
        values = np.array([float(cell) for cell in cells])
    except (TypeError, ValueError):
        return None
    return values if (np.abs(values) < MOST).all() else None


def bad_cells(cells: Sequence[Any], header: str) -> Iterator[tuple[int, str, str]]:
    """The cells of a column that are no numbers: the row, what is wrong, and the mend."""
    for row, cell in enumerate(cells):
        if parse_cells([cell]) is None:
            shown = f"'{str(cell)[:40]}' is not a number" if str(cell).strip() else "missing"
            yield row, shown, _mend_cell(cell, header)


def _mend_cell(cell: Any, header: str) -> str:
    """How to mend a cell that is no number; a unit behind one belongs in the header."""
    number = re.fullmatch(r"-?\$? ?([0-9.]+) ?[A-Za-z%]*", str(cell))
    if number is None or number[1] == cell or parse_cells([number[1]]) is None:
        return "write a number without separators, of at most 15 digits"
    stands = "as the unit stands" if split_header(header)[1] else "and the unit"
    return f"write the number alone, {stands} in the header"


def _mostly_numbers(cells: Sequence[Any]) -> bool:
    readable = sum(parse_cells([cell]) is not None for cell in cells)
    return 2 * readable > len(cells)


def _check_name(name: str, columns: Iterable[str], problems: Collector, place: Place | None) -> None:
    """A misspelt column would else become a measure of its own, and its meaning would be lost."""
    if "[" in name or "]" in name:
        problems.add(f"the unit in '{name}' is not in brackets", "write it as in capacity [$ bn]", place)
    known = {*KNOWN, *TEXTS} - {split_header(header)[0] for header in columns}
    meant = closest(re.sub(r"[\s_]+", "-", name.lower()), known, 0.85)
    if meant and name not in KNOWN and name not in TEXTS:
        what, mend = f"column '{name}' is nearly '{meant}'", f"write {meant}, or a name less like it"
        problems.add(what, mend, place, Code.UNKNOWN_NAME)


def _check_ids(ids: tuple[str, ...], problems: Collector, where: Where) -> None:
    first: dict[str, int] = {}
    for row, line in enumerate(ids):
        if not NAME.fullmatch(line):
            problems.add(f"'{line[:60]}' can't be an id", "use letters, digits and dashes", where(row, "id"))
        elif line in first:
            mend = "give each line an id of its own"
            problems.add(f"the id '{line}' stands twice", mend, where(row, "id"), Code.TWICE)
        first.setdefault(line, row)


def _texts(
    ids: tuple[str, ...], header: str, cells: Sequence[Any], problems: Collector, where: Where
) -> tuple[str, ...]:
    for row, cell in enumerate(cells):
        if not isinstance(cell, str) or not cell.strip():
            what = f"no text for '{ids[row]}' in column '{header}'"
            problems.add(what, "write a name", where(row, header), Code.MISSING)
    return tuple(map(str, cells))


def _numbers(ids: tuple[str, ...], header: str, cells: Sequence[Any], problems: Collector, where: Where) -> Vector:
    name, unit = split_header(header)
    units = UNITS.get(KNOWN.get(name, ""), {unit: {"%": 0.01, "bp": 0.0001}.get(unit, 1.0)})
    if unit not in units:
        shown = f"unit '{unit}'" if unit else "no unit"
        mend = f"write {name} [{next(filter(None, units))}]"
        problems.add(f"column '{name}' is {KNOWN[name]} and has {shown}", mend, where(None, header))
        return np.zeros(len(cells))
    values = parse_cells(cells)
    if values is None:
        for row, shown, mend in bad_cells(cells, header):
            problems.add(f"{shown}, for '{ids[row]}' in column '{header}'", mend, where(row, header))
        return np.zeros(len(cells))
    values = values * units[unit]
    if name in NOT_NEGATIVE:
        for row in map(int, np.flatnonzero(values < 0)):
            what = f"{cells[row]} is negative, for '{ids[row]}' in column '{header}'"
            problems.add(what, "write zero or more", where(row, header))
    if KNOWN.get(name) == MONEY:
        for row in map(int, np.flatnonzero(values > float(MOST_MONEY))):
            what = f"{cells[row]} is over {MOST_MONEY}, for '{ids[row]}' in column '{header}'"
            problems.add(what, "check its unit", where(row, header))
    if KNOWN.get(name) == PARTS and not unit and (np.abs(values) > 1).any():
        row = int(np.argmax(np.abs(values) > 1))
        what = f"column '{name}' has no unit and holds {cells[row]}, for '{ids[row]}'"
        problems.add(what, f"write {name} [%] if these are percentages", where(row, header))
    elif name in AT_MOST_ONE:
        for row in map(int, np.flatnonzero(values > 1 + 1e-12)):
            what = f"{cells[row]} is over 100%, for '{ids[row]}' in column '{header}'"
            problems.add(what, "write 100% or less", where(row, header))
    return values
