"""The file of a frontier: its published shape, the way there and back, and what is done to it on the way."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from damage import damaged
from helpers import book, tiny

import allocator as al
from allocator.files.frontier_model import FrontierFile
from allocator.files.outcomes import to_json
from allocator.report import markdown
from allocator.report.csv import frontier as csv
from allocator.report.html import frontier as html
from allocator.report.page import frontier as page

DY, SW = al.DividendYield(), al.StrategicWeight()
COLUMNS = {"cash-yield [%]": [8, 4], "strategic-weight": [0.2, 1.0], "capacity [$ bn]": [100, 100]}
CAP = al.rules.Share(id="cap", title="Cap", each="line", of="deployed", at_most="70%")
FLOOR = al.rules.Amount(id="floor", title="Floor", measure="deployed", at_least="$250 bn")
MADE: dict[str, Callable[[], al.Frontier]] = {
    "sandwich": lambda: al.frontier(tiny(COLUMNS), book(CAP), DY, SW, gap=0.01),
    "exact": lambda: al.frontier(
        al.Case.from_moments([0.05, 0.08, 0.06], np.diag([0.09, 0.16, 0.04])), None, al.ExpectedReturn(), al.Variance()
    ),
    "one point": lambda: al.frontier(
        tiny(COLUMNS | {"strategic-weight": [1.0, 0.2]}, **{"fully-invested": "yes"}), None, DY, SW
    ),
    "infeasible": lambda: al.frontier(tiny(COLUMNS), book(FLOOR), DY, SW),
}


@pytest.fixture(scope="module", params=sorted(MADE))
def found(request: pytest.FixtureRequest) -> al.Frontier:
    return MADE[request.param]()


def test_it_has_the_published_shape(found: al.Frontier) -> None:
    published = json.loads((files("allocator.files") / "frontier.schema.json").read_text(encoding="utf-8"))
    assert published == FrontierFile.published()
    jsonschema.validate(json.loads(to_json(found.record)), published, cls=jsonschema.Draft202012Validator)


def test_it_is_read_as_it_was_saved(found: al.Frontier, tmp_path: Path) -> None:
    file = tmp_path / "frontier.json"
    found.save(str(file))
    again = al.read_frontier(file)
    assert again.record == found.record
    assert repr(again) == repr(found)


def test_an_outcome_is_no_frontier(tmp_path: Path) -> None:
    file = tmp_path / "outcome.json"
    al.allocate(tiny(COLUMNS), None, DY).save(str(file))
    with pytest.raises(al.InputError) as caught:
        al.read_frontier(file)
    assert str(caught.value) == f"{file}:1:1: no frontier; give a file whose format is allocator/frontier/1"


def _of_other_lines(record: dict[str, Any]) -> None:
    record["points"][1]["amounts"].reverse()


def _late(record: dict[str, Any]) -> None:
    record["changes"] = [{"after": 1, "before": 99, "begin": [], "cease": []}]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda record: record["points"].clear(), " at 'points'"),
        (lambda record: record.pop("gap"), ": there is no 'gap'"),
        (lambda record: record["between"][0].pop("best"), ": there is no 'best'"),
        (lambda record: record["points"][0].update(values=[0.1]), " at 'points.0.values'"),
        (lambda record: record.update(bends=[[0.0, 0.0]] * 9), ": there is a bend between any two points, or none at all"),
        (_of_other_lines, ": the points are not of the same lines"),
        (_late, ": a change is not between two points"),
    ],
)  # fmt: skip
def test_damage_is_told(change: Callable[[dict[str, Any]], object], told: str, tmp_path: Path) -> None:
    record = copy.deepcopy(MADE["sandwich"]().record)
    change(record)
    file = tmp_path / "frontier.json"
    file.write_text(json.dumps(record))
    with pytest.raises(al.InputError) as caught:
        al.read_frontier(file)
    assert str(caught.value) == f"{file}:1:1: the frontier is damaged{told}; compute it again"


def test_what_is_damaged_at_random_is_refused_or_can_be_shown(found: al.Frontier, tmp_path: Path) -> None:
    file, refused = tmp_path / "frontier.json", 0
    for seed in range(200):
        file.write_text(json.dumps(damaged(found.record, random.Random(seed))))
        try:
            read = al.read_frontier(file).record
        except al.InputError:
            refused += 1
            continue
        if seed < 40:
            page(read)
        markdown.frontier(read)
        html(read)
        if "points" in read:
            csv(read)
    assert refused > 80
