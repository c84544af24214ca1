"""Rechecks a recorded outcome: its inputs, its sums, its clauses and its bound, without solving."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from allocator import kinds
from allocator.case import Case
from allocator.certificate import certify
from allocator.decision import GRAIN
from allocator.errors import InputError
from allocator.files.cases import read_case
from allocator.files.digests import source_of
from allocator.files.outcomes import read_record
from allocator.files.policies import read_rules
from allocator.objectives import Aim, Blend, Sum
from allocator.outcome import Outcome
from allocator.record import multipliers, rule_records, totals
from allocator.rulebook import Rulebook
from allocator.solution import Record


@dataclass(frozen=True)
class Check:
    """One thing that was checked."""

    name: str
    passes: bool
    told: str


@dataclass(frozen=True)
class Verification:
    """All that was checked of an outcome; it is true where everything passes."""

    checks: tuple[Check, ...]

    def __bool__(self) -> bool:
        return all(check.passes for check in self.checks)

    def __str__(self) -> str:
        return "\n".join(f"{'pass' if check.passes else 'FAIL'}  {check.name}: {check.told}" for check in self.checks)

    __repr__ = __str__


def read_outcome(path: str | os.PathLike[str]) -> Outcome:
    """Read an outcome that was saved.

    Raises:
        InputError: the file is no outcome.
    """
    return Outcome(read_record(path))


def verify_files(path: str | os.PathLike[str], folder: str | os.PathLike[str] | None = None) -> Verification:
    """Check an outcome against the files that it was computed from.

    Args:
        path: of the outcome.
        folder: of the case; by default the outcome's own folder.

    Raises:
        InputError: the outcome or its inputs cannot be read.
    """
    record = read_record(path)
    base = Path(folder) if folder is not None else Path(path).parent
    base = base if base.is_dir() else base.parent
    if not record.get("inputs"):
        raise InputError.of("the outcome names no input files", "check it in Python: al.verify(outcome, case, rules)")
    checks = [_digest(base, each) for each in record["inputs"]]
    if any("is missing" in check.told for check in checks):
        return Verification(tuple(checks))
    case = read_case(base)
    for change, value in record["set"]["case"].items():
        name, _, column = change.rpartition(".")
        case = case.replace(name, **{column: value})
    policy = [each["path"] for each in record["inputs"] if (base / each["path"]).suffix in (".yaml", ".yml")][1:]
    rules = read_rules(base / policy[-1], record["as-of"]) if policy else Rulebook(as_of=record["as-of"])
    for change, value in record["set"]["rules"].items():
        name, _, number = change.partition(".")
        rules = rules.replace(name, **{number: value})
    return Verification((*checks, *verify(Outcome(record), case, rules).checks))


def _digest(base: Path, given: Record) -> Check:
    path = base / given["path"]
    if not path.is_file():
        return Check(f"input {given['path']}", False, f"{path} is missing; name the case's folder with --case")
    same = source_of(path).digest == given["sha256"]
    return Check(f"input {given['path']}", same, "unchanged" if same else "its bytes have changed since")


def verify(outcome: Outcome, case: Case, rules: Rulebook | None = None) -> Verification:
    """Check an outcome's sums, clauses and bound from its amounts and multipliers alone; nothing is solved.

    Args:
        outcome: with amounts.
        case: what it was computed from.
        rules: those it was computed with; none by default.

    Raises:
        Infeasible: it has no amounts.
        InputError: its lines or its objective are not those of the case.
    """
    record = outcome.record
    rules = rules or Rulebook(as_of=record["as-of"])
    d = case.decision
    held = dict(zip((each["line"] for each in outcome._found("amounts")), record["amounts"], strict=True))
    if tuple(held) != d.lines:
        raise InputError.of("the outcome's lines are not the case's", "give the case that it was computed from")
    capital = np.array([_grains(each["amount"]) for each in record["amounts"]], np.int64)
    place = {pair: p for p, pair in enumerate(d.pair_names())}
    loans = np.zeros(d.pairs, np.int64)
    for each in record["financing"]:
        pair = (each["line"], each["tranche"])
        if pair not in place:
            what = f"'{each['tranche']}' may not lend to '{each['line']}'"
            raise InputError.of(what, "give the case that it was computed from")
        loans[place[pair]] = _grains(each["amount"])
    v = d.opened(capital, loans)
    reserve = _grains(record["totals"]["reserve"])
    over = int(capital.sum()) + reserve - round(case.equity * GRAIN) - int(loans.sum())
    checks = [Check("identity", over == 0, f"capital and reserve less equity and debt is {over / GRAIN:.9f} $ bn")]
    clauses = rules.clauses(case)
    again = totals(case, clauses, v, reserve)
    off = [name for name, value in again.items() if not _same(value, record["totals"].get(name))]
    checks.append(Check("totals", not off, f"differ: {', '.join(off)}" if off else "as recorded"))
    aim = _aim(record["objective"])
    stored = record["certificate"]
    names = [each["of"] for each in stored["multipliers"]]
    if names != [clause.rule for clause in clauses]:
        raise InputError.of("the outcome's rules are not those given", "give the rules that it was computed from")
    box = case.box.fixing(clauses)
    proved = certify(clauses, aim.score(case), box, v, multipliers(stored), stored["penalty"])
    worst = f"worst excess {proved.worst:.2g} of equity"
    worst += f", of '{proved.worst_rule}'" if proved.worst_rule else ""
    checks.append(Check("clauses", proved.feasible, worst))
    told = f"value {proved.value:.9f}, bound {proved.bound:.9f}, gap {proved.gap:.3g} of {proved.allowed:.3g} allowed"
    checks.append(Check("optimality", proved.gap <= proved.allowed, told))
    read = rule_records(case, rules, clauses, v, multipliers(stored))
    other = [one["rule"] for one, given in zip(read, record["rules"], strict=False) if not _same(one, given)]
    told = f"differ: {', '.join(dict.fromkeys(other))}" if other else "as recorded"
    checks.append(Check("rules", not other and len(read) == len(record["rules"]), told))
    owed = aim.score(case).income
    if owed > 0:
        # Without income, any penalty that makes the shortfall least will do.
        told = f"soft rules cost {stored['penalty']:.6g} of the objective a unit, and a unit of income is {owed:.6g}"
        checks.append(Check("penalty", _same(stored["penalty"], owed), told))
    same = _same(proved.gap, stored["gap"]) and _same(proved.value, stored["value"])
    same = same and record["status"] == ("optimal" if proved.passes else "not-certified")
    checks.append(Check("certificate", same, "as recorded" if same else "another than the one recorded"))
    return Verification(tuple(checks))


def _grains(amount: float) -> int:
    return round(amount * GRAIN)


def _same(one: Any, other: Any, within: float = 1e-9) -> bool:
    if isinstance(one, dict):
        return isinstance(other, dict) and all(_same(value, other.get(name)) for name, value in one.items())
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= within * max(1.0, abs(one))
    return bool(one == other)


def _aim(said: Record) -> Aim:
    """The objective of a record, its ranges frozen."""
    parts = tuple((float(each["weight"]), kinds.find("objectives", each["name"])()) for each in said["parts"])
    if said["form"] == "blend":
        return Blend(parts, tuple(said["ranges"]))
    if said["form"] == "sum":
        return Sum(parts)
    only: Aim = parts[0][1]
    return only
