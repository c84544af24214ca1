from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import allocator as al

GOOD = Path(__file__).parent.parent / "bad_inputs" / "good"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOOD, tmp_path / "case"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def covariance(case: al.Case) -> np.ndarray:
    assert case.risk is not None
    factor = np.array([case.risk.factor @ line for line in np.eye(len(case.universe))])
    return factor @ factor.T


@pytest.mark.parametrize("path", [GOOD, str(GOOD), GOOD / "fund.yaml"])
def test_a_case_is_its_folder_or_its_fund(path: Path | str) -> None:
    case = al.read_case(path)
    assert case.universe.ids == ("hall", "plant", "docks")
    assert case.equity == 100
    assert case.costs == pytest.approx([0.0365 + 0.0085, 0.055], abs=1e-15)
    assert case.universe.numbers["capacity"].tolist() == [60, 40, 30]
    assert case.universe.units["mw-needed"] == "MW/$ bn"
    assert case.universe.counterparties == ("acme", "zeta")
    assert dict(case.holdings) == {"hall": 20, "plant": 5}
    assert dict(case.benchmark) == {"hall": 0.5, "plant": 0.3, "docks": 0.2}
    assert [(stress.id, stress.returns(case.universe.lines)) for stress in case.stresses] == [
        ("slump", (-0.45, 0.0, -0.15)),
    ]
    assert dict(case.objective) == {"dividend-yield": 0.7, "strategic-weight": 0.3}
    assert case.policy == GOOD / "policy.yaml"
    assert case.decision.pair_names() == [
        ("hall", "senior"), ("hall", "bonds"), ("plant", "senior"), ("plant", "bonds"), ("docks", "bonds"),
    ]  # fmt: skip


def test_what_was_read_is_remembered_with_its_digest() -> None:
    sources = al.read_case(GOOD).sources
    names = ["fund.yaml", "universe.csv", "exposures.csv", "covariance.csv", "holdings.csv", "benchmark.csv"]
    assert [source.path.name for source in sources] == names
    assert all(source.digest == hashlib.sha256(source.path.read_bytes()).hexdigest() for source in sources)


B, COMMON, OWN = np.array([[1.2, 0], [0.5, 0.1], [0.8, 0]]), np.diag([0.02, 0.01]), np.diag([0.01, 0.0025, 0.0064])
SCENARIOS = [[0.10, 0.05, 0.02], [-0.05, 0.01, 0.06], [0.07, 0.03, -0.04], [0.01, -0.02, 0.03]]


@pytest.mark.parametrize(
    ("risk", "expected"),
    [
        ("{covariance: covariance.csv}", [[0.04, 0.01, 0], [0.01, 0.01, 0], [0, 0, 0.01]]),
        ("{correlation: correlation.csv}", [[0.04, 0.01, 0], [0.01, 0.01, 0], [0, 0, 0.01]]),
        ("{factors: {loadings: loadings.csv, covariance: factors.csv, specific: specific.csv}}",
         B @ COMMON @ B.T + OWN),
        ("{scenarios: scenarios.csv}", np.cov(np.transpose(SCENARIOS))),
    ],
)  # fmt: skip
def test_four_ways_to_tell_the_risk(folder: Path, risk: str, expected: object) -> None:
    edit(folder / "fund.yaml", "{covariance: covariance.csv}", risk)
    assert covariance(al.read_case(folder)) == pytest.approx(np.array(expected), abs=1e-15)


def test_scenarios_may_stand_in_any_order(folder: Path) -> None:
    edit(folder / "fund.yaml", "{covariance: covariance.csv}", "{scenarios: scenarios.csv}")
    before = covariance(al.read_case(folder))
    pd.read_csv(folder / "scenarios.csv")[["docks", "hall", "plant"]].to_csv(folder / "scenarios.csv", index=False)
    assert covariance(al.read_case(folder)) == pytest.approx(before)


