"""Two objectives against each other: the curve of the best of one for each level of the other, with a proven gap."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from allocator import parabolas
from allocator import record as records
from allocator.arcs import Arcs
from allocator.case import Case
from allocator.choices import Choice
from allocator.codes import Code
from allocator.errors import Infeasible, InputError, NotCertified, Problem
from allocator.objectives import Objective, share_from
from allocator.outcome import allocate, part_of
from allocator.rulebook import Rulebook, rulebook_of
from allocator.rules import Rule
from allocator.shapes import Clause
from allocator.solution import FRONTIER, Record
from allocator.sparse import Vector

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from allocator.traces import Spot, Trace
from allocator.tracing import trace

LEAST, MOST = 1e-5, 0.5
"The gaps that can be asked for; of the least, the canonical choice gives up a tenth."
TOLD = ("rule", "clause", "number", "side", "member", "value", "limit", "unit", "slack", "binding", "shortfall")
"What a point says of a rule; all else is the same at every point."
PROVED = ("value", "bound", "gap", "allowed", "worst-excess", "worst-clause", "passes")


class Frontier:
    """What `frontier` found. It is a record of plain data, and looks at it as pandas frames.

    Its points are allocations, certified to the dollar, from the best of the first objective to the best of the second.
    Between two of them mixtures are allocations too, as all rules are convex. No allocation lies further outside the
    curve through the points than the gap. An exact frontier has every corner portfolio for a point (one that stands
    twice is a kink, with what the second objective costs on either side), and mixtures of two are the best there is.

    Attributes:
        record: all of it, as the JSON file has it.
    """

    def __init__(self, record: Record) -> None:
        self.record = record

    @property
    def status(self) -> str:
        """`optimal` where the gap asked for is proved, else `not-certified`; or `infeasible`."""
        return str(self.record["status"])

    @property
    def exact(self) -> bool:
        """Whether it is exact: each mixture of two neighbours is the best, as is proved but for rounding.

        Raises:
            Infeasible: there is no allocation.
        """
        return bool(self.part("exact"))

    def part(self, name: str) -> Any:
        """A part of the record that is only there where something satisfies the rules.

        Raises:
            Infeasible: nothing does.
        """
        return part_of(self.record, name)

    @property
    def gap(self) -> float:
        """How far an allocation can lie outside the curve, at most: proved, both axes in parts of their ranges.

        Raises:
            Infeasible: there is no allocation.
        """
        return float(self.part("gap")["proven"])

    @property
    def solves(self) -> int:
        """How many optimisations traced the curve; the canonical choice at each point is not among them.

        Raises:
            Infeasible: there is no allocation.
        """
        return int(self.part("solves")["curve"])

    @cached_property
    def points(self) -> pd.DataFrame:
        """A row a point: both objectives' values, weights, `exchange` and `dollars`, the certificate's gap.

        Values are in the objectives' own units, after the penalties of soft rules that are not met. `exchange` is how
        much of the first one more unit of the second costs, at the margin; `dollars` the same in $ bn a year.

        Raises:
            Infeasible: there is no allocation.
        """
        import pandas as pd

        first, second = self._names()
        rows = [
            {
                first: each["values"][0],
                second: each["values"][1],
                f"weight of {first}": each["weights"][0],
                f"weight of {second}": each["weights"][1],
                "exchange": each["exchange"],
                "dollars": each["dollars"],
                "gap": each["certificate"]["gap"],
            }
            for each in self.part("points")
        ]
        return self._numbered(pd.DataFrame(rows))

    @cached_property
    def compositions(self) -> pd.DataFrame:
        """Capital in $ bn: a row a point, a column a line.

        Raises:
            Infeasible: there is no allocation.
        """
        import pandas as pd

        rows = [{line["line"]: line["amount"] for line in each["amounts"]} for each in self.part("points")]
        return self._numbered(pd.DataFrame(rows))

    @cached_property
    def sectors(self) -> pd.DataFrame:
        """Capital in $ bn: a row a point, a column a sector (a line is its own where there are none).

        Raises:
            Infeasible: there is no allocation.
        """
        sector = {line["line"]: line["sector"] for line in self.part("points")[0]["amounts"]}
        return self.compositions.T.groupby(sector, sort=False).sum().T

    @cached_property
    def rules(self) -> pd.DataFrame:
        """Which rules bind where: a row a point, a column for each rule that binds anywhere.

        Raises:
            Infeasible: there is no allocation.
        """
        import pandas as pd

        bound = [[rule["rule"] for rule in each["rules"] if rule["binding"]] for each in self.part("points")]
        names = list(dict.fromkeys(name for each in bound for name in each))
        return self._numbered(pd.DataFrame([[name in each for name in names] for each in bound], columns=names))

    def at(self, first: float | str | None = None, second: float | str | None = None) -> pd.DataFrame:
        """The allocation at a level of one objective: a mixture of the two points around it.

        It satisfies all rules. Of an exact frontier it is the best there is, and the table's `attrs` have what it has
        of each objective. Else it is an inner approximation: it does as well by both as the line between the points,
        which is what `attrs` have, or better; the best there is may lie further out, by no more than the gap.

        Args:
            first: a level of the first objective, in its own unit (0.065 or `6.5%`).
            second: or one of the second.

        Returns:
            A row a line: its `amount` in $ bn, its `share` of the capital, and its debt by tranche.

        Raises:
            InputError: the level is outside the curve, or not exactly one is given.
            Infeasible: there is no allocation.
        """
        import pandas as pd

        points = self.part("points")
        if (first is None) == (second is None):
            raise InputError.of("a level of one objective says where", "give first=..., or second=...")
        axis, asked = (0, first) if first is not None else (1, second)
        level = share_from("level", asked, "write 0.065 or 6.5%, say")
        values = np.array([each["values"][axis] for each in points])
        if not values.min() <= level <= values.max():
            name = self._names()[axis]
            mend = f"give one between {values.min():.6g} and {values.max():.6g}"
            raise InputError.of(f"{level} is outside the curve of '{name}'", mend)
        arcs = Arcs.of(self.record)
        place = arcs.place(axis, level)
        one, other = points[int(np.floor(place))], points[int(np.ceil(place))]
        part = place - np.floor(place)
        lines = [each["line"] for each in one["amounts"]]
        table = pd.DataFrame(0.0, index=lines, columns=["amount", "share", *one["totals"]["tranches"]])
        for point, weight in ((one, 1 - part), (other, part)):
            table["amount"] += weight * np.array([each["amount"] for each in point["amounts"]])
            for each in point["financing"]:
                table.loc[each["line"], each["tranche"]] += weight * each["amount"]
        table["share"] = table["amount"] / (table["amount"].sum() or 1.0)
        table.attrs = dict(zip(self._names(), arcs.at(place).tolist(), strict=True))
        return table.rename_axis("line")

    def plot(self, what: str = "frontier", ax: Axes | None = None) -> Axes:
        """Draw the curve with what the second objective costs along it, and under it how the mix moves.

        Args:
            what: `frontier`.
            ax: matplotlib axes to draw in; by default a figure of their own, as high as they need.

        Returns:
            the axes. They are a frame with no lines of its own: its `child_axes` are the curve's and the mix's.

        Raises:
            Infeasible: there is no allocation.
            InputError: there is no such picture.
        """
        from allocator.report import plots

        self.part("points")
        return plots.plot(what, plots.FRONTIER, self.record, ax)

    def save(self, path: str) -> None:
        """Write the frontier as JSON."""
        from allocator.files.outcomes import write_outcome

        write_outcome(self.record, path)

    def _names(self) -> list[str]:
        return [each["name"] for each in self.record["between"]]

    @staticmethod
    def _numbered(table: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        return table.set_index(pd.RangeIndex(1, len(table) + 1, name="point"))

    def __repr__(self) -> str:
        title, when = self.record["case"]["title"], self.record["as-of"]
        between = " against ".join(self._names())
        if "points" not in self.record:
            return f"Frontier('{title}', {between}, infeasible as of {when})"
        close = "exact" if self.exact else f"gap {self.gap:.2g}, {self.solves} solves"
        told = f"{len(self.record['points'])} points, {close}"
        return f"Frontier('{title}', {between}, {told}, as of {when})"

    def _repr_html_(self) -> str:
        from allocator.report.html import frontier as fragment

        return fragment(self.record)


def read_frontier(path: str | os.PathLike[str]) -> Frontier:
    """Read a frontier that was saved.

    Raises:
        InputError: the file is no frontier.
    """
    from allocator.files.outcomes import read_record

    return Frontier(read_record(path, FRONTIER))


def frontier(
    case: Case, rules: Rulebook | Sequence[Rule] | None, first: Objective, second: Objective, gap: float | str = 1e-3
) -> Frontier:
    """Trace how much of one objective the best allocations give for another.

    Expected return against variance is traced exactly, by the critical line, where nothing stands against it: the case
    has neither debt nor compression, and all rules are hard and linear. All else is traced by optimisations until the
    gap is proved.

    Args:
        case: what is given.
        rules: those in force, or none.
        first: an objective, pursued in its own sense.
        second: the other.
        gap: how far a curve that is not exact may be proved to lie from the true one, both axes in parts of their
            ranges; a number, or text such as `0.1%`.

    Returns:
        The curve, or where nothing satisfies the rules what `allocate` says of it.

    Raises:
        InputError: rules or objectives need what the case lacks; the two are one; the gap is no part of a range; a rule
            (ticket, count) chooses lines whole.
        NotCertified: a solver failed, or they do not agree on whether anything fits.
    """
    pair = _pair(first, second)
    gap = share_from("gap", gap, "write 0.1%, say")
    if not LEAST <= gap <= MOST:
        raise InputError.of(f"a gap of {gap:g} can't be proved", f"ask for {LEAST:.3%} (1e-5) to {MOST:.0%} (0.5)")
    book = rulebook_of(rules)
    clauses = book.clauses(case)
    if faults := wholes(book, clauses, "a frontier is made of them"):
        raise InputError(faults)
    for objective in pair:
        if not objective.score(case).concave:
            what = f"'{objective.name}' is not concave, so it can't be maximised"
            raise InputError.of(what, "take another objective")
    found, why = _traced(case, book, clauses, pair, gap)
    if found is None:
        out = allocate(case, book, first, resolve=False)
        if out.status != "infeasible":
            raise NotCertified("the solvers do not agree on whether anything satisfies the rules")
        kept = {key: value for key, value in out.record.items() if key != "objective"}
        return Frontier(kept | {"format": FRONTIER, "between": [_named(objective) for objective in pair]})
    return Frontier(_record(case, book, pair, found, gap, why))


def _traced(
    case: Case, rules: Rulebook, clauses: Sequence[Clause], pair: tuple[Objective, Objective], gap: float
) -> tuple[Trace | None, str]:
    """The curve, or None where nothing satisfies the clauses; and of a pair that might be exact, why this is not."""
    why = ""
    if parabolas.applies(pair):
        try:
            return parabolas.trace(case, rules, clauses, pair), why
        except Infeasible:
            return None, why
        except NotCertified as error:
            why = str(error)
    return trace(case, clauses, pair, gap), why


def wholes(rules: Rulebook, clauses: Sequence[Clause], why: str) -> list[Problem]:
    """The rules between whose allocations mixtures are none, and why that matters."""
    names = dict.fromkeys(clause.rule for clause in clauses if isinstance(clause, Choice))
    what = f"chooses lines whole, so that mixtures of allocations may break it, and {why}"
    places = [(name, rules.rule(name).place()) for name in names]
    return [Problem(f"rule '{name}' {what}", "leave it out", place, Code.NO_MEANING) for name, place in places]


def _pair(first: Objective, second: Objective) -> tuple[Objective, Objective]:
    for given in (first, second):
        if not isinstance(given, Objective):
            what = f"a frontier is between single objectives, and {given!r} is none"
            raise InputError.of(what, "give one such as al.DividendYield()")
        if given.apart:
            mend = "give two that are scores by themselves"
            raise InputError.of(f"'{given.name}' has no frontier: {given.apart}", mend)
    if first == second:
        raise InputError.of(f"both objectives are '{first.name}'", "give two that differ")
    return first, second


def _named(objective: Objective) -> Record:
    return {
        "name": objective.name,
        "unit": objective.unit.__name__.lower(),
        "smaller-is-better": objective.smaller_is_better,
    }


def _record(
    case: Case, rules: Rulebook, pair: tuple[Objective, Objective], found: Trace, gap: float, why: str
) -> Record:
    """All of a frontier as plain data."""
    senses = np.array([-1.0 if objective.smaller_is_better else 1.0 for objective in pair])
    between = [
        _named(objective)
        | {"best": float(found.best[k] * senses[k]), "worst": float(found.worst[k] * senses[k])}
        | {"range": float(found.ranges[k]), "income": objective.score(case).income}
        for k, objective in enumerate(pair)
    ]
    record = {"format": FRONTIER, **records.origin(case, rules, "optimal" if found.gap <= gap else "not-certified")}
    whole = [records.optimal(case, rules, spot.blend, spot.solution, []) for spot in found.spots]
    record["notes"] += [note for note in whole[0]["notes"] if note not in record["notes"]]
    worth = records.dollars(case, pair[0], between[0]["income"])
    points = [_point(spot, each, senses, worth) for spot, each in zip(found.spots, whole, strict=True)]
    if found.bends is None:
        # There is no more of the second to be had; what its weight was there only had to be large enough.
        points[-1] |= {"exchange": None, "dollars": None}
    return record | {
        "between": between,
        "exact": found.bends is not None,
        "why-not-exact": why,
        "gap": {"asked": gap, "proven": found.gap},
        "solves": {"curve": found.solves, "canonical": found.canonical},
        "rules": [
            {key: each[key] for key in each if key not in TOLD} | {"rule": each["rule"]} for each in whole[0]["rules"]
        ],
        "points": points,
        "bends": [] if found.bends is None else (found.bends * senses).tolist(),
        "changes": _changes(points) if found.bends is None else _turns(rules, found.spots),
        "outer": (found.outer * senses).tolist(),
    }


def _point(spot: Spot, whole: Record, senses: Vector, worth: float | None) -> Record:
    """A point: both values, what the second costs in the first and in what that is worth, and the allocation."""
    first, second = spot.blend.weights()
    exchange = second / first if first > 0 else None
    return {
        "values": (spot.scores * senses + 0.0).tolist(),  # a zero without a sign
        "weights": [weight for weight, _ in spot.blend.parts],
        "exchange": exchange,
        "dollars": None if exchange is None or worth is None else exchange * worth,
        "turn": spot.turn,
        **{key: whole[key] for key in ("amounts", "financing", "totals", "terms")},
        "rules": [{key: each[key] for key in TOLD} for each in whole["rules"]],
        "certificate": {key: whole["certificate"][key] for key in PROVED},
    }


def _changes(points: Sequence[Record]) -> list[Record]:
    """Between which two points, counted from 1, which rules begin or cease to bind."""
    bound = [[rule["rule"] for rule in point["rules"] if rule["binding"]] for point in points]
    return [
        {"after": number, "before": number + 1} | change
        for number, (one, other) in enumerate(pairwise(bound), 1)
        if any((change := _change(one, other)).values())
    ]


def _turns(rules: Rulebook, spots: Sequence[Spot]) -> list[Record]:
    """At which points of an exact curve, counted from 1, which rules begin or cease to bind."""
    ids = {rule.id for rule in rules.rules}
    bound = [[name for name in spot.after if name in ids] for spot in spots[:-1]]
    return [
        {"after": number, "before": number} | change
        for number, (one, other) in enumerate(pairwise(bound), 2)
        if any((change := _change(one, other)).values())
    ]


def _change(one: Iterable[str], other: Iterable[str]) -> dict[str, list[str]]:
    """Which rules bind here and not there, or the other way round."""
    one, other = dict.fromkeys(one), dict.fromkeys(other)
    return {"begin": [rule for rule in other if rule not in one], "cease": [rule for rule in one if rule not in other]}
