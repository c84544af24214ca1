"""The page for reviewers: what it says, and that nothing in it runs or loads anything."""

from __future__ import annotations

import copy
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import small_case
from jinja2 import UndefinedError
from reviewed import DIGEST, EVIL, JAPANESE, hostile, reviewed

import allocator as al
from allocator.files.outcomes import check_record
from allocator.report.cards import Bar, cards, named, price_in_words, titles
from allocator.report.glossary import GLOSSARY, OTHERWISE, used
from allocator.report.page import page

ROOT = Path(__file__).parent.parent.parent


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text as a reader sees it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.hidden = 0
        self.feed(text)
        self.text = re.sub(r"\s+", " ", "".join(self.texts))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        self.hidden += tag in ("style", "svg")
        if tag not in ("a", "code", "span", "strong", "time"):
            self.texts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("style", "svg")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.texts.append(data)

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.found if attribute in attributes]


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    """Rules that bind, that leave room, and that are missed at a price, in a levered case with sectors."""
    share = al.rules.Share
    rules = al.Rulebook(
        [
            share(id="cap", title="No line dominates", each="line", of="deployed", at_most="30%"),
            share(id="wide", title="A wide cap", scope={"line": "hall"}, of="deployed", at_least="1%", at_most="90%"),
            share(
                id="want", title="Docks are wanted", scope={"line": "docks"}, of="deployed",
                at_least="40%", severity="soft", penalty="1 bp",
            ),
            al.rules.Coverage(
                id="cover", title="Income covers debt", measure="debt-service", haircut="15%", at_least="1.2x"
            ),
            al.rules.Exclusion(id="none", title="No chips", scope={"line": "chips"}),
        ],
        as_of="2026-04-01",
    )  # fmt: skip
    out = al.allocate(small_case(), rules, al.blend({al.DividendYield(): 0.7, al.StrategicWeight(): 0.3}))
    assert out.status == "optimal"
    return out.record


@pytest.fixture(scope="module")
def nothing_fits() -> dict[str, Any]:
    rule = al.rules.Amount(id="big", title="Big", at_least="$150 bn", measure="deployed")
    low = al.rules.Leverage(id="low", title="Low", measure="debt-to-equity", at_most="0.10x")
    out = al.allocate(small_case(), al.Rulebook([rule, low], as_of="2026-04-01"), al.DividendYield())
    assert out.status == "infeasible"
    return out.record


def test_the_tests_use_records_that_files_may_hold(record: dict[str, Any], nothing_fits: dict[str, Any]) -> None:
    for each in (record, reviewed(record), hostile(record), nothing_fits, reviewed(nothing_fits)):
        check_record(each)


def test_the_same_record_gives_the_same_bytes(record: dict[str, Any]) -> None:
    assert page(reviewed(record)) == page(reviewed(record))


