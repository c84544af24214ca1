"""What two owners agree on: worked out by hand, refused with the reason, saved, and checked again."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from helpers import amounts, book, tiny
from owners import FLOOR, owned

import allocator as al
from allocator.aims import read
from allocator.errors import Infeasible, InputError


@pytest.fixture(scope="module")
def agreed() -> al.Bargain:
    return al.bargain(owned(), book(), resolve=False)


def test_two_lines_by_hand(agreed: al.Bargain) -> None:
    """(1 + 0.02 t) (1.5 - 0.01 t) is greatest at t = 50: gains of 3 and 1.5, over walking away 2 and 1.

    East alone takes t = 100 (4, and 1 for West), West alone t = 0 (2 for each). Along t a dollar for East costs West
    0.01 / 0.02.
    """
    assert amounts(agreed.outcome) == pytest.approx([50, 50], abs=0.01)
    told = agreed.owners
    assert told.loc["east", ["gain", "walk-away", "surplus", "best", "other-decides"]].tolist() == pytest.approx(
        [3, 1, 2, 4, 2], abs=1e-4
    )
    assert told.loc["west", ["gain", "walk-away", "surplus", "best", "other-decides"]].tolist() == pytest.approx(
        [1.5, 0.5, 1, 2, 1], abs=1e-4
    )
    assert told["income"].tolist() == pytest.approx([3.5, 3.5], abs=1e-4)
    assert told["funding"].tolist() == [2, 2]
    assert told["strategic"].tolist() == pytest.approx([1.5, 0], abs=1e-3)
    assert told["penalties"].tolist() == [0, 0]
    assert told["gain-by-waterfall"].tolist() == pytest.approx(told["gain"].tolist())
    assert agreed.prices.loc["east", "west"] == pytest.approx(0.5, rel=1e-4)
    assert agreed.prices.loc["west", "east"] == pytest.approx(2, rel=1e-4)
    assert repr(agreed) == "Bargain('Tiny', optimal: East $3.000 bn, West $1.500 bn a year)"


def test_twice_the_weight() -> None:
    """2 log(1 + 0.02 t) + log(1.5 - 0.01 t) is greatest at t = 250 / 3; the weights themselves are only relative."""
    for one, other in (("2", "1"), ("3", "1.5")):
        case = owned({"weight": one}, {"weight": other})
        assert amounts(al.bargain(case, book(), resolve=False).outcome)[1] == pytest.approx(250 / 3, abs=0.01)


@pytest.mark.parametrize(("west", "t"), [("1.04", 95.5), ("1.049", 95.05)])
def test_little_to_share_is_shared_as_exactly(west: str, t: float) -> None:
    """East beats $3.9 bn from t = 95 on, and West its own up to little more: the product is greatest halfway."""
    found = al.bargain(owned({"walk-away": "$3.9 bn"}, {"walk-away": f"${west} bn"}), book(), resolve=False)
    assert found.outcome.status == "optimal"
    assert found.owners["surplus"].tolist() == pytest.approx([0.02 * (t - 95), 0.01 * (t - 95)], rel=2e-4)


@pytest.mark.parametrize("treasury", ["$1 bn", "$0.01 bn", "$1 m"])
def test_an_owner_of_next_to_nothing_bargains_all_the_same(treasury: str) -> None:
    principals = [
        {"id": "east", "title": "E", "holder": "one", "funding": "4%", "walk-away": "$0 bn",
         "strategic": {"column": "own", "worth": "300 bp"}},
        {"id": "west", "title": "W", "holder": "two", "funding": "1%", "walk-away": "$0 bn"},
    ]  # fmt: skip
    case = tiny(
        {"cash-yield [%]": [8, 6, 5], "capacity [$ bn]": [60, 70, 90], "own": [0, 0.5, 1]},
        equity=[{"holder": "one", "amount": "$100 bn"}, {"holder": "two", "amount": treasury}],
        principals=principals,
        compression={"from": "50%", "slope": "3%"},
    )
    found = al.bargain(case, book(), resolve=False)
    assert found.outcome.status == "optimal"
    assert al.verify(found.outcome, case, book())
    east, west = found.owners["surplus"]
    (between,) = found.record["frontiers"]
    products = [one * other for one, other in between["points"]]
    assert max(products) * (1 - 1e-6) <= east * west <= max(products) * (1 + 2e-3)


def test_soft_rules_are_paid_for_by_equity_held() -> None:
    """Each dollar of t over 20 costs 50 bp, half each: (1.05 + 0.0175 t) (1.55 - 0.0125 t) is greatest at t = 32."""
    found = al.bargain(owned(), book(al.rules.Share(**FLOOR)), resolve=False)
    assert amounts(found.outcome) == pytest.approx([68, 32], abs=0.01)
    assert found.owners["gain"].tolist() == pytest.approx([2.61, 1.65], abs=1e-3)
    assert found.owners["penalties"].tolist() == pytest.approx([0.03, 0.03], abs=1e-4)
    assert al.verify(found.outcome, owned(), book(al.rules.Share(**FLOOR)))


def test_a_dear_soft_rule_is_kept() -> None:
    """At 200 bp the product falls on both sides of t = 20: a corner, where both sides' slopes stand for the price."""
    rule = al.rules.Share(**FLOOR | {"penalty": "200 bp"})
    found = al.bargain(owned(), book(rule), resolve=False)
    assert amounts(found.outcome) == pytest.approx([80, 20], abs=0.01)
    assert found.owners["penalties"].tolist() == pytest.approx([0, 0], abs=1e-4)


