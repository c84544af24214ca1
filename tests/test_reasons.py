"""Why nothing fits, on cases small enough to know the answer by hand; each is checked by a second solver too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from helpers import book, tiny
from second_opinion import check, ids

import allocator as al
from allocator.reasons import reasons
from allocator.rulebook.waivers import Waiver
from allocator.rules import Rule
from allocator.solution import Record

pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
R = al.rules
LOAN = {"id": "loan", "capacity": "$100 bn", "cost": "5%", "tenor": "20 years", "repayment": "bullet"}


def plain(n: int = 4, capacity: float = 200, **fund: Any) -> al.Case:
    """Lines without debt."""
    columns = {"cash-yield [%]": [8, 7, 6, 5, 4][:n], "capacity [$ bn]": [capacity] * n,
               "sector": ["x", "x", "y", "y", "z"][:n], "domicile": ["US", "US", "JP", "JP", "US"][:n],
               "mw-in": [0, 0, 10, 20, 0][:n], "mw-out": [10, 5, 0, 0, 0][:n]}  # fmt: skip
    exposures = [("a", "acme", 0.6), ("b", "acme", 0.2), ("b", "zeta", 0.5)]
    return tiny(columns, exposures=exposures, covariance=np.diag([0.04, 0.04, 0.01, 0.01, 0.01][:n]), **fund)


def levered(loan: dict[str, Any] | None = None, **columns: Sequence[Any]) -> al.Case:
    """Two lines that may borrow up to 60%, from one lender; income compresses beyond half the capacity."""
    own = {"cash-yield [%]": [9, 8], "capacity [$ bn]": [200, 200], "gearing [%]": [60, 60], **columns}
    return tiny(own, [{**LOAN, **(loan or {})}], compression={"from": "50%", "slope": "3%"})


def amount(name: str, **fields: Any) -> Rule:
    return R.Amount(id=name, title=name, **fields)


SIZE = amount("size", at_least="$150 bn")
FULL = {"fully-invested": "yes"}

CASES: dict[str, tuple[al.Case, list[Rule], list[str], dict[str, str]]] = {
    "two floors in dollars": (
        plain(),
        [amount("p", scope={"line": "a"}, at_least="$70 bn"), amount("q", scope={"line": "b"}, at_least="$60 bn")],
        ["p", "q"],
        {"p": "$40 bn", "q": "$30 bn"},
    ),
    "a floor over a line's capacity": (
        plain(capacity=50),
        [amount("p", scope={"line": "a"}, at_least="$60 bn")],
        ["p", "terms.capacity"],
        {"p": "$50 bn", "terms.capacity": "$210 bn"},
    ),
    "fully invested in too little": (
        plain(2, capacity=40, **FULL),
        [],
        ["terms.capacity", "terms.fully-invested"],
        {"terms.capacity": "$100 bn"},
    ),
    "caps that add up to less than all": (
        plain(3, **FULL),
        [R.Share(id="cap", title="Cap", each="line", of="deployed", at_most="30%")],
        ["cap", "terms.fully-invested"],
        {"cap": "33.4%"},
    ),
    "an index that an even split exceeds": (
        plain(4, **FULL),
        [R.Concentration(id="hhi", title="H", by="line", measure="hhi", of="deployed", at_most="0.20")],
        ["hhi", "terms.fully-invested"],
        {"hhi": "0.25"},
    ),
    "more equal lines than there are": (
        plain(4, **FULL),
        [R.Concentration(id="n", title="N", by="line", measure="effective-number", of="deployed", at_least="5")],
        ["n", "terms.fully-invested"],
        {"n": "4"},
    ),
    "the two largest under an even split": (
        plain(4, **FULL),
        [R.Concentration(id="top", title="T", by="line", measure="top-n", n=2, of="deployed", at_most="45%")],
        ["top", "terms.fully-invested"],
        {"top": "50%"},
    ),
    "less risk than the least risky": (
        # The least variance of 4%, 4%, 1% and 1% in parts 1:1:4:4 is 0.4%, 6.32% a year.
        plain(4, **FULL),
        [R.Volatility(id="risk", title="R", of="deployed", at_most="5%")],
        ["risk", "terms.fully-invested"],
        {"risk": "6.4%"},
    ),
    "more to move than may be": (
        plain(holdings={"c": 100.0}),
        [R.Turnover(id="moved", title="M", at_most="20%"), amount("p", scope={"line": "a"}, at_least="$30 bn")],
        ["moved", "p"],
        {"moved": "30%", "p": "$20 bn"},
    ),
    "a stress on what is wanted": (
        plain(stresses=[{"id": "slump", "title": "S", "story": "S.", "shocks": [{"scope": {"line": "a"}, "return": "-50%"}]}]),
        [R.StressLoss(id="stress", title="S", each="stress", of="deployed", at_most="20%"),
         amount("p", scope={"line": "a"}, at_least="$60 bn")],
        ["stress", "p"],
        {"stress": "30%", "p": "$40 bn"},
    ),
    "the worst of four years for what is wanted": (
        plain(scenarios=[[-0.5, 0, 0, 0], [0.1, 0.1, 0.1, 0.1], [0.2, 0.1, 0, 0], [0.3, 0, 0.1, 0]]),
        [R.TailLoss(id="tail", title="T", confidence="75%", of="deployed", at_most="20%"),
         amount("p", scope={"line": "a"}, at_least="$60 bn")],
        ["tail", "p"],
        {"tail": "30%", "p": "$40 bn"},
    ),
    "a benchmark without what is wanted": (
        # A part s of a instead of c and d strays by s * sqrt(4% + 2 * 1% / 4) = 0.2121 s.
        plain(benchmark={"c": 0.5, "d": 0.5}),
        [R.Tracking(id="near", title="N", of="deployed", at_most="5%"),
         amount("p", scope={"line": "a"}, at_least="$30 bn")],
        ["near", "p"],
        {"near": "6.4%", "p": "$23.5 bn"},
    ),
    "a cap on debt under a size": (
        levered(),
        [SIZE, R.Leverage(id="debt", title="D", measure="debt-to-equity", at_most="0.30x")],
        ["size", "debt"],
        {"size": "$130 bn", "debt": "0.50x"},
    ),
    "a lender with too little": (
        levered({"capacity": "$30 bn"}),
        [SIZE],
        ["size", "terms.tranche-capacity"],
        {"size": "$130 bn", "terms.tranche-capacity": "$50 bn"},
    ),
    "a reserve beside a size": (
        tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 100]}),
        [amount("size", at_least="$80 bn"), amount("cash", measure="reserve", at_least="$25 bn")],
        ["size", "cash"],
        {"size": "$75 bn", "cash": "$20 bn"},
    ),
    "an exclusion of what is wanted": (
        plain(),
        [R.Exclusion(id="out", title="O", scope={"line": "a"}), amount("p", scope={"line": "a"}, at_least="$20 bn")],
        ["out", "p"],
        {"out": "$20 bn", "p": "$0 bn"},
    ),
    "a supplier behind what is wanted": (
        # 60 of a: 36 behind acme of what is deployed, 100 at the most.
        plain(),
        [R.LookThrough(id="behind", title="B", each="counterparty", of="deployed", at_most="30%"),
         amount("p", scope={"line": "a"}, at_least="$60 bn")],
        ["behind", "p"],
        {"behind": "36%", "p": "$50 bn"},
    ),
    "a country beside a floor abroad": (
        plain(),
        [R.Domicile(id="home", title="H", country="US", basis="seat", of="equity", at_least="85%"),
         R.Share(id="abroad", title="A", scope={"sector": "y"}, of="equity", at_least="25%")],
        ["home", "abroad"],
        {"home": "75%", "abroad": "15%"},
    ),
    "power for what is wanted": (
        # 60 of a needs 600 MW; the 40 left bring 800 of d.
        plain(),
        [R.Ratio(id="mw", title="M", numerator={"column": "mw-in"}, denominator={"column": "mw-out"}, at_least="1.50x"),
         amount("p", scope={"line": "a"}, at_least="$60 bn")],
        ["mw", "p"],
        {"mw": "1.33x", "p": "$57.1 bn"},
    ),
    "interest over net income": (
        # 50 of debt at 5% costs 2.5; 150 of a earns 13.5 less 0.03 / (2 * 200) * 50^2 = 13.3125.
        levered(),
        [SIZE, R.Ratio(id="part", title="P", numerator="interest", denominator="net-cash-income", at_most="15%")],
        ["size", "part"],
        {"size": "$136.5 bn", "part": "18.8%"},
    ),
    "cover of a haircut income": (
        levered(),
        [SIZE, R.Coverage(id="cover", title="C", measure="interest", haircut="10%", at_least="5.00x")],
        ["size", "cover"],
        {"size": "$147 bn", "cover": "4.79x"},
    ),
    "a line's own cover": (
        # 6 * 5% of the debt y is 9 + 9% y - 0.000075 y^2 at 42.2.
        levered(**{"dscr [x]": [6.0, 6.0]}),
        [SIZE],
        ["size", "terms.cover"],
        {"size": "$142.2 bn"},
    ),
}  # fmt: skip


def told(record: Record) -> dict[str, str]:
    """Each rule's new number, and each term's, where changing it alone helps."""
    found = {single["rule"]: repair for single in record["singles"] for repair in single["repairs"]}
    found |= {f"terms.{each['term']}": each for each in record["amounts"]}
    return {name: repair["changes"][0]["now"] for name, repair in found.items()}


@pytest.mark.parametrize("name", CASES)
def test_the_conflict_and_its_repairs(name: str) -> None:
    case, rules, members, repairs = CASES[name]
    record = reasons(case, book(*rules))
    assert record["status"] == "infeasible"
    assert ids(record["conflict"]) == members
    assert told(record) == repairs
    assert all(repair["smallest"] for single in record["singles"] for repair in single["repairs"])
    seen: Counter[str] = Counter()
    check(case, book(*rules), record, seen)
    assert not [what for what in seen if what.endswith(("borderline", "missing", "undecided"))]


def test_a_rule_that_may_not_be_relaxed_is_blamed_and_left_alone() -> None:
    floor = amount("p", scope={"line": "a"}, at_least="$70 bn", relax="never")
    record = reasons(plain(), book(floor, amount("q", scope={"line": "b"}, at_least="$60 bn")))
    assert ids(record["conflict"]) == ["p", "q"]
    assert [member["relax"] for member in record["conflict"]] == ["never", "may"]
    assert [single["outcome"] for single in record["singles"]] == ["never", "change"]
    assert told(record) == {"q": "$30 bn"}
    assert [change["of"] for change in record["joint"]["repair"]["changes"]] == ["q"]


def test_where_two_things_conflict_no_single_change_helps_and_the_joint_one_reaches_further() -> None:
    # The lines with the floors in dollars, and the reserve with the size: 70 + 60 > 100, and 60 + 50 > 100.
    rules = book(
        amount("p", scope={"line": "a"}, at_least="$70 bn"),
        amount("q", scope={"line": "b"}, at_least="$60 bn"),
        amount("least", scope={"line": "c"}, at_least="$5 bn"),
        amount("most", scope={"sector": "y"}, at_most="$4 bn"),
    )
    record = reasons(plain(), rules)
    assert [single["outcome"] for single in record["singles"]] == ["none", "none"]
    (further,) = record["joint"]["further"]
    assert sorted(ids(record["conflict"]) + ids(further)) == ["least", "most", "p", "q"]
    assert sorted(record["joint"]["beyond"]) == sorted(ids(further))
    assert {change["of"] for change in record["joint"]["repair"]["changes"]} >= {"p"}
    check(plain(), rules, record, Counter())


def test_what_it_takes_to_keep_the_one_rule_that_could_give_way() -> None:
    # $150 bn of capital needs $50 bn of debt: against the cap on debt, and against what the lender has.
    case, cap = (
        levered({"capacity": "$20 bn"}),
        R.Leverage(id="debt", title="D", measure="debt-to-equity", at_most="0.10x"),
    )
    record = reasons(case, book(SIZE, cap))
    assert ids(record["conflict"]) == ["size", "debt"]
    keeping = record["keeping"]
    assert keeping["rule"] == "size"
    assert [ids(members) for members in keeping["further"]] == [["size", "terms.tranche-capacity"]]
    changes = {change["of"]: change["now"] for change in keeping["repair"]["changes"]}
    assert changes == {"debt": "0.50x", "loan": "$50 bn"}
    check(case, book(SIZE, cap), record, Counter())


def test_what_cannot_be_kept_is_said() -> None:
    case = levered(**{"dscr [x]": [6.0, 6.0]})
    cap = R.Leverage(id="debt", title="D", measure="debt-to-equity", at_most="0.30x")
    keeping = reasons(case, book(SIZE, cap))["keeping"]
    assert (keeping["open"], keeping["repair"]) == (False, None)
    assert ids(keeping["further"][-1]) == ["size", "terms.cover"]


OLD = [SIZE, R.Leverage(id="debt", title="D", measure="debt-to-equity", at_most="0.60x")]


def test_only_what_changed_is_blamed() -> None:
    new = book(*OLD).replace("debt", at_most="0.30x")
    record = reasons(levered(), new, book(*OLD))
    assert (record["changed"], record["background"]) == (["debt"], "fits")
    assert ids(record["conflict"]) == ["debt"]
    assert told(record) == {"debt": "0.50x"}


def test_a_reason_that_changed_is_no_change() -> None:
    new = book(*OLD).replace("debt", at_most="0.30x").replace("size", title="Another", why="Another.")
    assert reasons(levered(), new, book(*OLD))["changed"] == ["debt"]


def test_where_the_unchanged_conflict_by_themselves_it_is_said_and_all_are_blamed() -> None:
    old = book(*OLD).replace("debt", at_most="0.30x")
    new = book(*old.rules, amount("more", scope={"line": "a"}, at_least="$10 bn"))
    record = reasons(levered(), new, old)
    assert (record["changed"], record["background"]) == (["more"], "nothing")
    assert ids(record["conflict"]) == ["size", "debt"]


def test_a_soft_rule_is_never_to_blame() -> None:
    soft = R.Share(
        id="soft", title="S", scope={"line": "a"}, of="equity", at_least="90%", severity="soft", penalty="1 bp"
    )
    record = reasons(plain(), book(soft, amount("q", scope={"line": "b"}, at_least="$60 bn")))
    assert record["status"] == "fits"


def test_what_fits_is_told_with_what_holds_the_objective_back() -> None:
    case = plain()
    record = reasons(case, book(R.Share(id="cap", title="C", scope={"line": "a"}, of="equity", at_most="30%")))
    assert record["status"] == "fits"
    assert "outcome" not in record
    asked = al.Case(case.fund, case.universe, case.stack, case.risk, objective={"dividend-yield": 1.0})
    found = reasons(asked, book(R.Share(id="cap", title="C", scope={"line": "a"}, of="equity", at_most="30%")))
    (price,) = [each for each in found["outcome"]["prices"] if each["of"] == "cap"]
    assert price["worth"] == pytest.approx(0.01 * 0.01, rel=1e-3)  # a point of a at 8% in place of b at 7%


@pytest.mark.parametrize(("cap", "status"), [("25.001%", "fits"), ("25%", "borderline"), ("24.9999%", "borderline"),
                                             ("24.99%", "infeasible")])  # fmt: skip
def test_what_hangs_on_a_hair_is_borderline(cap: str, status: str) -> None:
    # Four lines at 25% each are all, exactly. A ten-thousandth of a point less is a millionth of equity.
    rules = book(R.Share(id="cap", title="C", each="line", of="equity", at_most=cap))
    assert reasons(plain(4, **FULL), rules)["status"] == status


def test_an_exclusion_of_a_line_that_a_tranche_may_lend_to_is_no_borderline() -> None:
    record = reasons(levered(), book(R.Exclusion(id="out", title="O", scope={"line": "a"})))
    assert record["status"] == "fits"


def test_a_line_of_no_capacity_is_blamed_and_not_the_box() -> None:
    case = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [0, 500]})
    record = reasons(case, book(amount("p", scope={"line": "a"}, at_least="$10 bn")))
    assert ids(record["conflict"]) == ["p", "terms.capacity"]
    (family,) = [member for member in record["conflict"] if "term" in member]
    assert family["members"] == [{"member": "a", "limit": 0.0, "unit": "money"}]
    assert told(record) == {"p": "$0 bn", "terms.capacity": "$510 bn"}


def test_a_floor_far_above_everything_is_told_as_any_other() -> None:
    # Eighty times the equity: what may give way must reach as far.
    case = levered({"capacity": "$9,000 bn"})
    record = reasons(case, book(amount("size", at_least="$8,000 bn")))
    check(case, book(amount("size", at_least="$8,000 bn")), record, Counter())
    assert "size" in ids(record["conflict"])


def test_a_tiny_share_of_a_large_floor_blames_what_keeps_the_fund_small() -> None:
    # $10 bn of a as 0.1% of what is deployed: $10,000 bn would do, if lines and lenders took it. They don't.
    rules = book(
        R.Share(id="cap", title="C", scope={"line": "a"}, of="deployed", at_most="0.1%"),
        amount("p", scope={"line": "a"}, at_least="$10 bn"),
    )
    record = reasons(levered(), rules)
    members = ids(record["conflict"])
    assert members[:2] == ["cap", "p"]
    assert members[2:]
    assert record["unclear"] == []
    check(levered(), rules, record, Counter())


CAP = R.Share(id="cap", title="Cap", each="line", of="deployed", at_most="30%")
LARGE = {"id": "W-1", "rule": "cap", "scope": {"line": "a"}, "at-most": "35%", "authority": "book",
         "approved-by": "me", "effective": {"from": "2026-01-01", "until": "2026-12-31"}, "why": "Time."}  # fmt: skip


def waived(cap: Rule = CAP, **changes: Any) -> al.Rulebook:
    given = {name: value for name, value in {**LARGE, **changes}.items() if value is not None}
    return al.Rulebook([cap], "2026-04-01", waivers=[Waiver.read(given)])


def numbers(record: Record) -> list[tuple[str, str, str, bool]]:
    """Each single change: whose number, from what, to what, and whether it is the smallest."""
    return [
        (change["waiver"] or change["of"], change["was"], change["now"], repair["smallest"])
        for single in record["singles"]
        for repair in single["repairs"]
        for change in repair["changes"]
    ]


def test_a_rule_and_its_waiver_are_two_numbers_and_each_stays_where_the_other_moves() -> None:
    # 35 of a and 30 of b and c are 95 of 100: 2.5 more of b and of c, or 5 more of a.
    rules = waived()
    record = reasons(plain(3, **FULL), rules)
    (cap, _) = record["conflict"]
    assert cap["waivers"] == [
        {"id": "W-1", "members": ["a"], "side": "at-most", "limit": 0.35, "unit": "share", "until": "2026-12-31",
         "place": ""}
    ]  # fmt: skip
    assert numbers(record) == [("cap", "30%", "32.5%", True), ("W-1", "35%", "40%", True)]
    check(plain(3, **FULL), rules, record, Counter())


def test_a_waiver_that_is_no_looser_than_the_new_number_has_to_go() -> None:
    # With a at 30 the others need 35 each, and then the waiver waives nothing. (With it gone, 33.4% is enough.)
    rules = waived(CAP.changed("cap", {"at-most": "20%"}), **{"at-most": "30%"})
    record = reasons(plain(3, **FULL), rules)
    assert numbers(record) == [("cap", "20%", "35%", False), ("W-1", "30%", "60%", True)]
    assert record["singles"][0]["repairs"][0]["changes"][0]["ends"] == ["W-1"]
    check(plain(3, **FULL), rules, record, Counter())


def test_where_all_of_a_rule_is_waived_the_waiver_is_what_may_change() -> None:
    rules = waived(CAP.changed("cap", {"at-most": "20%"}), scope=None, **{"at-most": "30%"})
    record = reasons(plain(3, **FULL), rules)
    assert numbers(record) == [("W-1", "30%", "33.4%", True)]
    check(plain(3, **FULL), rules, record, Counter())


def test_a_repair_is_of_the_value_in_force_and_later_ones_stay() -> None:
    # From 2028 on each line is to have 40% to 50%: a cap of 33.4% for all time would be below that floor.
    cap = R.Share(id="cap", title="Cap", each="line", of="deployed", at_least={"2025-01-01": "0%", "2028-01-01": "40%"},
                  at_most={"2025-01-01": "30%", "2028-01-01": "50%"})  # fmt: skip
    record = reasons(plain(3, **FULL), book(cap))
    assert numbers(record) == [("cap", "30%", "33.4%", True)]
    (change,) = record["singles"][0]["repairs"][0]["changes"]
    assert change["since"] == "2025-01-01"
    check(plain(3, **FULL), book(cap), record, Counter())


def test_where_a_floor_and_a_cap_of_one_rule_have_to_give_way_both_are_told() -> None:
    each = R.Share(id="each", title="E", each="line", of="equity", at_least="10%", at_most="40%")
    rules = book(
        each,
        amount("p", scope={"line": "a"}, at_least="$50 bn", relax="never"),
        amount("q", scope={"line": "b"}, at_most="$5 bn", relax="never"),
    )
    record = reasons(plain(3), rules)
    assert numbers(record) == [("each", "10%", "5%", True), ("each", "40%", "50%", True)]
    check(plain(3), rules, record, Counter())
