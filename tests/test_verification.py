"""An outcome is checked from what it stores: amounts, multipliers, inputs. Any of them changed is found out."""

from __future__ import annotations

import copy
import json
import random
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from damage import damaged
from helpers import book

import allocator as al
from allocator.cli import main
from allocator.errors import InputError
from allocator.verification import Check, read_outcome, verify, verify_files

NAME = "us-japan"


def copied(folder: Path) -> Path:
    """The example as a folder of its own; where its case is."""
    for part in ("examples", "constraints"):
        shutil.copytree(ROOT / part, folder / part)
    return folder / "examples" / NAME


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, al.Outcome, al.Case, al.Rulebook]:
    base = copied(tmp_path_factory.mktemp("verify"))
    case = al.read_case(base)
    rules = al.read_rules(case.policy, as_of="2026-04-01")
    out = al.allocate(case, rules, al.blend({al.DividendYield(): 0.7, al.StrategicWeight(): 0.3}), resolve=False)
    out.save(str(base / "outcome.json"))
    return base, out, case, rules


Solved = tuple[Path, al.Outcome, al.Case, al.Rulebook]


def failing(record: Any, case: al.Case, rules: al.Rulebook) -> set[str]:
    found = verify(al.Outcome(record), case, rules)
    assert bool(found) == all(check.passes for check in found.checks)
    return {check.name for check in found.checks if not check.passes}


def test_an_honest_outcome_passes(solved: Solved) -> None:
    base, out, case, rules = solved
    assert failing(out.record, case, rules) == set()
    found = verify_files(base / "outcome.json")
    assert found
    assert str(found).count("pass  input") == 6
    assert "FAIL" not in str(found)
    assert str(found).endswith("\nprices, and the ranges of the blend: not rechecked; they take solving")


def test_it_is_the_same_after_writing_and_reading(solved: Solved) -> None:
    base, out, _, _ = solved
    assert read_outcome(base / "outcome.json").record == out.record


@pytest.mark.parametrize("move", [0.002, -0.002])
def test_any_amount_changed_by_two_million_fails(solved: Solved, move: float) -> None:
    _, out, case, rules = solved
    for part in ("amounts", "financing"):
        for place in range(len(out.record[part])):
            record = copy.deepcopy(out.record)
            record[part][place]["amount"] += move
            assert "identity" in failing(record, case, rules), (part, place)
    record = copy.deepcopy(out.record)
    record["totals"]["reserve"] += move
    assert "identity" in failing(record, case, rules)


def test_a_balanced_change_fails_too(solved: Solved) -> None:
    """$2 bn from one line to another: the identity holds, but not the totals, nor the optimum."""
    _, out, case, rules = solved
    record = copy.deepcopy(out.record)
    lines = {each["line"]: each for each in record["amounts"]}
    lines["colocation"]["amount"] -= 2
    lines["quantum"]["amount"] += 2
    failed = failing(record, case, rules)
    assert "identity" not in failed
    assert {"totals", "optimality"} <= failed


def test_a_share_of_the_risk_is_made_again(solved: Solved) -> None:
    _, out, case, rules = solved
    for changed in (0.5, None):
        record = copy.deepcopy(out.record)
        (line,) = (each for each in record["amounts"] if each["line"] == "colocation")
        assert line.pop("risk-share") > 0
        line |= {} if changed is None else {"risk-share": changed}
        (found,) = (check for check in verify(al.Outcome(record), case, rules).checks if not check.passes)
        assert (found.name, found.told) == ("amounts", "another is recorded at colocation risk-share")


def test_one_changed_multiplier_fails(solved: Solved) -> None:
    """Any that counts: the bound is another, and higher, since the stored ones are as good as they get."""
    _, out, case, rules = solved
    certificate = out.record["certificate"]
    tried = failed = 0

    def gap(checks: Iterable[Check]) -> float:
        told = next(check.told for check in checks if check.name == "optimality")
        return float(re.search(r"a gap of (\S+),", told)[1])  # type: ignore[index]

    honest = gap(verify(out, case, rules).checks)
    for index, each in enumerate(certificate["multipliers"]):
        for member, weight in enumerate(each["weights"]):
            if abs(weight) < 1e-3:
                continue
            record = copy.deepcopy({"certificate": certificate})
            record["certificate"]["multipliers"][index]["weights"][member] = weight * 1.01
            found = verify(al.Outcome(out.record | record), case, rules)
            # Some are degenerate (a loan whose cap in the box is its gearing): another proof of the same bound, but for a
            # twentieth of what is allowed.
            assert not found or gap(found.checks) == pytest.approx(honest, abs=1e-7), (each["of"], member)
            tried += 1
            failed += not found
    assert tried > 20
    assert failed > 0.6 * tried


