"""Mean and risk from returns: closed forms, scikit-learn, and what is told and refused."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.covariance
from helpers import covariance
from shrinkage import by_chen_and_others, by_ledoit_and_wolf
from sklearn.decomposition import PCA

import allocator as al
from allocator.errors import InputError

A, B = np.sqrt(6), np.sqrt(1.5)
CROSS = 0.01 * np.array([[A, A], [-A, -A], [B, -B], [-B, B]])
"Two principal directions, (1, 1) with a sample variance of 8 and (1, -1) with one of 2, in points of a percent."


def random_returns(seed: int = 0, count: int = 60, n: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.03, (count, 1))
    values = 0.005 + common * rng.uniform(0.5, 1.5, n) + rng.normal(0, 0.02, (count, n))
    index = pd.date_range("2019-01-31", periods=count, freq="ME")
    return pd.DataFrame(values, index, [f"line-{i}" for i in range(n)])


def refused(returns: Any, **options: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        al.Case.from_returns(returns, **options)
    return str(caught.value).split("\n")


def note(case: al.Case) -> str:
    assert case.risk is not None
    return case.risk.note


def test_the_sample_by_hand() -> None:
    returns = pd.DataFrame({"x": [0.01, 0.03, 0.02], "y": [0.04, 0.00, 0.02]})
    case = al.Case.from_returns(returns, method="sample", periods=10)
    # deviations of x: -1, 1, 0 and of y: 2, -2, 0 points, over 3 - 1
    assert covariance(case) == pytest.approx(10 * 1e-4 * np.array([[1, -2], [-2, 4]]))
    assert case.universe.ids == ("x", "y")
    assert case.universe.numbers["expected-return"] == pytest.approx([0.2, 0.2])
    assert case.universe.numbers["volatility"] == pytest.approx(np.sqrt([1e-3, 4e-3]))
    assert (case.equity, case.fund.fully_invested, case.stack) == (1.0, True, ())


def test_scenarios_stay_as_the_data_has_them() -> None:
    returns = random_returns()
    for options in ({}, {"method": "sample"}, {"factors": 2}):
        case = al.Case.from_returns(returns, **options)  # type: ignore[arg-type]
        assert case.risk is not None
        assert np.array_equal(case.risk.scenarios, returns.to_numpy())


@pytest.mark.parametrize("method", ["ledoit-wolf", "oas"])
@pytest.mark.parametrize(("count", "n"), [(60, 5), (12, 20), (30, 1)])
def test_shrinkage_is_that_of_scikit_learn(method: str, count: int, n: int) -> None:
    returns = random_returns(1, count, n)
    case = al.Case.from_returns(returns, method=method)
    theirs = {"ledoit-wolf": sklearn.covariance.LedoitWolf, "oas": sklearn.covariance.OAS}[method]().fit(returns)
    assert covariance(case) == pytest.approx(12 * theirs.covariance_, rel=1e-9, abs=1e-12)
    assert f" covariance, shrunk by {theirs.shrinkage_:.4g} towards equal variances without correlation" in note(case)
    assert case.universe.numbers["expected-return"] == pytest.approx(12 * returns.mean().to_numpy())


def test_ledoit_wolf_where_nothing_is_said() -> None:
    returns = random_returns()
    assert note(al.Case.from_returns(returns)) == note(al.Case.from_returns(returns, method="ledoit-wolf"))


@pytest.mark.parametrize(("method", "own"), [("ledoit-wolf", by_ledoit_and_wolf), ("oas", by_chen_and_others)])
@pytest.mark.parametrize(("count", "n"), [(60, 5), (12, 20), (400, 3)])
def test_shrinkage_from_the_papers(method: str, own: Any, count: int, n: int) -> None:
    returns = random_returns(2, count, n)
    expected, shrinkage = own(returns.to_numpy())
    case = al.Case.from_returns(returns, method=method)
    assert covariance(case) == pytest.approx(12 * expected, rel=1e-8, abs=1e-11)
    assert f"shrunk by {shrinkage:.4g} " in note(case)


def test_a_factor_model_in_closed_form() -> None:
    """One factor along (1, 1) with variance 8: 4 in each entry, and 1 of each line's own 5 is left."""
    case = al.Case.from_returns(pd.DataFrame(CROSS, columns=["x", "y"]), factors=1, periods=12)
    assert covariance(case) == pytest.approx(12e-4 * np.array([[5, 4], [4, 5]]))
    assert "; 1 principal component with 80.0% of all variance, and specific variances; " in note(case)


