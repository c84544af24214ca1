"""Bad files, each with its messages to the letter.

`good/` is a case and a policy without faults. An entry of `fund.txt`, `tables.txt`, `risk.txt` or `policy.txt` damages
it as a diff would, and then gives all that must be said of it, in that order:

    # what is wrong
    fund.yaml
    -  fee: 10 bp
    +  fees: 10 bp
    > fund.yaml:10:3: fund.fees: unknown key; did you mean 'fee'?

The lines with ` ` and `-` must stand in the file once; those with ` ` and `+` take their place.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import allocator as al
from allocator.policy.check import all_problems, check

HERE = Path(__file__).parent
FACTORS = "{factors: {loadings: loadings.csv, covariance: factors.csv, specific: specific.csv}}"
RISK = {
    "correlation.csv": "{correlation: correlation.csv}",
    "scenarios.csv": "{scenarios: scenarios.csv}",
    "loadings.csv": FACTORS,
    "factors.csv": FACTORS,
    "specific.csv": FACTORS,
}
"The good case has a covariance; these tables are read where the fund names them instead."
HUNK = r"((?: .*\n)*)((?:-.*\n)*)((?:\+.*\n)*)"
JARGON = re.compile(r"None|NaN|dict|tuple|pydantic|Error|float|\bint\b|\bstr\b|input should|mapping|ndarray|\[\]|\(\)")


class Bad(NamedTuple):
    title: str
    hunks: list[tuple[str, str, str]]
    messages: list[str]


def entries() -> list[Bad]:
    found = []
    for path in sorted(HERE.glob("*.txt")):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            title = f"{path.stem}: {block.splitlines()[0].removeprefix('# ')}"
            hunks = [
                (file, *(re.sub("^.", "", kept + lines, flags=re.MULTILINE) for lines in (lost, put)))
                for file, body in re.findall(r"^([\w-]+\.\w+)\n((?:[ +-].*\n)+)", block, re.MULTILINE)
                for kept, lost, put in re.findall(HUNK, body)
                if lost or put
            ]
            found.append(Bad(title, hunks, re.findall("^> (.*)$", block, re.MULTILINE)))
    return found


ENTRIES = entries()
MESSAGES = sorted({message for bad in ENTRIES for message in bad.messages})


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE / "good", tmp_path / "case"))


@pytest.fixture
def said(good: Path) -> Callable[[], list[str]]:
    """Reads the case and its policy, and gives the messages."""

    def read() -> list[str]:
        try:
            case = al.read_case(good)
            al.read_rules(good / "policy.yaml", as_of="2026-06-01").clauses(case)
        except al.InputError as error:
            return str(error).replace(f"{good}/", "").split("\n")
        return []

    return read


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("table", ["covariance.csv", *RISK])
def test_nothing_is_said_of_the_good_case(good: Path, said: Callable[[], list[str]], table: str) -> None:
    change(good / "fund.yaml", "{covariance: covariance.csv}", RISK.get(table, "{covariance: covariance.csv}"))
    assert said() == []


@pytest.mark.parametrize("bad", ENTRIES, ids=lambda bad: bad.title)
def test_what_is_said(good: Path, said: Callable[[], list[str]], bad: Bad) -> None:
    for file, old, new in bad.hunks:
        if file in RISK:
            text = (good / "fund.yaml").read_text(encoding="utf-8")
            (good / "fund.yaml").write_text(text.replace("{covariance: covariance.csv}", RISK[file]), encoding="utf-8")
        change(good / file, old, new)
    assert said() == bad.messages


@pytest.mark.parametrize("bad", [bad for bad in ENTRIES if bad.title.startswith("policy: ")], ids=lambda bad: bad.title)
def test_a_check_of_names_says_the_same(good: Path, bad: Bad) -> None:
    for file, old, new in bad.hunks:
        change(good / file, old, new)
    problems = all_problems(check([good / "policy.yaml"], good, "2026-06-01"))
    told = [str(problem).replace(f"{good}/", "") for problem in problems]
    # Of a policy with other faults, too, it looks up the names.
    assert [message for message in told if message in bad.messages] == bad.messages


def test_the_family_is_large_and_each_entry_is_one_of_a_kind() -> None:
    assert len(ENTRIES) >= 70
    assert len({str(bad.hunks) for bad in ENTRIES}) == len(ENTRIES)
    assert all(bad.hunks and bad.messages for bad in ENTRIES)


@pytest.mark.parametrize("message", MESSAGES)
def test_the_house_style(message: str) -> None:
    place, what, mend = re.fullmatch(r"([\w-]+\.(?:yaml|csv):\d+:\d+): ([^;]+); ([^;]+)", message).groups()  # type: ignore[union-attr]
    assert place
    assert what
    assert mend[0].islower()
    assert not message.endswith(".") or message.endswith("...")
    assert not JARGON.search(message)


def test_the_order_is_that_of_the_file() -> None:
    def position(message: str) -> tuple[str, int, int]:
        file, line, column = message.split(":")[:3]
        return file, int(line), int(column)

    for bad in ENTRIES:
        assert bad.messages == sorted(bad.messages, key=position), bad.title


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format:", f"#{'x' * 300_000}\nformat:", "fund.yaml:1:1: the file is larger than 256 KB; split it"),
        ("no\n", f"{'[' * 25}no{']' * 25}\n",
         "fund.yaml:12:37: values are nested more than 20 deep; write them flatter"),
        ("amount: $60 bn", "amount: $60\u00a0bn",
         "fund.yaml:7:32: the character U+00A0 (no-break space) is no ordinary space; write an ordinary one"),
    ],
)  # fmt: skip
def test_what_a_table_of_entries_cannot_show(
    good: Path, said: Callable[[], list[str]], old: str, new: str, message: str
) -> None:
    change(good / "fund.yaml", old, new)
    assert said() == [message]


@pytest.mark.parametrize(
    ("table", "hunk", "note"),
    [
        # eigenvalues of [[0.04, 0.03], [0.03, 0.01]] are 0.025 -+ sqrt(0.015^2 + 0.03^2)
        ("covariance.csv", ("hall,0.04,0.01,0\nplant,0.01", "hall,0.04,0.03,0\nplant,0.03"),
         "least eigenvalue -0.00854, moved 0.00854"),
        # the covariance, not the correlation, is repaired: with volatilities of 20%, 10%, 10% it has 0.02 (1 - sqrt 3)
        ("correlation.csv", ("hall,1,0.5,0\nplant,0.5,1,0\ndocks,0,0,1", "hall,1,1,1\nplant,1,1,-1\ndocks,1,-1,1"),
         "least eigenvalue -0.0146, moved 0.0146"),
    ],
)  # fmt: skip
def test_a_repair_is_done_on_request_and_said_in_the_outcome(
    good: Path, table: str, hunk: tuple[str, str], note: str
) -> None:
    change(good / table, *hunk)
    word = table.removesuffix(".csv")
    change(good / "fund.yaml", "{covariance: covariance.csv}", f"{{{word}: {table}, repair: nearest}}")
    case = al.read_case(good)
    outcome = al.allocate(case, al.read_rules(good / "policy.yaml", as_of="2026-06-01"), al.DividendYield())
    told = f"covariance repaired to the nearest semidefinite one: {note}"
    assert case.risk is not None
    assert case.risk.note == told
    assert told in "\n".join(outcome.record["notes"])


@pytest.mark.parametrize("name", ["nowhere", "nowhere/fund.yaml"])
def test_a_case_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(al.InputError) as caught:
        al.read_case(tmp_path / name)
    assert str(caught.value) == f"there is no case '{tmp_path / name}'; a case is a folder with fund.yaml"


def test_a_folder_of_cases_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "all" / "empty").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for made, mend in (((), "a case is a folder with fund.yaml"), (("b", "a"), "name a case: all/a, all/b")):
        for name in made:
            shutil.copytree(HERE / "good", tmp_path / "all" / name)
        with pytest.raises(al.InputError) as caught:
            al.read_case("all")
        assert str(caught.value) == f"there is no fund.yaml in 'all'; {mend}"