def test_a_waterfall_is_told_and_changes_nothing(agreed: al.Bargain) -> None:
    """Deemed at $4 bn a year: of $7 bn East's side has 2 + 0.9 x 3 = 4.7, and West's 2.3."""
    waterfall = {
        "deemed": {"amount": "$40 bn", "cost": "0%", "tenor": "10 years"},
        "before": {"east": "50%", "west": "50%"},
        "after": {"east": "90%", "west": "10%"},
    }
    found = al.bargain(owned(waterfall=waterfall), book(), resolve=False)
    assert found.owners["gain"].tolist() == pytest.approx(agreed.owners["gain"].tolist(), abs=1e-6)
    assert found.owners["gain-by-waterfall"].tolist() == pytest.approx([4.7 - 2 + 1.5, 2.3 - 2], abs=1e-3)


def test_three_owners() -> None:
    """Three alike share alike: lines of 8% that each scores one of, and the greatest product has them equal."""
    equity = [{"holder": name, "amount": "$30 bn"} for name in ("x", "y", "z")]
    principals = [
        {"id": name, "title": name, "holder": name, "funding": "4%",
         "strategic": {"column": f"for-{name}", "worth": "100 bp"}}
        for name in ("x", "y", "z")
    ]  # fmt: skip
    columns = {"cash-yield [%]": [8] * 3, "capacity [$ bn]": [90] * 3}
    columns |= {f"for-{name}": [int(k == j) for j in range(3)] for k, name in enumerate("xyz")}
    found = al.bargain(tiny(columns, equity=equity, principals=principals), book(), resolve=False)
    assert amounts(found.outcome) == pytest.approx([30, 30, 30], abs=0.01)
    assert found.owners["best"].tolist() == pytest.approx([1.2 + 0.9] * 3, abs=1e-4)
    with pytest.raises(InputError, match=r"^a picture has room for two owners, and there are 3; read their gains in"):
        found.plot()


def test_nobody_gains_more_than_its_own_best(agreed: al.Bargain) -> None:
    """Each one's best is what it has where it is the only objective, to the last digits."""
    case, rules = owned(), book()
    for name, best in agreed.owners["best"].items():
        alone = al.allocate(case, rules, al.OwnerGain(str(name)), resolve=False).record["certificate"]
        assert best == pytest.approx(alone["bound"] * case.equity, rel=1e-7)
        assert best >= agreed.owners.loc[name, "gain"]


def test_where_nobody_owns_nobody_bargains() -> None:
    case = tiny({"cash-yield [%]": [8], "capacity [$ bn]": [100]})
    with pytest.raises(InputError, match=r"^there is nobody to bargain; name the owners under 'principals' in fund.ya"):
        al.bargain(case, book())


