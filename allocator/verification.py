"""Rechecks a recorded outcome: its inputs, its sums, its clauses and its bound, without solving.

All that follows from the recorded amounts, multipliers and inputs is made again by the functions that made the record,
and compared with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from allocator import record as records
from allocator.aims import read as read_aim
from allocator.case import Case
from allocator.certificate import certify, shortfall_gap
from allocator.choices import open_choices
from allocator.chosen import settle
from allocator.decision import GRAIN, Decision
from allocator.errors import InputError
from allocator.files.cases import read_case
from allocator.files.outcomes import check_record, read_record
from allocator.files.policies import read_rules
from allocator.objectives import Aim
from allocator.outcome import Outcome
from allocator.rulebook import Rulebook, rulebook_of
from allocator.rules import Rule
from allocator.scores import Score
from allocator.shapes import Clause, Multipliers, soft_ones
from allocator.solution import LEAST_GAP, Record, Solution, over_choices
from allocator.sparse import Indices, Vector

UNCHECKED = ("prices", "attempts", "versions")
"What can't be made again without solving."
APART = ("format", "inputs")
"What is checked in another way than by being made again."


@dataclass(frozen=True)
class Check:
    """One thing that was checked."""

    name: str
    passes: bool
    told: str

    def __str__(self) -> str:
        return f"{'pass' if self.passes else 'FAIL'}  {self.name}: {self.told}"


@dataclass(frozen=True)
class Verification:
    """All that was checked of an outcome, and what was not; it is true where everything passes."""

    checks: tuple[Check, ...]
    remarks: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return all(check.passes for check in self.checks)

    def __str__(self) -> str:
        return "\n".join(map(str, (*self.checks, *self.remarks)))

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
        InputError: the outcome or its inputs cannot be read, or it has no amounts.
    """
    record = read_record(path)
    base = Path(folder) if folder is not None else Path(path).parent
    base = base if base.is_dir() else base.parent
    if not record["inputs"]:
        raise InputError.of("the outcome names no input files", "check it in Python: al.verify(outcome, case, rules)")
    inputs = [base / each["path"] for each in record["inputs"]]
    for file in inputs:
        if not os.path.isfile(file):
            raise InputError.of(f"there is no {file}", "name the case's folder with --case")
    case = read_case(inputs[0])
    read = {source.path.resolve() for source in case.sources}
    policy = [file for file in inputs if file.resolve() not in read]
    rules = read_rules(policy[0], record["as-of"]) if policy else Rulebook(as_of=record["as-of"])
    for name, changes in _grouped(record["set"]["case"]).items():
        case = case.replace(name, **changes)
    for name, changes in _grouped(record["set"]["rules"]).items():
        rules = rules.replace(name, **changes)
    return verify(Outcome(record), case, rules)


