"""Laws turn normal scores into values: checked against scipy's own distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from allocator.errors import InputError
from allocator.scenarios.laws import Law, Lognormal, Normal, Triangular, Uniform, said

SCORES = np.linspace(-5, 5, 101)


@pytest.mark.parametrize(
    ("law", "truth"),
    [
        (Normal(0.04, 0.01), stats.norm(0.04, 0.01)),
        (Normal(0.04, 0.01, at_least=0.03), stats.truncnorm(-1, np.inf, 0.04, 0.01)),
        (Normal(0.04, 0.01, 0.035, 0.09), stats.truncnorm(-0.5, 5, 0.04, 0.01)),
        (Lognormal(150, 0.1), stats.lognorm(0.1, scale=150)),
        (Uniform(0.1, 0.14), stats.uniform(0.1, 0.04)),
        (Triangular(0.95, 1.0, 1.25), stats.triang(1 / 6, 0.95, 0.3)),
        (Triangular(1.0, 1.0, 1.25), stats.triang(0, 1.0, 0.25)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_they_are_what_they_say(law: Law, truth: object) -> None:
    values = law.values(SCORES)
    # From the nearer end, or the far tail has no digits to compare.
    expected = np.where(SCORES < 0, truth.ppf(stats.norm.cdf(SCORES)), truth.isf(stats.norm.sf(SCORES)))  # type: ignore[attr-defined]
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-15)
    assert (np.diff(values) >= 0).all()
    least, most = law.ends
    assert least <= values.min()
    assert values.max() <= most
    assert least <= law.middle <= most


def test_a_bounded_lognormal_is_the_exponential_of_a_bounded_normal() -> None:
    values = Lognormal(100, 0.2, 80, 130).values(SCORES)
    normal = Normal(np.log(100), 0.2, np.log(80), np.log(130)).values(SCORES)
    np.testing.assert_allclose(values, np.exp(normal), rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Normal(1, 0), "a normal law with a spread of 0; give one above zero"),
        (lambda: Normal(1, np.nan), "a normal law with a number that is not finite; give numbers"),
        (lambda: Normal(1, 1, np.nan), "a normal law with a number that is not finite; give numbers"),
        (lambda: Normal(1, 1, 2, 3), "a normal law around 1, which is not between 2 and 3; keep it inside the bounds"),
        (
            lambda: Lognormal(-1, 1),
            "a lognormal law around -1, which is not between 0 and inf; keep it inside the bounds",
        ),
        (lambda: Lognormal(0, 1), "a lognormal law with a median of 0; keep it above zero"),
        (lambda: Uniform(2, 1), "a uniform law from 2 to 1; put the lower bound first"),
        (
            lambda: Triangular(0, 3, 2),
            "a triangular law around 3, which is not between 0 and 2; keep it inside the bounds",
        ),
    ],
)
def test_errors(make: object, told: str) -> None:
    with pytest.raises(InputError) as error:
        make()  # type: ignore[operator]
    assert str(error.value) == told


def test_plain_data() -> None:
    assert said(Normal(0.04, 0.01)) == {"law": "normal", "mean": 0.04, "spread": 0.01}