@pytest.mark.parametrize(("count", "n"), [(60, 8), (10, 30)])
def test_a_factor_model_has_the_sample_s_variances_and_components(count: int, n: int) -> None:
    returns = random_returns(3, count, n)
    case = al.Case.from_returns(returns, factors=3)
    theirs = PCA(3, svd_solver="full").fit(returns.to_numpy())
    common = 12 * theirs.components_.T @ np.diag(theirs.explained_variance_) @ theirs.components_
    found = covariance(case)
    assert np.diag(found) == pytest.approx(12 * returns.var().to_numpy())
    apart = ~np.eye(n, dtype=bool)
    assert found[apart] == pytest.approx(common[apart], rel=1e-8, abs=1e-12)
    assert case.risk is not None
    assert case.risk.factor.shape == (3 + n, n)
    assert case.risk.definite


def test_a_large_factor_model_is_never_n_by_n() -> None:
    case = al.Case.from_returns(random_returns(4, 40, 3000), factors=5)
    assert case.risk is not None
    assert len(case.risk.factor.value) == 5 * 3000 + 3000


def test_what_is_told_of_an_estimate() -> None:
    assert note(al.Case.from_returns(random_returns(), method="sample")) == (
        "risk estimated from 60 periods, 2019-01-31 to 2023-12-31; sample covariance, not shrunk; "
        "mean and covariance times 12, the periods of a year by the dates"
    )
    holed = random_returns().reset_index(drop=True)
    holed.iloc[3, 1] = np.nan
    mean = pd.Series(0.05, holed.columns)
    case = al.Case.from_returns(holed, factors=1, periods=252, missing="drop-lines", mean=mean)
    assert note(case).startswith("risk estimated from 60 periods; 1 principal component with ")
    assert note(case).endswith(
        "; covariance times 252, the periods of a year; mean as given; "
        "dropped 1 of 5 lines, of which a return is missing: line-1"
    )


def test_every_result_tells_it() -> None:
    case = al.Case.from_returns(random_returns())
    out = al.allocate(case, None, al.Variance(), resolve=False)
    assert out.record["notes"] == [note(case)]
    assert "Ledoit-Wolf covariance, shrunk by 0." in note(case)


def test_a_sample_that_is_singular_is_told() -> None:
    case = al.Case.from_returns(random_returns(0, 5, 5), method="sample")
    told = "sample covariance, not shrunk; singular, as 5 periods of 5 lines leave portfolios that seem free of risk; "
    assert told in note(case)
    assert case.risk is not None
    assert not case.risk.definite
    whole = al.Case.from_returns(random_returns(0, 6, 5), method="sample")
    assert "singular" not in note(whole)
    assert whole.risk is not None
    assert whole.risk.definite


@pytest.mark.parametrize(
    ("options", "lent"),
    [({"method": "sample"}, ""), ({"factors": 1}, ""), ({"method": "oas"}, ", though shrinking lends some"),
     ({}, ", though shrinking lends some")],
)  # fmt: skip
def test_lines_that_do_not_vary_are_told(options: dict[str, Any], lent: str) -> None:
    case = al.Case.from_returns(random_returns().assign(cash=0.001), **options)
    assert note(case).endswith(f"; no variation in cash{lent}")
    assert case.risk is not None
    assert (case.universe.numbers["volatility"][-1] > 1e-12, case.risk.definite) == (bool(lent), bool(lent))


def test_a_price_that_grows_at_a_constant_rate_does_not_vary() -> None:
    prices = pd.DataFrame({"x": 1.1 ** np.arange(9), "y": [1, 2, 1, 2, 1, 2, 1, 2, 1]})
    assert np.ptp(prices["x"].pct_change().dropna()) > 0
    case = al.Case.from_returns(prices, prices=True, periods=1, factors=1)
    assert note(case).endswith("; no variation in x")
    assert case.risk is not None
    assert not case.risk.definite


def test_prices_are_made_returns_and_a_hole_drops_both_beside_it() -> None:
    prices = pd.DataFrame({"x": [100, 110, 99, 99, 110], "y": [10, 10, np.nan, 11, 12]})
    case = al.Case.from_returns(prices, prices=True, periods=1, missing="drop-rows", method="sample")
    assert case.risk is not None
    assert case.risk.scenarios == pytest.approx(np.array([[0.1, 0], [1 / 9, 1 / 11]]))
    assert "; dropped 2 of 4 periods, in which a return is missing" in note(case)


def test_prices_may_more_than_double() -> None:
    prices = pd.DataFrame({"x": [1, 3, 5], "y": [1, 2, 3]}, pd.PeriodIndex(["2021", "2022", "2023"], freq="Y"))
    case = al.Case.from_returns(prices, prices=True)
    assert case.universe.numbers["expected-return"] == pytest.approx([(2 + 2 / 3) / 2, 0.75])


def test_a_mean_may_be_given_by_name() -> None:
    returns = random_returns(n=2)
    mean = pd.Series({"line-1": 0.07, "line-0": 0.05})
    case = al.Case.from_returns(returns, mean=mean)
    assert case.universe.numbers["expected-return"].tolist() == [0.05, 0.07]


