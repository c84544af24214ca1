"""Scenarios from files, each mistake told with its place and its mend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, small_case
from helpers import book

import allocator as al
from allocator.files.scenarios import read_scenarios
from allocator.scenarios import Scenarios
from allocator.units import Rate

RULES = book(
    al.rules.Share(id="one", title="One", each="line", of="deployed", at_most="40%"),
    al.rules.Concentration(id="hhi", title="Hhi", by="sector", measure="hhi", of="deployed", at_most="0.45"),
)
HEAD = "format: allocator/scenarios/1\n"


def read(folder: Path, text: str, name: str = "s.yaml") -> Scenarios:
    from dataclasses import replace

    (folder / name).write_text(text, encoding="utf-8")
    case = replace(small_case(), references={"sofr": Rate.parse("3.65%")})
    return read_scenarios(folder / name, case, RULES)


def refused(folder: Path, text: str, name: str = "s.yaml") -> list[str]:
    with pytest.raises(al.InputError) as caught:
        read(folder, text, name)
    return str(caught.value).replace(f"{folder}/", "").split("\n")


def test_a_grid(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + "title: Caps\ngrid:\n  one.at-most: [30%, 40%]\n  hall.capacity: [$50 bn, $60 bn]\n")
    assert (found.title, found.names) == ("Caps", ("one.at-most", "hall.capacity"))
    assert found.values(0, 4).tolist() == [[0.3, 50], [0.3, 60], [0.4, 50], [0.4, 60]]


def test_a_table(tmp_path: Path) -> None:
    table = (
        "one.at-most [%],hhi.at-most,senior.cost [bp],sofr [%],hall.life [years]\n30,0.4,450,3.5,20\n40,0.5,500,4,25\n"
    )
    found = read(tmp_path, table, "t.csv")
    assert found.names == ("one.at-most", "hhi.at-most", "senior.cost", "sofr", "hall.life")
    np.testing.assert_allclose(found.values(0, 2), [[0.3, 0.4, 0.045, 0.035, 20], [0.4, 0.5, 0.05, 0.04, 25]])
    beside = read(tmp_path, HEAD + "table: t.csv\n")
    assert beside.values(0, 2).tolist() == found.values(0, 2).tolist()


def test_a_table_in_parquet(tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"one.at-most [%]": [30.0, 40.0]}).to_parquet(tmp_path / "t.parquet")
    (tmp_path / "s.yaml").write_text("")
    case = small_case()
    assert read_scenarios(tmp_path / "t.parquet", case, RULES).values(0, 2).tolist() == [[0.3], [0.4]]


DRAWS = (
    HEAD
    + """draws:
  count: 200
  seed: 5
  variables:
    - {id: sofr, law: normal, spread: 50 bp, at-least: 1%}
    - {id: usdjpy, law: lognormal, median: 150, spread: 10%}
    - {id: cost, law: triangular, at-least: 1.00, peak: 1.10, at-most: 1.25, now: 1.00}
    - {scope: {sector: compute}, column: cash-yield, law: lognormal, spread: 8%, together: 50%}
    - {id: one.at-most, law: uniform, at-least: 30%, at-most: 40%}
  correlations:
    - {between: [sofr, usdjpy], is: 30%}
  moves:
    - {input: senior.capacity, with: usdjpy, elasticity: -1}
    - {scope: {sector: [compute, power]}, column: cash-yield, with: cost, elasticity: -0.5}
