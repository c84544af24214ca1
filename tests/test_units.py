from __future__ import annotations

import datetime as dt
import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from allocator.errors import Unparsable
from allocator.units import (
    Count,
    Dated,
    Index,
    Money,
    Multiple,
    Quantity,
    Rate,
    Share,
    Times,
    Years,
    not_negative,
    parse_any,
    parse_date,
    part,
    plain_decimal,
    positive,
)

UNITS = (Share, Rate, Money, Multiple, Years, Index, Count)


@pytest.mark.parametrize(
    ("unit", "text", "value", "printed"),
    [
        (Share, "35%", 0.35, "35%"),
        (Share, "12.50 %", 0.125, "12.5%"),
        (Share, "120bp", 0.012, "1.2%"),
        (Share, "-5%", -0.05, "-5%"),
        (Rate, "4.85%", 0.0485, "485 bp"),
        (Rate, "37.5 bp", 0.00375, "37.5 bp"),
        (Money, "$300 bn", 300.0, "$300 bn"),
        (Money, "$1,380 bn", 1380.0, "$1,380 bn"),
        (Money, "$1.2 tn", 1200.0, "$1,200 bn"),
        (Money, "$5 m", 0.005, "$5 m"),
        (Money, "$ 250,000", 0.00025, "$250,000"),
        (Money, "-$40 bn", -40.0, "-$40 bn"),
        (Money, "$0", 0.0, "$0 bn"),
        (Multiple, "1.3x", 1.3, "1.30x"),
        (Multiple, "1.125x", 1.125, "1.125x"),
        (Years, "18 years", 18.0, "18 years"),
        (Years, "1 year", 1.0, "1 year"),
        (Index, "0.28", 0.28, "0.28"),
        (Count, "5", 5.0, "5"),
    ],
)
def test_text_is_read_and_printed_back(unit: type[Quantity], text: str, value: float, printed: str) -> None:
    made = unit.parse(text)
    assert (float(made), str(made)) == (value, printed)
    assert unit.parse(printed) == made


@pytest.mark.parametrize("unit", UNITS)
@given(cents=st.integers(0, 10**9))
def test_what_is_printed_is_read_back(unit: type[Quantity], cents: int) -> None:
    made = unit(Decimal(cents) if unit is Count else Decimal(cents) / 10000)
    assert unit.parse(str(made)) == made


@pytest.mark.parametrize(
    ("unit", "given", "message"),
    [
        (Share, "35", "cannot read '35'; write a share such as 35%"),
        (Share, "35 pp", "cannot read '35 pp'; write a share such as 35%"),
        (Share, "1e1%", "cannot read '1e1%'; write a share such as 35%"),
        (Share, "1,00%", "cannot read '1,00%'; write a share such as 35%"),
        (Share, "３５%", "cannot read '３５%'; write a share such as 35%"),
        (Share, "nan%", "cannot read 'nan%'; write a share such as 35%"),
        (Share, 0.35, "0.35 is not text with a unit; write a share such as 35%"),
        (Share, ["35%"], "a list is not text with a unit; write a share such as 35%"),
        (Money, "300 bn", "cannot read '300 bn'; write an amount such as $300 bn or $5 m"),
        (Money, "$300 million", "cannot read '$300 million'; write an amount such as $300 bn or $5 m"),
        (Money, "¥300 bn", "'¥300 bn' is not in US dollars; write an amount such as $300 bn or $5 m"),
        (Money, "EUR 5 m", "'EUR 5 m' is not in US dollars; write an amount such as $300 bn or $5 m"),
        (Multiple, "1.3", "cannot read '1.3'; write a multiple such as 1.30x"),
        (Years, "18", "cannot read '18'; write a length of time such as 18 years"),
        (Index, "28%", "cannot read '28%'; write a bare number such as 0.28"),
        (Count, "2.5", "'2.5' is not a whole number; write a whole number such as 5"),
    ],
)
def test_what_cannot_be_read(unit: type[Quantity], given: object, message: str) -> None:
    with pytest.raises(Unparsable) as caught:
        unit.parse(given)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["1" * 41, "", ".5", "5.", "1,23", "--1", "1_000", "inf"])
def test_no_plain_decimal(text: str) -> None:
    assert plain_decimal(text) is None


def test_quantities_compare_by_value_within_their_kind() -> None:
    assert Share.parse("120 bp") == Share.parse("1.2%")
    assert Share(0.5) < Share(0.6)
    assert Share(0.5) != Index(0.5)
    assert hash(Share.parse("120 bp")) == hash(Share.parse("1.2%"))
    assert sorted([Money(3), Money(1)])[0] == Money(1)


