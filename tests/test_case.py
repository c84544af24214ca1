from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import tiny

import allocator as al
from allocator.errors import InputError
from allocator.measures import MeasureName
from allocator.stack import Tranche
from allocator.units import today

SENIOR = {"id": "senior", "capacity": "$40 bn", "cost": "10%", "tenor": "2 years"}
COLUMNS: dict[str, Any] = {"capacity [$ bn]": [60, 40], "cash-yield [%]": [8, 6], "expected-return [%]": [9, 7]}
ANNUITY = 0.121 / 0.21
"Two payments at 10%."


def levered(columns: dict[str, Any] | None = None, **tranche: Any) -> al.Case:
    return tiny(
        COLUMNS | (columns or {}), [SENIOR | tranche], reserve_yield="3%", compression={"from": "50%", "slope": "3%"}
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("equity", 100),
        ("deployed", 90),
        ("total-assets", 120),
        ("debt", 20),
        ("reserve", 30),
        ("cash-income", 0.08 * 50 + 0.06 * 40),
        # beyond half of its capacity a line's yield falls by 3% of that: 20^2 * 0.03 / 120 and 20^2 * 0.03 / 80
        ("net-cash-income", 0.08 * 50 + 0.06 * 40 - 0.1 - 0.15),
        ("interest", 2),
        ("debt-service", 20 * ANNUITY),
        ("expected-return", 0.09 * 50 + 0.07 * 40),
        ({"column": "capacity"}, 60 * 50 + 40 * 40),
    ],
)
def test_a_measure_of_all(name: Any, value: float) -> None:
    case = levered()
    v = case.decision.vector(np.array([0.5, 0.4]), np.array([0.15, 0.05]))
    assert 100 * case.measure(MeasureName.parse(name), "a test").value(v) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deployed", 40),
        ("debt", 5),
        ("cash-income", 2.4),
        ("net-cash-income", 2.25),
        ("interest", 0.5),
        ("debt-service", 5 * ANNUITY),
        ("expected-return", 2.8),
    ],
)
def test_a_measure_of_some_lines(name: str, value: float) -> None:
    case = levered()
    v = case.decision.vector(np.array([0.5, 0.4]), np.array([0.15, 0.05]))
    measure = case.measure(MeasureName.parse(name), "a test", lines=np.array([False, True]))
    assert 100 * measure.value(v) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("name", ["equity", "reserve", "total-assets"])
def test_a_measure_that_belongs_to_no_line(name: str) -> None:
    with pytest.raises(InputError, match="belongs to no line; leave the scope out, or use deployed or debt"):
        levered().measure(MeasureName(name), "a test", lines=np.array([True, False]))


def test_a_line_may_have_a_slope_of_its_own() -> None:
    case = levered({"compression-slope [%]": [0, 6]})
    assert case.decision.bent.tolist() == [1]
    v = case.decision.vector(np.array([0.5, 0.4]), np.array([0.0, 0.0]))
    assert 100 * float(((case.loss() @ v) ** 2).sum()) == pytest.approx(0.06 * 20**2 / 80)


@pytest.mark.parametrize(
    ("columns", "tranche", "pairs"),
    [
        ({}, {}, [("a", "senior"), ("b", "senior")]),
        ({}, {"eligible": {"line": "b"}}, [("b", "senior")]),
        ({"gearing [%]": [0, 60]}, {}, [("b", "senior")]),
        ({"life [years]": [0, 20]}, {}, [("b", "senior")]),
        ({"capacity [$ bn]": [0, 40]}, {}, [("b", "senior")]),
        ({"cash-yield [%]": [0, 6], "dscr [x]": [1.2, 1.2]}, {}, [("b", "senior")]),
        ({"cash-yield [%]": [0, 6], "dscr [x]": [0, 1.2]}, {}, [("a", "senior"), ("b", "senior")]),
        ({}, {"capacity": "$0"}, []),
    ],
)
def test_only_what_can_carry_debt_is_a_pair(
    columns: dict[str, Any], tranche: dict[str, Any], pairs: list[tuple[str, str]]
) -> None:
    assert levered(columns, **tranche).decision.pair_names() == pairs


