"""Returns and prices before anything is estimated: their labels, their holes, and what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from allocator.errors import InputError
from allocator.panel import Panel, parse_date

NAN = np.nan


def days(*texts: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(texts)


def frame(columns: dict[str, list[Any]], index: Any = None) -> pd.DataFrame:
    return pd.DataFrame(columns, index=index)


def refused(call: Any, *arguments: Any, **options: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        call(*arguments, **options)
    return str(caught.value).split("\n")


HOLES = frame({"a": [0.1, NAN, 0.3, 0.4], "b": [0.5, 0.6, 0.7, 0.8], "c": [NAN, NAN, 0.1, 0.2]})


def test_a_frame_is_a_panel() -> None:
    panel = Panel.from_frame(HOLES)
    assert panel.lines == ("a", "b", "c")
    assert panel.labels == ("0", "1", "2", "3")
    assert panel.dates == ()
    assert np.array_equal(panel.values, HOLES.to_numpy(), equal_nan=True)
    assert repr(panel) == "Panel(4 periods, 3 lines)"


@pytest.mark.parametrize(
    ("index", "labels", "dated"),
    [
        (days("2024-01-30", "2024-01-31"), ("2024-01-30", "2024-01-31"), True),
        (days("2024-01-30", "2024-01-31").tz_localize("Asia/Tokyo"), ("2024-01-30", "2024-01-31"), True),
        (pd.PeriodIndex(["2024-01", "2024-02"], freq="M"), ("2024-01", "2024-02"), True),
        ([dt.date(2024, 1, 30), dt.date(2024, 1, 31)], ("2024-01-30", "2024-01-31"), True),
        (["2023", "2024"], ("2023", "2024"), True),
        (["one", "2024"], ("one", "2024"), False),
        # whole numbers count rows, and are no years
        ([2023, 2024], ("2023", "2024"), False),
        (days("2024-01-30 09:30", "2024-01-30 09:31"), ("2024-01-30 09:30:00", "2024-01-30 09:31:00"), False),
        ([pd.NaT, pd.Timestamp("2024-01-30")], ("NaT", "2024-01-30"), False),
    ],
)
def test_what_labels_the_periods(index: Any, labels: tuple[str, ...], dated: bool) -> None:
    panel = Panel.from_frame(frame({"a": [0.1, 0.2]}, index))
    assert (panel.labels, bool(panel.dates)) == (labels, dated)


def test_a_column_may_label_the_periods() -> None:
    by_date = Panel.from_frame(frame({"a": [0.1, 0.2], "Date": ["2024-01", "2024-02"]}))
    assert (by_date.lines, by_date.dates) == (("a",), (dt.date(2024, 1, 1), dt.date(2024, 2, 1)))
    by_id = Panel.from_frame(frame({"id": ["2023", "2024"], "a": [0.1, 0.2]}))
    assert (by_id.lines, by_id.labels, by_id.dates) == (("a",), ("2023", "2024"), ())
    assert refused(Panel.from_frame, frame({"id": ["x"], "date": ["2024"], "a": [0.1]})) == [
        "columns 'id' and 'date' both label the rows; keep one"
    ]


def test_nullable_columns_and_none_are_holes() -> None:
    given = pd.DataFrame({"a": pd.array([0.1, None], "Float64"), "b": [None, 0.2]})
    assert np.isnan(Panel.from_frame(given).values).tolist() == [[False, True], [True, False]]


ENDLESS = "infinite or beyond 15 digits: "


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        ([[0.1]], ["cannot read the returns (an empty or unlabelled list); "
                   "pass a DataFrame with a row a period and a column a line"]),
        (pd.DataFrame(), ["cannot read the returns (an empty or unlabelled DataFrame); "
                          "pass a DataFrame with a row a period and a column a line"]),
        (pd.Series([0.1]), ["cannot read the returns (an empty or unlabelled Series); "
                            "pass a DataFrame with a row a period and a column a line"]),
        (frame({"date": ["2024"]}), ["cannot read the returns (an empty or unlabelled DataFrame); "
                                     "pass a DataFrame with a row a period and a column a line"]),
        (frame({"a": ["x"], "b": [0.1], "c": [{}]}), ["column 'a' holds what is no number; convert it, or leave it out",
                                                      "column 'c' holds what is no number; convert it, or leave it out"]),
        (frame({"a": [0.1, np.inf], "b": [-np.inf, 1e15]}), [ENDLESS + "'b' at 0; check it", ENDLESS + "'a' at 1; check it",
                                                             ENDLESS + "'b' at 1; check it"]),
        (frame({"a*b": [0.1]}), ["'a*b' can't be an id; use letters, digits and dashes"]),
        (pd.DataFrame([[0.1, 0.2]], columns=["a", "a"]), ["the id 'a' stands twice; give each line an id of its own"]),
        (frame({"a": [0.1, 0.2]}, days("2024-01-31", "2024-01-30")),
         ["2024-01-30 stands below 2024-01-31; sort the rows, each date once"]),
        (frame({"a": [0.1, 0.2]}, days("2024-01-31", "2024-01-31")),
         ["2024-01-31 stands below 2024-01-31; sort the rows, each date once"]),
    ],
)  # fmt: skip
def test_frames_that_are_refused(given: Any, messages: list[str]) -> None:
    assert refused(Panel.from_frame, given) == messages


def test_many_faults_are_counted() -> None:
    told = refused(Panel.from_frame, frame({"a": [np.inf] * 1200}))
    assert told[-2:] == [ENDLESS + "'a' at 4; check it", "and 1,195 more; mend these first"]


def test_holes_are_refused_with_their_count_and_the_first_of_them() -> None:
    panel = Panel.from_frame(HOLES)
    expected = [
        "3 of 12 numbers are missing, 'c' lacks 2 of 4; fill them, or set 'missing' to drop-rows or drop-lines",
        "missing: 'c' at 0; fill it",
        "missing: 'a' at 1; fill it",
        "missing: 'c' at 1; fill it",
    ]
    assert refused(panel.check_whole) == expected
    assert refused(panel.without_holes, "refuse") == expected


def test_no_more_than_five_holes_are_told() -> None:
    panel = Panel.from_frame(frame({"a": [NAN] * 1500, "b": [0.1] * 1500}))
    told = refused(panel.check_whole)
    assert told[0].startswith("1,500 of 3,000 numbers are missing, 'a' lacks 1,500 of 1,500; ")
    assert len(told) == 6


def test_periods_with_holes_are_dropped() -> None:
    left, told = Panel.from_frame(HOLES).without_holes("drop-rows")
    assert (left.lines, left.labels) == (("a", "b", "c"), ("2", "3"))
    assert left.values.tolist() == [[0.3, 0.7, 0.1], [0.4, 0.8, 0.2]]
    assert told == "dropped 2 of 4 periods, in which a return is missing"


def test_lines_with_holes_are_dropped_by_name() -> None:
    left, told = Panel.from_frame(HOLES).without_holes("drop-lines")
    assert (left.lines, left.labels) == (("b",), ("0", "1", "2", "3"))
    assert left.values[:, 0].tolist() == [0.5, 0.6, 0.7, 0.8]
    assert told == "dropped 2 of 3 lines, of which a return is missing: a, c"


def test_many_dropped_lines_are_counted() -> None:
    many = Panel.from_frame(frame({"kept": [0.1], **{f"line-{i}": [NAN] for i in range(14)}}))
    told = many.without_holes("drop-lines")[1]
    assert told.endswith(": " + ", ".join(f"line-{i}" for i in range(12)) + " and 2 more")


def test_dates_and_places_follow_what_is_left() -> None:
    from allocator.errors import Place

    panel = Panel.build(
        ["a", "b"], np.array([[0.1, NAN], [0.2, 0.3], [-2.0, 0.1]]), ["x", "y", "z"],
        [dt.date(2021, 1, 1), dt.date(2022, 1, 1), dt.date(2023, 1, 1)],
        lambda row, line: Place("f.csv", 1 if row is None else row + 2, line + 1),
    )  # fmt: skip
    left, _ = panel.without_holes("drop-rows")
    assert left.dates == panel.dates[1:]
    assert refused(left.check_losses) == [
        "f.csv:4:1: a loss of more than everything: 'a' at z; divide by 100 if these are percentages"
    ]


@pytest.mark.parametrize("policy", ["refuse", "drop-rows", "drop-lines"])
def test_nothing_is_dropped_where_nothing_is_missing(policy: str) -> None:
    panel = Panel.from_frame(frame({"a": [0.1, 0.2]}))
    assert panel.without_holes(policy) == (panel, "")


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("drop-rows", "no period has all returns; set 'missing' to drop-lines, or leave out the lines with few, above all 'a'"),
        ("drop-lines", "no line has all returns; set 'missing' to drop-rows"),
    ],
)  # fmt: skip
def test_something_must_be_left(policy: str, message: str) -> None:
    panel = Panel.from_frame(frame({"a": [NAN, 0.1, NAN], "b": [0.1, NAN, 0.2]}))
    assert refused(panel.without_holes, policy) == [message]


def test_prices_give_simple_returns() -> None:
    prices = frame({"a": [100, 110, 99], "b": [50, 50, 75]}, days("2024-01-29", "2024-01-30", "2024-01-31"))
    made = Panel.from_frame(prices).returns()
    assert made.values == pytest.approx(np.array([[0.1, 0], [-0.1, 0.5]]))
    assert made.labels == ("2024-01-30", "2024-01-31")
    assert made.dates == (dt.date(2024, 1, 30), dt.date(2024, 1, 31))


def test_no_return_reaches_over_a_missing_price() -> None:
    made = Panel.from_frame(frame({"a": [100, NAN, 121, 110]})).returns()
    assert np.isnan(made.values[:, 0]).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ([1, 0], "a price that is not positive: 'a' at 1; write another, or leave it empty"),
        ([-1, 1], "a price that is not positive: 'a' at 0; write another, or leave it empty"),
        ([1e-300, 1e14], ENDLESS + "'a' at 1; check it"),
    ],
)
def test_what_is_no_price(prices: list[float], message: str) -> None:
    assert refused(Panel.from_frame(frame({"a": prices})).returns) == [message]


def ranged(freq: str, count: int) -> Panel:
    return Panel.from_frame(frame({"a": [0.1] * count}, pd.date_range("2020-01-31", periods=count, freq=freq)))


@pytest.mark.parametrize(
    ("freq", "count", "periods"),
    [("B", 300, 252), ("D", 300, 365), ("W", 60, 52), ("ME", 25, 12), ("ME", 2, 12), ("MS", 24, 12),
     ("QE", 9, 4), ("YE", 3, 1), ("YE", 2, 1)],
)  # fmt: skip
def test_dates_tell_the_periods_of_a_year(freq: str, count: int, periods: int) -> None:
    assert ranged(freq, count).periods_a_year() == periods


ASK = "set 'periods', how many a year has, to 252, 12 or 1, say, or label the rows by date"


def test_a_year_is_not_guessed() -> None:
    assert refused(Panel.from_frame(HOLES).periods_a_year) == [f"no dates tell how long a period is; {ASK}"]
    assert refused(ranged("2W", 9).periods_a_year) == [f"the dates are 14 days apart, which is no usual period; {ASK}"]


@pytest.mark.parametrize("text", ["", "01/02/2024", "2024-13", "2024-02-30", "Jan 2024", "202401", "20240", "x-01"])
def test_only_iso_dates_are_dates(text: str) -> None:
    assert parse_date(text) is None


def test_returns_that_are_taken_for_prices_are_told_once() -> None:
    returns = pd.DataFrame({"a": np.tile([0.01, -0.02], 6), "b": np.tile([-0.01, 0.03], 6)})
    assert refused(Panel.from_frame(returns).returns) == [
        "12 of 24 prices are not positive, as those of returns are not; leave out 'prices' if these are returns"
    ]
