"""The candidate lines as their table says, checked: names, numbers and what they depend on, without arrays."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from allocator.codes import Code
from allocator.errors import Collector, InputError, Place, closest, nearest
from allocator.model import MOST_MONEY

Where = Callable[[int | None, str], Place | None]
"Gives the place of a cell by row (None for the header) and column."

MOST = 1e15
"Larger numbers are mistakes."
NAME = re.compile(r"\w[\w .&/'’-]{0,78}[\w.]|\w")

PARTS, MONEY, TIME, MULTIPLE, PLAIN = "a fraction", "money", "time", "a multiple", "a number"
KNOWN = {
    "us-share": PARTS,
    "cash-yield": PARTS,
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


@dataclass(frozen=True)
class Lines:
    """The lines that capital may go to; n of them.

    Attributes:
        ids: one name a line.
        numbers: numeric columns (n each) in base units: fractions, $ bn, years.
        texts: text columns (n each).
        units: what other numeric columns are counted in, as their headers say; empty where they don't.
        counterparties: whom lines depend on, sorted; None where that is not told.
        exposures: on whom which part of a line depends: line, counterparty and part.
        places: where the header of each column stands, for what came from a file.
    """

    ids: tuple[str, ...]
    numbers: Mapping[str, tuple[float, ...]]
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    counterparties: tuple[str, ...] | None = None
    exposures: tuple[tuple[str, str, float], ...] = ()
    places: Mapping[str, Place | None] = field(default_factory=dict)

    @classmethod
    def build(cls, columns: Mapping[str, Sequence[Any]], where: Where = lambda row, column: None) -> Lines:
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
        numbers: dict[str, tuple[float, ...]] = {}
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

    def with_exposures(self, rows: Sequence[tuple[str, str, float]], where: Where = lambda row, column: None) -> Lines:
        """The same lines with what they depend on: rows of line, counterparty and share.

        Raises:
            InputError: an unknown line, no counterparty, a share outside 0 to 1, or a pair that stands twice.
        """
        problems = Collector()
        seen: set[tuple[str, str]] = set()
        known = set(self.ids)
        for row, (line, party, share) in enumerate(rows):
            if line not in known:
                problems.add(f"no line '{line}'", nearest(line, known), where(row, "line"), Code.UNKNOWN_NAME)
            if not party:
                place = where(row, "counterparty")
                problems.add(f"no counterparty for '{line}'", "write a name", place, Code.MISSING)
            if not 0 <= share <= 1:
                problems.add(f"the exposure {share:g} is not between 0 and 1", "write 0% to 100%", where(row, "share"))
            if (line, party) in seen:
                problems.add(f"'{line}' with '{party}' stands twice", "keep one", where(row, "line"), Code.TWICE)
            seen.add((line, party))
        problems.finish()
        return replace(self, counterparties=tuple(sorted({party for _, party, _ in rows})), exposures=tuple(rows))

    def column(self, name: str, who: str, place: Place | None = None) -> tuple[float, ...]:
        """A numeric column that somebody needs.

        Raises:
            InputError: the table lacks it, or it is text.
        """
        if name in self.numbers:
            return self.numbers[name]
        if name in self.texts:
            what = f"{who} needs numbers, and column '{name}' is text"
            raise InputError.of(what, "name a numeric column", place, Code.UNKNOWN_NAME)
        what = f"{who} needs column '{name}', which the universe lacks"
        close = closest(name, self.numbers)
        mend = f"add it to the universe, or did you mean '{close}'?" if close else "add it to the universe"
        raise InputError.of(what, mend, place, Code.UNKNOWN_NAME)

    def groups(self, column: str, who: str, place: Place | None = None) -> tuple[str, ...]:
        """The names of the groups that a text column makes, or of the lines.

        Raises:
            InputError: the table has no such text column.
        """
        if column == "line":
            return self.ids
        if column in self.texts:
            return tuple(sorted(set(self.texts[column])))
        kind = "is numeric" if column in self.numbers else "is not in the universe"
        what = f"{who} groups by '{column}', which {kind}"
        raise InputError.of(what, nearest(column, ["line", *self.texts]), place, Code.UNKNOWN_NAME)


def split_header(header: str) -> tuple[str, str]:
    """Split `capacity [$ bn]` into the column's name and its unit."""
    match = re.fullmatch(r"\s*(.*?)\s*\[(.*)\]\s*", header)
    return (match[1], match[2].strip()) if match else (header.strip(), "")


def parse_cells(cells: Sequence[Any]) -> list[float] | None:
    """All cells as numbers below 1e15; None where one of them isn't (an empty one, `nan`, `1_000`, or text)."""
    if any(isinstance(cell, str) for cell in cells):
        joined = "".join(map(str, cells))
        if not joined.isascii() or "_" in joined:
            return None
    try:
        values = [float(cell) for cell in cells]
    except (TypeError, ValueError):
        return None
    return values if all(-MOST < value < MOST for value in values) else None


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


def _numbers(
    ids: tuple[str, ...], header: str, cells: Sequence[Any], problems: Collector, where: Where
) -> tuple[float, ...]:
    name, unit = split_header(header)
    units = UNITS.get(KNOWN.get(name, ""), {unit: {"%": 0.01, "bp": 0.0001}.get(unit, 1.0)})
    if unit not in units:
        shown = f"unit '{unit}'" if unit else "no unit"
        mend = f"write {name} [{next(filter(None, units))}]"
        problems.add(f"column '{name}' is {KNOWN[name]} and has {shown}", mend, where(None, header))
        return ()
    parsed = parse_cells(cells)
    if parsed is None:
        for row, shown, mend in bad_cells(cells, header):
            problems.add(f"{shown}, for '{ids[row]}' in column '{header}'", mend, where(row, header))
        return ()
    values = tuple(value * units[unit] for value in parsed)

    def refuse(wrong: Callable[[float], bool], what: str, mend: str) -> None:
        for row, value in enumerate(values):
            if wrong(value):
                told = f"{cells[row]} is {what}, for '{ids[row]}' in column '{header}'"
                problems.add(told, mend, where(row, header))

    if name in NOT_NEGATIVE:
        refuse(lambda value: value < 0, "negative", "write zero or more")
    if KNOWN.get(name) == MONEY:
        refuse(lambda value: value > float(MOST_MONEY), f"over {MOST_MONEY}", "check its unit")
    percent = next((row for row, value in enumerate(values) if abs(value) > 1), None)
    if KNOWN.get(name) == PARTS and not unit and percent is not None:
        what = f"column '{name}' has no unit and holds {cells[percent]}, for '{ids[percent]}'"
        problems.add(what, f"write {name} [%] if these are percentages", where(percent, header))
    elif name in AT_MOST_ONE:
        refuse(lambda value: value > 1 + 1e-12, "over 100%", "write 100% or less")
    return values
