from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import allocator as al
from allocator.codes import Code
from allocator.files.names import read_names
from allocator.policy import check as checking
from allocator.policy.check import all_problems, check, is_error, summary

GOOD = Path(__file__).parent.parent / "bad_inputs" / "good"
DAY = "2026-06-01"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A case and its policy, without faults, in the working directory."""
    shutil.copytree(GOOD, tmp_path / "case")
    monkeypatch.chdir(tmp_path / "case")
    return Path()


def damage(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def told(*files: str, case: Path | None = None) -> list[str]:
    return [f"{problem.code} {problem}" for problem in all_problems(check(map(Path, files), case, DAY))]


def test_nothing_is_wrong_with_the_good_policy(folder: Path) -> None:
    found = check([Path("policy.yaml")], folder, DAY)
    assert all_problems(found) == ()
    assert summary(found) == ["policy.yaml: 11 rules, no errors, checked against . as of 2026-06-01"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("at-most: 50%", "at-mst: 50%",
         "P103 policy.yaml:25:5: rule 'compute-cap' at-mst: unknown key; did you mean 'at-most'?"),
        ("    basis: seat\n", "", "P104 policy.yaml:13:5: rule 'home' basis: missing; add it"),
        ("at-most: 50%", "at-most: 50",
         "P105 policy.yaml:25:14: rule 'compute-cap' at-most: cannot read '50'; write a share such as 35%"),
        ("kind: ratio", "kind: ration",
         "P106 policy.yaml:40:11: unknown kind of rule 'ration'; did you mean 'ratio'?"),
        ("{sector: compute}", "{sector: computer}",
         "P107 policy.yaml:24:21: no line has sector 'computer'; did you mean 'compute'?"),
        ("{column: mw-needed}", "{column: mw-neded}",
         "P107 policy.yaml:42:18: rule 'own-power' needs column 'mw-neded', which the universe lacks; "
         "add it to the universe, or did you mean 'mw-needed'?"),
        ("    by: sector\n", "    by: sector\n    by: sector\n",
         "P108 policy.yaml:50:5: the key 'by' stands twice, first on line 49; keep one"),
        ("scope: {sector: compute}", "scope: {sector: compute}\n    each: line",
         "P109 policy.yaml:21:5: rule 'compute-cap': a share needs a scope, or each; give one of them"),
        ("measure: hhi\n    at-most: 0.45", "measure: hhi\n    at-least: 0.45",
         "P115 policy.yaml:51:15: rule 'spread' at-least: hhi at least so much is not convex; use at-most"),
        ("at-most: 14%", "at-most: １4%",
         "P116 policy.yaml:94:14: '１' is not in ordinary digits; write 1"),
        ("title: Swings stay small", "title: [Swings",
         "P102 policy.yaml:93:9: the bracket of line 92 is not closed, or a comma is missing before this; add it"),
    ],
)  # fmt: skip
def test_each_sort_of_fault_has_its_code(folder: Path, old: str, new: str, message: str) -> None:
    damage(folder / "policy.yaml", old, new)
    assert message in told("policy.yaml", case=folder)


def test_the_faults_of_the_case_are_told_once(folder: Path) -> None:
    shutil.copy("policy.yaml", "other.yaml")
    damage(folder / "universe.csv", "hall,", "hall hall,")
    damage(folder / "policy.yaml", "scope: {line: docks, site: CA}", "scope: {line: dock, site: CA}")
    found = check([Path("policy.yaml"), Path("other.yaml")], folder, DAY)
    problems = all_problems(found)
    assert {problem.place.file for problem in problems if problem.place} >= {"exposures.csv"}
    assert len(set(problems)) == len(problems)
    assert [len(checked.problems) for checked in found] == [len(problems)] * 2


def test_without_a_case_names_are_not_checked_and_that_is_said(folder: Path) -> None:
    damage(folder / "policy.yaml", "{sector: compute}", "{sector: computer}")
    found = check([Path("policy.yaml")], as_of=DAY)
    assert all_problems(found) == ()
    assert summary(found) == [
        "policy.yaml: 11 rules, no errors, as of 2026-06-01; names of lines and sectors were not checked: "
        "name a case with --case, or under 'tested-on'"
    ]


def test_a_folder_stands_for_its_policies(folder: Path) -> None:
    policies = folder / "policies"
    (policies / "deeper").mkdir(parents=True)
    for name in ("b.yaml", "a.yaml", "deeper/c.yaml", "fund.yaml", "notes.txt"):
        shutil.copy("policy.yaml", policies / name)
    assert [str(checked.file) for checked in check([policies], as_of=DAY)] == ["policies/a.yaml", "policies/b.yaml"]


def test_what_is_no_policy_is_an_error(folder: Path) -> None:
    (folder / "empty").mkdir()
    found = check(map(Path, ("nowhere.yaml", "empty", "fund.yaml", "policy.yaml")), folder, DAY)
    assert [str(problem) for problem in all_problems(found)] == [
        "empty:1:1: the file cannot be read (is a directory); check the path",
        "fund.yaml:1:9: not a policy file; begin it with 'format: allocator/policy/1'",
        "nowhere.yaml:1:1: the file cannot be read (no such file or directory); check the path",
    ]
    assert summary(found)[-2:] == [
        "policy.yaml: 11 rules, no errors, checked against . as of 2026-06-01",
        "3 errors in 3 of 4 files",
    ]


def test_a_file_that_cannot_be_read_says_what_waits(folder: Path) -> None:
    damage(folder / "policy.yaml", "title: Swings stay small", "title: [Swings")
    assert summary(check([Path("policy.yaml")], folder, DAY)) == [
        "policy.yaml: names of lines and sectors are checked once this is mended",
        "1 error in 1 of 1 file",
    ]


def test_faults_of_the_file_and_of_names_come_at_once(folder: Path) -> None:
    damage(folder / "policy.yaml", "at-most: 14%", "at-mst: 14%")
    damage(folder / "policy.yaml", "{sector: compute}", "{sector: computer}")
    found = check([Path("policy.yaml")], folder, DAY)
    assert [f"{problem.code} {problem}" for problem in all_problems(found)] == [
        "P107 policy.yaml:24:21: no line has sector 'computer'; did you mean 'compute'?",
        "P103 policy.yaml:94:5: rule 'swings' at-mst: unknown key; did you mean 'at-most'?",
    ]
    assert summary(found) == ["2 errors in 1 of 1 file"]


def test_a_policy_names_its_own_case_beside_it(folder: Path) -> None:
    (folder / "policies").mkdir()
    policy = Path(shutil.copy("policy.yaml", "policies"))
    damage(policy, "  status: example\n", "  status: example\n  tested-on: ..\n")
    found = check([policy], as_of=DAY)
    assert summary(found) == ["policies/policy.yaml: 11 rules, no errors, checked against . as of 2026-06-01"]
    damage(policy, "tested-on: ..", "tested-on: ../cases")
    assert told("policies/policy.yaml") == [
        "P101 policies/policy.yaml:6:14: there is no case 'cases'; a case is a folder with fund.yaml"
    ]
    assert told("policies/policy.yaml", case=folder) == [], "the case that is asked for comes first"


def test_a_case_that_is_not_there(folder: Path) -> None:
    assert told("policy.yaml", case=Path("cases")) == [
        "P101 there is no case 'cases'; a case is a folder with fund.yaml"
    ]


def test_a_date_that_cannot_be_read_is_no_fault_of_a_file(folder: Path) -> None:
    with pytest.raises(al.InputError, match=r"^cannot read 'June' as a date; write a date such as 2026-04-01$"):
        check([Path("policy.yaml")], as_of="June")


def test_a_case_is_read_once_for_many_policies(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy("policy.yaml", "other.yaml")
    read: list[Path] = []
    monkeypatch.setattr(checking, "read_names", lambda path: (read.append(path), read_names(path))[1])
    assert not all_problems(check([Path("policy.yaml"), Path("other.yaml")], folder, DAY))
    assert read == [folder]


def test_a_warning_is_no_error() -> None:
    told = {code: is_error(al.errors.Problem("what", "mend", code=code)) for code in Code}
    assert (told[Code.VALUE], told[Code.REDUNDANT]) == (True, False)


def test_a_final_policy_names_those_who_agree(folder: Path) -> None:
    damage(folder / "policy.yaml", "status: example", "status: final")
    assert told("policy.yaml") == [
        f"{Code.APPROVAL} policy.yaml:5:11: the policy is final, and names nobody who must agree; "
        "name them under 'approvers'"
    ]
