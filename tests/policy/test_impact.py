"""What a change does to the optimum: with the blend's ranges frozen, and told in six lines."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import small_case
from helpers import book, tiny

import allocator as al
from allocator.policy.impact import impact
from allocator.report.impact import MARKER, WORDS, comment, lines, silent, tables
from allocator.report.words import change
from allocator.solution import Record

CASE = small_case()
BLEND = al.blend({al.DividendYield(): 0.7, al.StrategicWeight(): 0.3})
RULES = book(
    al.rules.Leverage(id="debt", title="Debt", measure="debt-to-equity", at_most="0.30x"),
    al.rules.Share(id="compute", title="Compute", scope={"sector": "compute"}, of="deployed", at_most="45%"),
    al.rules.Share(id="line", title="Line", each="line", of="deployed", at_most="40%"),
)
CHANGES: list[tuple[str, dict[str, str]]] = [
    ("debt", {"at_most": "0.80x"}),
    ("debt", {"at_most": "0.20x"}),
    ("compute", {"at_most": "35%"}),
    ("compute", {"at_most": "60%"}),
    ("line", {"at_most": "25%"}),
]


def changed(rule: str, fields: dict[str, Any], aim: Any = BLEND) -> Record:
    return impact(RULES, RULES.replace(rule, **fields), CASE, aim)


def moved(record: Record, name: str) -> float:
    return float(record["after"]["totals"][name] - record["before"]["totals"][name])


@pytest.mark.parametrize(("rule", "fields"), CHANGES)
def test_the_sign_is_that_of_dividends_and_weights_over_the_frozen_ranges(rule: str, fields: dict[str, str]) -> None:
    record = changed(rule, fields)
    one, other = record["before"]["objective"], record["after"]["objective"]
    assert one["ranges"] == other["ranges"]
    direct = 0.7 * moved(record, "dividend-yield") / one["ranges"][0]
    direct += 0.3 * moved(record, "strategic-weight") / one["ranges"][1]
    assert other["value"] - one["value"] == pytest.approx(direct, abs=1e-6)
    assert abs(direct) > 1e-3
    loosened = float(fields["at_most"].rstrip("%x")) > {"debt": 0.3, "compute": 45, "line": 40}[rule]
    assert (direct > 0) == loosened


def test_ranges_found_anew_would_turn_the_sign() -> None:
    record = changed("compute", {"at_most": "60%"})
    before = record["before"]["objective"]["value"]
    anew = al.allocate(CASE, RULES.replace("compute", at_most="60%"), BLEND, resolve=False).record["objective"]["value"]
    assert record["after"]["objective"]["value"] - before > 0.1
    assert anew - before < -0.1


def test_six_lines_say_it() -> None:
    record = changed("debt", {"at_most": "0.40x"}, al.DividendYield())
    told = dict(lines(record))
    assert list(told) == ["Objective", "Dividend", "Strategic weight", "Size", "Shifts", "Binding rules"]
    gain = moved(record, "dividend-yield")
    assert told["Objective"] == f"dividend yield: better, +${gain * 1e5:.0f} m a year"
    assert told["Dividend"].endswith(f" a year, +${gain * 1e5:,.1f} m ({gain * 1e4:+.2f} bp of equity)")
    assert told["Size"] == "deployed $130.0 bn to $140.0 bn, +$10.0 bn; debt $30.0 bn to $40.0 bn, +$10.0 bn"
    assert told["Binding rules"] == "the same"
    assert [table.title for table in tables(record)] == [
        "Sectors", "Totals", "Lines", "Financing", "Limits that differ", "Prices",
    ]  # fmt: skip


def test_prices_are_told_before_and_after() -> None:
    record = changed("debt", {"at_most": "0.40x"}, al.DividendYield())
    (table,) = (each for each in tables(record) if each.title == "Prices")
    (row,) = (row for row in table.rows if row[0] == "debt at-most")
    # At 0.40x the cheap tranche of $40 bn is drawn up: a dollar more costs more there, and the price is unclear.
    for at, name, clear in ((2, "before", ""), (3, "after", " unclear")):
        (price,) = (each for each in record[name]["prices"] if each["of"] == "debt")
        assert row[at] == change(price["dollars"]) + clear


def test_a_rule_that_newly_binds_is_named() -> None:
    told = dict(lines(changed("line", {"at_most": "25%"})))
    assert told["Binding rules"].startswith("line newly binds")


def test_a_change_without_effect_is_told_and_not_hidden() -> None:
    record = changed("line", {"at_most": "41%"})
    assert not silent(record)
    assert (
        dict(lines(record))["Objective"] == "dividend yield 0.7, strategic weight 0.3: unchanged, within what is proved"
    )
    assert "**Line (line)**: at most: 40% becomes 41%, looser by 1 pp.\n" in comment(record)


def test_words_alone_are_not_solved_and_only_what_differs_makes_a_comment() -> None:
    same, reworded = impact(RULES, RULES, CASE, BLEND), changed("line", {"title": "Another"})
    for record in (same, reworded):
        assert silent(record)
        assert record["before"] is None
        assert tables(record) == []
    assert comment(same) == ""
    assert "\nNo rule asks anything else: words differ, tests, or what stands besides the rules." in comment(reworded)
    assert lines(reworded) == [("Change", WORDS)]
    assert lines(same) == [("Change", "none in meaning")]


def test_a_title_that_keeps_the_old_number_is_named() -> None:
    """The number must stand on its own: 40% is not in 140%, and words are no numbers."""
    for title, said in (("Lines under 40%", True), ("140% of lines", False), ("Lines", False)):
        old = RULES.replace("line", title=title)
        record = impact(old, old.replace("line", at_most="41%"), CASE, BLEND)
        assert ("Its title still says 40%." in comment(record)) == said
    both = RULES.replace("line", title={"en": "Lines under 41%", "ja": "案件は40%以下"})
    assert "Its title still says 40%." in comment(impact(both, both.replace("line", at_most="41%"), CASE, BLEND))


def test_of_many_changes_each_is_judged_and_the_first_are_told() -> None:
    many = [al.rules.Share(id=f"c{k}", title=f"C{k}", each="line", of="deployed", at_most="90%") for k in range(6)]
    record = impact(RULES, RULES.with_rules([*RULES.rules, *many]), CASE, BLEND)
    said = comment(record)
    assert "**C0 (c0)**: added: Capital in each line is at most 90% of the capital deployed. Alone: nothing" in said
    assert "**And**: 1 more, told below.\n" in said
    assert "**C5" not in said


def test_where_nothing_fits_any_more_it_says_so() -> None:
    floor = al.rules.Amount(id="size", title="Size", at_least="$190 bn")
    record = impact(RULES, RULES.with_rules([*RULES.rules, floor]), CASE, BLEND)
    ((name, told),) = lines(record)
    assert name == "Nothing fits"
    assert told.startswith("no allocation satisfies the new rules; broken least: ")
    assert told.endswith(". See 'allocator why' for what conflicts")
    assert [table.title for table in tables(record)] == ["No allocation satisfies the rules. Broken least:"]
    assert record["diff"]["empty"] == ["new"]


def test_a_comment_is_marked_folded_and_inert() -> None:
    new = RULES.replace("debt", at_most="0.40x", title="<script>alert(1)</script> | *x* [a](b)\n# c")
    told = comment(impact(RULES, new, CASE, al.DividendYield()))
    assert told.startswith(f"{MARKER}\n### ")
    assert "<script>" not in told
    assert "&lt;script&gt;alert(1)&lt;/script&gt; \\| \\*x\\* \\[a\\](b) \\# c" in told
    assert told.count("<details>") == told.count("</details>") == 2
    assert "\n# " not in told


def test_the_record_leaves_out_what_only_machines_read() -> None:
    certificate = changed("debt", {"at_most": "0.40x"})["after"]["certificate"]
    assert {"gap", "passes", "worst-excess"} <= set(certificate)
    assert not {"multipliers", "score-witness"} & set(certificate)


def test_the_ranges_of_a_maximin_are_those_of_the_old_policy() -> None:
    """Also where it is maximised with others held."""
    old, new = (
        book(al.rules.Share(id="cap", title="Cap", scope={"line": "b"}, of="equity", at_most=limit))
        for limit in ("80%", "60%")
    )
    case = tiny({"cash-yield [%]": [8, 2], "strategic-weight": [0, 1], "capacity [$ bn]": [100, 100]})
    aim = al.maximin({al.DividendYield(): 1, al.StrategicWeight(): 1})
    for given in (aim, al.epsilon(aim, {al.DividendYield(): "3%"})):
        record = impact(old, new, case, given)
        before, after = (record[when]["objective"] for when in ("before", "after"))
        assert before["ranges"] == after["ranges"]
        assert before["lows"] == after["lows"]
        # All in b is 80 of 100: 2% of those and 8% of 20, six points apart from all in a on four fifths of the way.
        assert before["ranges"] == pytest.approx([0.06 * 0.8, 0.8], abs=1e-4)