@pytest.mark.parametrize("made", [reviewed, hostile, lambda record: record], ids=["reviewed", "hostile", "python"])
def test_nothing_runs_and_nothing_loads(record: dict[str, Any], made: Any) -> None:
    found = Elements(page(made(record)))
    tags = {tag for tag, _ in found.found}
    assert not tags & {"script", "img", "iframe", "object", "embed", "form", "base", "audio", "video", "foreignobject"}
    assert not [name for _, attributes in found.found for name in attributes if name.startswith("on")]
    assert not found.values("src")
    assert not found.values("style")
    for target in found.values("href"):
        assert re.match(r"#|https?://|data:,$", target), target
    (policy,) = (a["content"] for _, a in found.found if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_hostile_texts_are_shown_as_they_are(record: dict[str, Any]) -> None:
    made = page(hostile(record))
    assert "<script" not in made
    text = Elements(made).text
    assert text.count(EVIL) > 20
    assert "javascript:alert(1)" in text


def test_the_code_of_a_language_cannot_leave_its_attribute(record: dict[str, Any]) -> None:
    made = reviewed(record)
    made["policy"]["titles"]['x"><script>'] = "Title"
    assert '<p lang="x&#34;&gt;&lt;script&gt;" dir="auto">Title</p>' in page(made)


def test_ids_are_unique_and_links_lead_somewhere(record: dict[str, Any], nothing_fits: dict[str, Any]) -> None:
    for each in (reviewed(record), hostile(record), reviewed(nothing_fits)):
        found = Elements(page(each))
        ids = found.values("id")
        assert len(ids) == len(set(ids))
        references = [target[1:] for target in found.values("href") if target.startswith("#")]
        references += [name for value in found.values("aria-labelledby") for name in value.split()]
        assert set(references) <= set(ids)


def test_a_web_source_is_a_link_that_tells_nobody(record: dict[str, Any]) -> None:
    found = Elements(page(reviewed(record)))
    outside = [attributes for tag, attributes in found.found if tag == "a" and attributes["href"].startswith("http")]
    assert outside
    assert all(each == {"href": "https://example.org/mandate", "rel": "noopener noreferrer"} for each in outside)


def test_every_rule_is_told_in_full(record: dict[str, Any]) -> None:
    made = reviewed(record)
    text = Elements(page(made)).text
    for rule in made["rules"]:
        for told in (rule["title"], rule["sentence"], rule["owner"], rule["whys"]["en"], rule["rule"]):
            assert told in text, told
    assert JAPANESE in text
    assert "“Not less than 85 hundredths shall be placed with companies seated in the United States.”" in text


def test_a_second_language_is_marked(record: dict[str, Any]) -> None:
    made = page(reviewed(record))
    assert f'<p lang="ja" dir="auto">{JAPANESE}</p>' in made
    assert '<p lang="ja" dir="auto">日米基金投資限度</p>' in made
    assert '<span lang="ja" dir="auto">市場の見方ではなく、両所有者の約束である。</span>' in made


def test_rules_stand_as_they_do(record: dict[str, Any]) -> None:
    states = {card.record["rule"]: card.state for card in cards(record)}
    assert states == {"cap": "binds", "wide": "room", "want": "missed", "cover": "room", "none": "room"}
    broken = {**record["rules"][0], "slack": -0.05, "rule": "other"}
    assert cards({**record, "rules": [broken]})[0].state == "broken"


def test_a_rule_with_two_limits_is_one_card(record: dict[str, Any]) -> None:
    (wide,) = (card for card in cards(record) if card.record["rule"] == "wide")
    assert [reading.limit for reading in wide.readings] == ["at least 1%", "at most 90%"]


def test_a_bar_has_the_value_and_the_limit_in_one_scale(record: dict[str, Any]) -> None:
    rule = record["rules"][0]

    def bar(value: float | None, limit: float) -> Bar | None:
        (card,) = cards({**record, "rules": [{**rule, "value": value, "limit": limit, "side": "at-most"}]})
        return card.readings[0].bar

    assert bar(0.3, 0.3) == Bar(0.0, 89.29, 89.29, False)
    assert bar(0.15, 0.3) == Bar(0.0, 44.64, 89.29, False)
    assert bar(-0.3, 0.3) == Bar(0.0, 44.64, 89.29, False)
    assert bar(0.0, 0.0) is None
    assert bar(None, 0.3) is None


PRICE = {
    "number": "at-most", "step": "1 pp", "worth": 0.01, "dollars": 0.054, "step-up": 0.009, "step-up-dollars": 0.05,
    "step-down": -0.02, "step-down-dollars": -0.06, "clear": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {},
            [
                "1 pp looser is worth +$50 m a year.",
                "1 pp tighter is worth -$60 m a year.",
                "Small moves are worth $54 m a year per 1 pp.",
            ],
        ),
        (
            {"number": "at-least", "step-up": -0.02, "step-up-dollars": -0.06, "step-down": None, "clear": False},
            [
                "1 pp tighter is worth -$60 m a year.",
                "Small moves are worth $54 m a year per 1 pp. "
                "That is unclear: moves up and moves down are not worth the same.",
            ],
        ),
        (
            {"number": "haircut", "step-up": None, "step-down-dollars": 0.06, "step-down": 0.02},
            [
                "1 pp less of the haircut is worth +$60 m a year.",
                "Small moves are worth $54 m a year per 1 pp.",
            ],
        ),
        (
            {"dollars": None, "step-up-dollars": None, "step-down": None},
            [
                "1 pp looser is worth +0.009 of the objective (variance).",
                "Small moves are worth 0.01 of the objective (variance) per 1 pp.",
            ],
        ),
    ],
)
def test_prices_in_words(changes: dict[str, Any], said: list[str]) -> None:
    limits = {side: {"side": side, "waiver": "", "inherited": "", "member": ""} for side in ("at-least", "at-most")}
    assert price_in_words({"objective": {"name": "variance"}}, PRICE | changes, limits) == said


