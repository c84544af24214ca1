"""A policy that builds on another: its changes are checked against the base, and its bytes are pinned."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import allocator as al
from allocator.errors import InputError

DAY = "2026-06-01"
HEAD = """\
format: allocator/policy/1
policy: {id: %s, title: P, status: draft, owner: me, approvers: [one], effective: {from: 2026-01-01}, waiver-term: 365 days}
"""
BASE = (
    (HEAD % "base")
    + """\
sources: {book: {title: The book}}
rules:
  - {id: cap, title: C, kind: share, each: line, of: deployed, at-most: 40%, authority: book, why: w,
     tests: [{name: t, as-of: 2026-06-01, holdings: {a: $1 bn}, expect: fail by 60 pp}]}
  - {id: floor, title: F, kind: domicile, country: US, basis: seat, of: deployed,
     at-least: {2026-01-01: 85%, 2028-01-01: 90%}, authority: book, why: w, relax: never}
  - {id: cover, title: V, kind: coverage, measure: interest, haircut: 15%, at-least: 2.00x, authority: book, why: w}
"""
)
CHANGE = "{rule: cap, field: at-most, was: 40%, now: 30%, direction: tighter, authority: review, why: w}"
OVER = (
    (HEAD % "over")
    + """\
extends: {file: base.yaml, sha256: "SHA"}
sources: {review: {title: The review}}
changes:
  - CHANGE
