"""Why nothing fits, as a record: the rules and terms in conflict, and what would let something fit."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields

import numpy as np

from allocator.case import Case
from allocator.choices import Choice
from allocator.diagnosis.conflict import Conflict, conflict, groups
from allocator.diagnosis.feasibility import Feasibility, Verdict, blamable
from allocator.diagnosis.repairs import Change, Repair, Repairs
from allocator.diagnosis.violations import diagnose
from allocator.diagnosis.wholes import wholes
from allocator.errors import Place
from allocator.outcome import allocate
from allocator.record import origin, violations
from allocator.rulebook import Rulebook
from allocator.shapes import Clause
from allocator.solution import Record
from allocator.sparse import Sparse
from allocator.terms import PREFIX

FORMAT = "allocator/why/1"
FAMILIES = {
    "capacity": "Each line takes at most its capacity.",
    "tranche-capacity": "Each source of debt lends at most its capacity.",
    "gearing": "Each line carries debt up to a part of the capital deployed in it.",
    "cover": "Each line's income covers its debt service as often as its lenders ask.",
    "sub-limit": "Some lines may use only a part of a source of debt.",
    "loan-to-value": "A source of debt lends only up to a part of a line's capital.",
    "content": "A source of debt asks for a part of United States content in what it finances.",
    "single-obligor": "A source of debt lends only a part of its loans to lines that depend on one company.",
    "fully-invested": "The fund keeps no reserve.",
}
"What each family of terms says."
COLUMNS = {"capacity": "capacity", "gearing": "gearing", "cover": "dscr"}
"The column of the universe that a family comes from."
COVENANTS = {"cover": "covenants", "loan-to-value": "covenants", "content": "covenants", "single-obligor": "covenants",
             "sub-limit": "sub-limits", "tranche-capacity": "capacity"}  # fmt: skip
"The field of a tranche that a family comes from."
GIVE = (f"{PREFIX}tranche-capacity", f"{PREFIX}capacity")
"The families of which it can be told how much more would do."
MOST = 8
"Further conflicts that are looked for."


def reasons(case: Case, rules: Rulebook, old: Rulebook | None = None) -> Record:
    """Why nothing fits, or that something does.

    Args:
        case: what is given.
        rules: those in force.
        old: what the rules were before a change, to blame only what it touched.

    Returns:
        A record whose `status` is `fits`, `infeasible`, `borderline` (within a millionth of equity, either way),
        `undecided` (where no solver got far enough to prove one or the other) or `no-choice` (where something fits but
        for tickets and counts, and by the word of a solver nothing with them).

    Raises:
        InputError: the rules name what the case lacks.
    """
    clauses = rules.clauses(case)
    feasibility = Feasibility(case, blamable(case, clauses))
    verdict = feasibility.check()
    told = feasibility.told(verdict)
    status = {"nothing": "infeasible"}.get(told, told)
    record = {"format": FORMAT, **origin(case, rules, status), "broken": verdict.broken * case.equity}
    if verdict.status != "nothing":
        names = None if verdict.status == "undecided" else wholes(case, clauses)
        if names is not None:
            least = diagnose(case, clauses) if names else None
            record["violations"] = [] if least is None else violations(case, rules, least)
            return record | {"status": "no-choice" if names else "undecided", "choices": _wholes(rules, names)}
        return record | _best(case, rules)
    left_out = dict.fromkeys(clause.rule for clause in clauses if isinstance(clause, Choice))
    record |= {"left-out": list(left_out)} if left_out else {}
    firm: list[str] = []
    if old is not None:
        firm = _unchanged(feasibility.clauses, clauses, old.clauses(case))
        blamed = set(groups(feasibility.clauses)) - set(firm)
        record["changed"] = sorted(blamed)
        record["background"] = feasibility.check(_indices(feasibility, blamed)).status
        if record["background"] != "fits":
            firm = []
    return record | _Reasons(case, rules, feasibility, verdict, firm).record()


def _wholes(rules: Rulebook, names: Collection[str]) -> list[Record]:
    """Tickets and counts that are to blame, as rules in conflict are told."""
    named = [(rules.rule(name), name) for name in names]
    return [
        {
            "rule": name,
            "title": str(rule.title),
            "sentence": rule.sentence(rules.as_of),
            "place": _told(rule.place()),
            "relax": rule.relax,
            "waivers": [],
        }
        for rule, name in named
    ]


def _best(case: Case, rules: Rulebook) -> Record:
    """What the case's own objective gets, and what each number costs it; nothing where it has none."""
    if not case.objective:
        return {}
    found = allocate(case, rules).record
    told = ("case", "objective", "totals", "rules", "terms", "prices")
    return {"outcome": {key: found[key] for key in told}} if "amounts" in found else {}


