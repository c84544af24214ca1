"""Turns a solution into a record: plain data, the same for the same inputs, which JSON holds without loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from allocator import __version__
from allocator.case import Case
from allocator.certificate import shortfall
from allocator.choices import PREFIX as CHOSEN
from allocator.choices import SHORT, Choice
from allocator.decision import GRAIN
from allocator.distributions import distributions
from allocator.fund import PORTFOLIO
from allocator.measures import MeasureName
from allocator.objectives import Aim
from allocator.provenance import inputs, policy
from allocator.rulebook import Rulebook
from allocator.shapes import Clause, Fixed, Multipliers
from allocator.solution import FORMAT, Record, Solution, binding
from allocator.sparse import Vector
from allocator.terms import PREFIX, is_term

if TYPE_CHECKING:
    from allocator.diagnosis.violations import Diagnosis
    from allocator.prices import Price

WITHHELD = (
    "prices are withheld: what a limit is worth can turn on whole choices of lines to hold, which have no slope; try "
    "another number and compare"
)
"Said where a ticket or a count is among the rules."


def head(case: Case, rules: Rulebook, aim: Aim, status: str) -> Record:
    """What an outcome says before any amounts: of what, by what rules, for what aim."""
    return {"format": FORMAT, **origin(case, rules, status), "objective": aim.said()}


def origin(case: Case, rules: Rulebook, status: str) -> Record:
    """What all results say first: of what, by what rules, from which files."""
    return {
        "status": status,
        "as-of": rules.as_of.isoformat(),
        "case": {"id": case.fund.id, "title": case.fund.title, "equity": case.equity},
        "policy": policy(rules),
        "set": {"rules": dict(rules.changes), "case": dict(case.changes)},
        "notes": [case.risk.note] if case.risk and case.risk.note else [],
        "inputs": inputs(case, rules),
        "versions": {"allocator": __version__} | {name: version(name) for name in ("clarabel", "cvxpy", "numpy")},
    }


def optimal(case: Case, rules: Rulebook, aim: Aim, solution: Solution, priced: Sequence[Price]) -> Record:
    """The record of an allocation."""
    record = head(case, rules, aim, "optimal" if solution.passes else "not-certified")
    v = solution.v
    if solution.least is not None:
        record["notes"].append("the objective has no income to pay penalties from: least shortfall first")
    if solution.over_choices is not None:
        record["notes"].append(WITHHELD)
    record["notes"] += aim.notes
    record["objective"] |= {"value": solution.certificate.value, "income": solution.score.income}
    said = record["objective"]
    held = ((part, (0.0, objective)) for part, objective in zip(said.get("held", ()), aim.holds(), strict=True))
    for part, (counts, objective) in (*zip(said["parts"], aim.terms(), strict=True), *held):
        part |= {
            "counts": abs(counts),
            "value": objective.measured(case, v),
            "unit": objective.unit.__name__.lower(),
        }
    record["amounts"] = _amounts(case, solution)
    record["financing"] = _financing(case, solution)
    record["totals"] = totals(case, solution.clauses, v, solution.reserve)
    if "distributable-income" in record["totals"]:
        income = record["totals"]["distributable-income"]
        record["distributions"] = distributions(case, solution.capital / GRAIN, income)
    record["stresses"] = _stresses(case, v)
    record["rules"] = rule_records(case, rules, solution.clauses, v, solution.multipliers, solution.score.size)
    record["terms"] = _terms(solution)
    record["prices"] = [_price(case, solution, price) for price in priced]
    record["certificate"] = certificate(solution)
    record["attempts"] = [
        {"solver": tried.solver, "tolerance": tried.tolerance, "result": tried.result} for tried in solution.attempts
    ]
    return record


def infeasible(case: Case, rules: Rulebook, aim: Aim, diagnosis: Diagnosis) -> Record:
    """The record where nothing satisfies the rules: which are broken least, and by how much."""
    record = head(case, rules, aim, "infeasible")
    v = diagnosis.v
    record["violations"] = [
        found for i in diagnosis.broken for found in rule_records(case, rules, (diagnosis.clauses[i],), v, None)
    ]
    record["terms-too"] = diagnosis.terms_too
    if any(isinstance(diagnosis.clauses[i], Choice) for i in diagnosis.broken):
        record["notes"].append("that no choice of what is held satisfies the rules is the word of a solver")
    capital = v[: case.decision.n] * case.equity
    record["least-violation"] = [
        {"line": line, "amount": round(float(amount), 3)}
        for line, amount in zip(case.decision.lines, capital, strict=True)
        if amount > 5e-4
    ]
    return record


def _amounts(case: Case, solution: Solution) -> list[Record]:
    deployed = max(int(solution.capital.sum()), 1)
    sectors = case.universe.texts.get("sector", case.universe.ids)
    titles = case.universe.texts.get("title", case.universe.ids)
    found: list[Record] = [
        {"line": line, "title": title, "sector": sector, "amount": amount / GRAIN, "share": amount / deployed}
        for line, title, sector, amount in zip(
            case.decision.lines, titles, sectors, map(int, solution.capital), strict=True
        )
    ]
    shares = None if case.risk is None else case.risk.shares(solution.v[: case.decision.n])
    if shares is not None:
        for each, share in zip(found, shares.tolist(), strict=True):
            each["risk-share"] = share
    return found


def _financing(case: Case, solution: Solution) -> list[Record]:
    pairs = zip(case.decision.pair_names(), map(int, solution.loans), strict=True)
    return [{"line": line, "tranche": tranche, "amount": amount / GRAIN} for (line, tranche), amount in pairs if amount]


def _stresses(case: Case, v: Vector) -> list[Record]:
    """What the allocation would lose in each stress, in $ bn."""
    capital = v[: case.decision.n] * case.equity
    return [
        {
            "stress": stress.id,
            "titles": dict(stress.title.languages),
            "stories": dict(stress.story.languages),
            "loss": -float(np.array(stress.returns(case.universe.lines)) @ capital),
        }
        for stress in case.stresses
    ]


def totals(case: Case, clauses: Sequence[Clause], v: Vector, reserve: int) -> Record:
    """The fund's totals, in $ bn a year or as fractions of equity."""
    d, equity = case.decision, case.equity
    tranches = np.bincount(d.pair_tranche, v[d.f : d.reserve], len(d.tranches)) * equity
    found: Record = {
        "equity": equity,
        "deployed": round(float(v[d.deployed] * equity), 9),
        "debt": round(float(v[d.debt] * equity), 9),
        "reserve": reserve / GRAIN,
        "debt-to-equity": float(v[d.debt]),
        "tranches": {
            tranche.id: {"title": tranche.title, "amount": round(float(amount), 9), "capacity": float(tranche.capacity),
                         "cost": float(cost)}
            for tranche, amount, cost in zip(case.stack, tranches, case.costs if case.stack else (), strict=True)
        },
    }  # fmt: skip
    if any(clause.penalty is not None for clause in clauses):
        found["penalties"] = shortfall(clauses, v) * equity
    if "cash-yield" in case.universe.numbers:
        income = case.measure(MeasureName("net-cash-income"), "totals").value(v)
        interest = case.measure(MeasureName("interest"), "totals").value(v)
        service = case.measure(MeasureName("debt-service"), "totals").value(v)
        earned, fee = float(case.fund.reserve_yield) * v[d.reserve], float(case.fund.fee) * v[d.deployed]
        found |= {
            "net-cash-income": income * equity,
            "reserve-income": float(earned * equity),
            "interest": interest * equity,
            "fee": float(fee * equity),
            "distributable-income": float((income + earned - interest - fee) * equity),
            "dividend-yield": float(income + earned - interest - fee),
            "debt-service": service * equity,
            "debt-service-cover": income / service if service > 0 else None,
        }
    if "strategic-weight" in case.universe.numbers:
        found["strategic-weight"] = float(case.universe.numbers["strategic-weight"] @ v[: d.n])
    if "expected-return" in case.universe.numbers:
        found["expected-return"] = float(case.universe.numbers["expected-return"] @ v[: d.n])
    if case.risk is not None:
        found["volatility"] = case.risk.volatility(v[: d.n])
    return found


