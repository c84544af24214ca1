"""Numbers by period and line, returns or prices, as the data has them: with holes, until somebody says what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from allocator.codes import Code
from allocator.errors import Collector, InputError, Place, Problem, nearest
from allocator.lines import MOST, Lines
from allocator.sparse import Indices, Vector

if TYPE_CHECKING:
    import pandas as pd

Where = Callable[[int | None, int], Place | None]
"Gives the place of an entry by its period (None for the header) and line."

REFUSE, DROP_ROWS, DROP_LINES = POLICIES = ("refuse", "drop-rows", "drop-lines")
"What may be done about holes."
LABELS = ("date", "Date", "id")
"Columns that label the periods; `Date` is what many tools write."
MANY = 0.2
"Where more of the prices than this part are not positive, they are no prices."
TOLD = 5
"How many faulty entries are told one by one."
NAMED = 12
"How many lines are told by name."
GAPS = {1: 252, 7: 52, 28: 12, 29: 12, 30: 12, 31: 12, 89: 4, 90: 4, 91: 4, 92: 4, 365: 1, 366: 1}
"Days from one period to the next, and how many periods a year then has; a year of trading days for the first."


def _nowhere(row: int | None, line: int) -> Place | None:
    return None


@dataclass(frozen=True, eq=False, repr=False)
class Panel:
    """A number for each period and line; `build` checks it.

    Attributes:
        lines: names (n).
        values: the numbers (T x n), nan where one is missing.
        labels: of the periods (T).
        dates: of the periods (T), ascending; none where the labels are no dates.
        where: the place of an entry in its file.
    """

    lines: tuple[str, ...]
    values: Vector
    labels: tuple[str, ...]
    dates: tuple[dt.date, ...] = ()
    where: Where = _nowhere

    @classmethod
    def build(
        cls,
        lines: Sequence[str],
        values: Vector,
        labels: Sequence[str],
        dates: Sequence[dt.date] = (),
        where: Where = _nowhere,
    ) -> Panel:
        """Check the parts.

        Raises:
            InputError: names that can't be ids or stand twice, infinite numbers, dates that do not ascend.
        """
        problems = Collector()
        with problems.part():
            Lines.build({"id": list(lines)}, lambda i, _: where(None, i or 0))
        made = cls(tuple(lines), values, tuple(labels), tuple(dates), where)
        endless = ~(np.abs(values) < MOST) & ~np.isnan(values)
        problems.problems += made._told(endless, "infinite or beyond 15 digits", "check it")
        if (t := next((t for t, (date, later) in enumerate(pairwise(dates), 1) if later <= date), 0)) > 0:
            problems.add(f"{labels[t]} stands below {labels[t - 1]}", "sort the rows, each date once", where(t, 0))
        problems.finish()
        return made

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Panel:
        """From a pandas frame: a column a line; its index, or a column `date` or `id`, labels the periods.

        Raises:
            InputError: it is no frame, a column has no numbers; and as for `build`.
        """
        label = label_among([name for name in getattr(frame, "columns", ()) if isinstance(name, str)])
        numbers = frame if label is None else frame.drop(columns=label)
        if not getattr(numbers, "size", 0) or not hasattr(numbers, "columns"):
            what = f"cannot read the returns (an empty or unlabelled {type(frame).__name__})"
            raise InputError.of(what, "pass a DataFrame with a row a period and a column a line")
        index = list(numbers.index if label is None else frame[label])
        problems, columns = Collector(), []
        for k, name in enumerate(numbers.columns):
            try:
                columns.append(numbers.iloc[:, k].to_numpy(dtype=float, na_value=np.nan))
            except (TypeError, ValueError):
                problems.add(f"column '{str(name)[:60]}' holds what is no number", "convert it, or leave it out")
        problems.finish()
        labels = [_label(each) for each in index]
        # A plain number is a count of rows, and no year.
        plain = label == "id" or any(isinstance(each, (int, float)) for each in index)
        dates = [date for date in map(parse_date, labels) if date is not None and not plain]
        values = np.array(columns, float).T
        return cls.build(list(map(str, numbers.columns)), values, labels, dates if len(dates) == len(labels) else ())

    def __repr__(self) -> str:
        return f"Panel({len(self.labels)} periods, {len(self.lines)} lines)"

    @property
    def span(self) -> str:
        """How many periods, and from when to when where that is known."""
        count = len(self.labels)
        between = f", {self.labels[0]} to {self.labels[-1]}" if self.dates else ""
        return f"{count:,} period{'s' * (count != 1)}{between}"

    def check_whole(self) -> None:
        """Refuse holes.

        Raises:
            InputError: how many numbers are missing, and where the first are.
        """
        missing = self._missing()
        if missing.any():
            most = int(missing.sum(axis=0).argmax())
            lacks = f"'{self.lines[most]}' lacks {missing[:, most].sum():,} of {len(missing):,}"
            what = f"{missing.sum():,} of {missing.size:,} numbers are missing, {lacks}"
            mend = f"fill them, or set 'missing' to {DROP_ROWS} or {DROP_LINES}"
            first = Problem(what, mend, self.where(None, 0), Code.MISSING)
            raise InputError([first, *self._told(missing, "missing", "fill it", Code.MISSING)[:TOLD]])

    def without_holes(self, policy: str) -> tuple[Panel, str]:
        """Drop every period, or every line, in which a number is missing.

        Returns:
            What is left, and a sentence on what was dropped; empty where nothing was.

        Raises:
            InputError: the policy is `refuse` and there are holes, or nothing is left.
        """
        missing = self._missing()
        if policy == REFUSE or not missing.any():
            self.check_whole()
            return self, ""
        periods, lines = np.arange(len(self.labels)), np.arange(len(self.lines))
        if policy == DROP_ROWS:
            kept = np.flatnonzero(~missing.any(axis=1))
            told = f"dropped {len(periods) - len(kept):,} of {len(periods):,} periods, in which a return is missing"
            most = self.lines[int(missing.sum(axis=0).argmax())]
            mend = f"set 'missing' to {DROP_LINES}, or leave out the lines with few, above all '{most}'"
            return self._part(kept, lines, "no period has all returns", mend), told
        kept, gone = np.flatnonzero(~missing.any(axis=0)), np.flatnonzero(missing.any(axis=0))
        names = listed([self.lines[i] for i in gone])
        told = f"dropped {len(gone):,} of {len(lines):,} lines, of which a return is missing: {names}"
        return self._part(periods, kept, "no line has all returns", f"set 'missing' to {DROP_ROWS}"), told

    def returns(self) -> Panel:
        """Prices as simple returns, one period less; a return is missing where one of its two prices is.

        Raises:
            InputError: a price is zero or negative, or a return beyond all measure.
        """
        below = self.values <= 0
        if (many := int(below.sum())) > max(MANY * below.size, TOLD):
            what = f"{many:,} of {below.size:,} prices are not positive, as those of returns are not"
            raise InputError.of(what, "leave out 'prices' if these are returns", self.where(None, 0))
        faults = self._told(below, "a price that is not positive", "write another, or leave it empty")
        if faults:
            raise InputError(faults)
        with np.errstate(over="ignore"):
            changes = self.values[1:] / self.values[:-1] - 1

        def later(t: int | None, i: int) -> Place | None:
            return self.where(None if t is None else t + 1, i)

        return Panel.build(self.lines, changes, self.labels[1:], self.dates[1:], later)

    def check_losses(self) -> None:
        """Refuse returns below -100%, which no asset has, and percentages taken for fractions soon have.

        Raises:
            InputError: the first of them, with their number.
        """
        mend = "divide by 100 if these are percentages"
        if faults := self._told(self.values < -1, "a loss of more than everything", mend):
            raise InputError(faults)

    def periods_a_year(self) -> int:
        """How many periods a year has, by the dates: 252 or 365 for days, else 52, 12, 4 or 1.

        Raises:
            InputError: there are no dates, or they are neither daily, weekly, monthly, quarterly nor yearly.
        """
        mend = "set 'periods', how many a year has, to 252, 12 or 1, say, or label the rows by date"
        if len(self.dates) < 2:
            raise InputError.of("no dates tell how long a period is", mend, self.where(None, 0), Code.MISSING)
        gaps = sorted((later - date).days for date, later in pairwise(self.dates))
        gap = gaps[len(gaps) // 2]
        if gap == 1 and len({date.weekday() for date in self.dates}) == 7:
            return 365
        if gap not in GAPS:
            what = f"the dates are {gap} days apart, which is no usual period"
            raise InputError.of(what, mend, self.where(None, 0))
        return GAPS[gap]

    def _missing(self) -> NDArray[np.bool_]:
        return np.asarray(np.isnan(self.values), bool)

    def _part(self, periods: Indices, lines: Indices, empty: str, mend: str) -> Panel:
        """Some of the periods and lines."""
        if not len(periods) or not len(lines):
            raise InputError.of(empty, mend, self.where(None, 0))
        return Panel(
            tuple(self.lines[i] for i in lines),
            self.values[np.ix_(periods, lines)],
            tuple(self.labels[t] for t in periods),
            tuple(self.dates[t] for t in periods) if self.dates else (),
            lambda t, i: self.where(None if t is None else int(periods[t]), int(lines[i])),
        )

    def _told(self, faulty: NDArray[np.bool_], what: str, mend: str, code: Code = Code.VALUE) -> list[Problem]:
        """The first faulty entries, and how many more there are."""
        found = np.argwhere(faulty)
        told = [
            Problem(f"{what}: '{self.lines[i]}' at {self.labels[t]}", mend, self.where(int(t), int(i)), code)
            for t, i in found[:TOLD]
        ]
        if len(found) > TOLD:
            told.append(Problem(f"and {len(found) - TOLD:,} more", "mend these first", told[-1].place, code))
        return told


def check_policy(policy: str) -> None:
    """Refuse an unknown way to deal with holes.

    Raises:
        InputError: it is none of `POLICIES`.
    """
    if policy not in POLICIES:
        raise InputError.of(f"cannot read the policy '{policy}' on missing numbers", nearest(str(policy), POLICIES))


def label_among(names: Sequence[str]) -> str | None:
    """The column that labels the periods, if there is one.

    Raises:
        InputError: there are two.
    """
    found = [name for name in names if name in LABELS]
    if len(found) > 1:
        raise InputError.of(f"columns '{found[0]}' and '{found[1]}' both label the rows", "keep one", code=Code.TWICE)
    return found[0] if found else None


def parse_date(text: str) -> dt.date | None:
    """An ISO date (2024-03-31), month (2024-03) or year (2024); None for anything else."""
    whole = {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text)
    try:
        return dt.date.fromisoformat(whole)
    except ValueError:
        return None


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _label(given: Any) -> str:
    """A label of an index as text; a day without its midnight."""
    if isinstance(given, dt.datetime) and given == given and given.time() == dt.time():
        return given.date().isoformat()
    return str(given)