def test_scenarios_may_stand_beside_a_covariance(folder: Path) -> None:
    alone = al.read_case(folder)
    edit(folder / "fund.yaml", "{covariance: covariance.csv}",
         "{covariance: covariance.csv, scenarios: scenarios.csv, note: 'by hand'}")  # fmt: skip
    case = al.read_case(folder)
    assert np.array_equal(covariance(case), covariance(alone))
    assert case.risk is not None
    assert case.risk.scenarios == pytest.approx(np.array(SCENARIOS))
    assert case.risk.note == "by hand"
    assert "scenarios.csv" in [source.path.name for source in case.sources]


def test_a_universe_may_be_parquet(folder: Path) -> None:
    pd.read_csv(folder / "universe.csv").to_parquet(folder / "universe.parquet")
    edit(folder / "fund.yaml", "universe.csv", "universe.parquet")
    case, before = al.read_case(folder), al.read_case(GOOD)
    assert case.universe.texts == before.universe.texts
    for name, column in before.universe.numbers.items():
        assert case.universe.numbers[name] == pytest.approx(column, abs=1e-15)


@pytest.mark.parametrize(
    ("file", "old", "new", "holdings"),
    [
        ("holdings.csv", "amount [$ bn]\nhall,20\nplant,5", "amount [$ m]\nhall,20000\nplant,5000", [20, 5]),
        ("exposures.csv", "share [%]\nhall,acme,30\ndocks,acme,50\ndocks,zeta,20",
         "share\nhall,acme,0.3\ndocks,acme,0.5\ndocks,zeta,0.2", [20, 5]),
    ],
)  # fmt: skip
def test_other_units_say_the_same(folder: Path, file: str, old: str, new: str, holdings: list[float]) -> None:
    edit(folder / file, old, new)
    case, before = al.read_case(folder), al.read_case(GOOD)
    assert list(case.holdings.values()) == pytest.approx(holdings)
    assert case.universe.exposure is not None
    assert before.universe.exposure is not None
    assert case.universe.exposure.value == pytest.approx(before.universe.exposure.value)


def test_a_bare_objective_has_weight_one(folder: Path) -> None:
    edit(folder / "fund.yaml", "{dividend-yield: 0.7, strategic-weight: 0.3}", "variance")
    assert dict(al.read_case(folder).objective) == {"variance": 1}


def test_four_sectors_are_a_universe_too(tmp_path: Path) -> None:
    (tmp_path / "universe.csv").write_text("id\npower\ngrid\nchips\nports\n", encoding="utf-8")
    (tmp_path / "fund.yaml").write_text(
        "format: allocator/fund/1\nuniverse: universe.csv\n"
        "fund: {id: plain, title: Plain, equity: [{holder: owner, amount: $1 bn}]}\n",
        encoding="utf-8",
    )
    case = al.read_case(tmp_path)
    assert (case.universe.ids, case.risk, case.stack, case.policy) == (
        ("power", "grid", "chips", "ports"),
        None,
        (),
        None,
    )


def test_the_way_to_the_policy_is_the_short_one(folder: Path) -> None:
    edit(folder / "fund.yaml", "policy: policy.yaml", "policy: ../case/tables/../policy.yaml")
    assert al.read_case(folder).policy == folder / "policy.yaml"


def test_errors_of_several_tables_come_at_once(folder: Path) -> None:
    edit(folder / "exposures.csv", "acme,30", "acme,130")
    edit(folder / "holdings.csv", "plant", "plnt")
    edit(folder / "covariance.csv", "docks,0,0,0.01", "docks,0,0,-0.01")
    with pytest.raises(al.InputError) as caught:
        al.read_case(folder)
    assert str(caught.value).replace(f"{folder}/", "").split("\n") == [
        "covariance.csv:4:11: the variance of docks is negative; write zero or more",
        "exposures.csv:2:11: the exposure 1.3 is not between 0 and 1; write 0% to 100%",
        "holdings.csv:3:1: no line 'plnt'; did you mean 'plant'?",
    ]
