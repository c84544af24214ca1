"""Reads a case: a folder with `fund.yaml` and the tables that it names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, BeforeValidator, model_validator

from allocator import kinds
from allocator.case import Case, Source
from allocator.errors import Collector, InputError, Place, Unparsable, closest, nearest
from allocator.files.digests import source_of
from allocator.files.marked import read_yaml
from allocator.files.tables import Table, read_table
from allocator.fund import Fund
from allocator.model import Model
from allocator.risk import Risk
from allocator.sparse import Vector
from allocator.stack import SubLimit, Tranche
from allocator.units import Index, Rate, not_negative
from allocator.universe import CELL, Universe, parse_cells, split_header


class Factors(Model):
    """A factor model's three tables: loadings (lines x factors), the factors' covariance, specific volatilities."""

    loadings: str
    covariance: str
    specific: str


class RiskFiles(Model):
    """Where the risk is told: one of four ways."""

    covariance: str | None = None
    correlation: str | None = None
    factors: Factors | None = None
    scenarios: str | None = None
    repair: Literal["nearest"] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> RiskFiles:
        given = [self.covariance, self.correlation, self.factors, self.scenarios]
        if sum(way is not None for way in given) != 1:
            what = "one way to tell it is needed"
            raise Unparsable(what, "name a covariance, a correlation, factors or scenarios, and no second")
        if self.repair and self.covariance is None and self.correlation is None:
            raise Unparsable("it goes with a covariance or a correlation", "leave it out", field="repair")
        return self


def _weights(given: Any) -> Any:
    return {given: "1"} if isinstance(given, str) else given


class FundFile(Model):
    """What `fund.yaml` says."""

    later: ClassVar = ("principals", "stresses")

    format: Literal["allocator/fund/1"]
    fund: Fund
    references: dict[str, Rate] = {}
    stack: list[Tranche] = []
    universe: str
    exposures: str | None = None
    holdings: str | None = None
    risk: RiskFiles | None = None
    policy: str | None = None
    objective: Annotated[dict[str, Annotated[Index, AfterValidator(not_negative)]], BeforeValidator(_weights)] = {}


class _Folder:
    """The files of one case; what was read is remembered with its digest."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.sources: list[Source] = []

    def table(self, name: str, place: Place | None) -> Table:
        path = self.base / name
        if not path.is_file():
            raise InputError.of(f"there is no file '{name}' beside it", "check the name", place)
        table = read_table(path)
        self.sources.append(source_of(path))
        return table


def read_case(path: str | os.PathLike[str]) -> Case:
    """Read a case.

    Args:
        path: its folder, or its `fund.yaml`.

    Raises:
        InputError: all that is wrong with its files, each with its place.
    """
    given = Path(path)
    file = given / "fund.yaml" if given.is_dir() else given
    said = FundFile.read(read_yaml(file))
    problems = Collector()
    folder = _Folder(file.parent)
    folder.sources.append(source_of(file))
    _check_names(said, problems)
    universe: Universe | None = None
    with problems.part():
        universe = _universe(said, folder)
    if universe is not None:
        _check_against(said, universe, problems)
        if said.exposures:
            with problems.part():
                universe = _exposures(universe, folder.table(said.exposures, said.place("exposures")))
        risk, holdings = None, dict[str, float]()
        with problems.part():
            risk = _risk(said.risk, universe, folder)
        with problems.part():
            holdings = _holdings(said, universe, folder)
    problems.finish()
    assert universe is not None
    return Case(
        fund=said.fund,
        universe=universe,
        stack=tuple(said.stack),
        risk=risk,
        references=said.references,
        holdings=holdings,
        objective={name: float(weight) for name, weight in said.objective.items()},
        policy=file.parent / said.policy if said.policy else None,
        sources=tuple(folder.sources),
    )


def _check_names(said: FundFile, problems: Collector) -> None:
    named: list[tuple[str, Tranche | SubLimit]] = [("tranche", tranche) for tranche in said.stack]
    for tranche in said.stack:
        named += [(f"sub-limit of '{tranche.id}', the", limit) for limit in tranche.sub_limits]
        with problems.part():
            tranche.cost.yearly(said.references)
    first: set[tuple[str, str]] = set()
    for kind, entry in named:
        if (kind, entry.id) in first:
            problems.add(f"the {kind} id '{entry.id}' stands twice", "give each its own", entry.place("id"))
        first.add((kind, entry.id))
    for name in said.objective:
        if name not in kinds.known("objectives"):
            what, mend = f"unknown objective '{name}'", nearest(name, kinds.known("objectives"))
            problems.add(what, mend, getattr(name, "place", said.place("objective")))


