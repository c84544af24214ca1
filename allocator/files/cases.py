"""Reads a case: a folder with `fund.yaml` and the tables that it names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, BeforeValidator, model_validator

from allocator import kinds
from allocator.case import LONE_SLOPE, Case, Source
from allocator.codes import Code
from allocator.errors import Collector, InputError, Place, Unparsable, nearest
from allocator.files.columns import (
    amounts,
    check_columns,
    check_rows,
    find_columns,
    first_place,
    matrix,
    matrix_places,
    numbers,
)
from allocator.files.digests import source_of
from allocator.files.marked import read_yaml
from allocator.files.tables import Table, read_table
from allocator.fund import Fund
from allocator.model import Model
from allocator.risk import Risk
from allocator.stack import SubLimit, Tranche
from allocator.units import Index, Rate, not_negative
from allocator.universe import Universe, split_header


class Factors(Model):
    """A factor model's three tables: loadings (lines x factors), the factors' covariance, specific volatilities."""

    loadings: str
    covariance: str
    specific: str


class RiskFiles(Model):
    """Where the risk is told: one of three ways, or by scenarios, which may also stand beside for losses in the tail.

    `note` says how it was found, and is told in every result.
    """

    covariance: str | None = None
    correlation: str | None = None
    factors: Factors | None = None
    scenarios: str | None = None
    repair: Literal["nearest"] | None = None
    note: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> RiskFiles:
        ways = sum(way is not None for way in (self.covariance, self.correlation, self.factors))
        if ways > 1:
            mend = "name one of covariance, correlation and factors, with or without scenarios"
            raise Unparsable("told in several ways", mend, code=Code.CONFLICT)
        if not ways and self.scenarios is None:
            mend = "name one of covariance, correlation, factors and scenarios"
            raise Unparsable("not told", mend, code=Code.CONFLICT)
        if self.repair and self.covariance is None and self.correlation is None:
            what = "it goes with a covariance or a correlation"
            raise Unparsable(what, "leave it out", field="repair", code=Code.CONFLICT)
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
        if not os.path.isfile(path):
            raise InputError.of(f"there is no file '{name}' beside it", "check the name", place, Code.FILE)
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
    file = given / "fund.yaml" if os.path.isdir(given) else given
    if not os.path.exists(file):
        raise _no_case(given)
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
        policy=Path(os.path.normpath(file.parent / said.policy)) if said.policy else None,
        sources=tuple(folder.sources),
    )


def _no_case(given: Path) -> InputError:
    """There is none here; the folders within that are cases are named."""
    mend = "a case is a folder with fund.yaml"
    if not os.path.isdir(given):
        return InputError.of(f"there is no case '{given}'", mend, code=Code.FILE)
    inside = [str(file.parent) for file in sorted(given.glob("*/fund.yaml"))]
    listed = ", ".join(inside[:12]) + (", ..." if len(inside) > 12 else "")
    mend = f"name a case: {listed}" if inside else mend
    return InputError.of(f"there is no fund.yaml in '{given}'", mend, code=Code.FILE)


def _check_names(said: FundFile, problems: Collector) -> None:
    _check_ids("tranche", said.stack, problems)
    for tranche in said.stack:
        _check_ids("sub-limit", tranche.sub_limits, problems)
        with problems.part():
            tranche.cost.yearly(said.references, tranche.place("cost"))
    for name in said.objective:
        if name not in kinds.known("objectives"):
            what, mend = f"unknown objective '{name}'", nearest(name, kinds.known("objectives"))
            problems.add(what, mend, getattr(name, "place", said.place("objective")), Code.UNKNOWN_KIND)


def _check_ids(kind: str, entries: Sequence[Tranche | SubLimit], problems: Collector) -> None:
    first: set[str] = set()
    for entry in entries:
        if entry.id in first:
            what = f"the {kind} id '{entry.id}' stands twice"
            problems.add(what, "give each its own", entry.place("id"), Code.TWICE)
        first.add(entry.id)


def _universe(said: FundFile, folder: _Folder) -> Universe:
    table = folder.table(said.universe, said.place("universe"))
    universe = Universe.build(table.columns, table.place)
    who = "debt" if said.stack else "compression" if said.fund.compression else ""
    needed = {"debt": ("capacity [$ bn]", "cash-yield [%]"), "compression": ("capacity [$ bn]",)}
    problems = Collector()
    for header in needed.get(who, ()):
        name = split_header(header)[0]
        if name not in universe.numbers:
            what = f"no column '{name}', which a fund with {who} needs"
            problems.add(what, f"add {header}", first_place(table), Code.MISSING)
    for header in table.columns:
        if split_header(header)[0] == "compression-slope" and said.fund.compression is None:
            problems.add(*LONE_SLOPE, table.place(None, header), Code.MISSING)
    problems.finish()
    return universe


def _check_against(said: FundFile, universe: Universe, problems: Collector) -> None:
    """What the stack says of the lines."""
    for tranche in said.stack:
        if tranche.id in universe.ids:
            what = f"the tranche id '{tranche.id}' is a line's too"
            problems.add(what, "rename the tranche", tranche.place("id"), Code.TWICE)
        for scope, place in (
            (tranche.eligible, tranche.place("eligible")),
            *((limit.scope, limit.place("scope")) for limit in tranche.sub_limits),
        ):
            with problems.part():
                scope.lines(universe, place)


def _exposures(universe: Universe, table: Table) -> Universe:
    line, party, share = find_columns(table, "line", "counterparty", "share")
    shares = amounts(table, share, {"%": 0.01, "": 1.0}, "share [%]")
    if share == "share" and (shares > 1).any():
        row = int(np.argmax(shares > 1))
        what = f"column 'share' has no unit and holds {table.columns[share][row]}"
        raise InputError.of(what, "write share [%] if these are percentages", table.place(row, share))
    headers = {"line": line, "counterparty": party, "share": share}
    cells = zip(table.columns[line], table.columns[party], shares, strict=True)
    rows = [(str(name), str(behind), float(part)) for name, behind, part in cells]
    return universe.with_exposures(rows, lambda row, column: table.place(row, headers[column]))


def _holdings(said: FundFile, universe: Universe, folder: _Folder) -> dict[str, float]:
    if not said.holdings:
        return {}
    table = folder.table(said.holdings, said.place("holdings"))
    header, amount = find_columns(table, "line", "amount")
    problems = Collector()
    held: dict[str, float] = {}
    values = amounts(table, amount, {"$ bn": 1.0, "$ m": 0.001}, "amount [$ bn]")
    for row, (line, value) in enumerate(zip(table.columns[header], values, strict=True)):
        if line not in universe.ids:
            mend = nearest(str(line), universe.ids)
            problems.add(f"no line '{line}'", mend, table.place(row, header), Code.UNKNOWN_NAME)
        if line in held:
            problems.add(f"'{line}' stands twice", "keep one", table.place(row, header), Code.TWICE)
        if value < 0:
            problems.add(f"{value:g} is negative", "write zero or more", table.place(row, amount))
        held[str(line)] = float(value)
    problems.finish()
    return held


def _risk(said: RiskFiles | None, universe: Universe, folder: _Folder) -> Risk | None:
    if said is None:
        return None
    lines = universe.ids
    if said.covariance is not None:
        table = folder.table(said.covariance, said.place("covariance"))
        risk = Risk.from_covariance(matrix(table, lines, lines), lines, said.repair, matrix_places(table))
    elif said.correlation is not None:
        table = folder.table(said.correlation, said.place("correlation"))
        volatility = universe.number("volatility", "a correlation", said.place("correlation"))
        between = matrix(table, lines, lines)
        risk = Risk.from_correlation(between, volatility, lines, said.repair, matrix_places(table))
    elif said.factors is not None:
        risk = _factor_model(said.factors, lines, folder)
    else:
        risk = _scenarios(said, lines, folder)
    note = "; ".join(filter(None, [said.note, risk.note]))
    beside = risk.scenarios is None and said.scenarios is not None
    return replace(risk, note=note, scenarios=_scenarios(said, lines, folder).scenarios if beside else risk.scenarios)


def _scenarios(said: RiskFiles, lines: tuple[str, ...], folder: _Folder) -> Risk:
    assert said.scenarios is not None
    table = folder.table(said.scenarios, said.place("scenarios"))
    named = [header for header in table.columns if header not in ("id", "date")]
    check_columns(table, named, lines, ordered=False)
    return Risk.from_scenarios(numbers(table, lines), first_place(table))


def _factor_model(said: Factors, lines: tuple[str, ...], folder: _Folder) -> Risk:
    loadings = folder.table(said.loadings, said.place("loadings"))
    common = folder.table(said.covariance, said.place("covariance"))
    specific = folder.table(said.specific, said.place("specific"))
    factors = tuple(list(loadings.columns)[1:])
    problems = Collector()
    with problems.part():
        betas = matrix(loadings, lines, factors)
    with problems.part():
        shared = matrix(common, factors, factors)
    with problems.part():
        check_rows(specific, lines)
        (header,) = find_columns(specific, "volatility", labelled=True)
        own = amounts(specific, header, {"%": 0.01, "": 1.0}, "volatility [%]")
        for row in map(int, np.flatnonzero(own < 0)):
            what = f"the volatility of '{lines[row]}' is negative"
            problems.add(what, "write zero or more", specific.place(row, header))
    problems.finish()
    return Risk.from_factors(betas, shared, own, lines, factors, matrix_places(common))
