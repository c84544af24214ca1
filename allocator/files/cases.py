"""Reads a case: a folder with `fund.yaml` and the tables that it names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, model_validator

from allocator import kinds
from allocator.case import Case, Source
from allocator.errors import Collector, InputError, Place, Unparsable, nearest
from allocator.files.digests import source_of
from allocator.files.marked import read_yaml
from allocator.files.tables import Table, read_table
from allocator.fund import Fund
from allocator.model import Model
from allocator.risk import Risk
from allocator.sparse import Vector
from allocator.stack import Tranche
from allocator.units import Index, Rate
from allocator.universe import Universe, parse_cells, split_header

LATER = ("principals", "stresses")


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
            raise Unparsable("risk is told in one way", "name a covariance, a correlation, factors or scenarios")
        if self.repair and self.covariance is None and self.correlation is None:
            raise Unparsable("repair goes with a covariance or a correlation", "leave it out")
        return self


def _weights(given: Any) -> Any:
    return {given: "1"} if isinstance(given, str) else given


class FundFile(Model):
    """What `fund.yaml` says."""

    format: Literal["allocator/fund/1"]
    fund: Fund
    references: dict[str, Rate] = {}
    stack: list[Tranche] = []
    universe: str
    exposures: str | None = None
    holdings: str | None = None
    risk: RiskFiles | None = None
    policy: str | None = None
    objective: Annotated[dict[str, Index], BeforeValidator(_weights)] = {}


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
    document = read_yaml(file)
    problems = Collector()
    for key in document:
        if key in LATER:
            problems.add(f"'{key}' is not supported yet", "leave it out", getattr(key, "place", None))
    problems.finish()
    said = FundFile.read(document)
    folder = _Folder(file.parent)
    folder.sources.append(source_of(file))
    _check_names(said, problems)
    universe: Universe | None = None
    with problems.part():
        universe = _universe(said, folder)
    if universe is not None:
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
    first: set[str] = set()
    for tranche in said.stack:
        if tranche.id in first:
            problems.add(f"the tranche id '{tranche.id}' stands twice", "give each its own", tranche.place("id"))
        first.add(tranche.id)
        with problems.part():
            tranche.cost.yearly(said.references)
    for name in said.objective:
        if name not in kinds.known("objectives"):
            what, mend = f"unknown objective '{name}'", nearest(name, kinds.known("objectives"))
            problems.add(what, mend, getattr(name, "place", said.place("objective")))


def _universe(said: FundFile, folder: _Folder) -> Universe:
    table = folder.table(said.universe, said.place("universe"))
    universe = Universe.build(table.columns, table.place)
    if said.stack and "capacity" not in universe.numbers:
        place = table.place(None, next(iter(table.columns)))
        raise InputError.of("no column 'capacity', which a fund with debt needs", "add capacity [$ bn]", place)
    return universe


def _column(table: Table, name: str, otherwise: int | None = None) -> tuple[str, Any]:
    """A column by its bare name: its header and its cells."""
    for header, cells in table.columns.items():
        if split_header(header)[0] == name:
            return header, cells
    place = table.place(None, next(iter(table.columns)))
    raise InputError.of(f"no column '{name}'", f"add it; this table has {', '.join(table.columns)}"[:200], place)


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
                problems.add(f"{shown}, in column '{header}'", "write a finite number", table.place(row, header))
        problems.finish()
        raise AssertionError
    return values


def _exposures(universe: Universe, table: Table) -> Universe:
    _, lines = _column(table, "line")
    _, parties = _column(table, "counterparty")
    header, shares = _amounts(table, "share", {"%": 0.01, "": 1.0}, "share [%]")
    names = {"line": "line", "counterparty": "counterparty", "share": header}
    rows = [(str(a), str(b), float(c)) for a, b, c in zip(lines, parties, shares, strict=True)]
    return universe.with_exposures(rows, lambda row, column: table.place(row, names[column]))


def _holdings(said: FundFile, universe: Universe, folder: _Folder) -> dict[str, float]:
    if not said.holdings:
        return {}
    table = folder.table(said.holdings, said.place("holdings"))
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
        _known_columns(table, lines)
        return Risk.from_scenarios(np.column_stack([_cells(table, line, table.columns[line]) for line in lines]))
    assert said.factors is not None
    loadings = folder.table(said.factors.loadings, said.factors.place("loadings"))
    factors = tuple(list(loadings.columns)[1:])
    common = folder.table(said.factors.covariance, said.factors.place("covariance"))
    specific = folder.table(said.factors.specific, said.factors.place("specific"))
    own = _matrix(specific, lines, tuple(list(specific.columns)[1:2]))
    return Risk.from_factors(_matrix(loadings, lines, factors), _matrix(common, factors, factors), own[:, 0], lines)


def _known_columns(table: Table, lines: tuple[str, ...]) -> None:
    problems = Collector()
    first = next(iter(table.columns))
    for line in lines:
        if line not in table.columns:
            problems.add(f"no column for line '{line}'", "add it", table.place(None, first))
    for name in table.columns:
        if name not in lines and name not in ("id", "date"):
            problems.add(f"column '{name}' is no line", nearest(name, lines), table.place(None, name))
    problems.finish()


def _matrix(table: Table, rows: tuple[str, ...], columns: tuple[str, ...]) -> Vector:
    """A table as a matrix: its first column names the rows, its header the columns, in the same order.

    Raises:
        InputError: a name is missing, unknown or out of order, or a cell is no number.
    """
    problems = Collector()
    first, *named = table.columns
    for position, (found, wanted) in enumerate(zip(table.columns[first], rows, strict=False)):
        if found != wanted:
            what = f"row '{found}' stands where '{wanted}' belongs"
            problems.add(what, "name the rows in the order of the universe", table.place(position, first))
            break
    for found, wanted in zip(named, columns, strict=False):
        if found != wanted:
            what = f"column '{found}' stands where '{wanted}' belongs"
            problems.add(what, "name the columns in the order of the universe", table.place(None, found))
            break
    if len(table.columns[first]) != len(rows) or len(named) != len(columns):
        what = (
            f"{len(table.columns[first])} rows and {len(named)} columns, and {len(rows)} by {len(columns)} are needed"
        )
        problems.add(what, "give one for each", table.place(None, first))
    problems.finish()
    return np.column_stack([_cells(table, name, table.columns[name]) for name in named])


def _places(table: Table) -> Any:
    names = list(table.columns)
    return lambda row, column: table.place(row, names[column + 1])