def _indices(feasibility: Feasibility, names: Collection[str]) -> set[int]:
    members = groups(feasibility.clauses)
    return {index for name in names for index in members[name]}


def _unchanged(blamable: Sequence[Clause], new: Sequence[Clause], old: Sequence[Clause]) -> list[str]:
    """The families of terms, and the rules that mean the same as before."""

    def by_rule(clauses: Sequence[Clause]) -> dict[str, list[Clause]]:
        found: dict[str, list[Clause]] = {}
        for clause in clauses:
            found.setdefault(clause.rule, []).append(clause)
        return found

    before, after = by_rule(old), by_rule(new)
    return [
        name
        for name in groups(blamable)
        if name.startswith(PREFIX)
        or (
            len(before.get(name, ())) == len(after[name])
            and all(_same(a, b) for a, b in zip(before[name], after[name], strict=True))
        )
    ]


def _same(one: Clause, other: Clause) -> bool:
    """Whether two clauses ask the same, whatever they are called."""

    def plain(value: object) -> object:
        if isinstance(value, Sparse):
            return (value.shape, value.row.tolist(), value.column.tolist(), value.value.tolist())
        return value.tolist() if isinstance(value, np.ndarray) else value

    return type(one) is type(other) and all(
        plain(getattr(one, each.name)) == plain(getattr(other, each.name)) for each in fields(one)
    )


@dataclass(frozen=True)
class _Opening:
    """What gives way, conflict after conflict, until something fits.

    Attributes:
        names: rules and families.
        conflicts: those met on the way, after the first.
        open: whether something fits in the end; else the last conflict has nothing that may give way.
    """

    names: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    open: bool


