"""What an aim says of itself is read again; and a saved outcome of each is rechecked, and found out where changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import book, everything, solve

import allocator as al
from allocator import aims
from allocator.aims import Blend, Lexicographic, Maximin, Stage
from allocator.objectives import Aim, Range
from allocator.verification import verify

DY, SW, ER, VAR, VOL = (
    al.DividendYield(), al.StrategicWeight(), al.ExpectedReturn(), al.Variance(), al.Volatility(),
)  # fmt: skip
TAIL, ROBUST = al.TailLoss("90%"), al.RobustYield(2)

SAID: list[Aim] = [
    DY,
    TAIL,
    ROBUST,
    al.Tracking({"a": 0.5, "b": 0.5}),
    al.RiskBudget({"a": 0.25, "b": 0.75}),
    al.RiskBudget(shares=[0.5, 0.5]),
    al.Sharpe(rate="4%"),
    al.Sharpe(risk="tail-loss", confidence=0.9, at=1.5),
    ER - 2 * VAR + 0.5 * SW,
    Blend(((0.7, DY), (0.3, TAIL)), (0.01, 0.2)),
    Maximin(((1.0, DY), (2.0, VOL)), (Range(0.01, 0.02), Range(-0.3, 0.1))),
    al.epsilon(DY, {VOL: "12%", TAIL: 0.3}),
    al.epsilon(ER - 2 * VAR, {DY: "3%"}),
    al.epsilon(Blend(((0.7, DY), (0.3, SW)), (0.01, 0.2)), {VAR: 0.02}),
    al.epsilon(Maximin(((1.0, DY), (2.0, SW)), (Range(0.01, 0.02), Range(0.3, 0.1))), {VAR: 0.02}),
    al.epsilon(al.Sharpe(at=0.5), {DY: 0.03}),
    Lexicographic((Stage(DY, 0.001), Stage(VAR), Stage(SW)), (0.05, 0.03)),
]


@pytest.mark.parametrize("aim", SAID, ids=lambda aim: aim.name)
def test_what_is_said_is_read_again(aim: Aim) -> None:
    said = json.loads(json.dumps(aim.said()))
    again = aims.read(said)
    assert again == aim
    assert again.said() == aim.said()
    assert again.name == said["name"]


CASE = everything()
RULES = book(
    al.rules.Amount(id="size", title="Size", at_least="$105 bn"),
    al.rules.Share(id="line", title="Line", each="line", of="deployed", at_most="45%"),
)
SOLVED: dict[str, Aim] = {
    "tail-loss": TAIL,
    "robust-yield": ROBUST,
    "tracking": al.Tracking({"a": "70%", "c": "30%"}),
    "volatility": VOL,
    "sharpe": al.Sharpe(rate="4%"),
    "risk-budget": al.RiskBudget({"a": 0.4, "b": 0.2, "c": 0.2, "d": 0.2}),
    "sum": ER - 0.5 * VOL,
    "blend": al.blend({DY: 0.7, TAIL: 0.3}),
    "maximin": al.maximin({DY: 1, VOL: 1}),
    "epsilon": al.epsilon(DY, {VOL: "13%"}),
    "epsilon of a blend": al.epsilon(al.blend({DY: 0.7, SW: 0.3}), {VOL: "13%"}),
    "lexicographic": al.lexicographic([(DY, "20 bp"), VOL]),
}


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Each solved, saved and read."""
    folder: Path = tmp_path_factory.mktemp("aims")
    found = {}
    for name, aim in SOLVED.items():
        solve(CASE, RULES, aim, resolve=name == "epsilon").save(str(folder / f"{name}.json"))
        found[name] = al.read_outcome(folder / f"{name}.json").record
    return found


@pytest.mark.parametrize("name", SOLVED)
def test_a_saved_outcome_is_verified(records: dict[str, Any], name: str) -> None:
    found = verify(al.Outcome(records[name]), CASE, RULES)
    assert found, str(found)


def failing(record: Any) -> set[str]:
    return {check.name for check in verify(al.Outcome(record), CASE, RULES).checks if not check.passes}


def said(record: Any) -> Any:
    return record["objective"]


