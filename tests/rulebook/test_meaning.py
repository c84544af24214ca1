"""The digest of the meaning: blind to layout, sensitive to every word and number that people sign."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import allocator as al

DAY = "2026-06-01"
TEXT = """\
format: allocator/policy/1
policy: {id: p, title: P, status: draft, owner: me, approvers: [one], effective: {from: 2026-01-01}}
sources: {book: {title: The book, quote: "q"}}
rules:
  - {id: cap, title: {en: C, ja: 上限}, kind: share, scope: {sector: [x, y]}, of: deployed, at-most: {2026-01-01: 40%, 2028-01-01: 35%}, authority: book, why: w}
  - {id: floor, title: F, kind: amount, at-least: $0.5 bn, authority: book, why: w}
"""


def digest(folder: Path, text: str) -> str:
    (folder / "p.yaml").write_text(text)
    return al.read_rules(folder / "p.yaml", DAY).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sources:", "# a comment\nsources:"),
        ("40%", "40.00%"),
        ("$0.5 bn", "$500 m"),
        ("[x, y]", "[y, x]"),
        ("kind: amount,", "kind: amount, severity: hard,"),
        ("authority: book, why: w}\n  - {id: floor", "authority: book, why: w, notes: [n]}\n  - {id: floor"),
        ("status: draft", "status: final"),
        ("40%, 2028", "40%, 2027-01-01: 40%, 2028"),
        ("[x, y]", "[x, y, x]"),
        ("at-least: $0.5 bn", "at-least: {0001-01-01: $0.5 bn}"),
        ("title: F", 'title: "F\\n"'),
        ("title: The book", "title: {en: The book}"),
    ],
)
def test_layout_does_not_count(tmp_path: Path, old: str, new: str) -> None:
    assert old in TEXT
    assert digest(tmp_path, TEXT.replace(old, new, 1)) == digest(tmp_path, TEXT)


def test_the_order_of_rules_does_not_count(tmp_path: Path) -> None:
    *head, one, two = TEXT.splitlines(keepends=True)
    assert digest(tmp_path, "".join([*head, two, one])) == digest(tmp_path, TEXT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("40%", "41%"),
        ("2028-01-01", "2028-01-02"),
        ("[x, y]", "[x]"),
        ("上限", "下限"),
        ("title: F", "title: G"),
        ("why: w}\n", "why: v}\n"),
        ('quote: "q"', 'quote: "r"'),
        ("approvers: [one]", "approvers: [one, two]"),
        ("{from: 2026-01-01}", "{from: 2026-01-02}"),
        ("kind: amount,", "kind: amount, relax: never,"),
        ("owner: me", "owner: you"),
        ("of: deployed", "of: equity"),
        ("why: w}\n", "why: {en: w, ja: x}}\n"),
    ],
)
def test_what_people_sign_counts(tmp_path: Path, old: str, new: str) -> None:
    assert old in TEXT
    assert digest(tmp_path, TEXT.replace(old, new, 1)) != digest(tmp_path, TEXT)


def test_the_least_of_a_text_counts(tmp_path: Path) -> None:
    """An empty English reason is not what is there where there is none: another language may say something."""
    one, other = (TEXT.replace("why: w}\n", f"why: {{en: '', ja: {told}}}}}\n", 1) for told in ("甲", "乙"))
    assert digest(tmp_path, one) != digest(tmp_path, other)


WAIVER = """\
waivers:
  - {id: W-1, rule: cap, at-most: 50%, effective: {from: 2026-02-01, until: 2026-03-01}, authority: book, approved-by: one, why: w}
"""


def test_a_waivers_limit_is_what_it_means(tmp_path: Path) -> None:
    text = TEXT.replace("effective:", "waiver-term: 365 days, effective:", 1) + WAIVER
    for same in ("50.0%", "5000 bp"):
        assert digest(tmp_path, text.replace("50%", same)) == digest(tmp_path, text)
    assert digest(tmp_path, text.replace("50%", "51%")) != digest(tmp_path, text)


class Glide(al.rules.Share):
    """A kind of another package, whose fields have names that say nothing elsewhere."""

    status: str = ""
    now: tuple[str, ...] = ()


def test_a_field_of_another_package_counts_whatever_its_name() -> None:
    given = {"id": "g", "title": "G", "each": "line", "of": "deployed", "at_most": "9%"}
    made = [al.Rulebook([Glide(**given, **more)], DAY) for more in ({}, {"status": "on"}, {"now": ("a",)})]
    assert len({each.digest for each in made}) == 3


def test_approvals_are_of_the_meaning(tmp_path: Path) -> None:
    signed = digest(tmp_path, TEXT)
    assert re.fullmatch("sha256:[0-9a-f]{64}", signed)
    approved = TEXT + f'approvals:\n  - {{by: one, on: 2026-05-01, digest: "{signed}"}}\n'
    assert digest(tmp_path, approved) == signed
    rules = al.read_rules(tmp_path / "p.yaml", DAY)
    assert rules.approvals[0].digest == rules.digest
    for wrong, told in (("by: one", "'two' is none of the policy's approvers; known: one"), ("", "stands twice")):
        text = approved.replace(wrong, "by: two") if wrong else approved + approved.splitlines(keepends=True)[-1]
        (tmp_path / "p.yaml").write_text(text)
        with pytest.raises(al.InputError, match=told):
            al.read_rules(tmp_path / "p.yaml", DAY)
