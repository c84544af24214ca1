"""A policy in plain language: what is told, in which order and language, and as text, Markdown and HTML."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import allocator as al
from allocator.cli import main
from allocator.report import explained
from allocator.report.explain import Explanation, Said, Section, explain
from allocator.report.glossary import GLOSSARY, SYMBOLS, symbols, used

ROOT = Path(__file__).parent.parent.parent
POLICY = """\
format: allocator/policy/1
policy:
  id: try
  title: {en: Try, ja: 試し}
  status: STATUS
  owner: example/owner
  approvers: [example/a, example/b]
  effective: {from: 2026-04-01, until: 2030-12-31}
  waiver-term: 365 days
  defaults: {of: deployed, owner: example/risk}
sources:
  book: {title: {en: A book, ja: 本}, url: "https://example.org/a?b=1&c=2", quote: "Spread."}
  memo: {title: A memo, url: "javascript:alert(1)"}
rules:
  - id: one-line
    title: {en: No line dominates, ja: 集中の上限}
    kind: share
    each: line
    at-most: {2025-01-01: 15%, 2026-04-01: 12%, 2028-01-01: 10%}
    authority: book
    why: {en: One failure., ja: 一つの失敗。}
    relax: never
    notes: [Looked at in May.]
    tests:
      - {name: t, as-of: 2026-04-01, holdings: {a: $1 bn}, expect: fail by 88 pp}
  - id: chips
    title: <script>alert(1)</script>
    kind: share
    scope: {sector: chips}
    at-least: 6%
    severity: soft
    penalty: 300 bp
    authority: memo
    why: "They are *wanted* | `so`."
    owner: example/other
    deprecated: {since: 2026-06-01, instead: one-line, why: Nobody asks.}
waivers:
  - {id: W-1, rule: chips, at-least: 5%, effective: {from: 2026-05-01, until: 2026-09-30}, authority: book,
     approved-by: example/a, why: {en: Late., ja: 遅延。}}
"""
APPROVALS = """\
approvals:
  - {by: example/a, on: 2026-04-02, digest: "DIGEST"}
  - {by: example/b, on: 2026-04-03, digest: "sha256:STALE"}
"""


def book(tmp_path: Path, status: str = "final", approvals: bool = True, as_of: str = "2026-07-01") -> al.Rulebook:
    path = tmp_path / "p.yaml"
    text = POLICY.replace("STATUS", status)
    path.write_text(text, encoding="utf-8")
    if approvals:
        digest = al.read_rules(path, as_of=as_of).digest
        path.write_text(text + APPROVALS.replace("DIGEST", digest).replace("STALE", "0" * 64), encoding="utf-8")
    return al.read_rules(path, as_of=as_of)


def test_the_whole_as_text(tmp_path: Path) -> None:
    rules = book(tmp_path)
    assert (
        explained.plain(explain(rules, math=True))
        == f"""\
Try
試し
Not approved as it stands: example/b must agree.

WHO AGREED, AND SINCE WHEN
  Status          final
  Set by          example/owner
  Must agree      example/a, example/b
  Agreed          example/a on 2026-04-02, to the rules as they stand
                  example/b on 2026-04-03, to another version: the rules have changed since, and
                  must be approved again
  Still to agree  example/b
  In force        since 2026-04-01, until 2030-12-31 (that day included)
  Read as of      2026-07-01 (dates are those of New York)
  A waiver lasts  at most 365 days

WORDS
  As of        {GLOSSARY["As of"][:84]}
               that day.
  Basis point  {GLOSSARY["Basis point"]}
  Deployed     {GLOSSARY["Deployed"]}
  Hard rule    {GLOSSARY["Hard rule"]}
  Line         {GLOSSARY["Line"]}
  Penalty      What a soft rule costs where it is missed: a yearly rate on each dollar by which it
               is missed.
  Soft rule    {GLOSSARY["Soft rule"]}
  Waiver       {GLOSSARY["Waiver"]}

LETTERS OF THE FORMULAS
  x_i        the capital in line i
  shortfall  the dollars missing to a soft floor, never negative, on each of which the penalty is
             paid