def _universe(said: FundFile, folder: _Folder) -> Universe:
    table = folder.table(said.universe, said.place("universe"))
    universe = Universe.build(table.columns, table.place)
    needs = [("capacity", "capacity [$ bn]", "compression")] if said.fund.compression else []
    if said.stack:
        needs = [
            (name, header, "debt")
            for name, header in (("capacity", "capacity [$ bn]"), ("cash-yield", "cash-yield [%]"))
        ]
    problems = Collector()
    for name, header, who in needs:
        if name not in universe.numbers:
            place = table.place(None, next(iter(table.columns)))
            problems.add(f"no column '{name}', which a fund with {who} needs", f"add {header}", place)
    problems.finish()
    return universe


def _check_against(said: FundFile, universe: Universe, problems: Collector) -> None:
    """What the stack says of the lines."""
    for tranche in said.stack:
        if tranche.id in universe.ids:
            problems.add(f"the tranche id '{tranche.id}' is a line's too", "rename the tranche", tranche.place("id"))
        for scope, place in (
            (tranche.eligible, tranche.place("eligible")),
            *((limit.scope, limit.place("scope")) for limit in tranche.sub_limits),
        ):
            with problems.part():
                scope.lines(universe, place)


def _column(table: Table, name: str, otherwise: int | None = None) -> tuple[str, Any]:
    """A column by its bare name: its header and its cells."""
    for header, cells in table.columns.items():
        if split_header(header)[0] == name:
            return header, cells
    place = table.place(None, next(iter(table.columns)))
    raise InputError.of(f"no column '{name}'", f"add it to {', '.join(table.columns)}"[:200], place)


def _need(table: Table, *names: str) -> None:
    problems = Collector()
    for name in names:
        with problems.part():
            _column(table, name)
    problems.finish()


def _amounts(table: Table, name: str, units: Mapping[str, float], expected: str) -> tuple[str, Vector]:
    """A column of numbers with its unit applied."""
    header, cells = _column(table, name)
    unit = split_header(header)[1]
    if unit not in units:
        raise InputError.of(f"column '{header}' has no known unit", f"write {expected}", table.place(None, header))
    return header, _cells(table, header, cells) * units[unit]


def _cells(table: Table, header: str, cells: Any) -> Vector:
    values = parse_cells(cells)
    if values is None:
        problems = Collector()
        for row, cell in enumerate(cells):
            if parse_cells([cell]) is None:
                shown = f"'{str(cell)[:40]}' is not a number" if str(cell).strip() else "missing"
                problems.add(f"{shown}, in column '{header}'", CELL, table.place(row, header))
        problems.finish()
        raise AssertionError
    return values


def _exposures(universe: Universe, table: Table) -> Universe:
    _need(table, "line", "counterparty", "share")
    (_, lines), (_, parties) = _column(table, "line"), _column(table, "counterparty")
    header, shares = _amounts(table, "share", {"%": 0.01, "": 1.0}, "share [%]")
    if header == "share" and (shares > 1).any():
        row = int(np.argmax(shares > 1))
        what = f"column 'share' has no unit and holds {table.columns[header][row]}"
        raise InputError.of(what, "write share [%] if these are percentages", table.place(row, header))
    names = {"line": "line", "counterparty": "counterparty", "share": header}
    rows = [(str(a), str(b), float(c)) for a, b, c in zip(lines, parties, shares, strict=True)]
    return universe.with_exposures(rows, lambda row, column: table.place(row, names[column]))


def _holdings(said: FundFile, universe: Universe, folder: _Folder) -> dict[str, float]:
    if not said.holdings:
        return {}
    table = folder.table(said.holdings, said.place("holdings"))
    _need(table, "line", "amount")
    _, lines = _column(table, "line")
    header, amounts = _amounts(table, "amount", {"$ bn": 1.0, "$ m": 0.001}, "amount [$ bn]")
    problems = Collector()
    held: dict[str, float] = {}
    for row, (line, amount) in enumerate(zip(lines, amounts, strict=True)):
        if line not in universe.ids:
            problems.add(f"no line '{line}'", nearest(str(line), universe.ids), table.place(row, "line"))
        if line in held:
            problems.add(f"'{line}' stands twice", "keep one", table.place(row, "line"))
        if amount < 0:
            problems.add(f"{amount:g} is negative", "write zero or more", table.place(row, header))
        held[str(line)] = float(amount)
    problems.finish()
    return held


