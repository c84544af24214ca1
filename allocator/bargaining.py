"""What the fund's owners would agree on, what each gets and gives by it, and what it would have walking away."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from allocator.aims.bargain import Bargain as Agreement
from allocator.case import Case
from allocator.objectives.owner_gain import OwnerGain
from allocator.outcome import Outcome, allocate, rulebook_of
from allocator.rulebook import Rulebook
from allocator.rules import Rule
from allocator.solution import Record

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "allocator/bargain/1"


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
        where another does; `income`, `funding`, `strategic` and `penalties` (its part of what soft rules cost), which
        make up the gain; `by-waterfall`, the gain if income is divided by the waterfall.

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
    agreed = allocate(case, rules, Agreement(), solver=solver, resolve=resolve)
    record: Record = {"format": FORMAT, "outcome": agreed.record}
    if "amounts" not in agreed.record:
        return Bargain(record)
    record["owners"] = _owners(case, rules, agreed.record, solver)
    record["prices"] = _prices(agreed.record, record["owners"])
    return Bargain(record)


def _owners(case: Case, rules: Rulebook, agreed: Record, solver: str | None) -> list[Record]:
    gains = _gains(agreed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The canonical allocations: among many that are best for one owner, the same for all who ask.
        alone = [allocate(case, rules, OwnerGain(name), solver=solver, resolve=False) for name in gains]
    ends = [_gains(each.record) for each in alone]
    return [
        {
            "owner": name,
            "title": each["title"],
            "gain": each["net"],
            "walk-away": each["walk-away"],
            "surplus": each["net"] - each["walk-away"],
            "best": end[name]["net"],
            "other-decides": min(other[name]["net"] for other in ends if other is not end),
            "income": each["income-by-equity"],
            "funding": each["funding"],
            "strategic": each["strategic"],
            "penalties": each["penalties"],
            "by-waterfall": each["gain"] - each["penalties"],
        }
        for (name, each), end in zip(gains.items(), ends, strict=True)
    ]


def _gains(record: Record) -> dict[str, Any]:
    """Each principal's gain by equity held, less its part of what the soft rules cost."""
    cost = record["totals"].get("penalties", 0.0) / record["case"]["equity"]
    return {
        each["principal"]: each
        | {"penalties": cost * each["equity"], "net": each["gain-by-equity"] - cost * each["equity"]}
        for each in record["distributions"]["principals"]
    }


def _prices(agreed: Record, owners: Sequence[Record]) -> list[Record]:
    """What a dollar more for each owner costs the others: the ratios of weight over surplus, as logarithms have it."""
    weights = [part["weight"] for part in agreed["objective"]["parts"]]
    slopes = {each["owner"]: weight / each["surplus"] for weight, each in zip(weights, owners, strict=True)}
    return [
        {"of": name, "costs": {other: slope / slopes[other] for other in slopes if other != name}}
        for name, slope in slopes.items()
    ]