def test_the_box() -> None:
    case = levered({"gearing [%]": [50, 100]})
    # a loan is bounded by the tranche (40) and the gearing (30, 40), all debt by the tranche
    assert case.box.high == pytest.approx([0.6, 0.4, 0.3, 0.4, 1.4, 1.0, 0.4, 0.4, 0.3, 0.2])
    assert not case.box.low.any()
    assert case.spread == pytest.approx([1 / 0.6, 2.5, 1 / 0.3, 2.5, 0, 0, 0, 0, 0, 0])
    full = tiny({"expected-return": [0.1, 0.2]}, fully_invested="yes")
    assert full.box.high == pytest.approx([1, 1, 0, 1, 0])


@pytest.mark.parametrize(
    ("columns", "tranches", "message"),
    [
        ({"cash-yield [%]": [8]}, [SENIOR], "a fund with debt needs column 'capacity', which the universe lacks; "
                                            "add it to the universe"),
        ({"capacity [$ bn]": [8]}, [SENIOR], "debt needs column 'cash-yield', which the universe lacks; "
                                             "add it to the universe"),
        (COLUMNS, [SENIOR | {"eligible": {"line": "c"}}], "no line 'c'; known: a, b"),
    ],
)  # fmt: skip
def test_what_debt_needs(columns: dict[str, Any], tranches: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InputError) as caught:
        _ = tiny(columns, tranches).box
    assert str(caught.value) == message


def test_a_plain_portfolio_is_the_same_case() -> None:
    mean = pd.Series([0.1, 0.2], index=["x", "y"])
    case = al.Case.from_moments(mean, pd.DataFrame([[0.04, 0], [0, 0.09]], index=mean.index, columns=mean.index))
    assert (case.universe.ids, case.equity, case.decision.size) == (("x", "y"), 1.0, 5)
    assert case.fund.fully_invested
    assert case.risk is not None
    assert case.risk.volatility(np.array([0.5, 0.5])) == pytest.approx(np.sqrt(0.25 * 0.13))
    assert al.Case.from_moments([0.1, 0.2], np.eye(2)).universe.ids == ("line-1", "line-2")


def test_moments_must_name_the_same_lines() -> None:
    mean = pd.Series([0.1, 0.2], index=["x", "y"])
    other = pd.DataFrame(np.eye(2), index=["y", "x"], columns=["y", "x"])
    with pytest.raises(InputError, match="name other lines, or in another order; reindex the covariance like the mean"):
        al.Case.from_moments(mean, other)


