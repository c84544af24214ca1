from __future__ import annotations

from typing import Any

import pytest

from allocator.errors import InputError
from allocator.fund import Fund
from allocator.units import Rate, Share

TERMS: dict[str, Any] = {"id": "fund", "title": "A fund", "equity": [{"holder": "one", "amount": "$60 bn"}]}


def test_what_is_not_said_is_nothing() -> None:
    fund = Fund.read(TERMS)
    assert (fund.reserve_yield, fund.fee, fund.compression, fund.fully_invested) == (Rate(0), Rate(0), None, False)
    assert fund.currency == "USD"


def test_equity_is_added_up_exactly() -> None:
    parts = [{"holder": "a", "amount": "$0.1 bn"}, {"holder": "b", "vehicle": "v", "amount": "$0.2 bn"}]
    assert Fund.read(TERMS | {"equity": parts}).total_equity == 0.3


@pytest.mark.parametrize(("given", "kept"), [("yes", True), ("no", False), (True, True)])
def test_yes_or_no(given: object, kept: bool) -> None:
    assert Fund.read(TERMS | {"fully-invested": given}).fully_invested is kept


@pytest.mark.parametrize(
    ("share", "fits"), [("0%", True), ("100%", True), ("100.01%", False), ("-1%", False)]
)  # fmt: skip
def test_compression_begins_within_a_capacity(share: str, fits: bool) -> None:
    given = TERMS | {"compression": {"from": share, "slope": "3%"}}
    if fits:
        compression = Fund.read(given).compression
        assert compression is not None
        assert compression.from_ == Share.parse(share)
        return
    with pytest.raises(InputError, match=r"^compression\.from: .* is not between 0% and 100%; "):
        Fund.read(given)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("equity", [], "equity: nobody holds it; write at least one holder with an amount"),
        ("equity", [{"holder": "a", "amount": "$2,000 tn"}],
         "equity: $2,000,000 bn is over $1,000,000 bn; check its unit"),
        ("equity", [{"holder": "a", "amount": "$0"}], "equity.1.amount: $0 bn is not above zero; write more than zero"),
        ("fee", "-1 bp", "fee: -1 bp is negative; write zero or more"),
        ("fully_invested", "true", "fully-invested: cannot read 'true'; write yes or no"),
        ("currency", "EUR", "currency: 'EUR' is not supported; state all amounts in US dollars, currency: USD"),
    ],
)  # fmt: skip
def test_what_is_refused_from_python_too(field: str, value: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Fund.read(TERMS | {field: value})
    assert str(caught.value) == message