class _Reasons:
    """One explanation: the conflict, the further ones, and the repairs."""

    def __init__(
        self, case: Case, rules: Rulebook, feasibility: Feasibility, verdict: Verdict, firm: Collection[str]
    ) -> None:
        self.case, self.rules, self.feasibility, self.verdict, self.firm = case, rules, feasibility, verdict, firm
        self.members = groups(feasibility.clauses)
        self.never = {rule.id for rule in rules.rules if rule.relax == "never"}
        self.first = conflict(feasibility, verdict, self.never, firm)
        self._trials: dict[frozenset[int], str] = {}
        self.kept = self._alone_helping()
        self.joint = self._opening(self._may)
        self.keeping = self._opening(self._other) if self.kept is not None else None
        names = {*self.joint.names, *(self.keeping.names if self.keeping else ()), *self.first.members}
        self.near = verdict.v
        self.repairs = Repairs(case, rules, feasibility, [name for name in self.members if name in names], verdict.v)

    def _alone_helping(self) -> str | None:
        """The one rule that can let something fit by itself; a reviewer asks what it would take to keep it."""
        members = [name for name in self.first.members if self._may(name)]
        first = next((name for name in members if self._status([name]) == "fits"), None)
        if first is None or len(self.first.members) < 2:
            return None
        return first if all(self._status([name]) != "fits" for name in members if name != first) else None

    def _status(self, names: Collection[str]) -> str:
        """What is said of the case without some rules and families."""
        return self._status_without(_indices(self.feasibility, names))

    def _status_without(self, off: Collection[int]) -> str:
        """What is said of it without some clauses."""
        return self._known(off) or self._check(off).status

    def _known(self, off: Collection[int]) -> str | None:
        """What follows from what was asked before, without more clauses or without fewer."""
        asked = frozenset(off)
        for known, status in self._trials.items():
            if (status == "nothing" and asked <= known) or (status == "fits" and asked >= known):
                return status
        return None

    def _check(self, off: Collection[int], afresh: bool = False) -> Verdict:
        verdict = self.feasibility.check(off, afresh)
        self._trials[frozenset(off)] = verdict.status
        return verdict

    def _may(self, name: str) -> bool:
        """Whether a reviewer may change it."""
        return not name.startswith(PREFIX) and name not in self.never and name not in self.firm

    def _other(self, name: str) -> bool:
        """Whether it may give way for the one that is kept: other rules, and how much lines and lenders take."""
        return (self._may(name) and name != self.kept) or (name in GIVE and name not in self.firm)

    def _opening(self, may: Callable[[str], bool]) -> _Opening:
        names = [name for name in self.first.members if may(name)]
        found: list[Conflict] = []
        while names and len(found) < MOST:
            off = _indices(self.feasibility, names)
            if self._known(off) == "fits":
                return _Opening(tuple(names), tuple(found), True)
            proof = self._check(off, afresh=True)
            if proof.status != "nothing":
                return _Opening(tuple(names), tuple(found), proof.status == "fits")
            found.append(conflict(self.feasibility, proof, self.never, self.firm, names))
            more = [name for name in found[-1].members if may(name)]
            names += more
            if not more:
                break
        return _Opening(tuple(names), tuple(found), False)

    def record(self) -> Record:
        """All of it as plain data."""
        found: Record = {
            "conflict": self._members(self.first),
            "unclear": list(self.first.unclear),
            "singles": [self._single(name) for name in self.first.members if not name.startswith(PREFIX)],
            "amounts": [self._amount(name, k) for name, k in self._amounts()],
        }
        found["amounts"] = [each for each in found["amounts"] if each is not None]
        found["joint"] = self._together(self.joint)
        if self.keeping is not None:
            found["keeping"] = {"rule": self.kept} | self._together(self.keeping)
        return found

    def _members(self, found: Conflict) -> list[Record]:
        return [
            self._family(name, found) if name.startswith(PREFIX) else self._named(name, found) for name in found.members
        ]

    def _named(self, name: str, found: Conflict) -> Record:
        """A rule, with its waivers that the proof rests on."""
        rule = self.rules.rule(name)
        limits = rule.limits(self.rules.as_of)
        return {
            "rule": name,
            "title": str(rule.title),
            "sentence": rule.sentence(self.rules.as_of),
            "place": _told(rule.place(limits[0].field if limits else None)),
            "relax": "never" if name in self.never else "may",
            "waivers": [
                self._waiver(self.feasibility.clauses[index], carrying)
                for index, carrying in found.carrying.items()
                if index in self.members[name] and carrying and self.feasibility.clauses[index].waiver
            ],
            "inherited": [
                {"member": clause.labels[0], "why": clause.inherited}
                for index, carrying in found.carrying.items()
                if index in self.members[name] and carrying and (clause := self.feasibility.clauses[index]).inherited
            ],
        }

    def _waiver(self, clause: Clause, carrying: Sequence[int]) -> Record:
        """What a waiver sets in place of the rule's limit."""
        waiver = next(each for each in self.rules.waivers if each.id == clause.waiver)
        return {
            "id": waiver.id,
            "members": [clause.labels[member] for member in carrying if clause.labels[member]],
            "side": waiver.side.replace("_", "-"),
            "limit": clause.numbers[0].value,
            "unit": clause.unit.__name__.lower(),
            "until": str(waiver.effective.until),
            "place": _told(waiver.place(waiver.side)),
        }

    def _family(self, name: str, found: Conflict) -> Record:
        """A family of terms with those of its members that the proof rests on."""
        family = name.removeprefix(PREFIX)
        inside: list[Record] = []
        places: list[Place | None] = []
        tranches = {tranche.id: tranche for tranche in self.case.stack}
        for index, carrying in found.carrying.items():
            clause = self.feasibility.clauses[index]
            if index not in self.members[name] or not carrying:
                continue
            covenant = clause.rule.removeprefix(PREFIX).rpartition(".")[0]
            for member in carrying:
                label = "/".join(filter(None, [covenant, clause.labels[member]]))
                limit = float(clause.theta[member])
                inside.append({"member": label, "limit": limit, "unit": clause.unit.__name__.lower()})
                tranche = tranches.get(next((part for part in label.split("/") if part in tranches), ""))
                if tranche is not None and family in COVENANTS:
                    places.append(tranche.place(COVENANTS[family]))
                else:
                    places.append(self.case.universe.places.get(COLUMNS.get(family, "")))
        if family == "fully-invested":
            inside, places = [], [self.case.fund.place("fully-invested")]
        told = list(dict.fromkeys(_told(place) for place in places if place is not None))
        return {"term": family, "sentence": FAMILIES[family], "members": inside, "places": told}

    def _single(self, name: str) -> Record:
        """What changing one rule alone does."""
        if name in self.never:
            return {"rule": name, "outcome": "never", "repairs": []}
        status = self._status([name])
        if status != "fits":
            return {"rule": name, "outcome": {"nothing": "none"}.get(status, "undecided"), "repairs": []}
        ways = self.repairs.of(name)
        helping = [
            k for k in ways if len(ways) == 1 or self._status_without({self.repairs.givings[k].clause}) == "fits"
        ]
        found = [repair for k in helping if (repair := self.repairs.alone(k)) is not None]
        if len(ways) > 1 and not found:
            # A floor and a cap, or a limit and its waiver, that have to give way both.
            both = self.repairs.together(ways, self.near)
            found = [] if both is None else [both]
        self.near = found[0].v if found else self.near
        repairs = [_repair(repair) for repair in found]
        return {"rule": name, "outcome": "change" if repairs else "remove", "repairs": repairs}

    def _amounts(self) -> list[tuple[str, int]]:
        """The tranches that carry weight, and the lines in all, where more of them alone may do."""
        found = []
        for name in self.first.members:
            if name in GIVE and self._status([name]) == "fits":
                for k in self.repairs.of(name):
                    giving = self.repairs.givings[k]
                    if giving.member is None or giving.member in self.first.carrying[giving.clause]:
                        found.append((name, k))
        return found

    def _amount(self, name: str, k: int) -> Record | None:
        repair = self.repairs.alone(k)
        return None if repair is None else {"term": name.removeprefix(PREFIX)} | _repair(repair)

    def _together(self, opening: _Opening) -> Record:
        """The least change of all that gives way, and the further conflicts that were met on the way."""
        chosen = [k for name in opening.names for k in self.repairs.of(name)]
        repair = self.repairs.together(chosen, self.near) if opening.open and chosen else None
        first = set(self.first.members)
        return {
            "open": opening.open,
            "further": [self._members(each) for each in opening.conflicts],
            "beyond": [name for name in opening.names if name not in first],
            "repair": None if repair is None else _repair(repair),
        }


def _told(place: Place | None) -> str:
    return "" if place is None else f"{os.path.normpath(place.file)}:{place.line}"


def _repair(repair: Repair) -> Record:
    return {"smallest": repair.smallest, "changes": [_change(change) for change in repair.changes]}


def _change(change: Change) -> Record:
    return {
        "of": change.of,
        "field": change.field,
        "was": str(change.was),
        "now": str(change.now),
        "by": change.now.show_change(float(change.now) - float(change.was)),
        "parts": {line: str(now) for line, now in change.parts},
        "waiver": change.waiver,
        "since": "" if change.since is None else change.since.isoformat(),
        "ends": list(change.ends),
    }