@pytest.mark.parametrize(
    ("mean", "covariance", "message"),
    [
        ({"x": 0.1}, np.eye(1), "cannot read the mean (dict); pass a Series, or a list with a number for each line"),
        (pd.DataFrame({"mean": [0.1, 0.2]}), np.eye(2),
         "cannot read the mean (DataFrame, 2 x 1); pass a Series, or a list with a number for each line"),
        (["x", "y"], np.eye(2), "cannot read the mean (list); pass a Series, or a list with a number for each line"),
        ([], [], "cannot read the mean (list, 0); pass a Series, or a list with a number for each line"),
        ([0.1, 0.2], [0.04, 0.09], "cannot read the covariance (list, 2); "
                                   "pass a DataFrame, or an array with a row and a column a line"),
        ([0.1, 0.2, 0.3], np.eye(2), "a mean of 3 lines does not fit a covariance of 2 x 2; "
                                     "pass both for the same lines"),
        ([0.1, np.nan], np.eye(2), "the mean has numbers that are missing or infinite; fill them, or drop their lines"),
        ([0.1, 0.2], np.diag([1, np.inf]), "the covariance has numbers that are missing or infinite; "
                                           "fill them, or drop their lines"),
        (pd.Series({"x": 0.1, "y": 7.5}), np.eye(2), "the mean of 'y' is 7.5; divide by 100 if these are percentages"),
        ([0.1, 0.2], [[1, 2], [2, 1]], "the covariance is indefinite, with a least eigenvalue of -1; "
                                       "check the numbers, or ask for 'repair: nearest'"),
    ],
)  # fmt: skip
def test_moments_are_checked(mean: Any, covariance: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        al.Case.from_moments(mean, covariance)
    assert str(caught.value) == message


def test_moments_may_be_repaired() -> None:
    # eigenvalues 3 and -1: what is left is 3/2 everywhere
    case = al.Case.from_moments([0.1, 0.2], [[1, 2], [2, 1]], repair="nearest")
    assert case.risk is not None
    assert case.risk.volatility(np.array([1.0, 0.0])) == pytest.approx(1.5**0.5)
    with pytest.raises(InputError, match=r"^cannot read the repair 'closest'; pass 'nearest', or leave it out$"):
        al.Case.from_moments([0.1, 0.2], np.eye(2), repair="closest")


def test_slopes_need_compression() -> None:
    case = tiny(COLUMNS | {"compression-slope [%]": [3, 0]})
    for ask in (
        lambda: case.loss_weight,
        lambda: case.decision,
        lambda: al.allocate(case, objective=al.DividendYield()),
    ):
        with pytest.raises(InputError) as caught:
            ask()
        assert str(caught.value) == (
            "column 'compression-slope' needs 'compression' in fund.yaml; add it there, or leave the column out"
        )


@pytest.mark.parametrize(
    ("name", "changes", "noted", "read"),
    [
        ("hall", {"capacity": "$75 bn"}, {"hall.capacity": "$75 bn"}, lambda c: 100 * c.capacity[0] == 75),
        ("hall", {"cash_yield": 0.08}, {"hall.cash-yield": "8%"}, lambda c: c.column("cash-yield", 0)[0] == 0.08),
        ("hall", {"life": "12 years"}, {"hall.life": "12 years"}, lambda c: c.column("life", 0)[0] == 12),
        ("hall", {"sector": "power"}, {"hall.sector": "power"}, lambda c: c.universe.texts["sector"][0] == "power"),
        ("senior", {"capacity": "$20 bn"}, {"senior.capacity": "$20 bn"}, lambda c: float(c.stack[0].capacity) == 20),
        ("bonds", {"cost": "6%"}, {"bonds.cost": "6%"}, lambda c: c.costs.tolist() == [0.045, 0.06]),
        ("fund", {"reserve_yield": "2%"}, {"fund.reserve-yield": "2%"}, lambda c: float(c.fund.reserve_yield) == 0.02),
    ],
)  # fmt: skip
def test_a_what_if_changes_one_thing(
    small: al.Case, name: str, changes: dict[str, Any], noted: dict[str, str], read: Any
) -> None:
    before = small.column("cash-yield", 0).copy()
    made = small.replace(name, **changes)
    assert read(made)
    assert not read(small)
    assert dict(made.changes) == noted
    assert (small.column("cash-yield", 0) == before).all()


def test_repr(small: al.Case) -> None:
    assert repr(small) == "Case('Small fund', 5 lines, 2 tranches)"


def test_a_what_if_takes_fields_as_files_write_them(small: al.Case) -> None:
    """What is noted is what JSON holds, and reads as the same again."""
    made = small.replace("senior", covenants={"cover": "1.2x"}, eligible={"sector": ["power"]})
    made = made.replace("fund", compression=None, fully_invested=True)
    noted = {
        "senior.covenants": {"cover": "1.2x"},
        "senior.eligible": {"sector": ["power"]},
        "fund.compression": None,
        "fund.fully-invested": True,
    }
    assert dict(made.changes) == noted
    again = small.replace("senior", covenants=noted["senior.covenants"], eligible=noted["senior.eligible"])
    assert again.stack[0] == made.stack[0]
    again = again.replace("fund", **{"compression": None, "fully-invested": True})
    assert again.fund == made.fund


def test_a_what_if_keeps_what_a_file_may_hold() -> None:
    case = tiny({"expected-return [%]": [150, 7], "capacity [$ bn]": [60, 40]})
    made = case.replace("b", capacity="$50 bn")
    assert made.universe.numbers["expected-return"].tolist() == case.universe.numbers["expected-return"].tolist()


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("hal", {}, "no line or tranche 'hal'; did you mean 'hall'?"),
        ("hall", {"capacity": "75"}, "capacity: cannot read '75'; write an amount such as $300 bn or $5 m"),
        ("hall", {"capacity": "-$1 bn"}, "-1.0 is negative, for 'hall' in column 'capacity [$ bn]'; "
                                         "write zero or more"),
        ("hall", {"gearing": "150%"}, "1.5 is over 100%, for 'hall' in column 'gearing [1]'; write 100% or less"),
        ("hall", {"capacty": "$1 bn"}, "the change needs column 'capacty', which the universe lacks; "
                                       "add it to the universe, or did you mean 'capacity'?"),
        ("hall", {"cash_yield": 6}, "cash-yield: 6 would be 600%; write 6% or 0.06"),
        ("hall", {"gearing": -70.5}, "gearing: -70.5 would be -7,050%; write -70.5% or -0.705"),
        ("hall", {"cash_yield": float("nan")}, "cash-yield: nan is no number; write a share such as 35%"),
        ("hall", {"capacity": None}, "capacity: None is not text with a unit; write an amount such as $300 bn or $5 m"),
        ("senior", {"tenor": "18"}, "senior tenor: cannot read '18'; write a length of time such as 18 years"),
        ("senior", {"capacity": "-$1 bn"}, "senior capacity: -$1 bn is negative; write zero or more"),
        ("fund", {"fees": "1%"}, "small fees: unknown key; did you mean 'fee'?"),
    ],
)  # fmt: skip
def test_a_what_if_is_checked(small: al.Case, name: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        small.replace(name, **changes)
    assert str(caught.value) == message


def test_references_price_a_tranche() -> None:
    made = Tranche.read(SENIOR | {"cost": {"reference": "sofr", "spread": "1%"}})
    with pytest.raises(InputError, match="unknown reference 'sofr'; none is known here"):
        _ = al.Case(levered().fund, levered().universe, (made,)).costs


def test_a_date_is_one_of_its_place() -> None:
    kiritimati, pago_pago = today("Pacific/Kiritimati"), today("Pacific/Pago_Pago")
    assert kiritimati - pago_pago in (dt.timedelta(1), dt.timedelta(2))


def test_a_portfolio_from_a_factor_model() -> None:
    """Its covariance is that of the loadings, and is never formed; names are the universe's."""
    frame = pd.DataFrame({"expected-return [%]": [4, 6, 5], "sector": ["a", "b", "b"]}, index=["x", "y", "z"])
    loadings = pd.DataFrame([[0.1, 0.0], [0.2, 0.1], [0.0, 0.3]], index=frame.index)
    case = al.Case.from_factors(frame, loadings, [0.1, 0.2, 0.0])
    assert case.risk is not None
    told = case.risk.volatility(np.array([0.2, 0.3, 0.5]))
    covariance = loadings.to_numpy() @ loadings.to_numpy().T + np.diag([0.01, 0.04, 0.0])
    assert told == pytest.approx(np.sqrt(np.array([0.2, 0.3, 0.5]) @ covariance @ np.array([0.2, 0.3, 0.5])))
    twice = al.Case.from_factors(frame, loadings, [0.1, 0.2, 0.0], 4 * np.eye(2))
    assert twice.risk is not None
    assert twice.risk.volatility(np.array([0, 0, 1.0])) == pytest.approx(0.6)
    assert case.universe.texts["sector"] == ("a", "b", "b")


@pytest.mark.parametrize(
    ("loadings", "specific", "told"),
    [
        (np.zeros((2, 1)), [0.1, 0.1, 0.1], "loadings of 2 lines do not fit a universe of 3; pass a row each"),
        (
            pd.DataFrame(np.zeros((3, 1)), index=["x", "z", "y"]),
            [0.1, 0.1, 0.1],
            "the loadings name other lines than the universe, or in another order; reindex them like the universe",
        ),
        (np.zeros((3, 1)), [0.1, -0.1, 0.1], "the specific volatility of y is negative; write zero or more"),
        (
            np.zeros((3, 1)),
            [0.1, 0.1],
            "3 lines with 1 factors do not fit a covariance of (1, 1) and 2 specifics; give one row a line and one "
            "column a factor",
        ),
    ],
)
def test_a_factor_model_that_does_not_fit(loadings: object, specific: list[float], told: str) -> None:
    universe = al.Universe.build({"id": ["x", "y", "z"], "expected-return [%]": [4, 6, 5]})
    with pytest.raises(InputError) as caught:
        al.Case.from_factors(universe, loadings, specific)  # type: ignore[arg-type]
    assert str(caught.value) == told
