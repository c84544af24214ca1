"""Reads scenarios: a YAML file with a grid, a table or draws, or the table itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from allocator.case import Case
from allocator.codes import Code
from allocator.errors import Collector, InputError, Place, Unparsable, nearest
from allocator.files.columns import amounts
from allocator.files.marked import read_yaml
from allocator.files.tables import read_table
from allocator.inputs import Input, input_of
from allocator.lines import MONEY, MULTIPLE, PARTS, TIME, UNITS, split_header
from allocator.model import Model
from allocator.rulebook import Rulebook
from allocator.scenarios import Scenarios
from allocator.scenarios.draws import Draws, Move
from allocator.scenarios.grid import Grid
from allocator.scenarios.laws import Law, Lognormal, Normal, Triangular, Uniform
from allocator.scenarios.table import Table
from allocator.scope import Scope
from allocator.shapes import Clause
from allocator.units import Count, Index, Money, Multiple, Quantity, Rate, Share, Years, part, positive

FORMAT = "allocator/scenarios/1"
TABLES = (".csv", ".parquet")
MOST_ROWS = 1_000_000
LAWS: Mapping[str, tuple[type[Law], str, tuple[str, ...]]] = {
    "normal": (Normal, "mean", ("spread",)),
    "lognormal": (Lognormal, "median", ("spread",)),
    "uniform": (Uniform, "", ("at_least", "at_most")),
    "triangular": (Triangular, "peak", ("at_least", "at_most")),
}
"Each law with the field of its middle, which an input has of its own, and what must be said."
HEADERS: Mapping[type[Quantity], Mapping[str, float]] = {
    kind: {unit: factor for unit, factor in UNITS[what].items() if unit}
    for kind, what in ((Share, PARTS), (Rate, PARTS), (Money, MONEY), (Years, TIME), (Multiple, MULTIPLE))
}
"What may stand in brackets behind the name of a column; nothing for pure numbers."


class _Over(Model):
    """What inputs are meant: one by its id, or a column of the lines in a scope."""

    scope: Scope | None = None
    column: str = ""

    def _one_way(self, name: str, field: str) -> None:
        if bool(name) == (self.scope is not None) or (self.scope is None) != (not self.column):
            raise Unparsable("not told of what", f"give {field}, or scope and column", code=Code.CONFLICT)


class Variable(_Over):
    """A number that is drawn: an input, or one of its own that inputs follow; with a scope, one for each line."""

    id: str = ""
    law: Literal["normal", "lognormal", "uniform", "triangular"]
    mean: str | None = None
    median: str | None = None
    peak: str | None = None
    spread: str | None = None
    at_least: str | None = None
    at_most: str | None = None
    now: str | None = None
    together: Annotated[Share, AfterValidator(part)] = Share(0)

    @model_validator(mode="after")
    def _of_one_law(self) -> Variable:
        self._one_way(self.id, "id")
        _, middle, needed = LAWS[self.law]
        for name in ("mean", "median", "peak", "spread"):
            if getattr(self, name) is not None and name not in (middle, *needed):
                raise Unparsable(f"a {self.law} law has none", "leave it out", field=name, code=Code.CONFLICT)
        for name in needed:
            if getattr(self, name) is None:
                told = name.replace("_", "-")
                raise Unparsable(f"a {self.law} law without {told}", "add it", field="law", code=Code.MISSING)
        if self.scope is None and float(self.together):
            what = "one variable has none that it is drawn together with"
            raise Unparsable(what, "leave it out, or see correlations", field="together", code=Code.CONFLICT)
        return self


def _correlation(given: Share) -> Share:
    if abs(float(given)) > 1:
        raise Unparsable(f"{given} is not between -100% and 100%", "write a correlation such as 60%")
    return given


class Correlation(Model):
    """Of the normal scores behind two variables."""

    between: Annotated[list[str], Field(min_length=2, max_length=2)]
    is_: Annotated[Share, AfterValidator(_correlation)]


class Following(_Over):
    """Inputs that follow a variable with an elasticity."""

    input: str = ""
    with_: str
    elasticity: Index

    @model_validator(mode="after")
    def _of_something(self) -> Following:
        self._one_way(self.input, "input")
        return self


class DrawsFile(Model):
    """A joint distribution, how often it is drawn from, and where the draws begin."""

    count: Annotated[Count, AfterValidator(positive)]
    seed: Count = Count(0)
    variables: Annotated[list[Variable], Field(min_length=1)]
    correlations: list[Correlation] = []
    moves: list[Following] = []


class ScenariosFile(Model):
    """What a file of scenarios says."""

    format: Literal["allocator/scenarios/1"]
    title: str = ""
    grid: dict[Any, list[Any]] | None = None
    table: str | None = None
    draws: DrawsFile | None = None

    @model_validator(mode="after")
    def _one_way(self) -> ScenariosFile:
        if sum(way is not None for way in (self.grid, self.table, self.draws)) != 1:
            raise Unparsable("not one way to tell scenarios", "give one of grid, table and draws", code=Code.CONFLICT)
        return self


def read_scenarios(path: str | os.PathLike[str], case: Case, rules: Rulebook) -> Scenarios:
    """Read scenarios of a case.

    Args:
        path: a YAML file, or a table in CSV or Parquet with a column an input, its unit in its header.
        case: whose numbers move.
        rules: whose numbers move.

    Raises:
        InputError: all that is wrong with the file, each with its place.
    """
    file, known = Path(path), _Known(case, rules.clauses(case))
    if file.suffix in TABLES:
        return _table(file, known, "")
    said = ScenariosFile.read(read_yaml(file))
    if said.grid is not None:
        return _grid(said, said.grid, known)
    if said.table is not None:
        beside = file.parent / said.table
        if not os.path.isfile(beside):
            raise InputError.of(f"there is no file '{said.table}' beside it", "check the name", said.place("table"))
        return _table(beside, known, said.title)
    assert said.draws is not None
    return _Drawn(said.draws, known).draws(said.title)


@dataclass(frozen=True, eq=False)
class _Known:
    """The numbers that names may mean."""

    case: Case
    clauses: Sequence[Clause]

    def input(self, name: str, place: Place | None) -> Input:
        return input_of(self.case, self.clauses, name, getattr(name, "place", place))

    def over(self, own: _Over, name: str) -> list[str]:
        """The names that a file means."""
        if own.scope is None:
            return [str(name)]
        inside = own.scope.lines(self.case.universe, own.place("scope"))
        return [f"{line}.{own.column}" for line, within in zip(self.case.universe.ids, inside, strict=True) if within]


def _grid(said: ScenariosFile, grid: dict[Any, list[Any]], known: _Known) -> Grid:
    problems, levels = Collector(), dict[str, list[float]]()
    for name, texts in grid.items():
        with problems.part():
            place = said.place("grid")
            own = known.input(name, place)
            levels[str(name)] = [_number(text, own.unit, getattr(text, "place", place)) for text in texts]
    problems.finish()
    with _at(said.place("grid")):
        return Grid(levels, said.title)


def _table(path: Path, known: _Known, title: str) -> Table:
    problems, columns = Collector(), dict[str, list[float]]()
    table = read_table(path, max_rows=MOST_ROWS)
    for header in table.columns:
        place = table.place(None, header)
        with problems.part():
            name, _ = split_header(header)
            own = known.input(name, place)
            units = HEADERS.get(own.unit, {"": 1.0})
            if name in columns:
                raise InputError.of(f"column '{name}' stands twice", "keep one", place, Code.TWICE)
            columns[name] = amounts(table, header, units, f"{name} [{next(iter(units))}]" if "" not in units else name)
    problems.finish()
    return Table(list(columns), np.column_stack(list(columns.values())), title)


def _number(text: object, unit: type[Quantity], place: Place | None) -> float:
    try:
        return float(unit.parse(text))
    except Unparsable as error:
        raise InputError.of(error.what, error.mend, place, error.code) from None


class _Drawn:
    """Turns what a file says of draws into laws, one a variable, and moves.

    Args:
        said: of the file.
        known: the numbers that it may mean.
    """

    def __init__(self, said: DrawsFile, known: _Known) -> None:
        self._said, self._known, self._problems = said, known, Collector()
        self._laws: dict[str, Law] = {}
        self._middle: dict[str, float] = {}
        self._inputs: list[str] = []
        self._correlations: dict[tuple[str, str], float] = {}

    def draws(self, title: str) -> Draws:
        """All of it.

        Raises:
            InputError: all that is wrong, each with its place.
        """
        for variable in self._said.variables:
            with self._problems.part():
                self._add(variable)
        self._correlate()
        moves = [move for following in self._said.moves for move in self._moves(following)]
        self._problems.finish()
        count, seed = int(float(self._said.count)), int(float(self._said.seed))
        with _at(self._said.place()):
            return Draws(self._laws, count, seed, self._correlations, moves, self._inputs, title)

    def _add(self, variable: Variable) -> None:
        """A variable, or one for each line in its scope."""
        names = self._known.over(variable, variable.id)
        if variable.now and not {str(move.with_) for move in self._said.moves} & set(names):
            what = "no input follows it, so that it is never compared with now"
            raise InputError.of(what, "leave now out, or see moves", variable.place("now"), Code.CONFLICT)
        for name in names:
            if name in self._laws:
                raise InputError.of(f"'{name}' has two laws", "keep one", variable.place("id"), Code.TWICE)
            own = self._input(variable, name)
            self._laws[name] = law = self._law(variable, own)
            unit = own.unit if own else Index
            self._middle[name] = _number(variable.now, unit, variable.place("now")) if variable.now else law.middle
            if own is not None:
                self._inputs.append(name)
        if float(variable.together):
            self._correlations |= dict.fromkeys(combinations(names, 2), float(variable.together))

    def _input(self, variable: Variable, name: str) -> Input | None:
        """The input of a name; None for a variable of its own, which inputs follow."""
        try:
            return self._known.input(name, variable.place("id" if variable.scope is None else "column"))
        except InputError:
            if name not in {str(move.with_) for move in self._said.moves}:
                raise
            return None

    def _law(self, variable: Variable, own: Input | None) -> Law:
        kind, middle, _ = LAWS[variable.law]
        unit, numbers = own.unit if own else Index, dict[str, float]()
        for field in filter(None, (middle, "spread", "at_least", "at_most")):
            if (text := getattr(variable, field)) is not None:
                of_itself = field == "spread" and variable.law == "lognormal"
                numbers[field] = _number(text, Share if of_itself else unit, variable.place(field))
        if middle and middle not in numbers:
            if own is None:
                what = f"'{variable.id}' has no {middle}, and is no input that has one"
                raise InputError.of(what, "add it", variable.place("id"), Code.MISSING)
            numbers[middle] = own.value
        with _at(variable.place("law")):
            return kind(**numbers)

    def _correlate(self) -> None:
        told = set[frozenset[str]]()
        for said in self._said.correlations:
            (one, two), place = said.between, said.place("between")
            for name in (one, two):
                self._check(name, place)
            pair = frozenset((one, two))
            if one == two:
                self._problems.add(f"a correlation of '{one}' with itself", "name two variables", place, Code.CONFLICT)
            elif pair in told:
                self._problems.add(f"'{one}' and '{two}' have two correlations", "keep one", place, Code.TWICE)
            told.add(pair)
            # What is told of two lines goes before what all in their scope have together.
            self._correlations.pop((two, one), None)
            self._correlations[one, two] = float(said.is_)

    def _moves(self, following: Following) -> list[Move]:
        """One for each input that follows."""
        by, found = following.with_, list[Move]()
        self._check(by, following.place("with"))
        with self._problems.part():
            for name in self._known.over(following, following.input):
                own = self._known.input(name, following.place("input" if following.scope is None else "column"))
                middle = self._middle.get(by, 1.0)
                found.append(Move(name, own.value, by, float(following.elasticity), middle))
        return found

    def _check(self, name: str, place: Place | None) -> None:
        if name not in self._laws:
            mend = nearest(name, self._laws)
            self._problems.add(f"no variable '{name}'", mend, getattr(name, "place", place), Code.UNKNOWN_NAME)


@contextmanager
def _at(place: Place | None) -> Iterator[None]:
    """Give what has no place of its own this one."""
    try:
        yield
    except InputError as error:
        raise InputError(replace(each, place=each.place or place) for each in error.problems) from None
