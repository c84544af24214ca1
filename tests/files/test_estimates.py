"""Returns from files, and the case that an estimate is written as."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import allocator as al
from allocator.estimates import Estimate, estimate
from allocator.files import tables
from allocator.files.estimates import case_texts
from allocator.files.texts import write_texts
from allocator.panel import Panel


def read(folder: Path, text: str) -> Panel:
    path = folder / "r.csv"
    path.write_text(text, encoding="utf-8")
    return al.read_returns(path)


def refused(folder: Path, text: str) -> list[str]:
    with pytest.raises(al.InputError) as caught:
        read(folder, text)
    return str(caught.value).replace(f"{folder}/", "").split("\n")


def test_a_table_of_returns(tmp_path: Path) -> None:
    panel = read(tmp_path, "date,a,b\n2024-01-31,0.1,-2e-2\n2024-02-29,,0.3\n")
    assert panel.lines == ("a", "b")
    assert np.array_equal(panel.values, [[0.1, -0.02], [np.nan, 0.3]], equal_nan=True)
    assert panel.dates == (dt.date(2024, 1, 31), dt.date(2024, 2, 29))
    assert [str(panel.where(*at)).replace(f"{tmp_path}/", "") for at in ((None, 1), (1, 0), (1, 1))] == [
        "r.csv:1:8", "r.csv:3:12", "r.csv:3:13",
    ]  # fmt: skip


@pytest.mark.parametrize("cell", ["", " ", "NA", "n/a", "#N/A", "NaN", "nan", "null", '""'])
def test_ways_to_say_that_a_number_is_missing(tmp_path: Path, cell: str) -> None:
    assert np.isnan(read(tmp_path, f"a,b\n{cell},0.1\n").values).tolist() == [[True, False]]


@pytest.mark.parametrize(
    ("header", "labels", "dates"),
    [
        ("Date", ("2023", "2024"), (dt.date(2023, 1, 1), dt.date(2024, 1, 1))),
        ("date", ("2023-11", "2024-01"), (dt.date(2023, 11, 1), dt.date(2024, 1, 1))),
        ("id", ("2024", "2023"), ()),
        ("id", ("slump", "boom"), ()),
    ],
)
def test_labels(tmp_path: Path, header: str, labels: tuple[str, ...], dates: Any) -> None:
    panel = read(tmp_path, f"a,{header}\n0.1,{labels[0]}\n0.2,{labels[1]}\n")
    assert (panel.lines, panel.labels, panel.dates) == (("a",), labels, dates)


def test_rows_without_labels_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, "a\n0.1\n0.2\n").labels == ("row 2", "row 3")


ALONE = "write the number alone, a return as a fraction such as 0.012"


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("date\n2024-01-31\n", ["r.csv:1:1: no lines; add a column for each"]),
        ("date,id,a\n2024,x,1\n", ["columns 'date' and 'id' both label the rows; keep one"]),
        ("date,a\n31/01/2024,1\n",
         ["r.csv:2:1: cannot read the date '31/01/2024'; write 2024-03-31, 2024-03 or 2024, or name the column id"]),
        ("date,a\n2024-02-29,1\n2024-01-31,1\n",
         ["r.csv:3:12: 2024-01-31 stands below 2024-02-29; sort the rows, each date once"]),
        ("date,a,b\n2024-01-31,inf,x\n2024-02-29,1e15,0.1\n",
         [f"r.csv:2:12: 'inf' is not a number, in column 'a'; {ALONE}",
          f"r.csv:2:16: 'x' is not a number, in column 'b'; {ALONE}",
          f"r.csv:3:12: '1e15' is not a number, in column 'a'; {ALONE}"]),
        ("a,b\n-5%,1_000\n0.1,０.１\n",
         ["r.csv:2:1: '-5%' is not a number, in column 'a'; write the number alone, a return as a fraction such as 0.012",
          f"r.csv:2:5: '1_000' is not a number, in column 'b'; {ALONE}",
          f"r.csv:3:5: '０.１' is not a number, in column 'b'; {ALONE}"]),
        ("sector,a\nx,1\ny,2\n",
         ["r.csv:1:1: column 'sector' has no numbers; name it date or id if it labels the rows, else leave it out"]),
        ("a*b,a-\n1,2\n", ["r.csv:1:1: 'a*b' can't be an id; use letters, digits and dashes",
                           "r.csv:1:5: 'a-' can't be an id; use letters, digits and dashes"]),
        ('a,b\n"=HYPERLINK(1)",2\n',
         ["r.csv:2:1: the cell '=HYPERLINK(1)' begins like a formula; write the value itself"]),
        ("id,a\n=1,2\n", ["r.csv:2:1: the cell '=1' begins like a formula; write the value itself"]),
    ],
)  # fmt: skip
def test_tables_that_are_refused(tmp_path: Path, text: str, messages: list[str]) -> None:
    assert refused(tmp_path, text) == messages


def test_a_broken_table_does_not_bury_its_reader(tmp_path: Path) -> None:
    told = refused(tmp_path, "a\n0.1\n" + "1O\n" * 1000)
    assert len(told) == 51
    assert told[0] == f"r.csv:3:1: '1O' is not a number, in column 'a'; {ALONE}"
    assert told[-1] == "r.csv:52:1: and 950 more; mend these first"


def test_parquet_as_pandas_writes_it(tmp_path: Path) -> None:
    index = pd.DatetimeIndex(["2024-01-31", "2024-02-29"], name="date")
    frame = pd.DataFrame({"a": [0.1, None], "b": [0.2, 0.3]}, index)
    frame.to_parquet(tmp_path / "r.parquet")
    panel = al.read_returns(str(tmp_path / "r.parquet"))
    assert (panel.lines, panel.labels) == (("a", "b"), ("2024-01-31", "2024-02-29"))
    assert np.array_equal(panel.values, frame.to_numpy(), equal_nan=True)


def test_a_case_may_come_from_what_was_read(tmp_path: Path) -> None:
    panel = read(tmp_path, "date,a,b\n2022,0.1,0.2\n2023,0.3,0.1\n2024,0.2,-0.1\n")
    case = al.Case.from_returns(panel)
    assert case.universe.numbers["expected-return"] == pytest.approx([0.2, 0.2 / 3])


def returns(seed: int, count: int, n: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = 0.001 * rng.standard_t(4, (count, n)) * 10.0 ** rng.integers(-3, 1, n)
    names = ["O'Neill & Co.", "日本の港", "x/y", "007"] + [f"line-{i}" for i in range(n)]
    return pd.DataFrame(values, pd.date_range("2020-01-01", periods=count, freq="B"), names[:n])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "options", [{}, {"method": "oas"}, {"method": "sample"}, {"factors": 1}, {"factors": 3}], ids=str
)
@pytest.mark.parametrize(("count", "n"), [(80, 5), (6, 9)])
def test_what_is_written_reads_back_to_the_same_risk(
    tmp_path: Path, seed: int, options: dict[str, Any], count: int, n: int
) -> None:
    data = returns(seed, count, n)
    here, written = al.Case.from_returns(data, **options), write(tmp_path, data, **options)
    assert here.risk is not None
    assert written.risk is not None
    for name in ("row", "column", "value"):
        assert np.array_equal(getattr(written.risk.factor, name), getattr(here.risk.factor, name))
    assert np.array_equal(written.risk.scenarios, here.risk.scenarios)
    assert (written.risk.definite, written.risk.note) == (here.risk.definite, here.risk.note)
    assert written.universe.ids == here.universe.ids
    for column in ("expected-return", "volatility"):
        assert written.universe.numbers[column] == pytest.approx(here.universe.numbers[column], rel=1e-15, abs=0)
    assert (written.equity, repr(written.fund), written.objective) == (1.0, repr(here.fund), {"variance": 1.0})


def write(folder: Path, data: pd.DataFrame, **options: Any) -> al.Case:
    write_texts(folder / "case", case_texts(found(data, **options)))
    return al.read_case(folder / "case")


def found(data: pd.DataFrame, **options: Any) -> Estimate:
    return estimate(Panel.from_frame(data), **options)


def test_the_files_are_those_of_the_model() -> None:
    data = returns(0, 20, 4)
    assert list(case_texts(found(data))) == ["fund.yaml", "universe.csv", "covariance.csv", "scenarios.csv"]
    texts = case_texts(found(data, factors=2))
    assert list(texts) == ["fund.yaml", "universe.csv", "loadings.csv", "factors.csv", "specific.csv", "scenarios.csv"]
    assert texts["loadings.csv"].splitlines()[0] == "id,factor-1,factor-2"
    assert texts["scenarios.csv"].startswith("date,O'Neill & Co.,日本の港,x/y,007\n2020-01-01,")
    assert case_texts(found(data.reset_index(drop=True), periods=1))["scenarios.csv"].startswith("id,O'Neill")


def test_tables_that_could_not_be_read_again_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    data = returns(0, 20, 4)
    texts = case_texts(found(data))
    most = len(texts["scenarios.csv"].encode())
    assert most > len(texts["covariance.csv"].encode())
    monkeypatch.setattr(tables, "MOST_BYTES", most - 1)
    with pytest.raises(al.InputError) as caught:
        case_texts(found(data))
    assert str(caught.value) == (
        "scenarios.csv would have 0 MB, more than is read again; "
        "keep factors in place of a covariance, or fewer lines or periods"
    )
    monkeypatch.setattr(tables, "MOST_BYTES", most)
    assert case_texts(found(data)) == texts


def test_digits_of_other_scripts_do_not_spoil_the_note(tmp_path: Path) -> None:
    data = returns(0, 20, 4).rename(columns={"x/y": "ｃ２"})
    data.iloc[0, 2] = np.nan
    case = write(tmp_path, data, missing="drop-lines")
    assert case.risk is not None
    assert case.risk.note.endswith("of which a return is missing: ｃ2")