def _grouped(changes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What was changed, by rule or by line: some fields fit only together."""
    found: dict[str, dict[str, Any]] = {}
    for change, value in changes.items():
        name, _, field = change.rpartition(".")
        found.setdefault(name, {})[field] = value
    return found


def verify(outcome: Outcome, case: Case, rules: Rulebook | Sequence[Rule] | None = None) -> Verification:
    """Check all of an outcome that follows from its amounts, its multipliers and its inputs; nothing is solved.

    Args:
        outcome: with amounts.
        case: what it was computed from.
        rules: those it was computed with; none by default.

    Raises:
        InputError: it has no amounts, it is damaged, or its lines or its rules are not those given.
    """
    if not isinstance(outcome, Outcome):
        raise InputError.of(f"{outcome!r} is no outcome", "read a file with al.read_outcome(path) first")
    record = outcome.record
    check_record(record)
    if "amounts" not in record:
        raise InputError.of("nothing to verify: no allocation satisfied the rules", "verify an outcome with amounts")
    rules = rulebook_of(rules, record["as-of"])
    aim = read_aim(record["objective"])
    solution = _solution(record, case, rules, aim)
    proved, owed = solution.certificate, solution.score.income
    over = sum(map(int, solution.capital)) + solution.reserve - round(case.equity * GRAIN)
    over -= sum(map(int, solution.loans))
    checks = [Check("identity", over == 0, f"capital and reserve less equity and debt is {over / GRAIN:.9f} $ bn")]
    culprit = f", of '{proved.worst_rule}'" if proved.worst_rule else ""
    checks.append(Check("clauses", proved.feasible, f"worst excess {proved.worst:.2g} of equity{culprit}"))
    told = f"what is maximised comes to {proved.value:.9f} here and to {proved.bound:.9f} at most anywhere"
    told += f": a gap of {proved.gap:.3g}, of {proved.allowed:.3g} allowed"
    checks.append(Check("optimality", proved.gap <= proved.allowed, told))
    if owed > 0:
        # Without income, any penalty that makes the shortfall least will do; that it does is proved apart.
        told = f"soft rules cost {solution.penalty:.6g} of the objective a unit, and a unit of income is {owed:.6g}"
        checks.append(Check("penalty", _same(solution.penalty, owed), told))
    elif soft_ones(solution.clauses):
        told = f"soft rules cost at most {solution.least_gap:.3g} of equity a year more than they must"
        least = solution.least is not None and solution.least_gap <= LEAST_GAP
        checks.append(Check("least shortfall", least, told if solution.least else "not proved"))
    if (word := solution.over_choices) is not None:
        told = f"by the word of {word.solver} none is better by more than {word.gap:.3g} of {word.allowed:.3g} allowed"
        checks.append(Check("other choices", word.gap <= word.allowed, told))
    (name, fine), doubt = aim.rechecked, aim.doubt(case, solution.clauses, solution.v)
    if doubt or fine:
        checks.append(Check(name, not doubt, doubt or fine))
    again = records.optimal(case, rules, aim, solution, ())
    taken = f"the bound of {word.solver} over all choices" if word else "prices"
    unchecked = ", and ".join(filter(None, [taken, aim.unchecked]))
    return Verification(
        (*_inputs(again["inputs"], record["inputs"]), *checks, *_parts(again, record)),
        (f"{unchecked}: not rechecked; they take solving",),
    )


def _solution(record: Record, case: Case, rules: Rulebook, aim: Aim) -> Solution:
    """The recorded amounts and multipliers, certified anew."""
    capital, loans = _amounts(record, case.decision)
    stored, score = record["certificate"], aim.score(case)
    clauses = _settled(stored.get("choice"), case, (*rules.clauses(case), *aim.clauses(case)))
    v = case.decision.opened(capital, loans)
    if [each["of"] for each in stored["multipliers"]] != [clause.rule for clause in clauses]:
        raise InputError.of("the outcome's rules are not those given", "give the rules that it was computed from")
    given = _multipliers(stored, clauses, score, v)
    box = case.box.fixing(clauses)
    proved = certify(clauses, score, box, v, given, stored["penalty"])
    said = stored.get("least-shortfall")
    least = None if said is None else _multipliers(said, clauses, Score(()), v)
    solution = Solution(
        capital=capital,
        loans=loans,
        reserve=_grains(record["totals"]["reserve"]),
        v=v,
        optimum=v,
        value=proved.value,
        score=score,
        penalty=stored["penalty"],
        clauses=clauses,
        multipliers=given,
        certificate=proved,
        attempts=(),
        least=least,
        least_gap=0.0 if least is None else shortfall_gap(clauses, box, v, least),
    )
    choice = stored.get("choice")
    if choice is None:
        return solution
    penalty = stored["penalty"] if least is None else 0.0
    return replace(solution, over_choices=over_choices(solution, choice["solver"], choice["bound"], penalty))


def _settled(choice: Record | None, case: Case, clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """The clauses with the recorded choice made.

    Raises:
        InputError: it is of other rules, it names what they don't, or it has too many or too few.
    """
    made = open_choices(clauses)
    said = [] if choice is None else choice["open"]
    if [each["of"] for each in said] != [clause.rule for clause in made.values()]:
        raise InputError.of("the outcome's choice is not of the rules given", "give the rules it was computed from")
    picked = {}
    for each, (index, clause) in zip(said, made.items(), strict=True):
        chosen = set(each["units"])
        if not chosen <= set(clause.units) or not clause.fewest <= len(chosen) <= clause.most:
            what = f"the outcome is damaged: what '{clause.rule}' was decided to let in is not what it may"
            raise InputError.of(what, "compute it again")
        picked[index] = np.isin(clause.units, list(chosen))
    return settle(case, clauses, picked)


def _amounts(record: Record, d: Decision) -> tuple[Indices, Indices]:
    """Capital by line and debt by pair, in grains."""
    if tuple(each["line"] for each in record["amounts"]) != d.lines:
        raise InputError.of("the outcome's lines are not the case's", "give the case that it was computed from")
    place = {pair: p for p, pair in enumerate(d.pair_names())}
    loans = np.zeros(d.pairs, np.int64)
    for each in record["financing"]:
        pair = (each["line"], each["tranche"])
        if pair not in place:
            what = f"'{each['tranche']}' may not lend to '{each['line']}'"
            raise InputError.of(what, "give the case that it was computed from")
        loans[place[pair]] = _grains(each["amount"])
    return np.array([_grains(each["amount"]) for each in record["amounts"]], np.int64), loans


def _grains(amount: float) -> int:
    return round(amount * GRAIN)


def _multipliers(stored: Record, clauses: Sequence[Clause], score: Score, v: Vector) -> Multipliers:
    """The stored multipliers, as many as the clauses and the score have members and tangents."""

    def shaped(given: Sequence[Vector], like: Sequence[Vector]) -> tuple[Vector, ...]:
        return tuple(one.reshape(other.shape) for one, other in zip(given, like, strict=True))

    try:
        given = records.multipliers(stored)
        return Multipliers(
            shaped(given.weights, [np.zeros(clause.size) for clause in clauses]),
            shaped(given.witnesses, [clause.witness(v) for clause in clauses]),
            shaped(given.score, score.witness(v)),
        )
    except ValueError:
        what = "the outcome is damaged: its multipliers are not as many as its rules have members"
        raise InputError.of(what, "compute it again") from None


def _inputs(read: Sequence[Record], recorded: Sequence[Record]) -> Iterator[Check]:
    """The files that were read now against those recorded."""
    now, then = ({each["path"]: each["sha256"] for each in inputs} for inputs in (read, recorded))
    for path in {**now, **then}:
        told = "unchanged"
        if path not in then:
            told = "it is read, and the outcome does not name it"
        elif path not in now:
            told = "the outcome names it, and nothing reads it"
        elif now[path] != then[path]:
            told = "its bytes have changed since"
        yield Check(f"input {path}", told == "unchanged", told)


def _parts(again: Record, record: Record) -> Iterator[Check]:
    """Each part of the record against the same part made again."""
    for name in (name for name in again if name not in UNCHECKED + APART):
        where = next(_differences(again[name], record[name]), None)
        told = "as recorded" if where is None else f"another is recorded{' at ' if where else ''}{where}"
        yield Check(name, where is None, told)


def _differences(one: Any, other: Any, at: tuple[str, ...] = ()) -> Iterator[str]:
    """Where two records differ, as in `one-line value`; an empty text for the whole."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in {**one, **other}:
            if name in one and name in other:
                yield from _differences(one[name], other[name], (*at, str(name)))
            else:
                yield " ".join((*at, str(name)))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (first, second) in enumerate(zip(one, other, strict=True), 1):
            # A row of a table is called by its first text: the line, the rule.
            called = next(iter(first.values()), number) if isinstance(first, dict) else number
            yield from _differences(first, second, (*at, str(called)))
    elif not _same(one, other):
        yield " ".join(at)


def _same(one: Any, other: Any, within: float = 1e-9) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= within * max(1.0, abs(one))
    return bool(one == other)
