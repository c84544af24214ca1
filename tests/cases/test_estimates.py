"""Published prices, returns and moments, estimated again."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.covariance
from helpers import covariance
from shrinkage import by_chen_and_others, by_ledoit_and_wolf

import allocator as al


@pytest.fixture(scope="module")
def prices(reference: Path) -> pd.DataFrame:
    """Daily prices of twenty stocks, 1989 to 2018, a third of them missing (tests of PyPortfolioOpt)."""
    return pd.read_csv(reference / "pypfopt/data/stock_prices.csv", index_col="date", parse_dates=True)


@pytest.fixture(scope="module")
def industries(reference: Path) -> pd.DataFrame:
    """Fama and French's 49 industries by month, 1969 to 2020."""
    path = reference / "sector_data/data/ff49_monthly_vw_percent_196907_202006.csv"
    percent = pd.read_csv(path, index_col="month")
    return (percent / 100).set_axis(pd.PeriodIndex(percent.index.astype(str), freq="M"))


def test_complete_returns_are_those_published(reference: Path, prices: pd.DataFrame) -> None:
    published = pd.read_csv(reference / "pypfopt/data/returns_complete_rows.csv", index_col="date")
    case = al.Case.from_returns(prices, prices=True, missing="drop-rows")
    assert case.risk is not None
    assert case.risk.scenarios == pytest.approx(published.to_numpy(), abs=1e-12)
    assert case.universe.ids == tuple(published.columns)
    assert case.universe.numbers["expected-return"] == pytest.approx(252 * published.mean().to_numpy(), rel=1e-9)
    assert case.risk.note.startswith("risk estimated from 895 periods, 2014-09-22 to 2018-04-11; ")
    assert "times 252, the periods of a year by the dates" in case.risk.note
    assert "dropped 6,230 of 7,125 periods" in case.risk.note


def test_the_published_mean_is_the_compound_one(reference: Path, prices: pd.DataFrame) -> None:
    """Theirs is what a year of compounding gives; ours, times 252, is the one that goes with a covariance."""
    mean = pd.read_csv(reference / "pypfopt/data/mu_complete_rows.csv", index_col="asset")["expected_return"]
    case = al.Case.from_returns(prices, prices=True, missing="drop-rows")
    assert case.risk is not None
    scenarios = case.risk.scenarios
    assert scenarios is not None
    assert np.prod(1 + scenarios, axis=0) ** (252 / len(scenarios)) - 1 == pytest.approx(mean.to_numpy(), rel=1e-9)


def test_the_published_covariance_pair_by_pair(reference: Path, prices: pd.DataFrame) -> None:
    """Theirs takes for each pair the days on which both have returns, as a case of two lines does."""
    published = pd.read_csv(reference / "pypfopt/data/cov.csv", index_col="asset")
    prices = prices.reset_index(drop=True)  # the labels of 7,126 days need not be read 210 times
    for pair in combinations(prices.columns, 2):
        case = al.Case.from_returns(prices[list(pair)], prices=True, missing="drop-rows", method="sample", periods=252)
        assert covariance(case)[0, 1] == pytest.approx(published.loc[pair], rel=1e-8)
    for name in prices.columns:
        case = al.Case.from_returns(prices[[name]], prices=True, missing="drop-rows", method="sample", periods=252)
        assert covariance(case)[0, 0] == pytest.approx(published.loc[name, name], rel=1e-9)


@pytest.mark.parametrize("source", ["prices", "industries"])
def test_shrinkage_of_real_returns(source: str, prices: pd.DataFrame, industries: pd.DataFrame) -> None:
    if source == "prices":
        returns, periods = prices.pct_change(fill_method=None).dropna(), 252
        cases = [
            al.Case.from_returns(prices, prices=True, missing="drop-rows", method=method)
            for method in ("ledoit-wolf", "oas")
        ]
    else:
        returns, periods = industries, 12
        cases = [al.Case.from_returns(industries, method=method) for method in ("ledoit-wolf", "oas")]
    values = returns.to_numpy(float)
    theirs = [sklearn.covariance.LedoitWolf().fit(values), sklearn.covariance.OAS().fit(values)]
    for case, fitted, own in zip(cases, theirs, (by_ledoit_and_wolf, by_chen_and_others), strict=True):
        expected, shrinkage = own(values)
        assert fitted.shrinkage_ == pytest.approx(shrinkage, rel=1e-9)
        assert covariance(case) == pytest.approx(periods * expected, rel=1e-8, abs=1e-12)
        assert case.risk is not None
        assert f"shrunk by {shrinkage:.4g} " in case.risk.note


def test_least_variance_of_industries_is_that_of_the_covariance(industries: pd.DataFrame) -> None:
    """The optimum by estimates is the one by moments that scikit-learn gives; the index is read by month."""
    case = al.Case.from_returns(industries)
    assert case.risk is not None
    assert "612 periods, 1969-07 to 2020-06; " in case.risk.note
    moments = al.Case.from_moments(
        12 * industries.mean(), 12 * pd.DataFrame(
            sklearn.covariance.ledoit_wolf(industries.to_numpy())[0], industries.columns, industries.columns
        ),
    )  # fmt: skip
    ours, theirs = (al.allocate(each, None, al.Variance(), resolve=False) for each in (case, moments))
    assert ours.record["certificate"]["bound"] == pytest.approx(theirs.record["certificate"]["bound"], rel=1e-7)
    assert ours.amounts["share"].to_numpy() == pytest.approx(theirs.amounts["share"].to_numpy(), abs=1e-6)


def test_the_published_file_can_be_given_to_the_reader(reference: Path) -> None:
    panel = al.read_returns(reference / "pypfopt/data/stock_prices.csv")
    with pytest.raises(al.InputError) as caught:
        al.Case.from_returns(panel, prices=True)
    first, second, *_ = str(caught.value).replace(f"{reference}/pypfopt/data/", "").split("\n")
    assert first == (
        "stock_prices.csv:1:6: 35,589 of 142,520 numbers are missing, 'BABA' lacks 6,230 of 7,126; "
        "fill them, or set 'missing' to drop-rows or drop-lines"
    )
    assert second == "stock_prices.csv:2:12: missing: 'GOOG' at 1989-12-29; fill it"
    whole = al.Case.from_returns(panel, prices=True, missing="drop-lines")
    assert whole.universe.ids == ("AAPL", "GE", "AMD", "WMT", "BAC", "T", "XOM", "BBY", "PFE", "JPM")
