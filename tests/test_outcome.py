"""What people get: frames, files, and a plain answer where there is none."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from helpers import book, solve, tiny

import allocator as al
from allocator.errors import Infeasible, InputError
from allocator.files.outcomes import read_record, to_json

RULES = book(al.rules.Share(id="one", title="One", each="line", of="deployed", at_most="40%"))


@pytest.fixture(scope="module")
def out() -> al.Outcome:
    from conftest import small_case

    return solve(small_case(), RULES)


def test_amounts(out: al.Outcome) -> None:
    assert list(out.amounts.index) == ["hall", "chips", "plant", "wires", "docks"]
    assert out.amounts["amount"].sum() == pytest.approx(out.totals["deployed"], abs=1e-9)
    assert out.amounts["share"].sum() == pytest.approx(1)
    assert out.amounts["share"].max() <= 0.4 + 1e-7


def test_amounts_tell_what_each_line_adds_to_the_variance(out: al.Outcome) -> None:
    x = out.amounts["amount"].to_numpy() / 100
    volatility = np.array([0.12, 0.30, 0.15, 0.11, 0.15])
    covariance = (0.3 + 0.7 * np.eye(5)) * np.outer(volatility, volatility)
    assert out.amounts["risk-share"].to_numpy() == pytest.approx(x * (covariance @ x) / (x @ covariance @ x))
    assert x @ covariance @ x == pytest.approx(out.totals["volatility"] ** 2)


def test_amounts_tell_no_risk_that_the_case_has_not() -> None:
    found = solve(tiny({"cash-yield [%]": [8, 6]}), book())
    assert list(found.amounts.columns) == ["title", "sector", "amount", "share"]


def test_amounts_are_whole_dollars(out: al.Outcome) -> None:
    dollars = np.array([each["amount"] for each in out.record["amounts"]]) * 1e9
    assert np.abs(dollars - np.rint(dollars)).max() < 1e-4


def test_financing(out: al.Outcome) -> None:
    assert list(out.financing.columns) == ["senior", "bonds"]
    assert list(out.financing.index) == list(out.amounts.index)
    assert out.financing.to_numpy().sum() == pytest.approx(out.totals["debt"], abs=1e-9)
    assert (out.financing.to_numpy() >= 0).all()


def test_totals_balance_and_add_up(out: al.Outcome) -> None:
    t = out.totals
    assert t["deployed"] + t["reserve"] == pytest.approx(t["equity"] + t["debt"], abs=1e-9)
    income = t["net-cash-income"] + t["reserve-income"] - t["interest"] - t["fee"]
    assert t["distributable-income"] == pytest.approx(income)
    assert t["dividend-yield"] == pytest.approx(income / 100)
    assert t["dividend-yield"] == pytest.approx(out.record["objective"]["value"])
    assert t["debt-service-cover"] == pytest.approx(t["net-cash-income"] / t["debt-service"])


def test_rules(out: al.Outcome) -> None:
    row = out.rules.loc["one"]
    assert row["limit"] == 0.4
    assert row["value"] <= 0.4 + 1e-9
    assert row["slack"] == pytest.approx(0.4 - row["value"])
    assert row["unit"] == "share"


def test_versions_of_all_that_results_may_differ_by(out: al.Outcome) -> None:
    assert list(out.record["versions"]) == ["allocator", "clarabel", "cvxpy", "highspy", "numpy", "piqp", "qoco", "scs"]
    assert out.record["versions"]["numpy"] == np.__version__


def test_certificate(out: al.Outcome) -> None:
    assert out.certificate["passes"]
    assert out.certificate["gap"] <= out.certificate["allowed"]


def test_the_order_of_keys_does_not_matter(out: al.Outcome) -> None:
    proved = out.record["certificate"]
    turned = al.Outcome(out.record | {"certificate": dict(reversed(proved.items()))})
    assert set(turned.certificate.index) == set(out.certificate.index)
    assert "multipliers" not in turned.certificate


def test_a_list_of_rules_is_a_rulebook(small: al.Case) -> None:
    found = al.allocate(small, list(RULES.rules), al.DividendYield(), resolve=False)
    assert list(found.rules.index) == ["one"]
    assert al.verify(found, small, RULES.rules)


@pytest.mark.parametrize(
    ("rules", "aim", "message"),
    [
        ("p.yaml", al.DividendYield(), "'p.yaml' is no rulebook; give al.read_rules(path), or a list of rules"),
        (["one"], al.DividendYield(), "['one'] is no rulebook; give al.read_rules(path), or a list of rules"),
        (None, "dividend-yield", "'dividend-yield' is no objective; "
                                 "give one such as al.DividendYield(), or a blend of some"),
    ],
)  # fmt: skip
def test_what_is_no_rulebook_or_objective(small: al.Case, rules: object, aim: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        al.allocate(small, rules, aim)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_a_class_is_no_objective(small: al.Case) -> None:
    with pytest.raises(InputError, match=r"DividendYield'> is no objective; give one such as al\.DividendYield\(\)"):
        al.allocate(small, None, al.DividendYield)  # type: ignore[arg-type]


def test_one_line_by_hand() -> None:
    """$100 bn in two lines of $80 bn at 8% and 6%, no reserve yield: 80 and 20, 7.6%."""
    found = solve(tiny({"cash-yield [%]": [8, 6], "capacity [$ bn]": [80, 80]}), book())
    assert found.record["certificate"]["bound"] == pytest.approx(0.076, abs=1e-8)
    assert found.totals["dividend-yield"] == pytest.approx(0.076, abs=2e-6)
    assert found.amounts["amount"].tolist() == pytest.approx([80, 20], abs=0.02)


def test_a_compressed_line_by_hand() -> None:
    """One line of $100 bn at 8%, compression from a half at 3%: the rest is kept at 7%."""
    case = tiny(
        {"cash-yield [%]": [8], "capacity [$ bn]": [100]},
        compression={"from": "50%", "slope": "3%"},
        **{"reserve-yield": "7%"},
    )
    found = solve(case, book())
    x = 50 + 100 / 3
    truth = 0.08 * x / 100 - 0.03 / 2 * (x - 50) ** 2 / 100 / 100 + 0.07 * (100 - x) / 100
    assert found.record["certificate"]["bound"] == pytest.approx(truth, abs=1e-7)
    assert found.amounts["amount"].tolist() == pytest.approx([x], abs=1.5)
    assert found.totals["dividend-yield"] == pytest.approx(truth, abs=2e-6)


def test_where_it_does_not_matter_capital_is_spread_by_capacity() -> None:
    """Three like lines of 40, 80 and 120: a sixth, a third and a half."""
    case = tiny({"cash-yield [%]": [6, 6, 6], "capacity [$ bn]": [40, 80, 120]}, **{"fully-invested": "yes"})
    found = solve(case, book())
    # The box holds no line over the equity of $100 bn, so that the largest counts as 100.
    assert found.amounts["amount"].tolist() == pytest.approx(np.array([40, 80, 100]) / 2.2, abs=1e-3)


def test_nothing_satisfies_the_rules() -> None:
    found = al.allocate(
        tiny({"cash-yield [%]": [8, 6], "capacity [$ bn]": [80, 80]}),
        book(al.rules.Amount(id="much", title="Much", at_least="$120 bn")),
        al.DividendYield(),
    )
    assert found.status == "infeasible"
    assert repr(found) == "Outcome('Tiny', infeasible as of 2026-04-01)"
    (broken,) = found.record["violations"]
    assert (broken["rule"], broken["limit"]) == ("much", 120)
    assert broken["value"] == pytest.approx(100, abs=1e-4)
    for part in ("amounts", "financing", "totals", "rules", "prices", "certificate"):
        with pytest.raises(Infeasible, match=r"^no allocation satisfies the rules; broken least: much$"):
            getattr(found, part)


def test_no_objective(small: al.Case) -> None:
    with pytest.raises(InputError, match=r"^no objective; give one, or name one under 'objective' in fund\.yaml$"):
        al.allocate(small)


def test_an_objective_that_is_not_concave(small: al.Case) -> None:
    with pytest.raises(InputError, match="is not concave, so it can't be maximised; turn its sign round"):
        al.allocate(small, None, al.ExpectedReturn() + al.Variance())


def test_soft_rules_without_income_are_kept_as_far_as_possible(small: al.Case) -> None:
    """Variance pays no penalty; the shortfall is least first, and the outcome says so."""
    soft = al.rules.Share(id="soft", title="Soft", scope={"line": "docks"}, of="equity", at_least="40%",
                          severity="soft", penalty="1 bp")  # fmt: skip
    found = solve(small, soft, al.Variance())
    assert found.amounts.loc["docks", "amount"] == pytest.approx(30, abs=0.01)
    assert found.record["rules"][0]["shortfall"] == pytest.approx(10, abs=0.01)
    assert found.record["notes"] == ["the objective has no income to pay penalties from: least shortfall first"]


def test_a_soft_rule_is_broken_where_it_costs_more_than_its_penalty() -> None:
    """The floor on the poorer line loses 2% a year; at 1% it is broken, at 3% it is kept."""
    case = tiny({"cash-yield [%]": [8, 6], "capacity [$ bn]": [200, 200]})

    def shortfall(penalty: str) -> float:
        rule = al.rules.Amount(id="floor", title="Floor", scope={"line": "b"}, at_least="$30 bn",
                               severity="soft", penalty=penalty)  # fmt: skip
        found = solve(case, rule)
        return float(found.record["rules"][0]["shortfall"])

    assert shortfall("100 bp") == pytest.approx(30, abs=0.05)
    assert shortfall("300 bp") == pytest.approx(0, abs=0.05)


def test_repr_tells_what_was_reached_in_the_objectives_own_sense() -> None:
    risky = tiny({"expected-return [%]": [8, 4]}, covariance=[[0.04, 0], [0, 0.01]], **{"fully-invested": "yes"})
    assert repr(solve(risky, book(), al.Variance())) == "Outcome('Tiny', optimal as of 2026-04-01: variance 0.008)"
    both = al.blend({al.ExpectedReturn(): 0.5, al.Volatility(): 0.5})
    pattern = r"Outcome\('Tiny', optimal as of 2026-04-01: expected-return \d\.\d{3}%, volatility \d+\.\d{3}%\)"
    assert re.fullmatch(pattern, repr(solve(risky, book(), both)))


def test_save_and_read(out: al.Outcome, tmp_path: Path) -> None:
    path = tmp_path / "o.json"
    out.save(str(path))
    assert read_record(path) == out.record
    assert path.read_text(encoding="utf-8") == to_json(out.record)
    assert repr(al.read_outcome(path)) == repr(out)


def test_no_files_and_not_a_number_in_json(out: al.Outcome) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({**out.record, "case": float("nan")})