def test_a_changed_witness_fails(solved: Solved) -> None:
    _, out, case, rules = solved
    record = copy.deepcopy(out.record)
    record["certificate"]["score-witness"][1][0] += 0.01
    assert "certificate" in failing(record, case, rules) or "optimality" in failing(record, case, rules)


def test_what_was_proved_cannot_be_claimed_better(solved: Solved) -> None:
    _, out, case, rules = solved
    for name, value in (("gap", 0.0), ("value", 6.0)):
        record = copy.deepcopy(out.record)
        record["certificate"][name] = value
        assert failing(record, case, rules) == {"certificate"}, name
        assert f"FAIL  certificate: another is recorded at {name}" in str(verify(al.Outcome(record), case, rules))


def test_a_penalty_of_ones_own_fails(solved: Solved) -> None:
    """Soft rules are paid from income, one for one; a record may not say that they cost less."""
    _, out, case, rules = solved
    record = copy.deepcopy(out.record)
    record["certificate"]["penalty"] *= 0.5
    assert "penalty" in failing(record, case, rules)


@pytest.mark.parametrize(("name", "value"), [("value", 0.5), ("limit", 0.99), ("binding", ["one"]), ("slack", 7.0)])
def test_what_a_rule_reads_cannot_be_written_over(solved: Solved, name: str, value: Any) -> None:
    _, out, case, rules = solved
    record = copy.deepcopy(out.record)
    record["rules"][0][name] = value
    assert failing(record, case, rules) == {"rules"}


def test_a_status_that_was_not_proved_fails(solved: Solved) -> None:
    _, out, case, rules = solved
    record = copy.deepcopy(out.record)
    record["status"] = "not-certified"
    assert failing(record, case, rules) == {"status"}


def test_another_rule_fails(solved: Solved) -> None:
    _, out, case, rules = solved
    tighter = rules.replace("one-line", at_most="10%")
    assert "clauses" in failing(out.record, case, tighter)
    looser = rules.replace("cover", at_least="1.10x")
    assert "optimality" in failing(out.record, case, looser)


def test_another_case_fails(solved: Solved) -> None:
    _, out, case, rules = solved
    assert "totals" in failing(out.record, case.replace("colocation", cash_yield="6.6%"), rules)


@pytest.mark.parametrize(
    "name", ["fund.yaml", "universe.csv", "exposures.csv", "correlation.csv", "../../constraints/us-japan-fund.yaml"]
)
def test_a_changed_byte_of_an_input_fails(solved: Solved, tmp_path: Path, name: str) -> None:
    base = copied(tmp_path)
    shutil.copy(solved[0] / "outcome.json", base / "outcome.json")
    assert verify_files(base / "outcome.json")
    path = base / name
    path.write_bytes(path.read_bytes() + b"\n")
    found = verify_files(base / "outcome.json")
    assert [check.name for check in found.checks if not check.passes] == [f"input {name}"]
    assert f"FAIL  input {name}: its bytes have changed since" in str(found)


def test_a_missing_input_is_named(solved: Solved, tmp_path: Path) -> None:
    base = copied(tmp_path)
    shutil.copy(solved[0] / "outcome.json", base / "outcome.json")
    (base / "universe.csv").unlink()
    with pytest.raises(InputError) as caught:
        verify_files(base / "outcome.json")
    assert str(caught.value) == f"there is no {base / 'universe.csv'}; name the case's folder with --case"