def test_quantities_are_frozen_and_travel() -> None:
    made = Money.parse("$300 bn")
    with pytest.raises(AttributeError, match="Money is frozen"):
        made.amount = Decimal(1)
    assert pickle.loads(pickle.dumps(made)) == made
    assert repr(made) == "Money('$300 bn')"


@pytest.mark.parametrize(
    ("unit", "value", "shown", "change"),
    [
        (Share, 0.123456, "12.35%", "12.35 pp"),
        (Rate, -0.00012345, "-1.23 bp", "1.23 bp"),
        (Money, -3.14159, "-$3.142 bn", "$3.142 bn"),
        (Multiple, 1.25, "1.25x", "1.25x"),
        (Multiple, -1e-9, "0.00x", "0.00x"),
        (Share, 1e30, f"{10**32:,}%", f"{10**32:,} pp"),
    ],
)
def test_computed_values_are_shown_rounded(unit: type[Quantity], value: float, shown: str, change: str) -> None:
    assert unit.show(value) == shown
    assert unit.show_change(value) == change


@pytest.mark.parametrize(
    ("check", "good", "bad", "what"),
    [
        (not_negative, "$0", "-$1 bn", "-$1 bn is negative"),
        (positive, "$1", "$0", "$0 bn is not above zero"),
    ],
)
def test_ranges_of_money(check: object, good: str, bad: str, what: str) -> None:
    assert check(Money.parse(good)) == Money.parse(good)  # type: ignore[operator]
    with pytest.raises(Unparsable, match=f"^{what.replace('$', '[$]')};"):
        check(Money.parse(bad))  # type: ignore[operator]


@pytest.mark.parametrize(("share", "fits"), [(0, True), (1, True), (-0.01, False), (1.01, False)])
def test_a_part_of_a_whole(share: float, fits: bool) -> None:
    if fits:
        assert part(Share(share)) == Share(share)
        return
    with pytest.raises(Unparsable, match="is not between 0% and 100%"):
        part(Share(share))


@pytest.mark.parametrize("text", ["2026-02-30", "2026-4-1", "2026-04-01 12:00", "1 April 2026", "２０２６-04-01"])
def test_no_date(text: str) -> None:
    with pytest.raises(Unparsable, match=f"^cannot read '{text}' as a date; write a date such as 2026-04-01$"):
        parse_date(text)


def test_a_date_may_be_given_as_one_but_not_with_a_time() -> None:
    assert parse_date(dt.date(2026, 4, 1)) == parse_date("2026-04-01")
    with pytest.raises(Unparsable):
        parse_date(dt.datetime(2026, 4, 1))


@pytest.mark.parametrize(("text", "made"), [("1.15x", Multiple(1.15)), ("15%", Share(0.15))])
def test_the_unit_says_which_of_several(text: str, made: Quantity) -> None:
    assert parse_any((Multiple, Share), text) == made


DATED = TypeAdapter(Dated[Share])


@pytest.mark.parametrize(
    ("date", "value"),
    [("2026-03-31", None), ("2026-04-01", "85%"), ("2027-12-31", "85%"), ("2028-01-01", "90%"), ("2099-01-01", "90%")],
)
def test_the_latest_value_on_or_before_a_date_is_in_force(date: str, value: str | None) -> None:
    dated = DATED.validate_python({"2028-01-01": "90%", "2026-04-01": "85%"})
    assert dated.on(parse_date(date)) == (None if value is None else Share.parse(value))
    assert str(dated) == "85% from 2026-04-01, then 90% from 2028-01-01"


def test_a_single_value_holds_always() -> None:
    dated = DATED.validate_python("85%")
    assert dated.on(dt.date.min) == Share(0.85)
    assert str(dated) == "85%"
    assert dated == DATED.validate_python("8500 bp")
    assert hash(dated) == hash(DATED.validate_python("8500 bp"))


@pytest.mark.parametrize(
    ("annotation", "given", "message"),
    [
        (Dated[Share], {}, "no value in it; write a share such as 35%"),
        (Dated[Share], {"2026-04-01": "85"}, "cannot read '85'; write a share such as 35%"),
        (Dated[Times], "1.3", "cannot read '1.3'; write a multiple such as 1.30x, or a share such as 35%"),
    ],
)
def test_what_is_no_dated_value(annotation: object, given: object, message: str) -> None:
    with pytest.raises(ValueError, match="validation error") as caught:
        TypeAdapter(annotation).validate_python(given)
    (problem,) = caught.value.errors()  # type: ignore[attr-defined]
    assert str(problem["ctx"]["error"]) == message
