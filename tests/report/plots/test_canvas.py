"""Pictures of the page: inline SVG that loads and runs nothing, and is the same wherever it is drawn."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from conftest import small_case

import allocator as al
from allocator.report.plots import OUTCOME, picture
from allocator.report.plots.bars import DARK, INK, LIGHT, QUIET
from allocator.report.plots.canvas import WIDTHS, svg

STYLE = Path(al.__file__).parent / "report" / "templates" / "review.css"
EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    rule = al.rules.Share(id="cap", title="No line dominates", each="line", of="deployed", at_most="30%")
    out = al.allocate(small_case(), al.Rulebook([rule], as_of="2026-04-01"), al.DividendYield())
    assert out.status == "optimal"
    found = copy.deepcopy(out.record)
    found["prices"][0]["clear"] = False
    return found


def every(record: dict[str, Any]) -> dict[str, str]:
    return {f"{what}-{kind}": svg(picture(what, record), what, kind) for what in OUTCOME for kind in WIDTHS}


def test_it_is_the_same_in_another_process_and_for_another_reader(record: dict[str, Any]) -> None:
    made = every(record)
    with mpl.rc_context({"font.size": 30, "axes.grid": True, "savefig.bbox": "tight", "hatch.linewidth": 4}):
        assert every(record) == made
        assert mpl.rcParams["font.size"] == 30
    program = (
        "import json, sys\nfrom allocator.report.plots import picture\nfrom allocator.report.plots.canvas import svg\n"
        "print(svg(picture('prices', json.load(sys.stdin)), 'prices', 'wide'))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(record),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    assert told.stdout.strip() == made["prices-wide"]


def test_nothing_in_it_runs_or_loads_or_says_when(record: dict[str, Any]) -> None:
    for made in every(record).values():
        tags = set(re.findall(r"<(\w+)", made))
        assert tags <= {"svg", "title", "desc", "g", "defs", "pattern", "path", "rect", "text"}
        assert not re.search(r"href|style=|<!|<\?|metadata|\{|matplotlib", made)
        assert not re.search(r"20\d\d-\d\d-\d\d", made)


def test_ids_are_those_that_are_named_and_no_others(record: dict[str, Any]) -> None:
    seen: list[str] = []
    for name, made in every(record).items():
        ids = re.findall(r' id="([^"]+)"', made)
        assert all(each.startswith(f"{name}-") for each in ids)
        named = re.findall(r"url\(#([^)]+)\)", made) + re.findall(r'labelledby="(\S+) (\S+)"', made)
        flat = {part for each in named for part in (each if isinstance(each, tuple) else (each,))}
        assert set(ids) == flat
        seen += ids
    assert len(seen) == len(set(seen))
    assert any("url(#prices-wide-" in made for made in every(record).values()), "the hatch is a pattern of its own"


def test_it_is_sound_and_says_what_it_shows(record: dict[str, Any]) -> None:
    for name, made in every(record).items():
        root = ElementTree.fromstring(made)
        found = picture(name.partition("-")[0], record)
        assert root.get("role") == "img"
        assert (root.findtext("title"), root.findtext("desc")) == (found.title, found.words)
        wide = float(root.attrib["viewBox"].split()[2])
        assert wide == WIDTHS[name.partition("-")[2]]
        for text in root.iter("text"):
            assert 0 <= float(text.attrib["x"]) <= wide


def test_texts_stay_texts_and_are_escaped(record: dict[str, Any]) -> None:
    made = copy.deepcopy(record)
    for each, title in zip(
        made["amounts"], (EVIL, r"$\frac{1}{0}$", '"><img src=x>', "a\x00b\x1f", "日本"), strict=True
    ):
        each["title"] = title
    drawn = svg(picture("allocation", made), "allocation", "wide")
    root = ElementTree.fromstring(drawn)
    texts = {text.text for text in root.iter("text")}
    assert {EVIL, r"$\frac{1}{0}$", '"><img src=x>', "a b", "日本"} & texts == {
        part["title"] if part["title"] != "a\x00b\x1f" else "a b" for part in made["amounts"] if part["amount"]
    }
    assert "<script" not in drawn
    assert "<img" not in drawn


def test_letters_that_no_font_has_are_left_to_the_browser(record: dict[str, Any]) -> None:
    made = copy.deepcopy(record)
    for each in made["amounts"]:
        each["title"] = "ไทย 🚀"
    assert "ไทย 🚀" in svg(picture("allocation", made), "allocation", "narrow")


def test_every_colour_has_its_place_in_the_style_sheet(record: dict[str, Any]) -> None:
    rules = STYLE.read_text(encoding="utf-8")
    used = {
        (kind, colour)
        for made in every(record).values()
        for kind, colour in re.findall(r'(fill|stroke)="(#\w+)"', made)
    }
    assert {colour for _, colour in used} == {INK, QUIET, DARK, LIGHT}
    for kind, colour in used:
        assert re.search(rf'\.picture \[{kind}="{colour}"\] {{ {kind}: var\(--[a-z]+\); }}', rules), (kind, colour)