def rule_records(
    case: Case,
    rules: Rulebook,
    clauses: Sequence[Clause],
    v: Vector,
    multipliers: Multipliers | None,
    size: float = 1.0,
) -> list[Record]:
    """Each rule's clauses: value against limit at the member that is closest, slack, and whether it binds.

    `size` is the score's, against which multipliers are measured.
    """
    ids = {rule.id: rule for rule in rules.rules}
    found = []
    for index, clause in enumerate(clauses):
        if (is_term(clause) and multipliers is not None) or clause.rule.startswith(CHOSEN):
            continue
        rule = ids.get(clause.rule)
        slack = -clause.excess(v)
        closest = int(np.argmin(slack)) if clause.size else 0
        ((value, limit),) = readings(clause, v, [closest])
        short = 0.0
        if clause.penalty is not None and rule is not None and rule.penalty is not None:
            # The clause's penalty is for its own rows, which are scaled; the rule's is for dollars.
            short = float(np.maximum(-slack, 0).sum()) * clause.penalty / float(rule.penalty) * case.equity
        weight = multipliers.weights[index] if multipliers is not None else np.zeros(clause.size)
        bound = binding(clause, weight, size)
        if isinstance(clause, Choice):
            bound = _tight(clause, v)
        found.append(
            {
                "rule": clause.rule,
                "title": rule.title if rule else clause.words,
                "titles": dict(rule.title.languages) if rule else {},
                "authority": rule.authority if rule else "",
                "owner": rule.owner if rule else "",
                "whys": dict(rule.why.languages) if rule else {},
                "sentence": rule.sentence(rules.as_of) if rule else clause.words,
                "clause": clause.words,
                "severity": rule.severity if rule else "hard",
                "side": "at-least" if clause.at_least else "at-most",
                "number": clause.numbers[0].name if clause.numbers else "",
                "waiver": clause.waiver,
                "inherited": clause.inherited,
                "member": clause.labels[closest] if clause.size else "",
                "value": value,
                "limit": limit,
                "unit": clause.unit.__name__.lower(),
                "slack": None if value is None else (value - limit) * (1 if clause.at_least else -1),
                "binding": [label for label, b in zip(clause.labels, bound, strict=True) if b],
                "shortfall": short,
            }
        )
    return found


