"""One case under very many scenarios: solved in chunks, kept on disk, and what they say."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from allocator.answers import answers
from allocator.case import Case
from allocator.chunks import layout
from allocator.engines import Engine, Task
from allocator.engines.cluster import Cluster
from allocator.engines.threads import Threads
from allocator.errors import Collector, InputError
from allocator.files.scenarios import read_scenarios
from allocator.files.sweeps import Dataset
from allocator.objectives import Aim
from allocator.record import dollars, origin
from allocator.regret import least_regret
from allocator.rulebook import Rulebook, rulebook_of
from allocator.rules import Rule
from allocator.scenarios import SCENARIO, Scenarios
from allocator.scenarios.table import Table
from allocator.session import Session
from allocator.solution import Record

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "allocator/sweep/1"
CHUNK = 500
"Scenarios that are solved, sent and kept together."
Told = Callable[[int, int], None]
"Is told how many scenarios are done, and of how many."


class Sweep:
    """What a sweep found.

    Attributes:
        record: all of it as plain data, but for the single scenarios.
    """

    def __init__(self, record: Record, dataset: Dataset) -> None:
        self.record, self._dataset = record, dataset

    @property
    def status(self) -> str:
        """`optimal` where all is proved, `infeasible` where nothing fits in any scenario, else `not-certified`."""
        return str(self.record["status"])

    @property
    def folder(self) -> str:
        """Where the scenarios are, a Parquet file a chunk."""
        return str(self._dataset.folder)

    @cached_property
    def scenarios(self) -> pd.DataFrame:
        """A row a scenario: inputs, status, objective and its parts, amounts in $ bn, prices, and which rules bind."""
        import pandas as pd

        parts = [pd.DataFrame(part) for part in self._dataset.parts(())]
        return pd.concat(parts, ignore_index=True).set_index(SCENARIO)

    def _table(self, key: str, index: str) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(self.record[key]).set_index(index)

    @property
    def amounts(self) -> pd.DataFrame:
        """How capital in each line is distributed, in $ bn."""
        return self._table("amounts", "line")

    @property
    def objectives(self) -> pd.DataFrame:
        """How each objective is distributed, in its own unit."""
        return self._table("objectives", "objective")

    @property
    def binding(self) -> pd.DataFrame:
        """In what part of the scenarios that something fits each rule binds."""
        return self._table("binding", "rule")

    @property
    def prices(self) -> pd.DataFrame:
        """How what one more unit of each input is worth to the objective is distributed."""
        return self._table("prices", "input")

    @property
    def movers(self) -> pd.DataFrame:
        """Spearman's rank correlation with the objective: of what is drawn, be it an input or what inputs follow."""
        return self._table("movers", "driver")

    @property
    def regret(self) -> list[Record]:
        """The allocations of least regret, at most and on average, with what they would be missed by."""
        return list(self.record["regret"])

    def _repr_html_(self) -> str:
        from allocator.report import html

        return html.sweep(self.record)

    def __repr__(self) -> str:
        told = self.record["statuses"]
        shown = ", ".join(f"{count:,} {status}" for status, count in told.items() if count)
        return f"Sweep({self.record['count']:,} scenarios: {shown})"