@pytest.mark.parametrize(
    ("mean", "messages"),
    [
        (pd.Series({"line-0": 0.05}), ["the mean has no number for 'line-1'; give one, as a fraction a year"]),
        (pd.Series({"line-0": 0.05, "line-1": np.inf}),
         ["the mean has no number for 'line-1'; give one, as a fraction a year"]),
        (pd.Series({"line-0": 0.05, "line-1": 0.1, "lime": 1}), ["the mean names 'lime'; did you mean 'line-1'?"]),
        (pd.Series({"line-0": 5.0, "line-1": 7.0}),
         ["the mean of 'line-0' is 5 a year; divide by 100 if these are percentages"]),
        ([0.05, 0.07], ["cannot read the mean (list); pass a Series with a number for each line"]),
        ({"line-0": "x", "line-1": 0}, ["cannot read the mean (dict); pass a Series with a number for each line"]),
    ],
)  # fmt: skip
def test_a_mean_that_does_not_fit(mean: Any, messages: list[str]) -> None:
    assert refused(random_returns(n=2), mean=mean) == messages


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        ({"method": "ledoit"}, ["unknown method 'ledoit'; did you mean 'ledoit-wolf'?"]),
        ({"method": "oas", "factors": 2}, ["a factor model takes no method; give the method or the factors"]),
        ({"factors": 0}, ["factors is 0; give a whole number from 1 to 1,000,000, as in 3"]),
        ({"factors": 5}, ["factors is 5, too many for 60 x 5 returns; ask for 4 at most"]),
        ({"periods": -1, "missing": "drop"},
         ["periods is -1; give a whole number from 1 to 1,000,000, as in 252, 12 or 1",
          "cannot read the policy 'drop' on missing numbers; did you mean 'drop-rows'?"]),
        ({"periods": 12.0}, ["periods is 12.0; give a whole number from 1 to 1,000,000, as in 252, 12 or 1"]),
        ({"periods": float("nan")}, ["periods is nan; give a whole number from 1 to 1,000,000, as in 252, 12 or 1"]),
        ({"periods": True}, ["periods is True; give a whole number from 1 to 1,000,000, as in 252, 12 or 1"]),
        ({"periods": 10**7}, ["periods is 10000000; give a whole number from 1 to 1,000,000, as in 252, 12 or 1"]),
        ({"periods": 252 * 100}, ["the mean of 'line-0' is {mean:.4g} a year; divide by 100 if these are percentages, "
                                  "ask for prices if they are prices, or check the periods of a year"]),
    ],
)  # fmt: skip
def test_options_that_do_not_fit(options: dict[str, Any], messages: list[str]) -> None:
    returns = random_returns()
    mean = 25200 * returns["line-0"].mean()
    assert refused(returns, **options) == [message.format(mean=mean) for message in messages]


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"x": [0.1]}, {}, "1 period of returns for a covariance; give at least two"),
        ({"x": [10, 11]}, {"prices": True}, "1 period of returns for a covariance; give at least two"),
        ({"x": [10]}, {"prices": True}, "0 periods of returns for a covariance; give at least two"),
        ({"x": [0.1, 0.1], "y": [0, 0]}, {}, "no line varies; check that these are returns"),
        ({"x": [0.1, -1.5]}, {}, "a loss of more than everything: 'x' at 1; divide by 100 if these are percentages"),
        ({"x": [0.1, 0.2]}, {"factors": 1}, "factors is 1, too many for 2 x 1 returns; give more periods and lines"),
        ({"x": [3, 2]}, {}, "the mean of 'x' is 2.5 a year; divide by 100 if these are percentages, "
                            "ask for prices if they are prices, or check the periods of a year"),
    ],
)  # fmt: skip
def test_returns_that_are_refused(columns: dict[str, list[float]], options: dict[str, Any], message: str) -> None:
    assert refused(pd.DataFrame(columns), periods=1, **options) == [message]


def test_missing_prices_are_told_as_prices() -> None:
    told = refused(pd.DataFrame({"x": [10, np.nan, 11]}), prices=True, periods=1)
    assert told == [
        "1 of 3 numbers are missing, 'x' lacks 1 of 3; fill them, or set 'missing' to drop-rows or drop-lines",
        "missing: 'x' at 1; fill it",
    ]


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.covariance", None)
    mend = "install it with pip install 'sovereign-allocator[data]', or ask for 'sample'"
    assert refused(random_returns()) == [f"Ledoit-Wolf needs scikit-learn; {mend}"]
    assert refused(random_returns(), method="oas") == [f"OAS needs scikit-learn; {mend}"]
    assert al.Case.from_returns(random_returns(), method="sample").risk is not None
    assert al.Case.from_returns(random_returns(), factors=2).risk is not None
