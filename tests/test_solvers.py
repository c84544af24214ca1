"""Solvers are taken by ability, and none is believed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
from helpers import book

import allocator as al
from allocator import kinds
from allocator.errors import InputError, NotCertified
from allocator.program import Program
from allocator.solvers import able
from allocator.solvers.clarabel import Clarabel
from allocator.solvers.highs import Highs
from allocator.solvers.scs import Scs

RULES = book(
    al.rules.Share(id="one", title="One", each="line", of="deployed", at_most="40%"),
    al.rules.Volatility(id="risk", title="Risk", of="deployed", at_most="12%"),
)


def test_solvers_by_ability() -> None:
    assert [name for name, _ in able(())] == ["highs", "clarabel", "scs"]
    assert [name for name, _ in able({"conic"})] == ["clarabel", "scs"]
    assert [name for name, _ in able({"quadratic"})] == ["clarabel", "scs"]


def test_the_one_asked_for_goes_first_if_it_is_able() -> None:
    assert [name for name, _ in able({"conic", "quadratic"}, "scs")] == ["scs", "clarabel"]
    assert [name for name, _ in able({"conic", "quadratic"}, "highs")] == ["clarabel", "scs"]


def test_an_unknown_solver() -> None:
    with pytest.raises(InputError, match=r"^unknown kind of solver 'clarable'; did you mean 'clarabel'\?$"):
        able((), "clarable")


def test_tolerances_reach_the_solvers() -> None:
    assert Clarabel.options(1e-9)["tol_gap_abs"] == 1e-9
    assert Clarabel.options(1e-9)["tol_gap_rel"] == 1e-9
    assert Clarabel.options(1e-9)["tol_feas"] == 1e-9
    assert Scs.options(1e-9)["eps_abs"] == 1e-9
    # HiGHS refuses less than 1e-10.
    assert Highs.options(1e-12)["highs_options"]["primal_feasibility_tolerance"] == 1e-10


class Cheat:
    """Clarabel under a name that goes before all others; tests bend what it gives."""

    cvxpy_name: ClassVar = "CLARABEL"
    abilities: ClassVar = frozenset({"conic", "quadratic", "exponential"})
    order: ClassVar = 0
    threads: ClassVar = 1
    multipliers: ClassVar = True
    package: ClassVar = "clarabel"
    options = staticmethod(Clarabel.options)


@pytest.fixture
def cheat(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Program, Any], str | None]], None]:
    """Makes the cheat known; after it has solved, the given function bends the point and may name another status."""

    def use(bend: Callable[[Program, Any], str | None], options: Any = None) -> None:
        known, find, verdict = kinds.known, kinds.find, Program._verdict
        if options is not None:
            monkeypatch.setattr(Cheat, "options", staticmethod(options))
        monkeypatch.setattr(kinds, "known", lambda wing: ["cheat", *known(wing)] if wing == "solvers" else known(wing))
        monkeypatch.setattr(
            kinds, "find", lambda wing, name, place=None: Cheat if name == "cheat" else find(wing, name, place)
        )
        turn = {"cheating": False}

        def asked(tolerance: float) -> dict[str, Any]:
            turn["cheating"] = True
            return (options or Clarabel.options)(tolerance)

        monkeypatch.setattr(Cheat, "options", staticmethod(asked))

        def judged(program: Program, problem: Any) -> str:
            if turn.pop("cheating", False):
                said = bend(program, problem)
                if said is not None:
                    return said
            return verdict(program, problem)

        monkeypatch.setattr(Program, "_verdict", judged)

    return use  # type: ignore[return-value]


@pytest.fixture
def honest(small: al.Case) -> float:
    return float(al.allocate(small, RULES, al.DividendYield(), resolve=False).record["certificate"]["bound"])


def shifted(program: Program, problem: Any) -> None:
    """Half a billion more in every line, less in none."""
    z = program._z.value
    program._z.value = z + 0.005


def shrunk(program: Program, problem: Any) -> None:
    """All of the optimum, but a part in ten thousand of it left in the reserve: within all rules, yet no optimum."""
    program._z.value = program._z.value * 0.9999


def no_duals(program: Program, problem: Any) -> None:
    for made in problem.constraints:
        for dual in made.dual_variables:
            dual.save_value(np.zeros(dual.shape))


def not_numbers(program: Program, problem: Any) -> None:
    program._z.save_value(np.full(program._z.shape, np.nan))


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
    cheat(lambda program, problem: None, lambda tolerance: {"max_iter": 4})
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
    own = small.decision.size
    cheat(lambda program, problem: None if len(program.box.low) > own else "infeasible")
    with pytest.raises(NotCertified, match=r"^the solvers found nothing, and can't say which rules leave no room; "):
        al.allocate(small, RULES, al.DividendYield(), resolve=False)


def test_the_solver_asked_for_is_the_one_that_solves(small: al.Case) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = Program(RULES.clauses(small), [al.DividendYield().score(small)], small.box, small.spread)
        points = {name: program.solve([1.0], 1.0, 1e-8, name) for name in ("clarabel", "scs")}
    assert {name: point.solver for name, point in points.items()} == {"clarabel": "clarabel", "scs": "scs"}
    assert points["scs"].value == pytest.approx(points["clarabel"].value, rel=1e-6)