def test_the_folder_may_be_elsewhere(solved: Solved, tmp_path: Path) -> None:
    shutil.copy(solved[0] / "outcome.json", tmp_path / "elsewhere.json")
    assert verify_files(tmp_path / "elsewhere.json", solved[0])
    with pytest.raises(InputError, match=r"fund\.yaml; name the case's folder with --case$"):
        verify_files(tmp_path / "elsewhere.json")


def test_what_ifs_are_recorded_and_checked_with(solved: Solved) -> None:
    base, _, case, rules = solved
    tried_case = case.replace("colocation", cash_yield="6.9%").replace("yen-loans", capacity="$140 bn")
    tried_rules = rules.replace("one-line", at_most="11%").replace("cover", at_least="1.30x")
    out = al.allocate(tried_case, tried_rules, al.DividendYield(), resolve=False)
    assert out.record["set"] == {
        "rules": {"one-line.at-most": "11%", "cover.at-least": "1.30x"},
        "case": {"colocation.cash-yield": "6.9%", "yen-loans.capacity": "$140 bn"},
    }
    out.save(str(base / "tried.json"))
    found = verify_files(base / "tried.json")
    assert found, str(found)
    record = copy.deepcopy(out.record)
    record["set"]["rules"]["one-line.at-most"] = "12%"
    al.Outcome(record).save(str(base / "lied.json"))
    assert not verify_files(base / "lied.json")


def test_an_outcome_of_other_lines_is_refused(solved: Solved, small: al.Case) -> None:
    with pytest.raises(InputError, match=r"^the outcome's lines are not the case's; give the case that it was"):
        verify(solved[1], small)


def test_an_outcome_of_other_rules_is_refused(solved: Solved) -> None:
    _, out, case, rules = solved
    fewer = al.Rulebook(rules.rules[:-1], rules.as_of)
    with pytest.raises(InputError, match=r"^the outcome's rules are not those given; give the rules that it was"):
        verify(out, case, fewer)


def test_a_loan_to_a_line_that_may_not_borrow_is_refused(solved: Solved) -> None:
    _, out, case, rules = solved
    record = copy.deepcopy(out.record)
    record["financing"].append({"line": "colocation", "tranche": "federal-trust", "amount": 1.0})
    with pytest.raises(InputError, match=r"^'federal-trust' may not lend to 'colocation'; give the case that"):
        verify(al.Outcome(record), case, rules)


def test_an_outcome_without_amounts_cannot_be_verified(small: al.Case) -> None:
    rules = book(al.rules.Amount(id="much", title="Much", at_least="$900 bn"))
    out = al.allocate(small, rules, al.DividendYield())
    assert out.status == "infeasible"
    nothing = r"^nothing to verify: no allocation satisfied the rules; verify an outcome with amounts$"
    with pytest.raises(InputError, match=nothing):
        verify(out, small, rules)


def test_an_outcome_built_in_python_names_no_files(small: al.Case, tmp_path: Path) -> None:
    out = al.allocate(small, None, al.DividendYield(), resolve=False)
    assert verify(out, small)
    out.save(str(tmp_path / "o.json"))
    with pytest.raises(InputError, match=r"^the outcome names no input files; check it in Python"):
        verify_files(tmp_path / "o.json")


def test_what_is_no_outcome_is_refused(small: al.Case) -> None:
    with pytest.raises(InputError, match=r"^'o\.json' is no outcome; read a file with al\.read_outcome\(path\) first$"):
        verify("o.json", small)  # type: ignore[arg-type]


@pytest.mark.parametrize("part", ["amounts", "financing", "inputs"])
def test_a_row_that_stands_twice_is_refused(solved: Solved, part: str) -> None:
    """Two rows of one loan must not overwrite each other, whatever they add up to."""
    _, out, case, rules = solved
    record = copy.deepcopy(out.record)
    record[part].append(record[part][0])
    with pytest.raises(InputError, match=rf"^the outcome is damaged at '{part}': .* stands twice; compute it again$"):
        verify(al.Outcome(record), case, rules)


