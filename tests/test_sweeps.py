"""A sweep's scenarios are those of `allocate`, the same to the bit however they are run, kept, and told."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, small_case
from helpers import book
from scipy import stats

import allocator as al
from allocator import regret
from allocator.answers import distribution, rank_correlations
from allocator.shapes import hard_ones, shortfall
from allocator.units import Rate

RULES = book(
    al.rules.Share(id="one", title="One line", each="line", of="deployed", at_most="40%"),
    al.rules.Concentration(id="hhi", title="Hhi", by="sector", measure="hhi", of="deployed", at_most="0.45"),
    al.rules.Coverage(id="cover", title="Cover", measure="debt-service", haircut="10%", at_least="1.4x"),
    al.rules.Share(id="soft", title="Soft", scope={"sector": "logistics"}, of="deployed", at_least="25%",
                   severity="soft", penalty="50 bp"),
    al.rules.Amount(id="size", title="Size", at_least="$50 bn"),
)  # fmt: skip
AIM = al.DividendYield()


def floating() -> al.Case:
    """The senior loans float."""
    case = replace(small_case(), references={"sofr": Rate.parse("3.3%")})
    cost = case.stack[0].cost.model_copy(update={"reference": "sofr", "spread": Rate.parse("120 bp")})
    return replace(case, stack=(case.stack[0].model_copy(update={"cost": cost}), case.stack[1]))


def draws(count: int = 60, seed: int = 2) -> al.Draws:
    laws = {
        "sofr": al.Normal(0.033, 0.01, at_least=0.01),
        "hall.cash-yield": al.Lognormal(0.07, 0.1),
        "hall.capacity": al.Lognormal(60, 0.2),
        "one.at-most": al.Uniform(0.25, 0.45),
        "size.at-least": al.Uniform(50, 220),
    }
    return al.Draws(laws, count, seed, {("sofr", "hall.cash-yield"): 0.4})


@pytest.fixture(scope="module")
def found() -> al.Sweep:
    return al.sweep(floating(), RULES, AIM, draws(), chunk=25, threads=2)


def test_every_scenario_is_the_case_changed(found: al.Sweep) -> None:
    table = found.scenarios
    assert len(table) == 60
    assert {"optimal", "infeasible"} == {*table["status"]}
    for row in range(0, 60, 7):
        told = table.loc[row]
        case = replace(floating(), references={"sofr": Rate(float(told["input/sofr"]))})
        yields, capacity = (float(told[f"input/hall.{key}"]) for key in ("cash-yield", "capacity"))
        case = case.replace("hall", cash_yield=yields, capacity=capacity)
        rules = RULES.replace("one", at_most=f"{100 * told['input/one.at-most']:.15g}%")
        rules = rules.replace("size", at_least=f"${told['input/size.at-least']:.15g} bn")
        out = al.allocate(case, rules, AIM, resolve=False)
        assert out.status == told["status"]
        if out.status == "infeasible":
            assert np.isnan(told["value"])
            assert told["blamed"] in {rule.id for rule in RULES.rules}
            continue
        assert told["value"] == pytest.approx(out.certificate["bound"], abs=1e-7)
        total = sum(told[f"amount/{line}"] for line in case.universe.ids)
        assert told["deployed"] == pytest.approx(total, abs=1e-5)
        assert told["deployed"] + told["reserve"] == pytest.approx(100 + told["debt"], abs=1e-5)
        assert told["debt"] == pytest.approx(told["drawn/senior"] + told["drawn/bonds"], abs=1e-5)
        assert told["objective/dividend-yield"] - told["penalties"] / 100 == pytest.approx(told["value"], abs=1e-8)
        assert told["binds/one"] == (abs(told["price/one.at-most"]) > 1e-5)


def parts(folder: Path) -> dict[str, bytes]:
    from pyarrow import parquet

    tables = {path.name: parquet.read_table(path) for path in folder.glob("part-*")}
    return {
        name: b"".join(column.to_numpy().tobytes() for column in table.itercolumns() if str(column.type) == "double")
        for name, table in tables.items()
    }


def test_the_same_bits_whatever_runs_them(tmp_path: Path) -> None:
    one = al.sweep(floating(), RULES, AIM, draws(), into=tmp_path / "one", chunk=20, threads=1)
    two = al.sweep(floating(), RULES, AIM, draws(), into=tmp_path / "two", chunk=20, threads=3)
    three = al.sweep(floating(), RULES, AIM, draws(), chunk=7)
    assert parts(tmp_path / "one") == parts(tmp_path / "two")
    assert len(parts(tmp_path / "one")) == 3
    pd.testing.assert_frame_equal(one.scenarios, three.scenarios, check_exact=True)
    assert one.record == two.record


def test_what_was_stopped_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is whole is kept, what is damaged or of other inputs is solved again."""
    from allocator.engines import threads

    solved: list[int] = []

    def counting(session: al.Session, first: int, values: np.ndarray) -> dict[str, object]:
        solved.append(first)
        return whole(session, first, values)

    whole = threads.solved_chunk
    monkeypatch.setattr(threads, "solved_chunk", counting)

    class Stop(Exception):
        pass

    def stop(done: int, count: int) -> None:
        if done >= 20:
            raise Stop

    folder = tmp_path / "s"
    with pytest.raises(Stop):
        al.sweep(floating(), RULES, AIM, draws(), into=folder, chunk=10, threads=1, told=stop)
    before, done = parts(folder), []
    assert 2 <= len(before) < 6
    assert not (folder / "_summary.json").exists()
    # A bit turned over, and what a crash left beside.
    names = sorted(before)
    raw = bytearray((folder / names[0]).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / names[0]).write_bytes(raw)
    (folder / ".part-000000000050.parquet.1").write_bytes(b"half")
    solved.clear()
    again = al.sweep(floating(), RULES, AIM, draws(), into=folder, chunk=10, told=lambda *told: done.append(told))
    assert sorted(solved) == [0, *(first for first in range(10 * len(before), 60, 10))]
    assert done[-1] == (60, 60)
    assert len(again.scenarios) == 60
    fresh = al.sweep(floating(), RULES, AIM, draws(), chunk=10)
    pd.testing.assert_frame_equal(again.scenarios, fresh.scenarios, check_exact=True)
    assert json.loads((folder / "_summary.json").read_text()) == json.loads(json.dumps(again.record))
    # Any library reads the folder as one table.
    assert len(pd.read_parquet(folder)) == 60