RULES
  2 rules, which apply together.

  1. No line dominates  [one-line]
     集中の上限
     Capital in each line is at most 12% of the capital deployed (from 2028-01-01 at most 10%).
     x_i <= 12% * (sum of all x_i), for every line
     Over time       at most 15% from 2025-01-01 (past)
                     at most 12% from 2026-04-01 (in force)
                     at most 10% from 2028-01-01 (coming)
     Strictness      hard: no allocation may miss it
     Relaxing        never: no proposal may loosen it
     Waivers         none
     Why             One failure.
                     一つの失敗。
     Authority       A book (https://example.org/a?b=1&c=2)
                     本
                     “Spread.”
     Owner           example/risk
     Notes           Looked at in May.
     Tests           1 beside the rule

  2. <script>alert(1)</script>  [chips]
     Capital in the sector chips is at least 6% of the capital deployed. It may be missed, at a cost
     of 3% a year (300 bp) on each dollar short.
     (sum of x_i over the sector chips) + shortfall >= 6% * (sum of all x_i)
     Strictness      soft: it may be missed, at a penalty of 3% a year (300 bp) on each dollar
     On its way out  since 2026-06-01; see 'one-line' instead. It holds until it is taken from the
                     file.
                     Nobody asks.
     Waivers         W-1, in force: at least 5%, from 2026-05-01 until 2026-09-30 (that day
                     included)
     Why             They are *wanted* | `so`.
     Authority       A memo (javascript:alert(1))
     Owner           example/other
     Tests           none

WAIVERS

  1. W-1
     At least 5%, from 2026-05-01 until 2026-09-30 (that day included). The rule itself says 6%.
     Stands       in force
     Of the rule  <script>alert(1)</script>
     Approved by  example/a
     Why          Late.
                  遅延。
     Authority    A book (https://example.org/a?b=1&c=2)
                  本
                  “Spread.”

DIGEST OF THE MEANING
  {rules.digest}
  A fingerprint of what this policy means, to which approvers agree. It changes with any rule,
  number, date, title, reason, source or waiver, and not with comments, layout, notes or tests.
"""
    )


@pytest.mark.parametrize(
    ("language", "title", "why"),
    [
        (None, ["No line dominates", "集中の上限"], ["One failure.", "一つの失敗。"]),
        ("ja", ["集中の上限", "No line dominates"], ["一つの失敗。", "One failure."]),
        ("en", ["No line dominates"], ["One failure."]),
    ],
)
def test_the_language_asked_for_comes_first_with_the_english_beside_it(
    tmp_path: Path, language: str | None, title: list[str], why: list[str]
) -> None:
    told = explain(book(tmp_path), language)
    (rules,) = (section for section in told.sections if section.title == "Rules")
    assert [said.text for said in rules.entries[0].titles] == title
    (fact,) = (fact for fact in rules.entries[0].facts if fact.name == "Why")
    assert [said.text for said in fact.said] == why
    assert [said.language for said in rules.entries[0].titles] == ["" if text.isascii() else "ja" for text in title]


def test_a_language_that_the_file_lacks(tmp_path: Path) -> None:
    with pytest.raises(al.InputError) as caught:
        explain(book(tmp_path), "fr")
    assert str(caught.value) == "the policy has no text in the language 'fr'; it has en, ja"


@pytest.mark.parametrize(
    ("status", "told", "notice"),
    [
        ("example", "example: approved by nobody", "An example, approved by nobody."),
        ("draft", "draft, not yet agreed", "A draft, not yet agreed."),
        ("final", "final", "Not approved as it stands: example/a, example/b must agree."),
    ],
)
def test_the_status_comes_first(tmp_path: Path, status: str, told: str, notice: str) -> None:
    found = explain(book(tmp_path, status, approvals=False))
    assert found.notice == notice
    facts = {fact.name: [said.text for said in fact.said] for fact in found.sections[0].facts}
    assert facts["Status"] == [told]
    assert (facts["Agreed"], facts["Still to agree"]) == (["nobody"], ["example/a, example/b"])


@pytest.mark.parametrize(
    ("as_of", "state"), [("2026-04-15", "not yet in force"), ("2026-09-30", "in force"), ("2026-10-01", "expired")]
)
def test_a_waiver_is_always_listed(tmp_path: Path, as_of: str, state: str) -> None:
    text = explained.plain(explain(book(tmp_path, as_of=as_of)))
    assert f"Waivers         W-1, {state}: at least 5%," in text
    assert f"Stands       {state}\n" in text


def test_no_waivers_are_told_too() -> None:
    rules = al.read_rules(ROOT / "constraints" / "sector-mix.yaml", as_of="2026-04-01")
    assert "\nWAIVERS\n  None.\n" in explained.plain(explain(rules))


def test_an_overlay_is_told_with_what_it_changed_and_where_each_rule_stands() -> None:
    rules = al.read_rules(ROOT / "constraints" / "us-japan-prudent.yaml", as_of="2026-11-01")
    text = explained.plain(explain(rules, "en"))
    assert "  Builds on       statutory-base.yaml\n                  us-japan-fund.yaml\n" in text
    assert (
        "  1. No line dominates  [one-line]\n"
        "     At most: tightened from 12% to 10% by us-japan-prudent.yaml.\n"
        "     Because    Two of the largest lines are let to the same few tenants.\n"
    ) in text
    assert "     Changed     at most: tightened from 12% to 10% by us-japan-prudent.yaml\n" in text
    assert "At most 12% for the line powered-shells, from 2026-10-01 until 2027-06-30 (that day included)." in text
    assert re.search(r"Written in  statutory-base.yaml, line \d+\n", text)


class Page(HTMLParser):
    """The tags of a page that matter, and whether all that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.languages: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "a" and not (given["href"] or "").startswith("#"):
            self.links.append(given["href"] or "")
        if given.get("lang"):
            self.languages.append(f"{tag} {given['lang']}")
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_inert_and_whole(tmp_path: Path) -> None:
    text = explained.page(explain(book(tmp_path), math=True))
    page = Page(text)
    assert page.open == []
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert page.links == ["https://example.org/a?b=1&c=2"] * 2
    assert "A memo (javascript:alert(1))" in text
    assert page.languages[0] == "html en"
    assert "span ja" in page.languages
    assert "<code>x_i &lt;= 12% * (sum of all x_i), for every line</code>" in text
    assert "<q>Spread.</q>" in text
    assert not re.search(r"\bsrc=|@import|url\(", text)


def test_markdown_escapes_and_links(tmp_path: Path) -> None:
    text = explained.markdown(explain(book(tmp_path), math=True))
    assert "### 2. &lt;script&gt;alert(1)&lt;/script&gt; (`chips`)\n" in text
    assert "- **Why**: They are \\*wanted\\* \\| \\`so\\`.\n" in text
    assert "- **Authority**: [A book](https://example.org/a?b=1&c=2)\\\n  本\\\n  “Spread.”\n" in text
    assert "- **Authority**: A memo (javascript:alert(1))\n" in text
    assert "`x_i <= 12% * (sum of all x_i), for every line`\n" in text


def test_code_stays_code_in_markdown() -> None:
    said = Said("x\n\n# `</details>`", form="code")
    told = Explanation((Said("T"),), "", (Section("S", (said,)),))
    assert "\n`x # </details>`\n" in explained.markdown(told)


def test_only_the_words_that_are_used_are_glossed() -> None:
    assert list(used("Debt is at most 1.50x equity.")) == ["Equity", "x"]
    assert list(used("Total assets, the reserve included")) == ["Reserve", "Total assets"]
    assert list(used("The effective number of lines (12) is at least 10.")) == ["Effective number", "Line"]
    assert list(used("Total firm MW is at least 1.15x total need MW.")) == ["Total", "x"]


def test_every_letter_of_the_shipped_formulas_is_explained() -> None:
    rules = al.read_rules(ROOT / "constraints" / "us-japan-prudent.yaml", as_of="2026-11-01")
    for rule in rules.rules:
        formula = rule.formula(rules.as_of)
        known = symbols(formula)
        letters = set(re.findall(r"(?<![\w-])(?:[a-z0-9-]+_[a-z]{1,2}|[A-Z]_[a-z]{1,2}|[ER])(?!\w)", formula))
        assert letters <= set(known), formula
    assert symbols("sum of all firm-mw_i * x_i <= 2.00 * E") == {
        "x_i": SYMBOLS["x_i"],
        "E": "equity",
        "firm-mw_i": "the figure of line i in the column 'firm-mw' of the list of lines",
    }


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = book(tmp_path)
    source = str(tmp_path / "p.yaml")
    for form, render in (("text", explained.plain), ("markdown", explained.markdown), ("html", explained.page)):
        out = tmp_path / f"out.{form}"
        with pytest.raises(SystemExit) as stopped:
            main(
                [
                    "policy",
                    "explain",
                    source,
                    "--as-of",
                    "2026-07-01",
                    "--format",
                    form,
                    "--language",
                    "ja",
                    "--out",
                    str(out),
                ]
            )
        assert not stopped.value.code
        assert out.read_text(encoding="utf-8") == render(explain(rules, "ja"))
    with pytest.raises(SystemExit):
        main(["policy", "explain", source, "--as-of", "2026-07-01"])
    assert capsys.readouterr().out == explained.plain(explain(rules))


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from allocator.files.policies import read_rules; from allocator.report import explained;"
        "from allocator.report.explain import explain;"
        "explained.page(explain(read_rules('constraints/us-japan-prudent.yaml', '2026-11-01'), math=True));"
        "print(*sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"cvxpy", "scipy", "pandas"} & set(told.stdout.split())