"""
)


def test_draws(tmp_path: Path) -> None:
    found = read(tmp_path, DRAWS)
    yields = [f"{line}.cash-yield" for line in ("hall", "chips", "plant", "wires")]
    assert found.names == ("sofr", *yields[:2], "one.at-most", "senior.capacity", *yields[2:])
    said = found.said()
    assert said["variables"]["sofr"] == {"law": "normal", "mean": 0.0365, "spread": 0.005, "at_least": 0.01}
    assert said["variables"]["hall.cash-yield"]["median"] == 0.07
    assert ["hall.cash-yield", "chips.cash-yield", 0.5] in said["correlations"]
    by = {move["input"]: (move["now"], move["by"], move["elasticity"], move["middle"]) for move in said["moves"]}
    assert by["senior.capacity"] == (40.0, "usdjpy", -1.0, 150.0)
    assert by["plant.cash-yield"] == (0.065, "cost", -0.5, 1.0)
    values = dict(zip(found.names, found.values(0, 200).T, strict=True))
    assert ((values["plant.cash-yield"] <= 0.065) & (values["plant.cash-yield"] >= 0.065 / np.sqrt(1.25))).all()
    np.testing.assert_allclose(values["wires.cash-yield"] / 0.055, values["plant.cash-yield"] / 0.065)


def test_the_examples_scenarios() -> None:
    case = al.read_case(ROOT / "examples/us-japan")
    rules = al.read_rules(case.policy, as_of="2026-04-01")
    found = read_scenarios(ROOT / "examples/us-japan/scenarios.yaml", case, rules)
    assert found.count == 100_000
    assert {"sofr", "jgb-30y", "yen-loans.capacity", "one-line.at-most", "colocation.cash-yield"} <= {*found.names}
    least, most = found.ends()
    values = found.values(0, 2000)
    assert ((least <= values) & (values <= most)).all()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("grid: {}\n", ["s.yaml:2:7: a grid of no inputs; give the levels of one or more"]),
        (
            "grid:\n  one.at-least: [30%]\n  sofr: [3, 4%]\n  hall.capacity: []\n",
            [
                "s.yaml:3:3: no number 'one.at-least'; did you mean 'one.at-most'?",
                "s.yaml:4:10: cannot read '3'; write a yearly rate such as 4.85% or 120 bp",
            ],
        ),
        (
            "grid:\n  hall.capacity: []\n",
            ["s.yaml:3:3: the levels of 'hall.capacity' are not finite numbers; give one or more"],
        ),
        ("table: no.csv\n", ["s.yaml:2:8: there is no file 'no.csv' beside it; check the name"]),
        ("title: T\n", ["s.yaml:1:1: not one way to tell scenarios; give one of grid, table and draws"]),
        (
            "grid: {sofr: [3%]}\ntable: t.csv\n",
            ["s.yaml:1:1: not one way to tell scenarios; give one of grid, table and draws"],
        ),
        ("grit: {sofr: [3%]}\n", ["s.yaml:2:1: grit: unknown key; did you mean 'grid'?"]),
    ],
)
def test_mistakes(tmp_path: Path, text: str, told: list[str]) -> None:
    assert refused(tmp_path, HEAD + text) == told


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("{id: sofa, law: normal, spread: 1%}", "s.yaml:5:12: no number 'sofa'; did you mean 'sofr'?"),
        ("{id: sofr, law: normal}", "s.yaml:5:23: draws.variables.sofr.law: a normal law without spread; add it"),
        ("{id: sofr, law: normal, spread: 1%, peak: 3%}", "s.yaml:5:49: draws.variables.sofr.peak: a normal law has none; leave it out"),
        ("{id: sofr, law: normal, spread: 1}", "s.yaml:5:39: cannot read '1'; write a yearly rate such as 4.85% or 120 bp"),
        ("{id: sofr, law: lognormal, spread: 0.1}", "s.yaml:5:42: cannot read '0.1'; write a share such as 35%"),
        ("{id: sofr, law: gaussian, spread: 1%}", "s.yaml:5:23: draws.variables.sofr.law: cannot read 'gaussian'; known: lognormal, normal, triangular, uniform"),
        ("{id: sofr, law: normal, spread: 1%, at-least: 4%}", "s.yaml:5:23: a normal law around 0.0365, which is not between 0.04 and inf; keep it inside the bounds"),
        ("{id: sofr, scope: all, column: life, law: normal, spread: 1%}", "s.yaml:5:7: draws.variables.sofr: not told of what; give id, or scope and column"),
        ("{scope: {sector: computing}, column: cash-yield, law: normal, spread: 1%}", "s.yaml:5:24: "),
        ("{scope: all, column: yield, law: normal, spread: 1%}", "s.yaml:5:28: no number 'hall.yield'; did you mean 'hall.cash-yield'?"),
        ("{id: sofr, law: normal, spread: 1%, together: 50%}", "s.yaml:5:53: draws.variables.sofr.together: one variable has none that it is drawn together with; leave it out, or see correlations"),
        ("{id: sofr, law: normal, spread: 1%, now: 4%}", "s.yaml:5:48: no input follows it, so that it is never compared with now; leave now out, or see moves"),
        ("{scope: all, column: cash-yield, law: normal, spread: 1%, together: 120%}", "s.yaml:5:75: draws.variables.1.together: 120% is not between 0% and 100%; write a part of the whole"),
    ],
)  # fmt: skip
def test_mistakes_of_variables(tmp_path: Path, variable: str, told: str) -> None:
    (first, *_) = refused(tmp_path, f"{HEAD}draws:\n  count: 10\n  variables:\n    - {variable}\n")
    assert first.startswith(told)


def test_mistakes_of_correlations(tmp_path: Path) -> None:
    variables = "".join(f"    - {{id: {name}, law: normal, spread: 1%}}\n" for name in ("sofr", "one.at-most"))
    text = HEAD + f"draws:\n  count: 10\n  variables:\n{variables}  correlations:\n"
    assert refused(tmp_path, text + "    - {between: [sofr, one.at-most], is: 101%}\n") == [
        "s.yaml:8:42: draws.correlations.1.is: 101% is not between -100% and 100%; write a correlation such as 60%"
    ]
    pairs = "[sofr, one.at-most]", "[one.at-most, sofr]", "[sofr, sofr]"
    assert refused(tmp_path, text + "".join(f"    - {{between: {pair}, is: 10%}}\n" for pair in pairs)) == [
        "s.yaml:9:17: 'one.at-most' and 'sofr' have two correlations; keep one",
        "s.yaml:10:17: a correlation of 'sofr' with itself; name two variables",
    ]


def test_what_is_told_of_two_goes_before_what_all_have(tmp_path: Path) -> None:
    text = DRAWS.replace(
        "  correlations:\n", "  correlations:\n    - {between: [chips.cash-yield, hall.cash-yield], is: 20%}\n"
    )
    said = read(tmp_path, text).said()
    assert ["chips.cash-yield", "hall.cash-yield", 0.2] in said["correlations"]
    assert len(said["correlations"]) == 2


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    text = DRAWS.replace("between: [sofr, usdjpy]", "between: [sofr, usdjpi]").replace("with: usdjpy", "with: usdjpx")
    assert refused(tmp_path, text) == [
        "s.yaml:7:12: no number 'usdjpy'; known: bonds.capacity, bonds.cost, chips.capacity, chips.cash-yield, chips.dscr, "
        "chips.expected-return, chips.gearing, chips.life, chips.power-needed, chips.power-supplied, chips.strategic-weight, "
        "chips.us-share, docks.capacity, docks.cash-yield, docks.dscr, docks.expected-return, docks.gearing, docks.life, ...",
        "s.yaml:12:17: no variable 'usdjpi'; known: chips.cash-yield, cost, hall.cash-yield, one.at-most, sofr",
        "s.yaml:14:38: no variable 'usdjpx'; known: chips.cash-yield, cost, hall.cash-yield, one.at-most, sofr",
    ]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("one.at-most,sofr [%]\n30,3\n", ["t.csv:1:1: column 'one.at-most' has no known unit; write one.at-most [%]"]),
        ("one.at-most [%],one.at-most [bp]\n30,3\n", ["t.csv:1:17: column 'one.at-most' stands twice; keep one"]),
        ("one.at-most [%],two.at-most [%]\n30,3\n", ["t.csv:1:17: no number 'two.at-most'; did you mean 'one.at-most'?"]),
        ("one.at-most [%]\n30\n=1+1\n", ["t.csv:3:1: "]),
        ("one.at-most [%]\n30\nnan\n", ["t.csv:3:1: 'nan' is not a number, in column 'one.at-most [%]'; write a number without "]),
    ],
)  # fmt: skip
def test_mistakes_of_tables(tmp_path: Path, table: str, told: list[str]) -> None:
    found = refused(tmp_path, table, "t.csv")
    assert len(found) == len(told)
    assert all(one.startswith(two) for one, two in zip(found, told, strict=True))