CHANGES: list[tuple[str, Callable[[Any], None], str]] = [
    ("epsilon", lambda r: said(r)["held"][0].update(level=0.14), "rules"),
    ("epsilon", lambda r: said(r)["held"][0].update(value=0.1), "objective"),
    ("lexicographic", lambda r: said(r)["parts"][0].update(level=said(r)["parts"][0]["level"] - 1e-4), "rules"),
    ("lexicographic", lambda r: said(r)["parts"][0].update(level=said(r)["parts"][0]["level"] + 1e-4), "clauses"),
    ("blend", lambda r: said(r).update(ranges=[1.1 * each for each in said(r)["ranges"]]), "certificate"),
    ("maximin", lambda r: said(r).update(ranges=[1.1 * each for each in said(r)["ranges"]]), "certificate"),
    ("maximin", lambda r: said(r).update(lows=[each - 0.01 for each in said(r)["lows"]]), "certificate"),
    ("sharpe", lambda r: said(r)["parts"][0]["settings"].update(at=0.9), "objective settled"),
    ("sharpe", lambda r: said(r)["parts"][0]["settings"].update(at=0.1), "objective settled"),
    ("sharpe", lambda r: said(r)["parts"][0].update(title="sharpe over 1%"), "objective"),
    ("risk-budget", lambda r: said(r)["parts"][0]["settings"].update(shares=[0.25] * 4), "objective settled"),
    (
        "risk-budget",
        lambda r: said(r)["parts"][0]["settings"].update(budgets={"a": 0.3, "b": 0.3, "c": 0.2, "d": 0.2}),
        "objective settled",
    ),
    ("tail-loss", lambda r: said(r)["parts"][0]["settings"].update(confidence=0.95), "objective"),
    ("robust-yield", lambda r: said(r)["parts"][0]["settings"].update(radius=1.0), "certificate"),
]


@pytest.mark.parametrize(("name", "change", "check"), CHANGES)
def test_what_was_settled_cannot_be_written_over(
    records: dict[str, Any], name: str, change: Callable[[Any], None], check: str
) -> None:
    record = copy.deepcopy(records[name])
    change(record)
    assert check in failing(record)


def test_what_a_file_cannot_prove_is_told(records: dict[str, Any]) -> None:
    told = {
        "sharpe": "prices",
        "blend": "prices, and the ranges of the blend",
        "epsilon of a blend": "prices, and the ranges of the blend",
        "maximin": "prices, and the ranges of the maximin",
        "lexicographic": "prices, and the levels that the earlier objectives keep",
    }
    for name, remark in told.items():
        assert verify(al.Outcome(records[name]), CASE, RULES).remarks == (
            f"{remark}: not rechecked; they take solving",
        )


@pytest.mark.parametrize(
    "settings", [{"speed": 1}, {"rate": "fast"}, {"at": "x"}, {"at": [1]}, {"risk": ["tail-loss"]}]
)
def test_settings_that_no_objective_has(records: dict[str, Any], settings: dict[str, Any]) -> None:
    record = copy.deepcopy(records["sharpe"])
    said(record)["parts"][0]["settings"] = settings
    with pytest.raises(al.InputError):
        verify(al.Outcome(record), CASE, RULES)


def test_the_message_for_settings_that_cannot_be_read(records: dict[str, Any]) -> None:
    record = copy.deepcopy(records["sharpe"])
    said(record)["parts"][0]["settings"] = {"speed": 1}
    with pytest.raises(al.InputError) as caught:
        verify(al.Outcome(record), CASE, RULES)
    assert str(caught.value) == "the settings of the objective 'sharpe' can't be read; compute the outcome again"


def test_apart_aims_in_sums_and_blends() -> None:
    ratio, mix = "it is a ratio, which is found by solving", "it fixes the mix, which leaves nothing to weigh"
    order, level = "its objectives come one after the other", "it holds objectives at levels"
    alone = "pursue it alone, or maximise it with others held at levels"
    together = "add the objectives in it without it, or weigh all of them in one blend"
    for aim, why, mend in (
        (al.Sharpe(), ratio, alone),
        (al.RiskBudget(), mix, alone),
        (al.lexicographic([DY, SW]), order, together),
        (al.epsilon(DY, {SW: 1}), level, together),
    ):
        for make in (lambda aim=aim: aim + DY, lambda aim=aim: 2 * aim, lambda aim=aim: DY - aim):
            with pytest.raises(al.InputError) as caught:
                make()
            assert str(caught.value) == f"'{aim.name}' can't be added or multiplied: {why}; {mend}"
    for aim, why, _ in ((al.Sharpe(), ratio, alone), (al.RiskBudget(), mix, alone)):
        with pytest.raises(al.InputError) as caught:
            al.blend({aim: 1, DY: 1})  # type: ignore[dict-item]
        assert str(caught.value) == f"'{aim.name}' can't be part of a blend: {why}; pursue it alone, or leave it out"
        assert al.blend({aim: 1}) is aim  # type: ignore[dict-item]