def test_titles_stand_for_ids(record: dict[str, Any]) -> None:
    made = reviewed(record)
    made["amounts"][0]["title"], made["totals"]["tranches"]["senior"]["title"] = "The hall", "Senior loans"
    assert named("hall", titles(made)) == "The hall"
    assert named("senior/yen-part", titles(made)) == "Senior loans, yen-part"
    assert "The hall" in Elements(page(made)).text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": "example"}, "An example, approved by nobody."),
        ({"status": "draft"}, "A draft, not yet agreed."),
        ({"status": "final"}, "Not approved as it stands. No current approval by example/owner-b."),
    ],
)
def test_the_banner_says_how_far_it_is_agreed(record: dict[str, Any], changes: dict[str, Any], told: str) -> None:
    assert told in Elements(page(reviewed(record, **changes))).text


def test_what_all_have_signed_has_no_banner(record: dict[str, Any]) -> None:
    assert '"notice"' not in page(reviewed(record, status="final", approvers=["example/owner-a"]))


def test_rules_without_a_file_are_approved_by_nobody(record: dict[str, Any]) -> None:
    text = Elements(page(record)).text
    assert "No policy file. Nobody has approved the rules, if there are any." in text
    assert "There is no policy file that anybody could have approved." in text


def test_numbers_tried_are_told_at_the_top(record: dict[str, Any]) -> None:
    text = Elements(page({**record, "set": {"case": {}, "rules": {"cap.at-most": "31%"}}})).text
    assert text.index("A trial. These numbers are in no file: cap.at-most = 31%") < text.index("Deployed")


def test_waivers_and_approvals_are_always_told(record: dict[str, Any]) -> None:
    text = Elements(page(reviewed(record))).text
    assert "W-2026-004 Expired Rule No chips For nvidia Limit at most 18% Time from 2026-04-01 until 2026-09-30" in text
    assert f"example/owner-a 2026-03-20 Current {DIGEST}" in text
    assert "example/owner-b 2025-11-02 Stale: the rules have changed since sha256:fedc" in text
    assert f"approve the meaning whose digest is {DIGEST}. example/owner-a Name Date Signature" in text
    text = Elements(page(reviewed(record, waivers=[], approvals=[]))).text
    assert "Waivers None." in text
    assert "No approval has been recorded." in text


def test_what_an_overlay_changed_stands_with_its_rule(record: dict[str, Any]) -> None:
    text = Elements(page(reviewed(record))).text
    assert "Changed at-most was 45%, now 40% (tighter). Two lines share their tenants. Illustrative mandate" in text


def test_a_waived_limit_names_its_waiver(record: dict[str, Any]) -> None:
    made = reviewed(record)
    first = made["rules"][0]
    name = f"{first['side']} of W-2026-004"
    made["rules"].insert(1, first | {"waiver": "W-2026-004", "number": name, "limit": 0.5})
    (price,) = (each for each in made["prices"] if (each["of"], each["number"]) == (first["rule"], first["number"]))
    made["prices"].append(price | {"number": name, "worth": price["worth"] / 4, "dollars": price["dollars"] / 4})
    text = Elements(page(made)).text
    assert "Limit by waiver W-2026-004" in text
    assert f"{first['title']} (waiver W-2026-004)" in text
    assert "Of waiver W-2026-004: 1 pp" in text


def test_an_inherited_limit_says_why(record: dict[str, Any]) -> None:
    made = reviewed(record)
    first = made["rules"][0]
    name, why = f"{first['side']} inherited by hall", "the holdings are at 60% <b>, beyond the limit of 40%"
    made["rules"].insert(1, first | {"inherited": why, "number": name, "limit": 0.6, "member": "hall"})
    (price,) = (each for each in made["prices"] if (each["of"], each["number"]) == (first["rule"], first["number"]))
    made["prices"].append(price | {"number": name, "worth": price["worth"] / 4, "dollars": price["dollars"] / 4})
    text = Elements(page(made)).text
    assert f"Limit inherited: {why}" in text
    assert f"{first['title']} (inherited, hall)" in text
    assert "Of what hall inherits: 1 pp" in text


