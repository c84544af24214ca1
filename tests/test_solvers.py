"""Solvers are taken by ability, and none is believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from helpers import book

import allocator as al
from allocator import kinds, solvers
from allocator.conic import Conic, Found
from allocator.errors import InputError, NotCertified
from allocator.program import Program
from allocator.question import Question
from allocator.solvers import Started, able
from allocator.solvers.clarabel import Clarabel
from allocator.solvers.highs import Highs
from allocator.solvers.scs import Scs

RULES = book(
    al.rules.Share(id="one", title="One", each="line", of="deployed", at_most="40%"),
    al.rules.Volatility(id="risk", title="Risk", of="deployed", at_most="12%"),
)


def test_solvers_by_ability() -> None:
    assert [name for name, _ in able(())] == ["highs", "clarabel", "scs", "qoco", "piqp"]
    assert [name for name, _ in able({"conic"})] == ["clarabel", "scs", "qoco"]
    assert [name for name, _ in able({"quadratic"})] == ["clarabel", "scs", "qoco", "piqp"]
    assert [name for name, _ in able({"exponential"})] == ["clarabel", "scs"]


def test_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra `fast` is not needed."""
    find = solvers.find_spec
    monkeypatch.setattr(solvers, "find_spec", lambda name: None if name in ("qoco", "piqp") else find(name))
    assert [name for name, _ in able({"quadratic"})] == ["clarabel", "scs"]
    with pytest.raises(InputError) as caught:
        able({"quadratic"}, "qoco")
    assert str(caught.value) == (
        "the solver 'qoco' is not installed; install the package 'qoco', which comes with the extra 'fast'"
    )


def test_the_quickest_by_the_programs_pattern() -> None:
    """Small ones that are solved again and again, and large ones with squares and without cones."""

    def conic(lines: int, *rules: al.rules.Rule) -> Conic:
        universe = al.Universe.build({"id": [f"a{i}" for i in range(lines)], "expected-return [%]": [5] * lines})
        case = al.Case.from_factors(universe, np.ones((lines, 1)), np.ones(lines))
        score = (al.ExpectedReturn() - al.Variance()).score(case)
        program = Program(book(*rules).clauses(case), [score], case.box, case.spread)
        return program._written("first").conic(Question(np.ones(1), 0.0))

    round_one = al.rules.Volatility(id="risk", title="Risk", of="deployed", at_most="90%")
    small, large, curved = conic(10), conic(1200), conic(1200, round_one)
    assert able({"quadratic"}, conic=small)[0][0] == "clarabel"
    assert able({"quadratic"}, conic=small, again=True)[0][0] == "qoco"
    assert able({"quadratic"}, conic=large)[0][0] == "piqp"
    assert able({"conic", "quadratic"}, conic=curved)[0][0] == "clarabel"
    assert able({"quadratic"}, "scs", large)[0][0] == "scs"


def test_the_one_asked_for_goes_first_if_it_is_able() -> None:
    assert [name for name, _ in able({"conic", "quadratic"}, "scs")] == ["scs", "clarabel", "qoco"]
    assert [name for name, _ in able({"conic", "quadratic"}, "highs")] == ["clarabel", "scs", "qoco"]


def test_an_unknown_solver() -> None:
    with pytest.raises(InputError, match=r"^unknown kind of solver 'clarable'; did you mean 'clarabel'\?$"):
        able((), "clarable")


def test_tolerances_reach_the_solvers() -> None:
    assert Clarabel.options(1e-9)["tol_gap_abs"] == 1e-9
    assert Clarabel.options(1e-9)["tol_gap_rel"] == 1e-9
    assert Clarabel.options(1e-9)["tol_feas"] == 1e-9
    assert Scs.options(1e-9)["eps_abs"] == 1e-9
    # HiGHS refuses less than 1e-10.
    assert Highs.options(1e-12)["primal_feasibility_tolerance"] == 1e-10


Bend = Callable[[Conic, Found], Found]


