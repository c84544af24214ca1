"""What a change of policy does to the best allocation of a case: solved under both, and compared."""

from __future__ import annotations

from dataclasses import replace

from allocator.aims import Blend, Epsilon, Maximin
from allocator.case import Case
from allocator.objectives import Aim, Range
from allocator.outcome import allocate
from allocator.policy.diff import compare
from allocator.rulebook import Rulebook
from allocator.solution import Record

FORMAT = "allocator/policy-impact/1"
PROOFS = ("multipliers", "score-witness", "least-shortfall")
"What of a certificate only a machine reads."


def impact(old: Rulebook, new: Rulebook, case: Case, aim: Aim) -> Record:
    """The best allocation before and after, and what differs between the policies, as plain data.

    The ranges of a blend or a maximin are those found under the old policy, in both: found anew, they could turn the
    sign of what the change does. Nothing is solved where no rule differs in what it asks.

    Args:
        old: as in force on a date.
        new: as in force on the same date.
        case: that is solved.
        aim: what is maximised.

    Raises:
        InputError: rules or aim need what the case lacks.
        NotCertified: no solver found anything, and none could say why.
    """
    differs = compare(old, new, case)
    record: Record = {"format": FORMAT, "as-of": differs["as-of"], "diff": differs, "before": None, "after": None}
    if all(each["change"] == "reworded" for each in differs["rules"]):
        return record
    before = allocate(case, old, aim).record
    after = allocate(case, new, _frozen(aim, before["objective"])).record
    return record | {"before": _readable(before), "after": _readable(after)}


def _frozen(aim: Aim, said: Record) -> Aim:
    """The aim with the ranges that an outcome found, if it found any."""
    if isinstance(aim, Epsilon):
        return replace(aim, aim=_frozen(aim.aim, said))
    if isinstance(aim, Blend) and said.get("ranges"):
        return replace(aim, ranges=tuple(said["ranges"]))
    if isinstance(aim, Maximin) and said.get("ranges"):
        return replace(aim, ranges=tuple(map(Range, said["lows"], said["ranges"])))
    return aim


def _readable(record: Record) -> Record:
    if "certificate" in record:
        record["certificate"] = {name: each for name, each in record["certificate"].items() if name not in PROOFS}
    return record
