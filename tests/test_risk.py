from __future__ import annotations

import numpy as np
import pytest

from allocator.errors import InputError
from allocator.risk import Risk
from allocator.sparse import Dense

AB = ("a", "b")


def covariance(risk: Risk) -> np.ndarray:
    n = risk.factor.shape[1]
    return np.array([[(risk.factor @ a) @ (risk.factor @ b) for b in np.eye(n)] for a in np.eye(n)])


def matrix(*rows: list[float]) -> np.ndarray:
    return np.array(rows, float)


@pytest.mark.parametrize(
    ("given", "definite"),
    [
        (matrix([0.04, 0.01], [0.01, 0.09]), True),
        (matrix([0.04, 0.06], [0.06, 0.09]), False),
        (matrix([0.04, 0], [0, 0]), False),
        (matrix([0, 0], [0, 0]), False),
        # rounding makes a singular matrix no indefinite one
        (matrix([1, 1 + 1e-12], [1 + 1e-12, 1]), False),
    ],
)
def test_a_covariance_in_factor_form(given: np.ndarray, definite: bool) -> None:
    risk = Risk.from_covariance(given, AB)
    assert covariance(risk) == pytest.approx(given, abs=1e-11)
    assert (risk.definite, risk.note) == (definite, "")
    assert risk.volatility(np.array([2.0, 1])) == pytest.approx(np.sqrt([2, 1] @ given @ [2, 1]), abs=1e-11)


@pytest.mark.parametrize("definite", [True, False])
def test_a_covariance_of_many_lines(definite: bool) -> None:
    root = np.random.default_rng(0).normal(size=(240 if definite else 110, 120))
    given = root.T @ root
    risk = Risk.from_covariance(given, tuple(f"line-{i}" for i in range(120)))
    assert isinstance(risk.factor, Dense)
    assert covariance(risk) == pytest.approx(given, abs=1e-9)
    assert risk.definite == definite
    assert risk.factor.column_squares() == pytest.approx(np.diag(given))


def test_the_nearest_semidefinite_one() -> None:
    # [[1, 2], [2, 1]] has 3 along (1, 1) and -1 along (1, -1); without the latter 1.5 is everywhere
    risk = Risk.from_covariance(matrix([1, 2], [2, 1]), AB, repair="nearest")
    assert covariance(risk) == pytest.approx(np.full((2, 2), 1.5))
    assert risk.note == "covariance repaired to the nearest semidefinite one: least eigenvalue -1, moved 1"
    assert not risk.definite
    assert Risk.from_covariance(matrix([2, 1], [1, 2]), AB, repair="nearest").note == ""


def test_correlations_are_scaled_by_volatilities() -> None:
    risk = Risk.from_correlation(matrix([1, -0.5], [-0.5, 1]), np.array([0.2, 0.3]), AB)
    assert covariance(risk) == pytest.approx(matrix([0.04, -0.03], [-0.03, 0.09]))


def test_a_factor_model() -> None:
    loadings, factors, own = matrix([1, 0], [0.5, 2], [0, 1]), matrix([0.04, 0.01], [0.01, 0.02]), [0.1, 0.2, 0.3]
    risk = Risk.from_factors(loadings, factors, np.array(own), ("a", "b", "c"))
    assert covariance(risk) == pytest.approx(loadings @ factors @ loadings.T + np.diag(np.square(own)))
    assert risk.definite
    assert risk.factor.shape == (5, 3)
    assert not Risk.from_factors(loadings, factors, np.array([0.1, 0, 0.3]), ("a", "b", "c")).definite


def test_scenarios_give_their_sample_covariance() -> None:
    # deviations (-1, 1), (1, -1), (0, 0) over 3 - 1
    risk = Risk.from_scenarios(matrix([0, 4], [2, 2], [1, 3]))
    assert covariance(risk) == pytest.approx(matrix([1, -1], [-1, 1]))
    assert not risk.definite
    assert Risk.from_scenarios(matrix([0, 1], [2, 2], [1, 6])).definite


def test_scenarios_are_kept_as_they_are() -> None:
    given = matrix([0, 4], [2, 2], [1, 3])
    assert np.array_equal(Risk.from_scenarios(given).scenarios, given)
    assert Risk.from_covariance(np.eye(2), AB).scenarios is None


@pytest.mark.parametrize("correlation", [-0.5, 0.0, 0.3, 0.9])
def test_two_lines_weighted_by_the_inverse_of_their_volatility_add_the_same_risk(correlation: float) -> None:
    """Maillard, Roncalli and Teiletche (2010), section 2.3: whatever the correlation."""
    both = matrix([1, correlation], [correlation, 1])
    risk = Risk.from_correlation(both, np.array([0.2, 0.3]), AB)
    assert risk.shares(np.array([60.0, 40.0])) == pytest.approx([0.5, 0.5])


def test_a_hedge_adds_less_than_nothing() -> None:
    """w = (2, 1), C = [[4, -3], [-3, 4]]: Cw = (5, -2), so that 10 and -2 of the variance of 8."""
    risk = Risk.from_covariance(matrix([4, -3], [-3, 4]), AB)
    assert risk.shares(np.array([2.0, 1.0])) == pytest.approx([1.25, -0.25])


def test_without_variance_there_are_no_shares_of_it() -> None:
    assert Risk.from_covariance(np.eye(2), AB).shares(np.zeros(2)) is None


NAN = float("nan")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (matrix([1, 0, 0], [0, 1, 0]), "2 lines do not fit a matrix of (2, 3); give a row and a column a line"),
        (matrix([1, NAN], [NAN, 1]), "the entry of a and b is not finite; write a number\n"
                                     "the entry of b and a is not finite; write a number"),
        (matrix([1, 0.2], [0.3, 1]), "not symmetric: a with b is 0.2, and 0.3 the other way; make both the same"),
        (matrix([-1, 0], [0, 1]), "the variance of a is negative; write zero or more"),
        (matrix([1, 2], [2, 1]), "the covariance is indefinite, with a least eigenvalue of -1; "
                                 "check the numbers, or ask for 'repair: nearest'"),
    ],
)  # fmt: skip
def test_a_covariance_that_is_none(given: np.ndarray, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Risk.from_covariance(given, AB)
    assert str(caught.value) == message


def test_correlations_that_cannot_be() -> None:
    # three lines at -0.9 to each other: 1 - 2 * 0.9
    with pytest.raises(InputError, match=r"the correlations are indefinite, with a least eigenvalue of -0\.8; "):
        Risk.from_correlation(1.9 * np.eye(3) - 0.9, np.array([0.1, 0.2, 0.3]), ("a", "b", "c"))


@pytest.mark.parametrize(
    ("factors", "own", "message"),
    [
        (np.eye(1), [0.1, 0.1], "2 lines with 2 factors do not fit a covariance of (1, 1) and 2 specifics; "
                                "give one row a line and one column a factor"),
        (np.eye(2), [0.1, -0.1], "the specific volatility of b is negative; write zero or more"),
        (-np.eye(2), [0.1, 0.1], "the variance of factor 1 is negative; write zero or more\n"
                                 "the variance of factor 2 is negative; write zero or more"),
    ],
)  # fmt: skip
def test_a_factor_model_that_is_none(factors: np.ndarray, own: list[float], message: str) -> None:
    with pytest.raises(InputError) as caught:
        Risk.from_factors(np.eye(2), factors, np.array(own), AB)
    assert str(caught.value) == message