"""
)


def write(folder: Path, change: str = CHANGE, rest: str = "", base: str = BASE, sha: str = "") -> Path:
    (folder / "base.yaml").write_text(base)
    digest = sha or f"sha256:{hashlib.sha256(base.encode()).hexdigest()}"
    (folder / "over.yaml").write_text(OVER.replace("SHA", digest).replace("CHANGE", change) + rest)
    return folder / "over.yaml"


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        al.read_rules(path, DAY)
    return str(caught.value).replace(f"{path.parent}/", "")


def test_the_base_is_changed_and_added_to(tmp_path: Path) -> None:
    more = "rules:\n  - {id: own, title: O, kind: exclusion, scope: {line: x}, authority: book, why: w}\n"
    rules = al.read_rules(write(tmp_path, rest=more), DAY)
    assert [rule.id for rule in rules.rules] == ["cap", "floor", "cover", "own"]
    assert str(rules.rule("cap").at_most) == "30%"  # type: ignore[attr-defined]
    assert set(rules.authorities) == {"book", "review"}
    assert [source.path.name for source in rules.bases] == ["base.yaml"]
    assert [change.rule for change in rules.amendments] == ["cap"]
    # tests were written for the base's number; the rule still stands where the base wrote it, its number does not
    assert rules.rule("cap").tests == ()
    assert str(rules.rule("cap").place()).endswith("base.yaml:5:5")
    assert str(rules.rule("cap").place("at-most")).endswith("over.yaml:6:48")


def test_the_meaning_is_that_of_one_file(tmp_path: Path) -> None:
    """But for the authority of the change, which is signed too."""
    merged = (
        BASE.replace("id: base", "id: over")
        .replace("40%", "30%")
        .replace("{book: {title: The book}}", "{book: {title: The book}, review: {title: The review}}")
    )
    (tmp_path / "merged.yaml").write_text(merged)
    one, other = al.read_rules(write(tmp_path), DAY), al.read_rules(tmp_path / "merged.yaml", DAY)
    from allocator.rulebook.meaning import meaning

    said, flat = meaning(one), meaning(other)
    assert said.pop("changes") == [
        {"rule": "cap", "field": "at-most", "direction": "tighter", "authority": "review", "why": {"en": "w"}}
    ]
    flat.pop("changes")
    assert said == flat


@pytest.mark.parametrize(
    ("was", "now", "change", "message"),
    [
        ("was: 40%", "was: 45%", "", "over.yaml:6:38: change of 'cap' was: the base says 40%, and not 45%; see what changed in the base, and write its value here"),
        ("was: 40%", "was: 0.4", "", "over.yaml:6:38: change of 'cap' was at-most: cannot read '0.4'; write a share such as 35%"),
        ("now: 30%", "now: 50%", "", "over.yaml:6:64: change of 'cap' direction: from 40% to 50% is looser; mend the number or the direction"),
        ("now: 30%", "now: 40%", "", "over.yaml:6:64: change of 'cap' direction: from 40% to 40% changes nothing; mend the number or the direction"),
        ("direction: tighter", "direction: looser", "", "over.yaml:6:64: change of 'cap' direction: from 40% to 30% is tighter; mend the number or the direction"),
        ("direction: tighter", "direction: tigther", "", "over.yaml:6:64: change 'cap' direction: cannot read 'tigther'; did you mean 'tighter'?"),
        ("rule: cap", "rule: cup", "", "over.yaml:6:12: change of 'cup': no such rule in the base; did you mean 'cap'?"),
        ("field: at-most", "field: of", "", "over.yaml:6:24: change of 'cap' field: 'of' can't be changed by an overlay; known: at-least, at-most, penalty (or add a rule)"),
        ("authority: review", "authority: reviw", "", "over.yaml:6:84: change authority: 'reviw' is not among the sources; did you mean 'review'?"),
        (", why: w", "", "", "over.yaml:6:5: change 'cap' why: missing; add it"),
    ],
)  # fmt: skip
def test_a_change_is_checked_against_the_base(tmp_path: Path, was: str, now: str, change: str, message: str) -> None:
    assert was in CHANGE
    assert refusal(write(tmp_path, CHANGE.replace(was, now))) == message


def test_dated_values_are_compared_as_a_whole(tmp_path: Path) -> None:
    def change(was: str, now: str, way: str = "tighter") -> str:
        return f"{{rule: floor, field: at-least, was: {was}, now: {now}, direction: {way}, authority: review, why: w}}"

    both = "{2026-01-01: 85%, 2028-01-01: 90%}"
    path = write(tmp_path, change(both, "{2026-01-01: 86%, 2028-01-01: 90%}"))
    floor = al.read_rules(path, DAY).rule("floor").at_least  # type: ignore[attr-defined]
    assert str(floor) == "86% from 2026-01-01, then 90% from 2028-01-01"
    assert "the base says 85% from 2026-01-01, then 90% from 2028-01-01, and not 85%; " in refusal(
        write(tmp_path, change("85%", "86%"))
    )
    told = refusal(write(tmp_path, change(both, "{2026-01-01: 86%, 2028-01-01: 89%}")))
    assert "is tighter on some dates and looser on others; mend the number" in told
    told = refusal(write(tmp_path, change(both, "{2026-01-01: 84%, 2028-01-01: 90%}", "looser")))
    assert told.endswith("change of 'floor': the rule is marked 'relax: never'; leave the change out")


def test_other_numbers_than_limits_may_change(tmp_path: Path) -> None:
    change = "{rule: cover, field: haircut, was: 15%, now: 20%, direction: tighter, authority: review, why: w}"
    assert str(al.read_rules(write(tmp_path, change), DAY).rule("cover").haircut) == "20%"  # type: ignore[attr-defined]


def test_the_bytes_of_the_base_are_pinned(tmp_path: Path) -> None:
    digest = hashlib.sha256(BASE.encode()).hexdigest()
    assert refusal(write(tmp_path, sha=f"sha256:{'0' * 64}")) == (
        "over.yaml:3:36: 'base.yaml' has changed since this file was written on top of it; "
        f"see what changed, with 'allocator policy diff'; if this file still stands, write sha256:{digest} here"
    )


def test_a_source_means_one_text(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_text(
        path.read_text().replace("review: {title: The review}", "review: {title: R}, book: {title: Another}")
    )
    assert refusal(path).startswith("over.yaml:4:31: source 'book' is another text in the file that this one extends; ")


def test_a_rule_is_not_written_twice(tmp_path: Path) -> None:
    more = "rules:\n  - {id: cap, title: O, kind: exclusion, scope: {line: x}, authority: book, why: w}\n"
    assert refusal(write(tmp_path, rest=more)) == (
        "over.yaml:8:10: the rule id 'cap' stands twice; give each rule an id of its own"
    )


def test_a_base_that_cannot_be_read_is_told_where_it_stands(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, base=BASE.replace("kind: share", "kind: shear"))).startswith("base.yaml:5:31: ")


def test_a_chain_of_files_ends(tmp_path: Path) -> None:
    path = write(tmp_path)
    for number in range(9):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        text = (HEAD % f"over-{number}") + f'extends: {{file: {path.name}, sha256: "sha256:{digest}"}}\n'
        path = tmp_path / f"over-{number}.yaml"
        path.write_text(text)
    assert "more than 8 files extend one another; merge some" in refusal(path)


def test_the_same_text_may_stand_twice_but_not_in_another_language(tmp_path: Path) -> None:
    base = BASE.replace("{book: {title: The book}}", "{book: {title: {en: The book, ja: 本}}}")
    path = write(tmp_path, base=base)
    text = path.read_text()
    path.write_text(text.replace("review: {title: The", "book: {title: {en: The book, ja: 本}}, review: {title: The"))
    assert set(al.read_rules(path, DAY).authorities) == {"book", "review"}
    path.write_text(text.replace("review: {title: The", "book: {title: {en: The book, ja: 別}}, review: {title: The"))
    assert refusal(path).startswith("over.yaml:4:11: source 'book' is another text in the file that this one extends; ")


@pytest.mark.parametrize(
    ("own", "base", "message"),
    [
        ("from: 2025-12-31", "from: 2026-01-01",
         "over.yaml:2:92: the policy is in force from 2025-12-31, and 'base', which it extends, from 2026-01-01; "
         "begin it on that day or later"),
        ("from: 2026-01-01", "from: 2026-01-01, until: 2026-12-31",
         "over.yaml:2:85: 'base', which the policy extends, is in force until 2026-12-31 only; "
         "end the policy by that day, with 'until'"),
        ("from: 2026-01-01, until: 2027-01-01", "from: 2026-01-01, until: 2026-12-31",
         "over.yaml:2:111: 'base', which the policy extends, is in force until 2026-12-31 only; "
         "end the policy by that day, with 'until'"),
        ("from: 2026-02-01, until: 2026-12-31", "from: 2026-01-01, until: 2026-12-31", ""),
    ],
)  # fmt: skip
def test_an_overlay_is_in_force_while_its_base_is(tmp_path: Path, own: str, base: str, message: str) -> None:
    path = write(tmp_path, base=BASE.replace("from: 2026-01-01", base, 1))
    path.write_text(path.read_text().replace("from: 2026-01-01", own, 1))
    if message:
        assert refusal(path) == message
    else:
        assert al.read_rules(path, DAY)
