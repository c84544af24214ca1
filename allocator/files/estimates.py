"""Reads returns from a table, and writes what was estimated from them as a case."""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from allocator.codes import Code
from allocator.errors import InputError, Place, Problem
from allocator.estimates import Estimate, FactorModel
from allocator.files import tables
from allocator.files.marked import FirstFew
from allocator.files.tables import Cells, Table, read_table
from allocator.lines import bad_cells, parse_cells
from allocator.panel import Panel, label_among, parse_date
from allocator.sparse import Vector

ABSENT = ("", "na", "n/a", "#n/a", "nan", "null")
"How tables say that a number is missing, in small letters."
ALONE = "write the number alone, a return as a fraction such as 0.012"


def read_returns(path: str | os.PathLike[str]) -> Panel:
    """Read returns, or prices: a CSV or Parquet file with a row a period and a column a line.

    A column `date` (2024-03-31, 2024-03 or 2024) or `id` labels the rows; an empty cell is a missing number.

    Raises:
        InputError: all that is wrong with the file: cells that are no numbers, dates that cannot be read or do not
            ascend, names that can't be ids.
    """
    table = read_table(Path(path))
    label = label_among(list(table.columns))
    headers = [header for header in table.columns if header != label]
    if not headers:
        raise InputError.of("no lines", "add a column for each", Place(table.name))
    problems = FirstFew()
    columns = [_numbers(table, header, problems) for header in headers]
    problems.finish()
    labels = [f"row {row + 2}" for row in range(len(table))] if label is None else list(map(str, table.columns[label]))

    def where(row: int | None, line: int) -> Place:
        return table.place(row, headers[line])

    dates = []
    if label in ("date", "Date"):
        for row, text in enumerate(labels):
            if (date := parse_date(text)) is None:
                mend = "write 2024-03-31, 2024-03 or 2024, or name the column id"
                raise InputError.of(f"cannot read the date '{text[:40]}'", mend, table.place(row, label))
            dates.append(date)
    return Panel.build(headers, np.array(columns).T, labels, dates, where)


def _numbers(table: Table, header: str, problems: FirstFew) -> Vector:
    """A column with nan where it has no number; cells that are neither numbers nor missing are problems."""
    cells: Cells = table.columns[header]
    there = [row for row, cell in enumerate(cells) if str(cell).lower() not in ABSENT]
    values = np.full(len(cells), np.nan)
    found = parse_cells([cells[row] for row in there])
    if found is not None:
        values[there] = found
    elif len(there) > 1 and all(_is_word(cells[row]) for row in there):
        mend = "name it date or id if it labels the rows, else leave it out"
        problems.add(f"column '{header[:60]}' has no numbers", mend, table.place(None, header), Code.VALUE)
    else:
        wrong = set(there)
        problems.add_each(
            (fault for fault in bad_cells(cells, header) if fault[0] in wrong),
            lambda fault: Problem(f"{fault[1]}, in column '{header}'", ALONE, table.place(fault[0], header)),
        )
    return values


def _is_word(cell: str | float) -> bool:
    try:
        float(cell)
    except ValueError:
        return True
    return False


def case_texts(found: Estimate) -> dict[str, str]:
    """The files of a case, fully invested for the least variance, by name; they read back to the same risk.

    Raises:
        InputError: a table would be larger than one may be that is read.
    """
    lines, texts = found.returns.lines, dict[str, str]()
    columns = [map(_percent, found.mean), map(_percent, found.volatility)]
    header = ["id", "expected-return [%]", "volatility [%]"]
    texts["universe.csv"] = _csv([header, *zip(lines, *columns, strict=True)])
    if isinstance(found.model, FactorModel):
        names = [f"factor-{k + 1}" for k in range(found.model.loadings.shape[1])]
        texts["loadings.csv"] = _matrix(lines, names, found.model.loadings)
        texts["factors.csv"] = _matrix(names, names, found.model.covariance)
        texts["specific.csv"] = _matrix(lines, ["volatility"], found.model.specific[:, None])
        way = "factors: {loadings: loadings.csv, covariance: factors.csv, specific: specific.csv}"
    else:
        texts["covariance.csv"] = _matrix(lines, lines, found.model)
        way = "covariance: covariance.csv"
    texts["scenarios.csv"] = _matrix(
        found.returns.labels, lines, found.returns.values, "date" if found.returns.dates else "id"
    )
    for name, text in texts.items():
        if (size := len(text.encode())) > tables.MOST_BYTES:
            what = f"{name} would have {size / 2**20:,.0f} MB, more than is read again"
            raise InputError.of(what, "keep factors in place of a covariance, or fewer lines or periods")
    return {"fund.yaml": FUND.format(way=way, note=_quoted(found.risk.note)), **texts}


FUND = """\
# Estimated from past returns, which are nobody's forecast; look above all at the expected returns in universe.csv.
format: allocator/fund/1
fund: {{id: portfolio, title: Portfolio, equity: [{{holder: owner, amount: $1 bn}}], fully-invested: yes}}
universe: universe.csv
risk:
  {way}
  scenarios: scenarios.csv   # the returns themselves, for losses in the tail
  note: {note}
objective: variance
"""


def _quoted(text: str) -> str:
    """A text as YAML; digits of other scripts, which it may not hold, become ordinary ones."""
    plain = re.sub(r"[^\D0-9]", lambda digit: str(unicodedata.decimal(digit[0])), text)
    return "'" + plain.replace("'", "''") + "'"


def _percent(share: float) -> str:
    return f"{Decimal(repr(float(share))).scaleb(2):f}"


def _matrix(rows: Sequence[str], columns: Sequence[str], values: Vector, corner: str = "id") -> str:
    """A matrix whose numbers read back to the last bit."""
    cells = ([name, *map(repr, row)] for name, row in zip(rows, values.tolist(), strict=True))
    return _csv([[corner, *columns], *cells])


def _csv(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
