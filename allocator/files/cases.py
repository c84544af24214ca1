"""Reads a case: a folder with `fund.yaml` and the tables that it names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from allocator.case import Case
from allocator.codes import Code
from allocator.errors import Collector, InputError, nearest
from allocator.files.columns import amounts, check_columns, check_rows, find_columns, first_place
from allocator.files.matrices import matrix, matrix_places, numbers
from allocator.files.names import Factors, Folder, FundFile, RiskFiles
from allocator.files.tables import Table
from allocator.lines import Lines
from allocator.objectives import from_text
from allocator.principals import Principal, Waterfall, check_owners, check_scores
from allocator.risk import Risk
from allocator.units import Share
from allocator.universe import Universe

WHOLE = 1e-6
"Shares that add up to 100% but for this are whole: what is written is rounded."


class CaseFile(FundFile):
    """All that `fund.yaml` says."""

    principals: list[Principal] = []
    waterfall: Waterfall | None = None


def read_case(path: str | os.PathLike[str]) -> Case:
    """Read a case.

    Args:
        path: its folder, or its `fund.yaml`.

    Raises:
        InputError: all that is wrong with its files, each with its place.
    """
    problems = Collector()
    folder = Folder(path, CaseFile)
    said, names = folder.said, folder.names(problems)
    risk, holdings, benchmark = None, dict[str, float](), dict[str, float]()
    _check_objective(said, problems)
    with problems.part():
        check_owners(said.fund, said.principals, said.waterfall, said.references)
    if names is not None:
        with problems.part():
            check_scores(said.principals, names.lines)
        with problems.part():
            risk = _risk(folder, names.lines)
        with problems.part():
            holdings = _holdings(folder, names.lines)
        with problems.part():
            benchmark = _benchmark(folder, names.lines)
    problems.finish()
    assert names is not None
    return Case(
        fund=said.fund,
        universe=Universe.of(names.lines),
        stack=names.stack,
        risk=risk,
        references=said.references,
        stresses=names.stresses,
        holdings=holdings,
        benchmark=benchmark,
        objective={name: float(weight) for name, weight in said.objective.items()},
        policy=Path(os.path.normpath(folder.base / said.policy)) if said.policy else None,
        sources=tuple(folder.sources),
        principals=tuple(said.principals),
        waterfall=said.waterfall,
    )


def _check_objective(said: CaseFile, problems: Collector) -> None:
    """What objectives are made with must be read; that there are such kinds is known."""
    for name in said.objective:
        try:
            from_text(name)
        except InputError as error:
            place = getattr(name, "place", said.place("objective"))
            for each in error.problems:
                if each.code is not Code.UNKNOWN_KIND:
                    problems.add(each.what, each.mend, place, each.code)


def _holdings(folder: Folder[CaseFile], lines: Lines) -> dict[str, float]:
    name = folder.said.holdings
    if not name:
        return {}
    table = folder.table(name, folder.said.place("holdings"))
    return _by_line(table, lines, "amount", {"$ bn": 1.0, "$ m": 0.001}, "amount [$ bn]")


def _benchmark(folder: Folder[CaseFile], lines: Lines) -> dict[str, float]:
    name = folder.said.benchmark
    if not name:
        return {}
    table = folder.table(name, folder.said.place("benchmark"))
    shares = _by_line(table, lines, "share", {"%": 0.01}, "share [%]")
    total = sum(shares.values())
    if abs(total - 1) > WHOLE:
        what = f"the shares add up to {Share.show(total, 8)}, not to 100%"
        raise InputError.of(what, "mend them", first_place(table))
    return shares


def _by_line(table: Table, lines: Lines, name: str, units: Mapping[str, float], expected: str) -> dict[str, float]:
    """A column of numbers that are not negative, by line.

    Raises:
        InputError: all that is wrong with it.
    """
    line_header, header = find_columns(table, "line", name)
    problems = Collector()
    found: dict[str, float] = {}
    values = amounts(table, header, units, expected)
    for row, (line, value) in enumerate(zip(table.columns[line_header], values, strict=True)):
        if line not in lines.ids:
            mend = nearest(str(line), lines.ids)
            problems.add(f"no line '{line}'", mend, table.place(row, line_header), Code.UNKNOWN_NAME)
        if line in found:
            problems.add(f"'{line}' stands twice", "keep one", table.place(row, line_header), Code.TWICE)
        if value < 0:
            problems.add(f"{table.columns[header][row]} is negative", "write zero or more", table.place(row, header))
        found[str(line)] = value
    problems.finish()
    return found


def _risk(folder: Folder[CaseFile], universe: Lines) -> Risk | None:
    said, lines = folder.said.risk, universe.ids
    if said is None:
        return None
    if said.covariance is not None:
        table = folder.table(said.covariance, said.place("covariance"))
        risk = Risk.from_covariance(matrix(table, lines, lines), lines, said.repair, matrix_places(table))
    elif said.correlation is not None:
        table = folder.table(said.correlation, said.place("correlation"))
        volatility = np.array(universe.column("volatility", "a correlation", said.place("correlation")))
        between = matrix(table, lines, lines)
        risk = Risk.from_correlation(between, volatility, lines, said.repair, matrix_places(table))
    elif said.factors is not None:
        risk = _factor_model(said.factors, lines, folder)
    else:
        risk = _scenarios(said, lines, folder)
    note = "; ".join(filter(None, [said.note, risk.note]))
    beside = risk.scenarios is None and said.scenarios is not None
    return replace(risk, note=note, scenarios=_scenarios(said, lines, folder).scenarios if beside else risk.scenarios)


def _scenarios(said: RiskFiles, lines: tuple[str, ...], folder: Folder[CaseFile]) -> Risk:
    assert said.scenarios is not None
    table = folder.table(said.scenarios, said.place("scenarios"))
    named = [header for header in table.columns if header not in ("id", "date")]
    check_columns(table, named, lines, ordered=False)
    return Risk.from_scenarios(numbers(table, lines), first_place(table))


def _factor_model(said: Factors, lines: tuple[str, ...], folder: Folder[CaseFile]) -> Risk:
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
        own = np.array(amounts(specific, header, {"%": 0.01, "": 1.0}, "volatility [%]"))
        for row in map(int, np.flatnonzero(own < 0)):
            what = f"the volatility of '{lines[row]}' is negative"
            problems.add(what, "write zero or more", specific.place(row, header))
    problems.finish()
    return Risk.from_factors(betas, shared, own, lines, factors, matrix_places(common))