@pytest.mark.parametrize(
    ("lie", "failed"),
    [
        (lambda r: r["inputs"].pop(2), "input exposures.csv"),
        (lambda r: r["inputs"].append({"path": "more.csv", "sha256": "0" * 64}), "input more.csv"),
        (lambda r: r["policy"].update(status="final"), "policy"),
        (lambda r: r["case"].update(title="Another"), "case"),
        (lambda r: r.update({"as-of": "2026-04-02"}), "as-of"),
        (lambda r: r["set"]["rules"].update({"one-line.at-most": "12%"}), "set"),
        (lambda r: r["objective"].update(name="another"), "objective"),
        (lambda r: r["objective"]["parts"][0].update(counts=1.0), "objective"),
        (lambda r: r["objective"].update(income=1.0), "objective"),
        (lambda r: r["notes"].append("approved"), "notes"),
        (lambda r: r["amounts"][3].update(share=0.5), "amounts"),
        (lambda r: r["amounts"][3].update(sector="gold"), "amounts"),
        (lambda r: r["financing"].append(r["financing"].pop(0)), "financing"),
        (lambda r: r["totals"].update({"dividend-yield": 0.2}), "totals"),
        (lambda r: r["totals"].pop("volatility"), "totals"),
        (lambda r: r["distributions"]["holders"][0].update(amount=13.0), "distributions"),
        (lambda r: r["distributions"]["holders"][1].update(principal="japan"), "distributions"),
        (lambda r: r["distributions"]["holders"].pop(), "distributions"),
        (lambda r: r["distributions"]["principals"][1].update(gain=7.0), "distributions"),
        (lambda r: r["distributions"]["principals"][1].update({"walk-away": 0.0}), "distributions"),
        (lambda r: r["distributions"]["waterfall"]["after"].update(japan=0.5), "distributions"),
        (lambda r: r["distributions"].update(waterfall=None), "distributions"),
        (lambda r: r["rules"][2].update(sentence="Anything goes."), "rules"),
        (lambda r: r["terms"].pop(), "terms"),
        (lambda r: r["certificate"].update(bound=5.0), "certificate"),
        (lambda r: r["certificate"].update({"worst-clause": "one-line"}), "certificate"),
    ],
)  # fmt: skip
def test_all_that_follows_is_made_again(solved: Solved, lie: Callable[[Any], None], failed: str) -> None:
    _, out, case, rules = solved
    record = copy.deepcopy(out.record)
    lie(record)
    assert failing(record, case, rules) == {failed}


def test_another_weight_in_the_blend_fails(solved: Solved) -> None:
    _, out, case, rules = solved
    record = copy.deepcopy(out.record)
    record["objective"]["parts"][0]["weight"] = 0.9
    assert {"optimality", "objective"} <= failing(record, case, rules)


def test_the_fund_file_and_the_policy_may_have_any_name(solved: Solved, tmp_path: Path) -> None:
    base = copied(tmp_path)
    (base / "fund.yaml").rename(base / "plan.yaml")
    (base / "../../constraints/us-japan-fund.yaml").rename(base / "policy.txt")
    (base / "../../constraints/statutory-base.yaml").rename(base / "statutory-base.yaml")
    case, rules = al.read_case(base / "plan.yaml"), al.read_rules(base / "policy.txt", as_of="2026-04-01")
    al.allocate(case, rules, al.DividendYield(), resolve=False).save(str(base / "o.json"))
    assert verify_files(base / "o.json")