def test_the_certificate_is_told_in_words(record: dict[str, Any]) -> None:
    made = reviewed(record)
    income = made["objective"]["income"]
    made["certificate"] |= {"gap": 5.2e-6 / 100 * income, "worst-excess": 3e-11}
    text = Elements(page(made)).text
    # Bounds are rounded up: $5.2 k is told as $6 k, and $3 as $1 k.
    assert "no allocation within them can do better by more than $6 k a year." in text
    assert "is over by no more than $1 k, which is rounding and is allowed." in text
    made["certificate"] |= {"passes": False, "worst-excess": 0.01, "worst-clause": "cap"}
    made["status"] = "not-certified"
    text = Elements(page(made)).text
    assert "Not certified. NOT CERTIFIED: 'cap' is broken by $1.0 bn." in text
    assert "Certified. Every rule" not in text


def test_files_are_told_with_their_digests() -> None:
    case = al.read_case(ROOT / "examples" / "sector-mix")
    rules = al.read_rules(ROOT / "constraints" / "sector-mix.yaml", as_of="2026-11-22")
    out = al.allocate(case, rules, al.DividendYield(), resolve=False)
    text = Elements(page(out.record)).text
    for read in out.record["inputs"]:
        assert f"{read['path']} {read['sha256']}" in text
    assert "Illustrative mandate written for this example, art. 1: purpose mandate-1" in text


def test_where_nothing_fits_the_page_says_so(nothing_fits: dict[str, Any]) -> None:
    text = Elements(page(reviewed(nothing_fits))).text
    assert "No allocation satisfies the rules. So there is no mix to show." in text
    assert "run allocator why on the case." in text
    assert "Big $110 bn at least $150 bn short by $40 bn" in text
    assert "Certificate" not in text
    assert "Financing" not in text
    assert "Waivers W-2026-004" in text


def test_a_fund_that_keeps_all_in_reserve_has_a_page() -> None:
    case = al.read_case(ROOT / "examples" / "sector-mix")
    rules = al.read_rules(ROOT / "constraints" / "sector-mix.yaml", as_of="2026-11-22")
    out = al.allocate(case, rules.replace("backend-floor", at_least="90%"), al.DividendYield(), resolve=False)
    assert out.record["totals"]["deployed"] == 0
    text = Elements(page(out.record)).text
    assert "Nothing is deployed: all of the equity is kept in reserve." in text
    assert "shares of nothing keep every rule" in text


def test_a_record_without_a_part_is_an_error_and_no_gap(record: dict[str, Any]) -> None:
    made = reviewed(record)
    del made["policy"]["digest"]
    with pytest.raises(UndefinedError, match="digest"):
        page(made)


def test_pictures_are_drawn_where_they_have_something_to_show(record: dict[str, Any]) -> None:
    def shown(made: dict[str, Any]) -> list[str]:
        found = Elements(page(made))
        return [
            a["aria-labelledby"].partition(" ")[0]
            for t, a in found.found
            if t == "svg" and "picture" in a.get("class", "")
        ]

    def titles(*names: str) -> list[str]:
        return [f"{name}-{kind}-title" for name in names for kind in ("wide", "narrow")]

    assert shown(record) == titles("prices", "allocation", "risk", "financing")
    plain = copy.deepcopy(record)
    for each in plain["amounts"]:
        del each["risk-share"]
    plain["totals"]["tranches"], plain["financing"] = {}, []
    for each in plain["prices"]:
        each["worth"] = 0.0
    assert shown(plain) == titles("allocation")


def test_pictures_tell_what_they_show_to_those_who_cannot_see_them(record: dict[str, Any]) -> None:
    made = page(record)
    for line in record["amounts"]:
        if line["amount"]:
            assert re.search(rf'<desc id="allocation-wide-desc">[^<]*{line["title"]}: \$', made)
    assert made.count("<figcaption>Where the risk comes from</figcaption>") == 1


def test_the_glossary_has_the_words_that_are_used_and_no_others() -> None:
    assert list(used("A cap of 25 bp binds; the HHI of two tranches.")) == ["Basis point", "Bind", "HHI", "Tranche"]
    assert set(OTHERWISE) <= set(GLOSSARY)
    assert list(GLOSSARY) == sorted(GLOSSARY, key=str.lower)


def test_the_page_explains_its_own_words(record: dict[str, Any]) -> None:
    text = Elements(page(reviewed(record))).text
    explained = text[text.index("Glossary", text.index("Provenance", 500)) :]
    for word in ("Cover", "Haircut", "Debt service", "Percentage point", "Soft rule", "Bind", "Price", "Certified"):
        assert f"{word} {GLOSSARY[word]}" in explained
    assert "HHI" not in text
