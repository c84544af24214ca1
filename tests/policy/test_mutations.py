"""Damage to the shipped policies: each one that changes the meaning is refused where it stands, or a diff shows it.

The slips are those that an editor, a keyboard or a copy makes: a key, a kind or a name misspelt, a unit dropped or
swapped, dates shuffled, lines doubled, lost, moved or indented, digits of another alphabet, a stale `was`.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

import allocator as al
from allocator.errors import Problem
from allocator.files.names import read_names
from allocator.names import Names
from allocator.policy.check import check
from allocator.policy.diff import compare

ROOT = Path(__file__).parent.parent.parent
DAY = "2026-11-22"
FILES = ("statutory-base.yaml", "us-japan-fund.yaml", "us-japan-prudent.yaml")
ANYWHERE = 10_000
LINED_UP = 25
"A line that stands askew is told where the next one does not line up with it."
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True)
class Damage:
    """One slip: the file, its sort, the line on which it is (from 1), and the text with it."""

    file: str
    sort: str
    line: int
    text: str
    near: int = 0
    "How many lines off the place may be, where a slip moves or doubles whole lines."

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.sort}"


def swapped(word: str) -> str:
    """Two letters in the middle change places; a letter is lost where they are the same."""
    k = len(word) // 2
    if len(word) < 2:
        return word * 2
    made = word[: k - 1] + word[k] + word[k - 1] + word[k + 1 :]
    return made if made != word else word[:k] + word[k + 1 :]


def in_words(line: str) -> Iterator[tuple[str, re.Match[str], str]]:
    """Slips within a line: their sort, what is hit, and what takes its place."""
    for found in re.finditer(r"(?<=[ {])([a-z][a-z0-9.-]*)(?=: )", line):
        yield "key misspelt", found, swapped(found[0])
    for found in re.finditer(r"(?<=kind: )[a-z-]+|(?<=measure: )[a-z-]+|(?<=basis: )[a-z]+|(?<=status: )[a-z]+", line):
        yield "kind or measure misspelt", found, swapped(found[0])
    for found in re.finditer(
        r"(?<=sector: )[a-z-]+|(?<=line: )[a-z-]+|(?<=\[)[a-z][a-z0-9-]+|(?<=column: )[a-z0-9-]+", line
    ):
        yield "name misspelt", found, swapped(found[0])
    for found in re.finditer(
        r"(?<=tranche: )[a-z-]+|(?<=authority: )[a-z0-9.-]+|(?<=rule: )[a-z-]+|(?<=country: )[A-Z]+", line
    ):
        yield "name misspelt", found, swapped(found[0])
    for found in re.finditer(r"(?<=: )(\d[\d.]*)(%|x| bp| days)", line):
        yield "unit dropped", found, found[1]
        yield "unit swapped", found, found[1] + {"%": " bp", "x": "%", " bp": "%", " days": " years"}[found[2]]
        yield "full-width digits", found, found[0].translate(WIDE)
        yield "digits turned", found, found[1][::-1].strip(".") + found[2]
        yield "decimal comma", found, found[1].replace(".", ",") + ("" if "." in found[1] else ",5") + found[2]
    for found in re.finditer(r"(?<=: )\$([\d.]+) (bn|m)", line):
        yield "unit dropped", found, f"${found[1]}"
        yield "currency dropped", found, f"{found[1]} {found[2]}"
        yield "unit swapped", found, f"${found[1]} {'m' if found[2] == 'bn' else 'bn'}"
        yield "currency swapped", found, f"¥{found[1]} {found[2]}"
        yield "full-width digits", found, found[0].translate(WIDE)
    for found in re.finditer(r"20(\d\d)-(\d\d)-(\d\d)", line):
        yield "date turned", found, f"{found[3]}-{found[2]}-20{found[1]}"
        yield "month out of range", found, f"20{found[1]}-1{found[2]}-{found[3]}"
        yield "another year", found, f"21{found[1]}-{found[2]}-{found[3]}"
    for found in re.finditer(r"at-(least|most)", line):
        yield "side turned", found, {"least": "at-most", "most": "at-least"}[found[1]]
    for found in re.finditer(r"(?<=: )(hard|soft|never|tighter)\b", line):
        yield "word turned", found, {"hard": "soft", "soft": "hard", "never": "may", "tighter": "looser"}[found[0]]
    for found in re.finditer(r": (?=\S)", line):
        yield "comment swallows the value", found, ": #"
        yield "no-break space", found, ":\u00a0"


def damages(file: str, text: str) -> Iterator[Damage]:
    """All slips of a file but those in its tests, which limit nothing, and in comments."""
    lines = text.splitlines(keepends=True)
    testing = -1
    for k, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if line.strip() == "tests:":
            testing = indent
        elif testing >= 0 and indent <= testing:
            testing = -1
        if testing >= 0 or line.lstrip().startswith("#") or not line.strip() or "title:" in line or "quote:" in line:
            continue

        def made(sort: str, new: str, near: int = 0, at: int = k, until: int = 1) -> Damage:
            return Damage(file, sort, at + 1, "".join([*lines[:at], new, *lines[at + until :]]), near)

        plain = line.split(" why:")[0]
        if line.lstrip().startswith(("why:", "url:", "en:", "ja:")):
            plain = line.split(":")[0] + ": "
        # What all rules take by default is missed by each of them; a change is told where its parts don't fit.
        near = 1 if "severity:" in line or lines[k - 1].lstrip().startswith(("- rule:", "field:", "was:")) else 0
        near = ANYWHERE if "defaults:" in line else near
        for sort, found, new in in_words(plain):
            yield made(sort, line[: found.start()] + new + line[found.end() :], near)
        yield made("line lost", "", near=ANYWHERE)
        yield made("line doubled", line * 2, near=1)
        yield made("indented by one", " " + line, near=LINED_UP)
        if line.startswith(" "):
            yield made("out by one", line[1:], near=LINED_UP)
        yield made("tab", "\t" + line.lstrip(), near=1)
    starts = [k for k, line in enumerate(lines) if line.startswith("  - id: ")] + [len(lines)]
    for start, end in pairwise(starts):
        # A rule ends where the next section begins, too.
        end = next((k for k in range(start, end) if not lines[k].startswith("  ")), end)
        block = "".join(lines[start:end])
        yield Damage(file, "rule doubled", end + 1, "".join([*lines[:end], block, *lines[end:]]))


def all_damages() -> list[Damage]:
    """Those to names and numbers; one in three of those to keys, and one in six of those to whole lines."""
    found = [
        each for file in FILES for each in damages(file, (ROOT / "constraints" / file).read_text(encoding="utf-8"))
    ]
    alike = ("line lost", "line doubled", "indented by one", "out by one", "tab", "comment swallows", "no-break space")
    every = {each.sort: 6 if each.sort.startswith(alike) else 3 if each.sort == "key misspelt" else 1 for each in found}
    return [each for k, each in enumerate(found) if k % every[each.sort] == 0]


DAMAGES = all_damages()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for part in ("constraints", "examples"):
        shutil.copytree(ROOT / part, folder / part)
    return folder


@pytest.fixture(scope="module")
def before() -> dict[str, al.Rulebook]:
    return {file: al.read_rules(ROOT / "constraints" / file, DAY) for file in FILES}


@pytest.fixture(scope="module")
def case() -> al.Case:
    return al.read_case(ROOT / "examples" / "us-japan")


@pytest.fixture(scope="module")
def names() -> Names:
    return read_names(ROOT / "examples" / "us-japan")


def refusals(ask: Callable[[], object]) -> tuple[Problem, ...]:
    try:
        ask()
    except al.InputError as error:
        return error.problems
    return ()


def slipped(damage: Damage, house: Path, before: al.Rulebook, case: al.Case, names: Names) -> str:
    """How a damage fared: `refused`, `shown`, `harmless`; anything else is a slip."""
    path = house / "constraints" / damage.file
    kept = path.read_text(encoding="utf-8")
    path.write_text(damage.text, encoding="utf-8")
    try:
        (found,) = check([path], as_of=DAY)
    finally:
        path.write_text(kept, encoding="utf-8")
    if (rules := found.rules) is not None:
        by_names, by_arrays = refusals(lambda: rules.check(names)), refusals(lambda: rules.clauses(case))
        if by_names != by_arrays:
            return f"the mathematics refuse {by_arrays}, and the names {by_names}"
    if found.problems:
        lines = [problem.place.line for problem in found.problems if problem.place and problem.place.file == str(path)]
        told = any(f"line {damage.line} " in problem.what for problem in found.problems)  # where a bracket was opened
        near = told or any(abs(line - damage.line) <= damage.near for line in lines)
        return "refused" if near else f"refused elsewhere: {found.problems}"
    assert found.rules is not None
    told = compare(before, found.rules, None)
    if told["rules"] or told["other"]:
        return "shown"
    return "harmless" if found.rules.digest == before.digest else "slipped"


def test_there_are_hundreds() -> None:
    assert len(DAMAGES) >= 200
    assert {each.sort for each in DAMAGES} >= {
        "key misspelt", "kind or measure misspelt", "name misspelt", "unit dropped", "unit swapped", "full-width digits",
        "date turned", "rule doubled", "line doubled", "indented by one", "side turned", "word turned",
    }  # fmt: skip


@pytest.mark.parametrize("file", FILES)
def test_nothing_slips(file: str, house: Path, before: dict[str, al.Rulebook], case: al.Case, names: Names) -> None:
    fared = {damage: slipped(damage, house, before[file], case, names) for damage in DAMAGES if damage.file == file}
    wrong = [f"{damage}: {how}" for damage, how in fared.items() if how not in ("refused", "shown", "harmless")]
    assert not wrong, "\n".join(wrong)
    count = Counter(fared.values())
    assert count["refused"] > 5 * count["harmless"]
    print(file, dict(count))


@pytest.mark.parametrize(("rule", "number", "other"), [("one-line", "12%", "13%"), ("borrowing", "2.00x", "2.10x")])
def test_a_stale_was_is_refused(house: Path, rule: str, number: str, other: str) -> None:
    """The base says another number than the overlay was written for, though its bytes are the ones named."""
    path = house / "constraints" / "us-japan-prudent.yaml"
    kept = path.read_text(encoding="utf-8")
    line = kept.split(f"was: {number}")[0].count("\n") + 1
    path.write_text(kept.replace(f"was: {number}", f"was: {other}"), encoding="utf-8")
    (found,) = check([path], as_of=DAY)
    path.write_text(kept, encoding="utf-8")
    told = [problem for problem in found.problems if problem.place and problem.place.line == line]
    assert [problem.what for problem in told] == [f"change of '{rule}' was: the base says {number}, and not {other}"]