def test_what_does_not_belong_to_a_sweep_does_not_count(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    first = al.sweep(floating(), RULES, AIM, draws(20), into=folder, chunk=10)
    (folder / "part-000000000020.parquet").write_bytes((folder / "part-000000000000.parquet").read_bytes())
    with (folder / "_chunks.sha256").open("ab") as sums:
        sums.write(b"\xff\xfe no line of ours\n")
    again = al.sweep(floating(), RULES, AIM, draws(20), into=folder, chunk=10)
    assert again.record == first.record
    pd.testing.assert_frame_equal(again.scenarios, first.scenarios, check_exact=True)


def test_a_folder_holds_one_sweep(tmp_path: Path) -> None:
    al.sweep(floating(), RULES, AIM, draws(5), into=tmp_path / "s")
    for asked, other in (
        ({"scenarios": draws(5, seed=3)}, "scenarios"),
        ({"scenarios": draws(5), "objective": al.StrategicWeight()}, "objective, program"),
        ({"scenarios": draws(5), "chunk": 3}, "chunk"),
        ({"scenarios": draws(5), "case": floating().replace("fund", fee="11 bp")}, "program, set"),
    ):
        given = {"case": floating(), "rules": RULES, "objective": AIM} | asked
        with pytest.raises(al.InputError) as error:
            al.sweep(**given, into=tmp_path / "s")
        assert str(error.value) == f"'{tmp_path}/s' holds another sweep, with other {other}; name a new folder"
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("")
    with pytest.raises(al.InputError, match=r"full' is there and holds no sweep; name a new folder$"):
        al.sweep(floating(), RULES, AIM, draws(5), into=tmp_path / "full")


def test_a_frame_of_scenarios_and_a_rule_to_blame() -> None:
    frame = pd.DataFrame({"one.at-most": [0.4, 0.3, 0.1], "hall.cash-yield": [0.07, 0.08, 0.07]})
    swept = al.sweep(floating(), RULES, AIM, frame)
    assert repr(swept) == "Sweep(3 scenarios: 2 optimal, 1 infeasible)"
    assert swept.status == "optimal"
    assert swept.record["blamed"] == [{"rule": "one", "title": "One line", "scenarios": 1}]
    assert swept.binding.loc["one", "share"] == swept.scenarios["binds/one"].sum() / 2 > 0
    assert "One line" in swept._repr_html_()


def test_all_infeasible() -> None:
    swept = al.sweep(floating(), RULES, AIM, al.Grid({"one.at-most": [0.05, 0.1]}))
    assert swept.status == "infeasible"
    assert swept.regret == []
    assert swept.amounts["mean"].isna().all()
    assert "2 that nothing satisfies" in swept._repr_html_()


def test_what_it_says_is_what_is_there(found: al.Sweep) -> None:
    table = found.scenarios
    best = table[table["status"] == "optimal"]
    for name, row in found.amounts.iterrows():
        own = best[f"amount/{name}"]
        assert row["50%"] == pytest.approx(own.median())
        assert row["5%"] == pytest.approx(own.quantile(0.05))
        assert row["mean"] == pytest.approx(own.mean())
    for name, row in found.movers.iterrows():
        truth = stats.spearmanr(best[f"input/{name}"], best["value"]).statistic
        assert row["rank-correlation"] == pytest.approx(truth, abs=1e-12)
    assert list(found.movers["rank-correlation"].abs()) == sorted(found.movers["rank-correlation"].abs(), reverse=True)
    for name, row in found.binding.iterrows():
        assert row["share"] == pytest.approx(best[f"binds/{name}"].mean())
    for name, row in found.prices.iterrows():
        assert row["95%"] == pytest.approx(best[f"price/{name}"].quantile(0.95))
    assert found.record["statuses"]["infeasible"] == len(table) - len(best)
    assert found.objectives.loc["dividend-yield", "most"] == best["objective/dividend-yield"].max()


def test_least_regret_is_that_of_all_pairs(found: al.Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every allocation against every scenario, evaluated in the case with its numbers changed."""
    monkeypatch.setattr(regret, "CANDIDATES", 1000)
    scenarios = draws(25)
    session = al.Session(floating(), RULES, AIM, scenarios.names)
    told = {each["by"]: each for each in regret.least_regret(session, scenarios)}
    solved = {
        k: one for k, row in enumerate(scenarios.values(0, 25)) if (one := session.solve(row)).status == "optimal"
    }
    regrets = np.zeros((len(solved), len(solved)))
    for i, there in enumerate(solved.values()):
        case, clauses = session.case_at(there.inputs)
        d = case.decision
        for j, own in enumerate(solved.values()):
            v = d.vector(own.v[: d.n], own.v[d.f : d.reserve])
            broken = sum(np.maximum(clause.excess(v), 0).sum() for clause in hard_ones(clauses)) + max(-v[d.reserve], 0)
            worth = AIM.measured(case, v) - shortfall(clauses, v) - 0.03 * broken
            regrets[i, j] = max(there.value - worth, 0)
    numbers = list(solved)
    assert told["largest"]["scenario"] == numbers[int(np.argmin(regrets.max(0)))]
    assert told["largest"]["largest"] == pytest.approx(regrets.max(0).min(), abs=1e-9)
    assert told["mean"]["mean"] == pytest.approx(regrets.mean(0).min(), abs=1e-9)
    # Each is without regret where it is the best.
    assert np.diag(regrets).max() < 1e-6


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"scenarios": al.Grid({"sofa": [1.0]})}, "no number 'sofa'; did you mean 'sofr'?"),
        ({"scenarios": al.Grid({"hall.capacity": [10.0, -1.0]})}, "'hall.capacity' may be -1 in a scenario; keep it within 0 and inf, with at-least or at-most where it is drawn"),
        ({"scenarios": al.Draws({"hall.capacity": al.Normal(60, 5)}, 9)}, "'hall.capacity' may be -inf in a scenario; keep it within 0 and inf, with at-least or at-most where it is drawn"),
        ({"chunk": 0}, "chunks of 0 scenarios; ask for one or more"),
        ({"threads": 0}, "0 threads; ask for one or more"),
        ({"threads": 1, "scheduler": "tcp://x:1"}, "both threads here and a scheduler's workers; ask for one of them"),
        ({"scheduler": "tcp://127.0.0.1:9"}, "no scheduler answers at 'tcp://127.0.0.1:9'; check the address, as in tcp://10.0.0.5:8786, and that a 'dask scheduler' runs there"),
        ({"scheduler": "nonsense"}, "no scheduler answers at 'nonsense'; check the address, as in tcp://10.0.0.5:8786, and that a 'dask scheduler' runs there"),
    ],
)  # fmt: skip
def test_errors(asked: dict[str, object], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from allocator.engines import cluster

    monkeypatch.setattr(cluster, "PATIENCE", "1s")
    given = {"case": floating(), "rules": RULES, "objective": AIM, "scenarios": draws(3)} | asked
    with pytest.raises(al.InputError) as error:
        al.sweep(**given)  # type: ignore[arg-type]
    assert str(error.value) == told


def test_a_distribution_of_nothing() -> None:
    assert set(distribution(np.array([np.nan])).values()) == {None}
    assert rank_correlations(np.array([1.0, 2.0]), {"a": np.array([1.0, 1.0])}) == {"a": None}


MEMORY = """
import resource, sys
sys.path.insert(0, {tests!r})
import allocator as al
from test_sweeps import AIM, RULES, draws, floating
al.sweep(floating(), RULES, AIM, draws({count}), chunk=100, threads=1, into={folder!r})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_what_is_solved_is_not_held(tmp_path: Path) -> None:
    """Ten times the scenarios take next to no more memory, as chunks are let go once they are written."""
    peaks = []
    for count in (300, 3000):
        code = MEMORY.format(tests=str(ROOT / "tests"), count=count, folder=str(tmp_path / str(count)))
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
        peaks.append(int(done.stdout) / 1024)
    # A scenario is some 400 bytes, of which what is told needs a column or a few at a time.
    assert peaks[1] - peaks[0] < 12


def test_what_moves_by_itself_is_told_and_what_follows_is_not() -> None:
    moves = [
        al.Move(f"{line}.cash-yield", now, "equipment", -0.5, 1.0) for line, now in (("hall", 0.07), ("plant", 0.065))
    ]
    laws = {"equipment": al.Triangular(0.9, 1.0, 1.3), "one.at-most": al.Uniform(0.3, 0.45)}
    drawn = al.Draws(laws, 30, 1, {}, moves)
    swept = al.sweep(floating(), RULES, AIM, drawn)
    assert {*swept.movers.index} == {"equipment", "one.at-most"}
    assert {*swept.prices.index} == {"one.at-most", "hall.cash-yield", "plant.cash-yield"}
    drivers = drawn.drivers(0, 30)["equipment"]
    truth = stats.spearmanr(drivers, swept.scenarios["value"], nan_policy="omit").statistic
    assert swept.movers.loc["equipment", "rank-correlation"] == pytest.approx(truth, abs=1e-12)
    assert swept.movers.loc["equipment", "rank-correlation"] < -0.5