@pytest.fixture
def cheat(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes a solver known that goes before all others: Clarabel, whose findings the given function bends."""

    def use(bend: Bend, start: Callable[[Conic, float], Started] = Clarabel.start) -> None:
        class Cheat:
            package: ClassVar = "clarabel"
            abilities: ClassVar = Clarabel.abilities
            order: ClassVar = 0
            threads: ClassVar = 1

            @staticmethod
            def suits(conic: Conic, again: bool) -> bool:
                return True

            @staticmethod
            def start(conic: Conic, tolerance: float) -> Started:
                honest = start(conic, tolerance)
                return lambda given: bend(given, honest(given))

        known, find = kinds.known, kinds.find
        monkeypatch.setattr(kinds, "known", lambda wing: ["cheat", *known(wing)] if wing == "solvers" else known(wing))
        monkeypatch.setattr(
            kinds, "find", lambda wing, name, place=None: Cheat if name == "cheat" else find(wing, name, place)
        )

    return use


@pytest.fixture
def honest(small: al.Case) -> float:
    return float(al.allocate(small, RULES, al.DividendYield(), resolve=False).record["certificate"]["bound"])


def shifted(conic: Conic, found: Found) -> Found:
    """Half a billion more in every line, less in none."""
    return replace(found, x=found.x + 0.005)


def shrunk(conic: Conic, found: Found) -> Found:
    """All of the optimum, but a part in ten thousand of it left in the reserve: within all rules, yet no optimum."""
    return replace(found, x=found.x * 0.9999)


def no_duals(conic: Conic, found: Found) -> Found:
    return replace(found, y=np.zeros(len(found.y)))


def not_numbers(conic: Conic, found: Found) -> Found:
    return Found.of("optimal", np.full(len(found.x), np.nan), found.y)


@pytest.mark.parametrize(
    ("bend", "reason"),
    [(shifted, "not certified"), (shrunk, "not certified"), (no_duals, "not certified"), (not_numbers, "failed")],
)
def test_a_cheating_solver_is_followed_by_the_next(
    small: al.Case, cheat: Any, honest: float, bend: Any, reason: str
) -> None:
    cheat(bend)
    out = al.allocate(small, RULES, al.DividendYield(), resolve=False)
    tried = [(each["solver"], each["result"]) for each in out.record["attempts"]]
    assert out.status == "optimal"
    assert tried[0][0].startswith("cheat")
    assert reason in tried[0][1]
    assert tried[-1] == ("clarabel", "certified")
    assert out.record["certificate"]["bound"] == pytest.approx(honest, abs=1e-7)


def test_a_solver_that_stops_too_early_is_followed_by_the_next(small: al.Case, cheat: Any, honest: float) -> None:
    def hasty(conic: Conic, tolerance: float) -> Started:
        return Clarabel.start(conic, 0.05)

    cheat(lambda conic, found: found, hasty)
    out = al.allocate(small, RULES, al.DividendYield(), resolve=False)
    assert out.status == "optimal"
    assert out.record["attempts"][0]["solver"].startswith("cheat")
    assert out.record["attempts"][0]["result"] != "certified"
    assert out.record["certificate"]["value"] == pytest.approx(honest, abs=2e-6)


def test_where_all_cheat_nothing_is_called_optimal(small: al.Case, cheat: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cheat(shifted)
    aim = al.DividendYield()
    monkeypatch.setattr(kinds, "known", lambda wing: ["cheat"])
    out = al.allocate(small, RULES, aim, resolve=False)
    assert out.status == "not-certified"
    assert out.record["certificate"]["passes"] is False
    assert all(each["solver"].startswith("cheat") for each in out.record["attempts"])
    assert all(each["result"].startswith("not certified: gap") for each in out.record["attempts"])
    verified = al.verify(out, small, RULES)
    assert not verified
    assert not next(check for check in verified.checks if check.name == "clauses").passes


def test_a_false_infeasible_is_not_believed(small: al.Case, cheat: Any) -> None:
    """The phase-1 program finds an allocation that keeps every rule; so there is no such answer."""
    # The phase-1 program's cost is of one variable alone.
    cheat(lambda conic, found: found if np.count_nonzero(conic.q) == 1 else replace(found, status="infeasible"))
    with pytest.raises(NotCertified, match=r"^the solvers found nothing, and can't say which rules leave no room; "):
        al.allocate(small, RULES, al.DividendYield(), resolve=False)


def test_the_solver_asked_for_is_the_one_that_solves(small: al.Case) -> None:
    program = Program(RULES.clauses(small), [al.DividendYield().score(small)], small.box, small.spread)
    points = {name: program.solve([1.0], 1.0, 1e-8, name) for name in ("clarabel", "scs")}
    assert {name: point.solver for name, point in points.items()} == {"clarabel": "clarabel", "scs": "scs"}
    assert points["scs"].value == pytest.approx(points["clarabel"].value, rel=1e-6)
