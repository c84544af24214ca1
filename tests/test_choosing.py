"""What is held is chosen by a mixed-integer program, and the optimum is proved within that choice."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from conftest import ROOT, small_case
from helpers import amounts, book, solve, tiny, value
from hypothesis import given, settings
from hypothesis import strategies as st
from random_cases import random_case, random_rules

import allocator as al
from allocator.choices import Choice, open_choices
from allocator.chosen import settle
from allocator.errors import InputError
from allocator.files.outcomes import to_json
from allocator.objectives import Aim
from allocator.outer_approximation import OuterApproximation
from allocator.program import Program
from allocator.report.moves import changed_limits
from allocator.rules import Rule

SMALL = small_case()
TICKET = al.rules.Ticket(id="least", title="Least", at_least="$25 bn")
FEW = al.rules.Count(id="few", title="Few", at_most="3")
LINE = al.rules.Share(id="line", title="Line", each="line", of="deployed", at_most="50%")
RULES = book(TICKET, FEW, LINE)


def certificate(out: al.Outcome) -> dict[str, Any]:
    return out.record["certificate"]


# Against every subset.


def subsets(names: tuple[str, ...], most: int) -> Iterator[tuple[str, ...]]:
    for size in range(min(most, len(names)) + 1):
        yield from combinations(names, size)


def best_of_all(case: al.Case, others: list[Rule], aim: Aim, least: float, most: int, fewest: int = 0) -> float:
    """The best over all sets of lines that may be held, each an exclusion and floors; minus infinity where none fits."""
    found = -np.inf
    names = case.universe.ids
    for held in subsets(names, most):
        if len(held) < fewest:
            continue
        rules: list[Rule] = list(others)
        if len(held) < len(names):
            rules.append(al.rules.Exclusion(id="shut", title="O", scope={"line": [n for n in names if n not in held]}))
        rules += [
            al.rules.Amount(id=f"floor-{k}", title="F", scope={"line": name}, at_least=f"${least} bn")
            for k, name in enumerate(held)
        ]
        score = aim.score(case)
        program = Program(book(*rules).clauses(case), [score], case.box, case.spread)
        point = program.solve([1.0], max(score.income, 0.0), 1e-9)
        found = max(found, point.value if point.status == "optimal" else -np.inf)
    return found


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("seed", [3, 12, 17, 23])
def test_random_cases_against_all_sets_of_lines(seed: int) -> None:
    """Debt, covenants, compression and rules of any kind; the first cases with five lines or fewer from each seed on."""
    rng = np.random.default_rng(seed)
    case = random_case(rng)
    while len(case.universe) > 5:
        case = random_case(rng)
    others = [rule for rule in random_rules(rng, case).rules if rule.id != "size"]
    least, most = float(rng.integers(3, 15)), int(rng.integers(1, 5))
    rules = [
        *others,
        al.rules.Ticket(id="least", title="L", at_least=f"${least} bn"),
        al.rules.Count(id="few", title="F", at_most=str(most)),
    ]
    expected = best_of_all(case, others, al.DividendYield(), least, most)
    out = al.allocate(case, book(*rules), al.DividendYield())
    if not np.isfinite(expected):
        assert out.status == "infeasible"
        return
    assert out.status == "optimal"
    assert certificate(out)["bound"] == pytest.approx(expected, abs=2e-7)
    assert certificate(out)["choice"]["bound"] == pytest.approx(expected, abs=2e-7)
    held = [amount for amount in amounts(out) if amount > 0]
    assert len(held) <= most
    assert min(held, default=least) >= least - 1e-4
    assert al.verify(out, case, book(*rules))


@given(
    earned=st.lists(st.integers(1, 90), min_size=2, max_size=7, unique=True),
    data=st.data(),
)
@settings(max_examples=25)
def test_a_plain_fund_against_all_sets_of_lines(earned: list[int], data: st.DataObject) -> None:
    """Yields, capacities, one minimum and a cap on the count: within a set, who earns most takes what the floors leave."""
    n = len(earned)
    capacity = data.draw(st.lists(st.integers(5, 80), min_size=n, max_size=n))
    least, most = data.draw(st.integers(1, 40)), data.draw(st.integers(1, n))
    case = tiny({"cash-yield [%]": [each / 10 for each in earned], "capacity [$ bn]": capacity})
    best = 0.0
    for size in range(1, most + 1):
        for held in combinations(range(n), size):
            if size * least > 100 or any(capacity[i] < least for i in held):
                continue
            left, total = 100 - size * least, sum(least * earned[i] for i in held)
            for i in sorted(held, key=lambda i: -earned[i]):
                more = min(left, capacity[i] - least)
                left, total = left - more, total + more * earned[i]
            best = max(best, total / 1000 / 100)
    ticket = al.rules.Ticket(id="least", title="L", at_least=f"${least} bn")
    out = solve(case, book(ticket, al.rules.Count(id="few", title="F", at_most=str(most))))
    assert value(out) == pytest.approx(best, abs=1e-8)
    assert certificate(out)["choice"]["solver"] == "highs"
    assert certificate(out)["choice"]["gap"] <= certificate(out)["choice"]["allowed"]


@pytest.mark.parametrize("most", [2, 3, 5])
def test_with_a_cap_on_volatility_against_a_model_of_our_own(most: int) -> None:
    """Every set of lines as a cone program in cvxpy, written from the words of the rules."""
    rng = np.random.default_rng(5)
    n = 6
    factor = rng.normal(size=(n, n)) * 0.12
    covariance = factor @ factor.T + np.diag(rng.uniform(0.002, 0.02, n))
    earned, capacity = rng.uniform(3, 9, n).round(2), rng.integers(20, 60, n)
    case = tiny({"cash-yield [%]": earned, "capacity [$ bn]": capacity}, covariance=covariance)
    rules = book(
        al.rules.Ticket(id="least", title="L", at_least="$15 bn"),
        al.rules.Count(id="few", title="F", at_most=str(most)),
        al.rules.Volatility(id="calm", title="C", of="equity", at_most="9%"),
    )
    best = 0.0
    root = np.linalg.cholesky(covariance).T
    for held in subsets(tuple(map(str, range(n))), most):
        x = cp.Variable(n)
        inside = np.array([str(i) in held for i in range(n)])
        rows = [x >= np.where(inside, 0.15, 0), x <= np.where(inside, capacity / 100, 0), cp.sum(x) <= 1]
        problem = cp.Problem(cp.Maximize(earned / 100 @ x), [*rows, cp.norm(root @ x) <= 0.09])
        problem.solve(solver="CLARABEL")
        if problem.status == "optimal":
            best = max(best, float(problem.value))
    out = solve(case, rules)
    assert value(out) == pytest.approx(best, abs=2e-8)
    assert certificate(out)["choice"]["solver"] == "highs"
    assert al.verify(out, case, rules)


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("seed", range(8))
def test_a_concentration_that_is_tight_beside_a_count(seed: int) -> None:
    """A choice without room for its curve says nothing of those that hold more lines."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 6))
    most = int(rng.integers(2, n))
    factor = rng.normal(size=(n, n)) * 0.1
    columns = {
        "expected-return [%]": rng.uniform(4, 14, n).round(1),
        "cash-yield [%]": rng.uniform(3, 9, n).round(2),
        "capacity [$ bn]": rng.integers(25, 100, n),
    }
    case = tiny(columns, covariance=factor @ factor.T + np.diag(rng.uniform(0.002, 0.03, n)))
    others: list[Rule] = [
        al.rules.Concentration(
            id="spread", title="S", by="line", measure="hhi", of="deployed",
            at_most=f"{rng.uniform(1.001 / most, 1.5 / most):.4f}",
        ),
        al.rules.Amount(id="size", title="Z", at_least=f"${rng.integers(30, 80)} bn"),
    ]  # fmt: skip
    aim = al.ExpectedReturn() - float(rng.uniform(0.5, 4)) * al.Variance()
    expected = best_of_all(case, others, aim, 0.0, most)
    out = al.allocate(case, book(*others, al.rules.Count(id="few", title="F", at_most=str(most))), aim)
    if not np.isfinite(expected):
        assert out.status == "infeasible"
        return
    assert out.status == "optimal"
    assert certificate(out)["choice"]["bound"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("aim", [al.DividendYield(), al.StrategicWeight()], ids=lambda aim: aim.name)
@pytest.mark.parametrize(
    "rule",
    [
        al.rules.Ticket(id="ticket", title="T", column="minimum-ticket"),
        al.rules.Count(id="count", title="C", at_most="20"),
    ],
    ids=lambda rule: rule.id,
)
def test_the_example_fund(rule: Rule, aim: Aim) -> None:
    """Debt, covers and compression: no swap of one line for another is better than the choice made."""
    case = al.read_case(ROOT / "examples/us-japan")
    shipped = al.read_rules(ROOT / "constraints/us-japan-fund.yaml", as_of="2026-04-01")
    rules = al.Rulebook([*(each for each in shipped.rules if each.severity == "hard"), rule], as_of="2026-04-01")
    out = al.allocate(case, rules, aim)
    assert out.status == "optimal"
    clauses, score = rules.clauses(case), aim.score(case)
    (index,) = open_choices(clauses)
    choice = clauses[index]
    assert isinstance(choice, Choice)
    held = np.isin(choice.units, certificate(out)["choice"]["open"][0]["units"])
    free = Program(clauses, [score], case.box, case.spread).solve([1.0], max(score.income, 0.0), 1e-9)
    assert certificate(out)["choice"]["bound"] <= free.bound + 1e-9
    for one, other in product(np.flatnonzero(held)[::4], np.flatnonzero(~held)):
        swapped = held.copy()
        swapped[[one, other]] = False, True
        settled = settle(case, clauses, {index: swapped})
        point = Program(settled, [score], case.box, case.spread).solve([1.0], max(score.income, 0.0), 1e-9)
        assert point.status == "infeasible" or point.value <= certificate(out)["choice"]["bound"] + 1e-7


# What is said of it.


def test_prices_are_withheld_and_the_solver_is_named() -> None:
    out = solve(SMALL, RULES, resolve=True)
    assert out.record["prices"] == []
    assert out.record["notes"] == [
        "prices are withheld: what a limit is worth can turn on whole choices of lines to hold, which have no slope;"
        " try another number and compare"
    ]
    choice = certificate(out)["choice"]
    assert choice["solver"] == "highs"
    # The canonical allocation gives up a millionth of equity, the solver knows its own optimum to as much.
    assert 0 <= choice["gap"] <= 1.2e-6
    assert choice["bound"] == pytest.approx(certificate(out)["value"] + choice["gap"], abs=1e-12)
    assert choice["open"] == [
        {"of": "least", "units": ["hall", "chips", "plant"]},
        {"of": "few", "units": ["hall", "chips", "plant"]},
    ]
    assert (out.amounts.loc[["wires", "docks"], "amount"] == 0).all()
    assert (out.financing.loc[["wires", "docks"]] == 0).all().all()


def test_the_same_answer_twice() -> None:
    assert to_json(solve(SMALL, RULES).record) == to_json(solve(SMALL, RULES).record)


def test_without_tickets_and_counts_nothing_is_said_of_choices() -> None:
    out = solve(SMALL, LINE)
    assert "choice" not in certificate(out)
    assert out.record["prices"]


def test_the_largest_ticket_that_asks_nothing_changes_nothing() -> None:
    """Where all lines are far beyond their minimum, the value is that without one."""
    free = solve(SMALL, LINE)
    held = [amount for amount in amounts(free) if amount > 0]
    least = al.rules.Ticket(id="least", title="L", at_least=f"${min(held) / 2:.3f} bn")
    assert value(solve(SMALL, book(LINE, least))) == pytest.approx(value(free), abs=1e-7)


# Objectives of other forms.


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize(
    "aim",
    [
        al.blend({al.DividendYield(): 0.7, al.StrategicWeight(): 0.3}),
        al.lexicographic([al.StrategicWeight(), al.DividendYield()]),
        al.maximin({al.DividendYield(): 1, al.StrategicWeight(): 1}),
        al.epsilon(al.DividendYield(), {al.StrategicWeight(): 0.8}),
        al.ExpectedReturn() - 2 * al.Variance(),
        al.ExpectedReturn() - al.Volatility(),
        al.Sharpe(rate="4%"),
    ],
    ids=lambda aim: type(aim).__name__,
)
def test_each_form_of_objective_against_all_sets_of_lines(aim: Aim) -> None:
    out = al.allocate(SMALL, RULES, aim)
    assert out.status == "optimal"
    assert al.verify(out, SMALL, RULES)
    # As it was settled, under the clauses that it brings along.
    from allocator.aims import read

    best = best_of_threes(read(out.record["objective"]))
    assert certificate(out)["bound"] == pytest.approx(best, abs=2e-7 * max(1, abs(best)))


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_an_expression_of_the_callers_own() -> None:
    own = al.Concave(lambda v: cp.sum(cp.sqrt(v.capital + 1)))
    out = al.allocate(SMALL, RULES, own)
    assert out.status == "optimal"
    assert value(out) == pytest.approx(best_of_threes(own), rel=1e-6)


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_an_expression_of_the_callers_own_comes_after_the_soft_rules() -> None:
    soft = al.rules.Share(
        id="docks", title="D", scope={"line": "docks"}, of="equity", at_least="28%", severity="soft", penalty="100 bp"
    )
    own = al.Concave(lambda v: cp.sum(cp.sqrt(v.capital[:3] + 1)))
    out = al.allocate(SMALL, book(*RULES.rules, soft), own)
    assert out.status == "optimal"
    assert out.amounts.loc["docks", "amount"] >= 28 - 0.02


def best_of_threes(aim: Aim) -> float:
    """The best of a settled aim over all sets of three lines and fewer, under `LINE` and with tickets of 25."""
    score, best = aim.score(SMALL), -np.inf
    for held in subsets(SMALL.universe.ids, 3):
        out = {"line": [name for name in SMALL.universe.ids if name not in held]}
        rules: list[Rule] = [LINE, al.rules.Exclusion(id="out", title="O", scope=out)]
        rules += [
            al.rules.Amount(id=f"floor-{k}", title="F", scope={"line": name}, at_least="$25 bn")
            for k, name in enumerate(held)
        ]
        clauses = (*book(*rules).clauses(SMALL), *aim.clauses(SMALL))
        point = Program(clauses, [score], SMALL.box, SMALL.spread).solve([1.0], max(score.income, 0.0), 1e-9)
        best = max(best, point.value if point.status == "optimal" else -np.inf)
    return best


def test_the_ranges_of_a_blend_are_those_under_tickets_and_counts() -> None:
    both = {al.DividendYield(): 0.5, al.StrategicWeight(): 0.5}
    with_them = al.allocate(SMALL, RULES, al.blend(both)).record["objective"]["ranges"]
    tops = [value(solve(SMALL, RULES, aim)) for aim in both]
    at_other = [
        value(solve(SMALL, RULES, al.lexicographic([other, aim])))
        for aim, other in zip(both, reversed(both), strict=True)
    ]
    assert with_them == pytest.approx([top - low for top, low in zip(tops, at_other, strict=True)], abs=1e-5)


def even_eight() -> tuple[al.Case, Rule]:
    """Eight lines, and a cap on their concentration that fewer than five cannot keep: 20% in each have one of 0.2."""
    yields = np.linspace(6, 8, 8).tolist()
    case = tiny({"cash-yield [%]": yields, "capacity [$ bn]": [50] * 8}, **{"fully-invested": "yes"})
    return case, al.rules.Concentration(id="even", title="E", by="line", measure="hhi", of="deployed", at_most="0.2015")


def test_a_curve_that_leaves_some_choices_nothing_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four of eight cannot be so even: there are 163 such choices, and few of them are looked at."""
    rounds = []
    best = OuterApproximation.best
    monkeypatch.setattr(OuterApproximation, "best", lambda self: rounds.append(1) or best(self))
    case, even = even_eight()
    enough, few = (al.rules.Count(id="few", title="F", at_most=most) for most in ("5", "4"))
    out = solve(case, book(even, enough))
    assert out.status == "optimal"
    assert (out.amounts["amount"] > 0).sum() == 5
    assert len(rounds) <= 10
    rounds.clear()
    assert al.allocate(case, book(even, few), al.DividendYield()).status == "infeasible"
    assert len(rounds) <= 20


def test_the_smallest_count_that_lets_something_fit_is_told() -> None:
    case, even = even_eight()
    few = al.rules.Count(id="few", title="F", at_most="3")
    violations = al.allocate(case, book(even, few), al.DividendYield()).violations
    assert violations.index.tolist() == ["few"]
    assert violations.loc["few", ["value", "limit"]].tolist() == [5, 3]
    (least,) = al.explain(case, book(even, few)).record["violations"]
    assert (least["rule"], least["value"]) == ("few", 5)


def four(*more: Rule) -> tuple[al.Case, al.Rulebook]:
    """Four lines, all of equity in them."""
    columns = {"cash-yield [%]": [6, 6.5, 7, 8], "capacity [$ bn]": [50] * 4, "strategic-weight": [0.9, 0.7, 0.5, 0.3]}
    return tiny(columns, **{"fully-invested": "yes"}), book(*more)


def test_a_floor_on_how_many_count_gives_way_by_one_where_one_can_be_had() -> None:
    """A line with 37 and three with 21 have squares of 26.9%; two with 37 and two with 13 have 30.8%, and 28% are let."""
    even = al.rules.Concentration(id="even", title="E", by="line", measure="hhi", of="deployed", at_most="0.28")
    case, rules = four(even, al.rules.Count(id="many", title="M", at_least="2", holding="$37 bn"))
    violations = al.allocate(case, rules, al.DividendYield()).violations
    assert violations[["value", "limit"]].to_dict("index") == {"many": {"value": 1.0, "limit": 2.0}}


@pytest.mark.parametrize("over", [1e-8, 1e-7, 1e-6])
def test_a_level_hardly_out_of_reach_is_blamed_and_no_choice(over: float) -> None:
    case, rules = four(al.rules.Count(id="cap", title="C", at_most="2"))
    aim = al.epsilon(al.StrategicWeight(), {al.DividendYield(): 0.075 * (1 + over)})
    out = al.allocate(case, rules, aim)
    if out.status == "infeasible":
        assert out.violations.index.tolist() == ["objective.dividend-yield"]
    else:
        assert out.violations.empty


def test_soft_rules_missed_least_end_the_search_where_their_penalty_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = []
    best = OuterApproximation.best
    monkeypatch.setattr(OuterApproximation, "best", lambda self: rounds.append(1) or best(self))
    covariance = np.diag(np.linspace(0.02, 0.06, 8))
    case = tiny({"cash-yield [%]": [6] * 8, "capacity [$ bn]": [50] * 8}, covariance=covariance)
    each = al.rules.Share(
        id="each", title="E", each="line", of="equity", at_most="15%", severity="soft", penalty="10 bp"
    )
    some, few = (
        al.rules.Amount(id="some", title="S", at_least="$80 bn"),
        al.rules.Count(id="few", title="F", at_most="4"),
    )
    out = al.allocate(case, book(each, some, few), al.Volatility())
    assert out.status == "optimal"
    assert len(rounds) <= 20


def test_where_the_objective_has_no_income_the_soft_rules_are_missed_least_first() -> None:
    soft = al.rules.Share(
        id="docks", title="D", scope={"line": "docks"}, of="equity", at_least="28%", severity="soft", penalty="100 bp"
    )
    out = al.allocate(SMALL, book(*RULES.rules, soft), al.StrategicWeight())
    assert out.status == "optimal"
    # Docks have the least strategic weight, and are held all the same.
    assert out.amounts.loc["docks", "amount"] >= 28 - 0.02
    assert solve(SMALL, RULES, al.StrategicWeight()).amounts.loc["docks", "amount"] == 0
    assert al.verify(out, SMALL, book(*RULES.rules, soft))


def test_the_bound_over_choices_meets_the_optimum_within_the_one_chosen() -> None:
    """It is asked for to what may be given up, and told beside what is given up for an even spread."""
    out = solve(SMALL, RULES)
    choice, allowed = certificate(out)["choice"], certificate(out)["allowed"]
    assert choice["allowed"] == 2 * allowed
    assert choice["gap"] <= allowed


@pytest.mark.parametrize("name", ["highs", "clarabel"])
def test_within_the_choice_any_solver_finds_the_same(name: str) -> None:
    case = tiny({"cash-yield [%]": [8, 7, 6, 5], "capacity [$ bn]": [30, 30, 30, 100]})
    out = al.allocate(case, book(TICKET, FEW), al.DividendYield(), solver=name)
    assert certificate(out)["choice"]["solver"] == "highs"
    assert out.record["attempts"][-1]["solver"].startswith(name)
    assert value(out) == pytest.approx(0.065, abs=1e-9)


# Rechecking.


def tampered(out: al.Outcome, change: Any) -> al.Outcome:
    record = copy.deepcopy(json.loads(to_json(out.record)))
    change(record)
    return al.Outcome(record)


def failing(out: al.Outcome) -> set[str]:
    return {check.name for check in al.verify(out, SMALL, RULES).checks if not check.passes}


def test_a_choice_is_rechecked() -> None:
    out = solve(SMALL, RULES)
    assert failing(out) == set()

    def worse_bound(record: Any) -> None:
        record["certificate"]["choice"]["bound"] += 1e-3

    assert failing(tampered(out, worse_bound)) >= {"other choices", "certificate"}

    def smaller_gap(record: Any) -> None:
        record["certificate"]["choice"]["gap"] = 0.0

    assert failing(tampered(out, smaller_gap)) == {"certificate"}

    def moved(record: Any) -> None:
        # Ten billions from a line to one that is closed: too little for a ticket, and one too many.
        lines = {each["line"]: each for each in record["amounts"]}
        lines["plant"]["amount"] -= 10
        lines["wires"]["amount"] += 10

    assert failing(tampered(out, moved)) >= {"clauses", "amounts", "rules"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda choice: choice["open"][1]["units"].append("docks"),
            "the outcome is damaged: what 'few' was decided to let in is not what it may; compute it again",
        ),
        (
            lambda choice: choice["open"][0]["units"].append("moon"),
            "the outcome is damaged: what 'least' was decided to let in is not what it may; compute it again",
        ),
        (
            lambda choice: choice["open"].pop(),
            "the outcome's choice is not of the rules given; give the rules it was computed from",
        ),
    ],
)
def test_a_damaged_choice_is_told(change: Any, message: str) -> None:
    out = tampered(solve(SMALL, RULES), lambda record: change(record["certificate"]["choice"]))
    with pytest.raises(InputError) as caught:
        al.verify(out, SMALL, RULES)
    assert str(caught.value) == message


def test_what_is_not_rechecked_is_told() -> None:
    assert str(al.verify(solve(SMALL, RULES), SMALL, RULES)).endswith(
        "\nthe bound of highs over all choices: not rechecked; they take solving"
    )


# Where nothing fits.


def test_tickets_alone_are_blamed_where_all_else_can_be_met() -> None:
    """Three lines of 40 at most: two don't hold 95, and three at their minimum are more than the 100 that there are."""
    case = tiny({"cash-yield [%]": [8, 7, 6], "capacity [$ bn]": [40, 40, 40]})
    rules = book(
        al.rules.Ticket(id="least", title="Least", at_least="$35 bn"),
        al.rules.Count(id="few", title="Few", at_most="3"),
        al.rules.Amount(id="size", title="Size", at_least="$95 bn"),
    )
    out = al.allocate(case, rules, al.DividendYield())
    assert out.status == "infeasible"
    assert [each["rule"] for each in out.record["violations"]] == ["least"]
    assert out.record["notes"] == ["that no choice of what is held satisfies the rules is the word of a solver"]
    # Two have 35, and the third the 30 that are left.
    (reading,) = out.record["violations"]
    assert reading["slack"] == pytest.approx(-5, abs=1e-3)


def test_what_leaves_nothing_without_choices_is_told_without_them() -> None:
    size = al.rules.Amount(id="size", title="Size", at_least="$500 bn")
    out = al.allocate(SMALL, book(*RULES.rules, size), al.DividendYield())
    assert out.status == "infeasible"
    assert [each["rule"] for each in out.record["violations"]] == ["size"]
    assert out.record["notes"] == []


def test_no_multiplier_of_a_choice_moves_the_bound() -> None:
    out = solve(SMALL, RULES)

    def weighed(record: Any) -> None:
        for each in record["certificate"]["multipliers"]:
            if each["of"] in ("least", "few"):
                each["weights"] = [1e6] * len(each["weights"])

    # The record differs, and what is proved from it does not.
    found = al.verify(tampered(out, weighed), SMALL, RULES)
    assert (
        next(check for check in found.checks if check.name == "optimality").told
        == next(check for check in al.verify(out, SMALL, RULES).checks if check.name == "optimality").told
    )


def test_tickets_of_a_column_are_the_same_rule_whichever_line_is_closest() -> None:
    case = tiny({"cash-yield [%]": [8, 7, 6], "capacity [$ bn]": [60, 60, 60], "lot [$ bn]": [10, 20, 30]})
    lots = al.rules.Ticket(id="lots", title="L", column="lot")
    one, other = (
        solve(case, book(lots, al.rules.Amount(id="cap", title="C", scope={"line": "a"}, at_most=most))).record
        for most in ("$15 bn", "$60 bn")
    )
    limits = [next(each["limit"] for each in record["rules"] if each["rule"] == "lots") for record in (one, other)]
    assert limits == [30, 20], "c has its least in one, and b is the closest in the other"
    (table,) = changed_limits(one, other)
    assert table.rows == [("cap at-most", "$15 bn", "$60 bn")]