def _risk(said: RiskFiles | None, universe: Universe, folder: _Folder) -> Risk | None:
    if said is None:
        return None
    lines = universe.ids
    if said.covariance is not None:
        table = folder.table(said.covariance, said.place("covariance"))
        matrix = _matrix(table, lines, lines)
        return Risk.from_covariance(matrix, lines, said.repair, _places(table))
    if said.correlation is not None:
        table = folder.table(said.correlation, said.place("correlation"))
        volatility = universe.number("volatility", "a correlation", said.place("correlation"))
        return Risk.from_correlation(_matrix(table, lines, lines), volatility, lines, said.repair, _places(table))
    if said.scenarios is not None:
        table = folder.table(said.scenarios, said.place("scenarios"))
        found = [name for name in table.columns if name not in ("id", "date")]
        problems = Collector()
        _check_labels("column", found, lines, lambda k: table.place(None, found[k]), problems, ordered=False)
        problems.finish()
        first = table.place(None, next(iter(table.columns)))
        return Risk.from_scenarios(_numbers(table, lines), first)
    assert said.factors is not None
    loadings = folder.table(said.factors.loadings, said.factors.place("loadings"))
    factors = tuple(list(loadings.columns)[1:])
    common = folder.table(said.factors.covariance, said.factors.place("covariance"))
    specific = folder.table(said.factors.specific, said.factors.place("specific"))
    problems = Collector()
    with problems.part():
        betas = _matrix(loadings, lines, factors)
    with problems.part():
        shared = _matrix(common, factors, factors)
    with problems.part():
        own = _specific(specific, lines)
    problems.finish()
    return Risk.from_factors(betas, shared, own, lines, factors, _places(common))


def _specific(table: Table, lines: tuple[str, ...]) -> Vector:
    """The lines' own volatilities."""
    problems = Collector()
    first = next(iter(table.columns))
    _check_labels("row", table.columns[first], lines, lambda k: table.place(k, first), problems)
    with problems.part():
        header, own = _amounts(table, "volatility", {"%": 0.01, "": 1.0}, "volatility [%]")
        for row in map(int, np.flatnonzero(own < 0)):
            what = f"the volatility of '{table.columns[first][row]}' is negative"
            problems.add(what, "write zero or more", table.place(row, header))
    problems.finish()
    return own


def _check_labels(
    kind: str,
    found: Sequence[Any],
    wanted: tuple[str, ...],
    place: Callable[[int | None], Place | None],
    problems: Collector,
    ordered: bool = True,
) -> None:
    """The names of rows or columns must be those wanted, each once and in the same order."""
    names = set(wanted)
    unknown = [k for k, name in enumerate(found) if name not in names]
    for k in unknown:
        problems.add(f"{kind} '{found[k]}' is unknown", nearest(str(found[k]), wanted), place(k))
    # A misspelt name is one fault, though it leaves the right one missing.
    absent = names - set(found) - {closest(str(found[k]), wanted) for k in unknown}
    for name in sorted(absent, key=wanted.index):
        problems.add(f"no {kind} '{name}'", "add it", place(None))
    if unknown or absent:
        return
    if len(found) > len(wanted):
        k = next(k for k, name in enumerate(found) if name in found[:k])
        problems.add(f"{kind} '{found[k]}' stands twice", "keep one", place(k))
    elif ordered and (apart := [k for k, name in enumerate(wanted) if name != found[k]]):
        what = f"{kind} '{found[apart[0]]}' stands where '{wanted[apart[0]]}' belongs"
        problems.add(
            what, f"keep the order of {', '.join(wanted[:4])}{', ...' if len(wanted) > 4 else ''}", place(apart[0])
        )


def _matrix(table: Table, rows: tuple[str, ...], columns: tuple[str, ...]) -> Vector:
    """A table as a matrix: its first column names the rows, its header the columns, in the same order.

    Raises:
        InputError: a name is missing, unknown or out of order, or a cell is no number.
    """
    problems = Collector()
    first, *named = table.columns
    corner = table.place(None, first)
    _check_labels("row", table.columns[first], rows, lambda k: corner if k is None else table.place(k, first), problems)
    _check_labels("column", named, columns, lambda k: corner if k is None else table.place(None, named[k]), problems)
    problems.finish()
    return _numbers(table, named)


def _numbers(table: Table, columns: Sequence[str]) -> Vector:
    """Columns side by side.

    Raises:
        InputError: all cells that are no numbers.
    """
    problems = Collector()
    found = []
    for name in columns:
        with problems.part():
            found.append(_cells(table, name, table.columns[name]))
    problems.finish()
    return np.column_stack(found) if found else np.zeros((len(table), 0))


def _places(table: Table) -> Any:
    names = list(table.columns)
    return lambda row, column: table.place(row, names[column + 1])
