"""Turns a solution into a record: plain data, the same for the same inputs, which JSON holds without loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from allocator import __version__
from allocator.case import Case
from allocator.choices import Choice
from allocator.decision import GRAIN
from allocator.distributions import distributions
from allocator.fund import PORTFOLIO
from allocator.measures import MeasureName
from allocator.objectives import Aim
from allocator.objectives.expected_return import ExpectedReturn
from allocator.provenance import inputs, policy
from allocator.readings import rule_records, term_records
from allocator.rulebook import Rulebook
from allocator.shapes import Clause, Multipliers, shortfall, soft_ones
from allocator.solution import FORMAT, LEAST_GAP, Record, Solution
from allocator.solvers import versions
from allocator.sparse import Vector
from allocator.units import Share

if TYPE_CHECKING:
    from allocator.diagnosis.violations import Diagnosis
    from allocator.prices import Price

WITHHELD = (
    "prices are withheld: what a limit is worth can turn on whole choices of lines to hold, which have no slope; try "
    "another number and compare"
)
"Said where a ticket or a count is among the rules."
NO_INCOME = "the objective has no income to pay penalties from"
ORDERED = (
    "what an objective without income keeps was found with the soft rules missed least; what comes after it may miss "
    "them, at their penalties"
)
"Said of objectives in order where soft rules are missed."


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
        "versions": {"allocator": __version__} | versions(),
    }


def optimal(case: Case, rules: Rulebook, aim: Aim, solution: Solution, priced: Sequence[Price]) -> Record:
    """The record of an allocation."""
    record = head(case, rules, aim, "optimal" if solution.passes else "not-certified")
    v = solution.v
    worth, cost = dollars(case, aim, solution.score.income), shortfall(solution.clauses, v)
    record["notes"] += _notes(case, aim, solution, cost)
    said = record["objective"]
    said |= {"value": solution.certificate.value, "income": solution.score.income, "dollars": worth}
    held = ((part, (0.0, objective)) for part, objective in zip(said.get("held", ()), aim.holds(), strict=True))
    for part, (counts, objective) in (*zip(said["parts"], aim.terms(), strict=True), *held):
        value = objective.measured(case, v)
        net = objective.measured(case, v, cost) if cost > 0 else value
        part |= {"counts": abs(counts), "value": value, "net": net, "unit": objective.unit.__name__.lower()}
    record["amounts"] = _amounts(case, solution)
    record["financing"] = _financing(case, solution)
    record["totals"] = _totals(case, v, solution.reserve)
    if soft_ones(solution.clauses):
        record["totals"]["penalties"] = cost * case.equity
    if "distributable-income" in record["totals"]:
        income = record["totals"]["distributable-income"]
        record["distributions"] = distributions(case, solution.capital / GRAIN, income, cost * case.equity)
    record["stresses"] = _stresses(case, v)
    record["rules"] = rule_records(case, rules, solution.clauses, v, solution.multipliers, solution.score.size)
    record["terms"] = term_records(solution)
    record["prices"] = [_price(solution, price, worth) for price in priced]
    record["certificate"] = certificate(solution)
    record["attempts"] = [
        {"solver": tried.solver, "tolerance": tried.tolerance, "result": tried.result} for tried in solution.attempts
    ]
    return record


def _notes(case: Case, aim: Aim, solution: Solution, cost: float) -> Iterator[str]:
    """What a reader must know of how it was maximised."""
    if solution.least is not None:
        several = any(objective.score(case).income > 0 for _, objective in aim.terms())
        unpaid = "penalties can't be paid out of the least of several objectives" if several else NO_INCOME
        yield f"{unpaid}: least shortfall first"
    elif cost > LEAST_GAP and any(part.score(case).income <= 0 for part in aim.earlier):
        yield ORDERED
    if solution.over_choices is not None:
        yield WITHHELD
    yield from aim.notes


def infeasible(case: Case, rules: Rulebook, aim: Aim, diagnosis: Diagnosis) -> Record:
    """The record where nothing satisfies the rules: which are broken least, and by how much."""
    record = head(case, rules, aim, "infeasible")
    record["violations"] = violations(case, rules, diagnosis)
    record["terms-too"] = diagnosis.terms_too
    if any(isinstance(diagnosis.clauses[i], Choice) for i in diagnosis.broken):
        record["notes"].append("that no choice of what is held satisfies the rules is the word of a solver")
    capital = diagnosis.v[: case.decision.n] * case.equity
    record["least-violation"] = [
        {"line": line, "amount": round(float(amount), 3)}
        for line, amount in zip(case.decision.lines, capital, strict=True)
        if amount > 5e-4
    ]
    return record


def violations(case: Case, rules: Rulebook, diagnosis: Diagnosis) -> list[Record]:
    """The clauses that are broken least: value against limit."""
    broken = (diagnosis.clauses[i] for i in diagnosis.broken)
    return [found for clause in broken for found in rule_records(case, rules, (clause,), diagnosis.v, None)]


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


def dollars(case: Case, aim: Aim, income: float) -> float | None:
    """What one unit of an aim's score is worth, in $ bn a year; None where there is no income in it, or no dollars.

    A part of equity a year is that much money; anything else is worth the income of the fund that adds as much to it.

    Args:
        case: whose equity and income they are.
        aim: what is maximised.
        income: how much of its score a unit of income is.
    """
    if income <= 0 or case.fund.id == PORTFOLIO:
        return None
    return case.equity if aim.unit is Share else case.equity / income


def _totals(case: Case, v: Vector, reserve: int) -> Record:
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
        found["expected-return"] = ExpectedReturn().measured(case, v)
    if case.risk is not None:
        found["volatility"] = case.risk.volatility(v[: d.n])
    return found


def _price(solution: Solution, price: Price, dollars: float | None) -> Record:
    """A price in score for one step of its unit; in dollars a year too, where a unit of the score is worth some."""
    clause, step = solution.clauses[price.clause], price.unit.step

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