def test_changes_of_any_kind_are_replayed(tmp_path: Path, solved: Solved) -> None:
    """Severity fits only with its penalty; a scope is a mapping, a dated limit too; a limit may be taken away."""
    base, _, case, rules = solved
    tried_rules = (
        rules.replace("one-line", severity="soft", penalty="100 bp")
        .replace("backend-floor", severity="hard", penalty=None)
        .replace("one-line", at_most={"2026-04-01": "11%", "2030-01-01": "9%"})
    )
    tried_case = case.replace("fund", reserve_yield="2%", fee="12 bp").replace("yen-loans", covenants={"cover": "1.1x"})
    out = al.allocate(tried_case, tried_rules, al.DividendYield(), resolve=False)
    assert out.record["set"] == {
        "rules": {
            "one-line.severity": "soft",
            "one-line.penalty": "100 bp",
            "backend-floor.severity": "hard",
            "backend-floor.penalty": None,
            "one-line.at-most": {"2026-04-01": "11%", "2030-01-01": "9%"},
        },
        "case": {"fund.reserve-yield": "2%", "fund.fee": "12 bp", "yen-loans.covenants": {"cover": "1.1x"}},
    }
    out.save(str(base / "any.json"))
    found = verify_files(base / "any.json")
    assert found, str(found)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda r: r.pop("totals"), ": there is no 'totals'"),
        (lambda r: r.update(violations=[]), ": 'violations' does not belong to this status"),
        (lambda r: r["objective"].pop("ranges"), ": a blend has a range for each part"),
        (lambda r: r["objective"].update(form="single"), ": a single objective has one part"),
        (lambda r: r["amounts"][0].update(amount=1e9), " at 'amounts.0.amount'"),
        (lambda r: r["amounts"][0].update(amount="1.5"), " at 'amounts.0.amount'"),
        (lambda r: r["totals"].update(volatility=None), " at 'totals.volatility'"),
        (lambda r: r["rules"][0].update(unit="furlongs"), " at 'rules.0.unit'"),
        (lambda r: r["certificate"]["multipliers"][3]["weights"].append(1.0),
         ": its multipliers are not as many as its rules have members"),
        (lambda r: r["certificate"]["score-witness"].pop(),
         ": its multipliers are not as many as its rules have members"),
    ],
)  # fmt: skip
def test_damage_is_told(solved: Solved, damage: Callable[[Any], None], told: str) -> None:
    _, out, case, rules = solved
    record = copy.deepcopy(out.record)
    damage(record)
    with pytest.raises(InputError) as caught:
        verify(al.Outcome(record), case, rules)
    assert str(caught.value) == f"the outcome is damaged{told}; compute it again"


def test_a_damaged_outcome_is_refused_or_fails_and_never_more(
    solved: Solved, capsys: pytest.CaptureFixture[str]
) -> None:
    base, _, case, rules = solved
    tried = rules.replace("one-line", at_most="11%")
    out = al.allocate(case.replace("colocation", cash_yield="6.9%"), tried, al.DividendYield(), resolve=False)
    good, bad = base / "good.json", base / "bad.json"
    out.save(str(good))
    passed = refused = 0
    for seed in range(200):
        record = damaged(out.record, random.Random(seed))
        bad.write_text(json.dumps(record))
        try:
            passed += bool(verify_files(bad))
        except InputError:
            refused += 1
        with pytest.raises(SystemExit) as stopped:
            main(["compare", str(good), str(bad)])
        assert stopped.value.code in (0, 1)
    capsys.readouterr()
    assert refused > 100
    assert passed < 20


def test_the_least_shortfall_is_proved(small: al.Case) -> None:
    """Without income in the objective a forger may choose the penalty, but not what the soft rules must cost."""
    soft = al.rules.Share(id="soft", title="Soft", scope={"line": "docks"}, of="deployed", at_least="80%",
                          severity="soft", penalty="100 bp")  # fmt: skip
    honest = al.allocate(small, [soft], al.StrategicWeight(), resolve=False)
    assert honest.record["certificate"]["least-shortfall"]["gap"] < 1e-6
    assert verify(honest, small, [soft])
    careless = al.allocate(small, None, al.StrategicWeight(), resolve=False).record
    forged = copy.deepcopy(honest.record)
    for part in ("amounts", "financing", "totals"):
        forged[part] = careless[part]
    # The optimum without the rule, with its own multipliers, a weight of zero on the rule, and no penalty.
    stored = {each["of"]: each for each in careless["certificate"]["multipliers"]}
    for each in forged["certificate"]["multipliers"]:
        each.update(stored.get(each["of"], {"weights": [0.0]}))
    forged["certificate"]["penalty"] = 0.0
    checks = {check.name: check.passes for check in verify(al.Outcome(forged), small, [soft]).checks}
    assert checks["identity"]
    assert checks["clauses"]
    assert checks["optimality"]
    assert not checks["least shortfall"]
    del forged["certificate"]["least-shortfall"]
    assert not {c.name: c.passes for c in verify(al.Outcome(forged), small, [soft]).checks}["least shortfall"]