def sweep(
    case: Case,
    rules: Rulebook | Sequence[Rule] | None,
    objective: Aim | None,
    scenarios: Scenarios | pd.DataFrame | str | os.PathLike[str],
    *,
    into: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    scheduler: str | None = None,
    chunk: int = CHUNK,
    told: Told | None = None,
) -> Sweep:
    """Solve a case under scenarios: each optimum is proved, priced, and kept.

    The same scenarios give the same bits, whatever runs them, in chunks of whatever size and in whatever order. What a
    sweep that was stopped left in its folder is checked and not solved again.

    Args:
        case: what is given.
        rules: those in force.
        objective: what is maximised; the case's own by default.
        scenarios: a grid, draws, a table, a frame with a column an input in base units, or a file of any of these.
        into: the folder for the results; a temporary one by default, which goes with the result.
        threads: how many run here; one a processor by default.
        scheduler: the address of a Dask scheduler, whose workers run instead.
        chunk: how many scenarios are solved, sent and kept together.
        told: is called as chunks are done, with how many scenarios are and how many there are in all.

    Raises:
        InputError: an input is unknown, can't be what scenarios have, or the case is not for a session; the folder
            holds something else; no scheduler answers.
        Infeasible: nothing satisfies the rules as they are, so that the ranges of a blend can't be measured.
    """
    book = rulebook_of(rules)
    given = _scenarios(scenarios, case, book)
    if scheduler is not None and threads is not None:
        raise InputError.of("both threads here and a scheduler's workers", "ask for one of them")
    if chunk < 1:
        raise InputError.of(f"chunks of {chunk} scenarios", "ask for one or more")
    engine: Engine = Cluster(scheduler) if scheduler is not None else Threads(threads)
    session = Session(case, book, objective, given.names)
    _check(session, given)
    with _folder(into) as folder:
        question = _question(session, given, chunk)
        dataset = Dataset(folder, question, layout(session))
        _solve(engine, session, given, chunk, dataset, told or (lambda done, count: None))
        found = answers(session, dataset, given)
        statuses = found["statuses"]
        status = "not-certified" if statuses["not-certified"] else "optimal" if statuses["optimal"] else "infeasible"
        worth = dollars(case, session.aim, session.aim.score(case).income)
        record = question | {"status": status, "dollars": worth} | found
        record["regret"] = least_regret(session, given)
        dataset.close(record)
    made = Sweep(record, dataset)
    if into is None:
        weakref.finalize(made, shutil.rmtree, folder, ignore_errors=True)
    return made


@contextmanager
def _folder(named: str | os.PathLike[str] | None) -> Iterator[Path]:
    """The folder for the results; one that nobody named does not outlive an error."""
    folder = Path(named) if named is not None else Path(tempfile.mkdtemp(prefix="sweep-"))
    try:
        yield folder
    except BaseException:
        if named is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _scenarios(given: Scenarios | pd.DataFrame | str | os.PathLike[str], case: Case, rules: Rulebook) -> Scenarios:
    if isinstance(given, str | os.PathLike):
        return read_scenarios(given, case, rules)
    if isinstance(given, Scenarios):
        return given
    return Table([str(name) for name in given.columns], given.to_numpy())


def _check(session: Session, scenarios: Scenarios) -> None:
    """Refuse scenarios in which an input is what it can't be, before any is solved."""
    problems = Collector()
    for each, least, most in zip(session.inputs, *scenarios.ends(), strict=True):
        for value in (least, most):
            if not each.least <= value <= each.most:
                mend = f"keep it within {each.least:g} and {each.most:g}, with at-least or at-most where it is drawn"
                problems.add(f"'{each.name}' may be {value:g} in a scenario", mend)
    problems.finish()


def _question(session: Session, scenarios: Scenarios, chunk: int) -> Record:
    """What a folder must have been asked for its chunks to count: of the same case the same numbers, to the bit."""
    asked = {"objective": session.aim.said(), "scenarios": scenarios.said(), "chunk": chunk, "program": session.digest}
    return {"format": FORMAT, **origin(session.case, session.rules, "asked"), **asked}


def _solve(engine: Engine, session: Session, scenarios: Scenarios, chunk: int, dataset: Dataset, told: Told) -> None:
    """Solve what is not in the folder yet."""
    count, done = scenarios.count, 0

    def missing() -> Iterator[Task]:
        nonlocal done
        for first in range(0, count, chunk):
            stop = min(first + chunk, count)
            if dataset.holds(first):
                done += stop - first
                told(done, count)
            else:
                yield first, scenarios.values(first, stop)

    for first, columns in engine.run(pickle.dumps(session), missing()):
        dataset.write(first, columns)
        done += len(columns[SCENARIO])
        told(done, count)
