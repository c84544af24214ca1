"""Reads policy files and tells all that is wrong with them, names of the case included; nothing is solved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from allocator.codes import Code
from allocator.errors import Collector, InputError, Problem
from allocator.files.names import read_names
from allocator.files.policies import read_rules
from allocator.names import Names
from allocator.rulebook import Rulebook, as_date


@dataclass(frozen=True)
class Checked:
    """What a check found in one policy file.

    Attributes:
        file: as it was named.
        problems: in the policy, in a file that it builds on, or in the case.
        rules: those without faults; None where the file as a whole cannot be read.
        case: the folder of the case that the rules' names were checked against; None where none was named, or where
            the rules could not be read.
    """

    file: Path
    problems: tuple[Problem, ...]
    rules: Rulebook | None = None
    case: Path | None = None


def check(files: Iterable[Path], case: Path | None = None, as_of: str | dt.date | None = None) -> list[Checked]:
    """Check policy files, each by itself and against a case.

    Args:
        files: policies; a folder stands for the `.yaml` files in it.
        case: the folder of a case; by default each policy's own, which it names under `tested-on`.
        as_of: the values of this date are in force; today in each policy's calendar by default.

    Raises:
        InputError: the date can't be read.
    """
    date = None if as_of is None else as_date(as_of)
    read = cache(read_names)
    return [_check(file, case, date, read) for file in policies_of(files)]


def policies_of(files: Iterable[Path]) -> Iterator[Path]:
    """Each file, and the policies of each folder; a folder without any stands for itself, and fails as a file.

    A folder may be a case: its fund.yaml is none of them.
    """
    for named in files:
        inside = sorted(file for file in named.glob("*.yaml") if file.name != "fund.yaml") if named.is_dir() else []
        yield from inside or [named]


def _check(file: Path, case: Path | None, as_of: dt.date | None, read: Callable[[Path], Names]) -> Checked:
    wrong: tuple[Problem, ...] = ()
    try:
        rules = read_rules(file, as_of)
    except InputError as error:
        wrong = error.problems
        # The rules without faults are checked against the case all the same, so that nothing comes to light later.
        if not isinstance(error.rest, Rulebook):
            return Checked(file, wrong)
        rules = error.rest
    named = None
    if case is None and rules.header is not None:
        case, named = rules.header.case_of(file), rules.header.place("tested_on")
    problems = Collector()
    _check_agreed(rules, problems)
    if case is not None:
        with problems.part():
            rules.check(read(case))
    # What is wrong with the case as a whole has no place of its own; the line that names it has.
    placed = (problem if problem.place else replace(problem, place=named) for problem in problems.problems)
    return Checked(file, (*wrong, *placed), rules, case)


def _check_agreed(rules: Rulebook, problems: Collector) -> None:
    """A policy that says that it is final must be agreed to, as it reads now, by all that must agree."""
    header = rules.header
    if header is None or header.status != "final":
        return
    if not header.approvers:
        mend = "name them under 'approvers'"
        problems.add(
            "the policy is final, and names nobody who must agree", mend, header.place("status"), Code.APPROVAL
        )
    by_approver = {approval.by: approval for approval in rules.approvals}
    for name in rules.unsigned:
        stale = by_approver.get(name)
        what = f"the policy is final, and '{name}' has not agreed to it" + (" as it reads now" if stale else "")
        mend = f"once agreed, {_entry(name, rules)}"
        place = stale.place("digest") if stale else header.place("approvers")
        problems.add(what, mend, place, Code.APPROVAL)


def all_problems(found: Iterable[Checked]) -> tuple[Problem, ...]:
    """What was found in all the files, each once, in the order of the files and lines."""
    return InputError(problem for checked in found for problem in checked.problems).problems


def is_error(problem: Problem) -> bool:
    """Whether it makes the policy unfit for use; a warning does not."""
    return problem.code.severity == "error"


def summary(found: Sequence[Checked]) -> list[str]:
    """A line for each file without errors, or that could not be checked in full; and a last one that counts errors."""
    lines = [line for checked in found for line in _in_words(checked)]
    failed = sum(any(map(is_error, checked.problems)) for checked in found)
    if failed:
        errors = sum(map(is_error, all_problems(found)))
        lines.append(f"{_count(errors, 'error')} in {failed} of {_count(len(found), 'file')}")
    return lines


def _in_words(checked: Checked) -> list[str]:
    if checked.rules is None:
        unread = any(problem.code is Code.FILE for problem in checked.problems)
        return [] if unread else [f"{checked.file}: names of lines and sectors are checked once this is mended"]
    told = "no errors, " if not any(map(is_error, checked.problems)) else ""
    on = f"as of {checked.rules.as_of}"
    count = _count(len(checked.rules), "rule")
    if checked.case is None:
        mend = "name a case with --case, or under 'tested-on'"
        return [f"{checked.file}: {count}, {told}{on}; names of lines and sectors were not checked: {mend}"]
    return (
        [f"{checked.file}: {count}, {told}checked against {checked.case} {on}", *_agreed(checked.rules)] if told else []
    )


def _agreed(rules: Rulebook) -> list[str]:
    """Who agreed to the rules as they read now, who did not, and the digest to agree to."""
    if rules.header is None or not rules.header.approvers:
        return []
    stale = {approval.by for approval in rules.approvals} & set(rules.unsigned)
    agreed = [name for name in rules.header.approvers if name not in rules.unsigned]
    missing = [name for name in rules.unsigned if name not in stale]
    found = (("agreed", agreed), ("agreed to another text", sorted(stale)), ("not yet agreed", missing))
    told = "; ".join(f"{what}: {', '.join(names)}" for what, names in found if names)
    if not rules.unsigned:
        return [f"  {told}"]
    return [f"  {told}", f"  to agree, {_entry(rules.unsigned[0], rules)}"]


def _entry(name: str, rules: Rulebook) -> str:
    """What an approver is to write into the file."""
    return f"write under 'approvals': - {{by: {name}, on: DATE, digest: \"{rules.digest}\"}}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
