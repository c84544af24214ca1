"""Reads what a case calls things: `fund.yaml`, the table of its lines and that of their exposures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, model_validator

from allocator import kinds
from allocator.codes import Code
from allocator.errors import Collector, InputError, Place, Unparsable, nearest
from allocator.files.columns import amounts, find_columns, first_place
from allocator.files.digests import source_of
from allocator.files.marked import read_yaml
from allocator.files.tables import Table, read_table
from allocator.fund import Fund
from allocator.lines import Lines, split_header
from allocator.model import Model, Source
from allocator.names import LONE_SLOPE, Names
from allocator.stack import SubLimit, Tranche
from allocator.stresses import Stress
from allocator.units import Index, Rate, not_negative


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
    """What `fund.yaml` says; who gains what by it is left for whoever reads the whole case."""

    format: Literal["allocator/fund/1"]
    fund: Fund
    references: dict[str, Rate] = {}
    stack: list[Tranche] = []
    principals: Any = None
    waterfall: Any = None
    universe: str
    exposures: str | None = None
    stresses: list[Stress] = []
    holdings: str | None = None
    benchmark: str | None = None
    risk: RiskFiles | None = None
    policy: str | None = None
    objective: Annotated[dict[str, Annotated[Index, AfterValidator(not_negative)]], BeforeValidator(_weights)] = {}


Said = TypeVar("Said", bound=FundFile)


class Folder(Generic[Said]):
    """The files of one case; what was read is remembered with its digest.

    Attributes:
        said: what `fund.yaml` says.
        base: where the files stand.
        sources: those that were read.
    """

    def __init__(self, path: str | os.PathLike[str], kind: type[Said]) -> None:
        """Read `fund.yaml`.

        Args:
            path: the folder, or its `fund.yaml`.
            kind: how much is read of it.

        Raises:
            InputError: there is none, or all that is wrong with it by itself.
        """
        given = Path(path)
        file = given / "fund.yaml" if os.path.isdir(given) else given
        if not os.path.exists(file):
            raise _no_case(given)
        if file.suffix == ".json":
            raise InputError.of(
                f"'{given}' is a result and no case", "give a case's folder; 'allocator report' shows it"
            )
        self.said: Said = kind.read(read_yaml(file))
        self.base = file.parent
        self.sources: list[Source] = [source_of(file)]

    def table(self, name: str, place: Place | None) -> Table:
        """Read one of its tables, which is named at a place.

        Raises:
            InputError: there is none, or all that is wrong with it.
        """
        path = self.base / name
        if not os.path.isfile(path):
            raise InputError.of(f"there is no file '{name}' beside it", "check the name", place, Code.FILE)
        table = read_table(path)
        self.sources.append(source_of(path))
        return table

    def names(self, problems: Collector) -> Names | None:
        """What the case calls things, as far as that can be read; None where the lines can't be.

        What is wrong is noted.
        """
        said, lines = self.said, None
        _check_names(said, problems)
        with problems.part():
            lines = _lines(said, self)
        if lines is None:
            return None
        for tranche in said.stack:
            if tranche.id in lines.ids:
                what = f"the tranche id '{tranche.id}' is a line's too"
                problems.add(what, "rename the tranche", tranche.place("id"), Code.TWICE)
            tranche.check_scopes(lines, problems)
        for stress in said.stresses:
            with problems.part():
                stress.returns(lines)
        if said.exposures:
            with problems.part():
                lines = _exposures(lines, self.table(said.exposures, said.place("exposures")))
        return Names(
            said.fund,
            lines,
            tuple(said.stack),
            tuple(said.stresses),
            has_risk=said.risk is not None,
            has_scenarios=said.risk is not None and said.risk.scenarios is not None,
            has_holdings=said.holdings is not None,
            has_benchmark=said.benchmark is not None,
        )


def read_names(path: str | os.PathLike[str]) -> Names:
    """Read what a case calls things, and none of its other numbers.

    Args:
        path: its folder, or its `fund.yaml`.

    Raises:
        InputError: all that is wrong with the files read, each with its place.
    """
    problems = Collector()
    names = Folder(path, FundFile).names(problems)
    problems.finish()
    assert names is not None
    return names


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
    _check_ids("stress", said.stresses, problems)
    for tranche in said.stack:
        _check_ids("sub-limit", tranche.sub_limits, problems)
        with problems.part():
            tranche.cost.yearly(said.references, tranche.place("cost"))
    for name in said.objective:
        kind = name.partition(":")[0]
        if kind not in kinds.known("objectives"):
            what, mend = f"unknown objective '{kind}'", nearest(kind, kinds.known("objectives"))
            problems.add(what, mend, getattr(name, "place", said.place("objective")), Code.UNKNOWN_KIND)


def _check_ids(kind: str, entries: Sequence[Tranche | SubLimit | Stress], problems: Collector) -> None:
    first: set[str] = set()
    for entry in entries:
        if entry.id in first:
            what = f"the {kind} id '{entry.id}' stands twice"
            problems.add(what, "give each its own", entry.place("id"), Code.TWICE)
        first.add(entry.id)


def _lines(said: FundFile, folder: Folder[Any]) -> Lines:
    table = folder.table(said.universe, said.place("universe"))
    lines = Lines.build(table.columns, table.place)
    who = "debt" if said.stack else "compression" if said.fund.compression else ""
    needed = {"debt": ("capacity [$ bn]", "cash-yield [%]"), "compression": ("capacity [$ bn]",)}
    problems = Collector()
    for header in needed.get(who, ()):
        name = split_header(header)[0]
        if name not in lines.numbers:
            what = f"no column '{name}', which a fund with {who} needs"
            problems.add(what, f"add {header}", first_place(table), Code.MISSING)
    for header in table.columns:
        if split_header(header)[0] == "compression-slope" and said.fund.compression is None:
            problems.add(*LONE_SLOPE, table.place(None, header), Code.MISSING)
    problems.finish()
    return lines


def _exposures(lines: Lines, table: Table) -> Lines:
    line, party, share = find_columns(table, "line", "counterparty", "share")
    shares = amounts(table, share, {"%": 0.01, "": 1.0}, "share [%]")
    row = next((row for row, part in enumerate(shares) if part > 1), None)
    if share == "share" and row is not None:
        what = f"column 'share' has no unit and holds {table.columns[share][row]}"
        raise InputError.of(what, "write share [%] if these are percentages", table.place(row, share))
    headers = {"line": line, "counterparty": party, "share": share}
    cells = zip(table.columns[line], table.columns[party], shares, strict=True)
    rows = [(str(name), str(behind), part) for name, behind, part in cells]
    return lines.with_exposures(rows, lambda row, column: table.place(row, headers[column]))