def _tight(clause: Choice, v: Vector) -> NDArray[np.bool_]:
    """Which members of a choice have no room left; whether they hold anything back, no multiplier says."""
    return np.asarray(np.abs(clause.level(v) - clause.theta) <= SHORT / clause.dollar)


def readings(clause: Clause, v: Vector, members: Iterable[int]) -> list[tuple[float | None, float]]:
    """What members of a clause measure, and their limits, in the unit of the limit; None for nothing over nothing."""
    if isinstance(clause, Fixed):
        return [(float(v[clause.R0.column[member]]) / float(clause.c1[member]), 0.0) for member in members]
    level, limit = clause.level(v), clause.theta
    if clause.numbers:
        level, limit = clause.numbers[0].at(level), np.full(clause.size, clause.numbers[0].value)
    return [(float(level[i]) if np.isfinite(level[i]) else None, float(limit[i])) for i in members]


def _terms(solution: Solution) -> list[Record]:
    """The members of terms that bind."""
    found = []
    for clause, weight in zip(solution.clauses, solution.multipliers.weights, strict=True):
        if not is_term(clause) or not clause.priced:
            continue
        members = np.flatnonzero(binding(clause, weight, solution.score.size)).tolist()
        for member, (value, limit) in zip(members, readings(clause, solution.v, members), strict=True):
            found.append(
                {
                    "term": clause.rule.removeprefix(PREFIX),
                    "clause": clause.words,
                    "member": clause.labels[member],
                    "side": "at-least" if clause.at_least else "at-most",
                    "value": value,
                    "limit": limit,
                    "unit": clause.unit.__name__.lower(),
                }
            )
    return found


def _price(case: Case, solution: Solution, price: Price) -> Record:
    """A price in score for one step of its unit; in dollars a year too, where the score has income in them."""
    clause = solution.clauses[price.clause]
    step, income = price.unit.step, solution.score.income
    dollars = case.equity / income if income > 0 and case.fund.id != PORTFOLIO else None

    def per_step(slope: float | None) -> float | None:
        return None if slope is None else slope * step

    return {
        "of": clause.rule,
        "member": "" if price.member is None else clause.labels[price.member],
        "number": price.number,
        "value": price.value,
        "unit": price.unit.__name__.lower(),
        "step": price.unit.step_text,
        "worth": price.slope * step,
        "dollars": None if dollars is None else price.slope * step * dollars,
        "below": per_step(price.below),
        "above": per_step(price.above),
        "step-down": price.step_down,
        "step-up": price.step_up,
        "step-down-dollars": None if dollars is None or price.step_down is None else price.step_down * dollars,
        "step-up-dollars": None if dollars is None or price.step_up is None else price.step_up * dollars,
        "clear": price.clear,
    }


def certificate(solution: Solution) -> Record:
    """What was proved, with the multipliers that prove it."""
    proved = solution.certificate
    found = {
        "value": proved.value,
        "bound": proved.bound,
        "gap": proved.gap,
        "allowed": proved.allowed,
        "worst-excess": proved.worst,
        "worst-clause": proved.worst_rule,
        "passes": solution.passes,
        "penalty": solution.penalty,
        "multipliers": _stored(solution.clauses, solution.multipliers),
        "score-witness": [witness.tolist() for witness in solution.multipliers.score],
    }
    if solution.over_choices is not None:
        over = solution.over_choices
        found["choice"] = {
            "solver": over.solver,
            "bound": over.bound,
            "gap": over.gap,
            "allowed": over.allowed,
            "open": [
                {"of": clause.rule, "units": [clause.units[k] for k in np.flatnonzero(clause.open)]}
                for clause in solution.clauses
                if isinstance(clause, Choice) and clause.open is not None
            ],
        }
    if solution.least is not None:
        found["least-shortfall"] = {
            "gap": solution.least_gap,
            "multipliers": _stored(solution.clauses, solution.least),
        }
    return found


def _stored(clauses: Sequence[Clause], given: Multipliers) -> list[Record]:
    return [
        {"of": clause.rule, "weights": weight.tolist(), "witness": witness.tolist()}
        for clause, weight, witness in zip(clauses, given.weights, given.witnesses, strict=True)
    ]


def multipliers(record: Mapping[str, Any]) -> Multipliers:
    """The multipliers of a record's certificate, or of its proof of the least shortfall."""
    stored = record["multipliers"]
    return Multipliers(
        tuple(np.array(each["weights"], float) for each in stored),
        tuple(np.array(each["witness"], float) for each in stored),
        tuple(np.array(each, float) for each in record.get("score-witness", ())),
    )