@pytest.mark.parametrize(
    ("away", "gains"),
    [(("$5 bn", "$3 bn"), ("3.333", "1.333")), (("$3.9 bn", "$1.05 bn"), ("3.900", "1.050"))],
    ids=["neither", "not both"],
)
def test_they_cannot_both_beat_walking_away(away: tuple[str, str], gains: tuple[str, str]) -> None:
    """Of 5 and 3, both are as short where 3 - 0.02 t = 1 + 0.01 t, at t = 66.7; of 3.9 and 1.05, neither is at t = 95."""
    with pytest.raises(Infeasible) as caught:
        al.bargain(owned({"walk-away": away[0]}, {"walk-away": away[1]}), book())
    assert str(caught.value) == (
        f"the owners cannot all beat their walk-aways: East would walk away to {away[0]} a year, and has $4.000 bn where "
        f"it alone decides, ${gains[0]} bn by the most even allocation; West would walk away to {away[1]} a "
        f"year, and has $2.000 bn where it alone decides, ${gains[1]} bn by the most even allocation"
    )


def test_where_nothing_fits_there_is_nothing_to_agree_on() -> None:
    rule = al.rules.Amount(id="much", title="Much", measure="deployed", at_least="$150 bn")
    found = al.bargain(owned(), book(rule))
    assert (found.outcome.status, repr(found)) == ("infeasible", "Bargain('Tiny', infeasible)")
    for look in (lambda: found.owners, lambda: found.prices, found.plot):
        with pytest.raises(Infeasible, match=r"^no allocation satisfies the rules; broken least: much$"):
            look()


def test_it_is_saved_and_its_outcome_read_and_verified(agreed: al.Bargain, tmp_path: Path) -> None:
    path = tmp_path / "bargain.json"
    agreed.save(path)
    assert json.loads(path.read_text())["format"] == "allocator/bargain/1"
    again = al.read_outcome(path)
    assert again.record == agreed.record["outcome"]
    found = al.verify(again, owned(), book())
    assert found, str(found)
    assert "pass  bargain: each gain counts by its weight over its surplus" in str(found)
    aim = read(again.record["objective"])
    apart = dict.fromkeys(("value", "income", "dollars", "parts"))
    assert aim.said() | apart == again.record["objective"] | apart


def _tampered(record: dict[str, Any], what: str) -> dict[str, Any]:
    found = copy.deepcopy(record)
    said = found["objective"]
    if what == "lows":
        said["lows"][0] += 0.001
    elif what == "weight":
        said["parts"][0]["weight"], said["parts"][1]["weight"] = 0.6, 0.4
    elif what == "counts":
        said["parts"][0]["counts"] *= 1.01
    return found


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("lows", "FAIL  bargain: the walk-aways are not the case's"),
        ("weight", "FAIL  bargain: the principals and their weights are not the case's"),
        ("counts", "FAIL  bargain: what a gain counts is not its weight over its surplus"),
    ],
)
def test_what_was_tampered_with_fails(agreed: al.Bargain, what: str, told: str) -> None:
    found = al.verify(al.Outcome(_tampered(agreed.record["outcome"], what)), owned(), book())
    assert not found
    assert told in str(found)


def test_another_point_of_the_frontier_is_no_bargain() -> None:
    """West's best allocation has the greatest sum by other weights, and all else in order."""
    case = owned()
    made = al.bargain(owned({"weight": "5"}), book(), resolve=False).outcome.record
    forged = copy.deepcopy(made)
    for part in forged["objective"]["parts"]:
        part["weight"] = 0.5
    found = al.verify(al.Outcome(forged), case, book())
    assert "FAIL  bargain: what a gain counts is not its weight over its surplus" in str(found)


def test_penalties_are_no_longer_what_they_were() -> None:
    cheap, dear = (book(al.rules.Share(**FLOOR | {"penalty": rate})) for rate in ("50 bp", "60 bp"))
    found = al.bargain(owned(), cheap, resolve=False)
    assert not al.verify(found.outcome, owned(), dear)


def test_lines_that_are_held_whole_are_refused() -> None:
    """Mixtures of allocations may break such a rule, and a product's tangent proves nothing without them."""
    rule = al.rules.Count(id="few", title="Few", at_most="1")
    with pytest.raises(InputError) as caught:
        al.bargain(owned(), book(rule))
    assert str(caught.value) == (
        "rule 'few' chooses lines whole, so that mixtures of allocations may break it, and a bargain is proved by them; "
        "leave it out"
    )
