"""What is odd about a policy, and may be meant: warnings, most of which take a program to find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from allocator.aims import from_names
from allocator.case import Case
from allocator.codes import Code
from allocator.errors import InputError, Problem
from allocator.files.cases import read_case
from allocator.outcome import Outcome, allocate
from allocator.policy.check import Checked, is_error
from allocator.policy.effect import Allowed
from allocator.rulebook import Rulebook
from allocator.rules import Rule
from allocator.rules.share import Share
from allocator.shapes import soft_ones
from allocator.solution import Record
from allocator.terms import is_term
from allocator.units import Rate
from allocator.units import Share as Part


def deepened(checked: Checked) -> Checked:
    """What a check found, with the warnings; of a policy with errors nothing more can be said."""
    if checked.rules is None or any(map(is_error, checked.problems)):
        return checked
    try:
        case = None if checked.case is None else read_case(checked.case)
    except InputError as error:
        # A check reads the case's names alone; its other numbers may be wrong.
        return replace(checked, problems=(*checked.problems, *error.problems))
    found = (_of_file(problem, checked.file) for problem in warnings(checked.rules, case))
    return replace(checked, problems=(*checked.problems, *found))


def _of_file(problem: Problem, file: Path) -> Problem:
    """The problem, which says of which policy it is where it stands in a file that the policy builds on."""
    if problem.place is None or problem.place.file == str(file):
        return problem
    return replace(problem, what=f"under {file.name}, {problem.what}")


def warnings(rules: Rulebook, case: Case | None) -> list[Problem]:
    """All that is odd, in the order of the rules.

    Args:
        rules: as in force on a date.
        case: what they are tried on; without one only the text is looked at.

    Raises:
        InputError: a rule names what the case lacks.
    """
    found = [*_of_text(rules)]
    if case is not None:
        found += [*_floors_over_caps(rules, case), *_without_effect(rules, case)]
    return found


def _of_text(rules: Rulebook) -> Iterator[Problem]:
    for rule in rules.rules:
        if not rule.tests:
            mend = "add one that it passes and one that it fails, under 'tests'"
            yield rule.problem("id", f"rule '{rule.id}' has no test", mend, Code.NO_TEST)
        if rule.deprecated is not None and rule.deprecated.since <= rules.as_of:
            what = f"rule '{rule.id}' is deprecated since {rule.deprecated.since}, and still binds"
            yield rule.problem("deprecated", what, "take it from the file", Code.DEPRECATED)
    for waiver in rules.waivers:
        if waiver.state(rules.as_of) == "expired":
            what = f"waiver '{waiver.id}' expired on {waiver.effective.until}"
            yield waiver.problem("effective", what, "take it from the file", Code.EXPIRED)


def _floors_over_caps(rules: Rulebook, case: Case) -> Iterator[Problem]:
    """Caps on a share that floors on parts of it, which have no line in common, exceed together."""
    shares = [rule for rule in rules.rules if isinstance(rule, Share) and rule.scope is not None]
    lines = {rule.id: rule.scope.lines(case.universe) for rule in shares if rule.scope is not None}
    limits = [(rule, limit) for rule in shares for limit in rule.limits(rules.as_of)]
    floors = sorted((pair for pair in limits if pair[1].at_least), key=lambda pair: -float(pair[1].value))
    for cap, most in limits:
        if most.at_least or cap.severity == "soft":
            continue
        taken, total, apart = np.zeros(len(case.universe), bool), 0.0, list[Rule]()
        for floor, least in floors:
            own = lines[floor.id]
            if floor.of == cap.of and not (own & (taken | ~lines[cap.id])).any():
                taken, total, apart = taken | own, total + float(least.value), [*apart, floor]
        if total > float(most.value) + 1e-12:
            named = " and ".join(f"'{each.id}'" for each in apart)
            what = f"the cap of '{cap.id}', {most.value}, is below the floors of {named} together, {Part.show(total)}"
            yield cap.problem("at-most", what, "raise the cap, or lower a floor", Code.FLOORS_OVER_CAP)


def _without_effect(rules: Rulebook, case: Case) -> Iterator[Problem]:
    """Rules that nothing allowed comes up against, and soft rules that it pays to miss."""
    clauses = rules.clauses(case)
    if Allowed(case, clauses).empty:
        yield _infeasible(rules)
        return
    binds = set[str]()
    if case.objective:
        out = allocate(case, rules, from_names(case.objective), resolve=False)
        if "rules" not in out.record:
            # Without the tickets and counts something fits, and nothing with them.
            yield _infeasible(rules)
            return
        binds = {each["rule"] for each in out.record["rules"] if each["binding"]}
        # With whole choices no rate says from when on a soft rule is met.
        yield from () if "choice" in out.record["certificate"] else _cheap_penalties(rules, case, out)
    terms = Allowed(case, [clause for clause in clauses if is_term(clause)])
    for rule in rules.rules:
        if rule.severity == "soft" or rule.id in binds:
            continue
        own = [clause for clause in clauses if clause.rule == rule.id]
        if terms.breach(own).answer == "nothing":
            what = f"rule '{rule.id}' can never bind on this case: its terms alone keep it"
            yield rule.problem("id", what, "tighten it, or keep it for other cases", Code.NEVER_BINDS)
        elif Allowed(case, [clause for clause in clauses if clause.rule != rule.id]).breach(own).answer == "nothing":
            what = f"rule '{rule.id}' is redundant on this case: the other rules and the terms keep it"
            yield rule.problem("id", what, "tighten it, or keep it for other cases", Code.REDUNDANT)


def _infeasible(rules: Rulebook) -> Problem:
    place = rules.header.place("id") if rules.header else None
    what = "no allocation satisfies the rules, so that none can be tried"
    return Problem(what, "see 'allocator why' on the case", place, Code.INFEASIBLE)


def _cheap_penalties(rules: Rulebook, case: Case, out: Outcome) -> Iterator[Problem]:
    """Soft rules that are missed; the penalty from which on each would be met, were it met alone."""
    for rule in rules.rules:
        short = sum(each["shortfall"] for each in out.record["rules"] if each["rule"] == rule.id)
        if rule.penalty is None or short <= 1e-6 * case.equity:
            continue
        hard = rules.replace(rule.id, severity="hard", penalty=None)
        met = allocate(case, hard, from_names(case.objective), resolve=False)
        needed = _rate(rules, case, rule, met.record)
        what = f"soft rule '{rule.id}' is missed by ${short:.1f} bn: its penalty of {rule.penalty} is below its price"
        mend = f"a penalty of {Rate(needed)} or more has it met" if needed else "it can't be met, whatever the penalty"
        yield rule.problem("penalty", what, mend, Code.CHEAP_PENALTY)


def _rate(rules: Rulebook, case: Case, rule: Rule, met: Record) -> float | None:
    """What a dollar short is worth a year at the limit, rounded up to a basis point; None where it can't be met."""
    if "certificate" not in met or rule.penalty is None or met["objective"]["income"] <= 0:
        return None
    soft = soft_ones(rule.clauses(case, rules.as_of))[0]
    weights = next(each["weights"] for each in met["certificate"]["multipliers"] if each["of"] == rule.id)
    rate = max(weights) / met["objective"]["income"] * float(rule.penalty) / float(soft.penalty or 1.0)
    return float(np.ceil(rate * 1e4) / 1e4)
