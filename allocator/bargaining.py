"""What the fund's owners would agree on, what each gets and gives by it, and what it would have walking away."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from allocator.aims.bargain import Bargain as Agreement
from allocator.case import Case
from allocator.errors import InputError
from allocator.frontiers import frontier, wholes
from allocator.objectives.owner_gain import OwnerGain
from allocator.outcome import Outcome, allocate
from allocator.rulebook import Rulebook, rulebook_of
from allocator.rules import Rule
from allocator.solution import BARGAIN, Record

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

GAP = 0.005
"How closely the frontiers are traced, in parts of their ranges: no eye tells it from less."


class Bargain:
    """What the owners would agree on. It is a record of plain data, and looks at it as pandas frames.

    Attributes:
        record: all of it, as the JSON file has it; amounts in $ bn a year.
    """

    def __init__(self, record: Record) -> None:
        self.record = record

    @property
    def outcome(self) -> Outcome:
        """The certified allocation that they would agree on, or why there is none."""
        return Outcome(self.record["outcome"])

    @cached_property
    def owners(self) -> pd.DataFrame:
        """Each owner's gain, in $ bn a year, beside what it would have otherwise.

        Columns: `gain` by equity held; `walk-away`; `surplus` over it; `best`, where it alone decides; `other-decides`,
        where another does and leaves it what it can; `income`, `funding`, `strategic` and `penalties` (its part of what
        soft rules cost), which make up the gain; `gain-by-waterfall`, the gain if income is divided by the waterfall.

        Raises:
            Infeasible: there is no allocation.
        """
        import pandas as pd

        self.outcome.part("amounts")
        return pd.DataFrame(self.record["owners"]).set_index("owner").drop(columns="title")

    @cached_property
    def prices(self) -> pd.DataFrame:
        """What a dollar more for one owner (row) costs another (column) along the frontier, at the bargain.

        Raises:
            Infeasible: there is no allocation.
        """
        import pandas as pd

        self.outcome.part("amounts")
        rows = {each["of"]: each["costs"] for each in self.record["prices"]}
        return pd.DataFrame(rows).T.rename_axis("owner")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what the two owners could have, what each alone would choose, and what they would agree on.

        Args:
            ax: matplotlib axes to draw on; by default a figure of their own.

        Returns:
            the axes.

        Raises:
            Infeasible: there is no allocation.
            InputError: there are more than two owners.
        """
        from allocator.report import plots

        self.outcome.part("amounts")
        return plots.plot("bargain", plots.BARGAIN, self.record, ax)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as JSON."""
        from allocator.files.outcomes import write_outcome

        write_outcome(self.record, os.fspath(path))

    def __repr__(self) -> str:
        title = self.record["outcome"]["case"]["title"]
        if "amounts" not in self.record["outcome"]:
            return f"Bargain('{title}', infeasible)"
        told = ", ".join(f"{each['title']} ${each['gain']:.3f} bn" for each in self.record["owners"])
        return f"Bargain('{title}', {self.outcome.status}: {told} a year)"

    def _repr_html_(self) -> str:
        from allocator.report.html import bargain as fragment

        return fragment(self.record)


def bargain(
    case: Case, rules: Rulebook | Sequence[Rule] | None = None, *, solver: str | None = None, resolve: bool = True
) -> Bargain:
    """Find what the owners would agree on: the Nash bargain over their walk-aways (Nash 1950).

    Args:
        case: with two principals or more.
        rules: those in force; none by default.
        solver: the name of one to try first.
        resolve: whether to check prices by re-solving.

    Raises:
        InputError: the case has no principals, or rules need what it lacks.
        Infeasible: the owners cannot all beat their walk-aways; it says why.
        NotCertified: no solver found anything, and none could say why.
    """
    rules = rulebook_of(rules)
    if faults := wholes(rules, rules.clauses(case), "a bargain is proved by them"):
        raise InputError(faults)
    agreed = allocate(case, rules, Agreement.of(case), solver=solver, resolve=resolve).record
    record: Record = {"format": BARGAIN, "outcome": agreed}
    if "amounts" not in agreed:
        return Bargain(record)
    between = [_between(case, rules, *pair) for pair in combinations([each.id for each in case.principals], 2)]
    record["owners"] = _owners(agreed, between)
    record["prices"] = _prices(agreed)
    record["frontiers"] = between
    return Bargain(record)


def _between(case: Case, rules: Rulebook, first: str, second: str) -> Record:
    """What two owners could have, from the best of the first to the best of the second, in $ bn a year."""
    found = frontier(case, rules, OwnerGain(first), OwnerGain(second), GAP).record
    return {
        "between": [first, second],
        "gap": found["gap"]["proven"],
        "best": [each["best"] * case.equity for each in found["between"]],
        "points": [[value * case.equity for value in point["values"]] for point in found["points"]],
    }


def _owners(agreed: Record, between: Sequence[Record]) -> list[Record]:
    """Each owner's gain, what it is made of, and what it would have otherwise."""
    found = []
    for each in agreed["distributions"]["principals"]:
        name = each["principal"]
        sides = [(one, one["between"].index(name)) for one in between if name in one["between"]]
        found.append(
            {
                "owner": name,
                "title": each["title"],
                "gain": each["gain"],
                "walk-away": each["walk-away"],
                "surplus": each["gain"] - each["walk-away"],
                "best": max(one["best"][k] for one, k in sides),
                "other-decides": min(one["points"][k - 1][k] for one, k in sides),
                "income": each["income"],
                "funding": each["funding"],
                "strategic": each["strategic"],
                "penalties": each["penalties"],
                "gain-by-waterfall": each["gain-by-waterfall"],
            }
        )
    return found


def _prices(agreed: Record) -> list[Record]:
    """What a dollar more for each owner costs the others: the bargain weighs gains as the frontier exchanges them."""
    counts = {part["settings"]["principal"]: part["counts"] for part in agreed["objective"]["parts"]}
    return [
        {"of": name, "costs": {other: own / counts[other] for other in counts if other != name}}
        for name, own in counts.items()
    ]
