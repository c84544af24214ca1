"""Why nothing fits, or what holds the objective back: a result to look at."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from allocator.case import Case
from allocator.reasons import reasons
from allocator.rulebook import Rulebook, rulebook_of
from allocator.rules import Rule
from allocator.solution import Record

if TYPE_CHECKING:
    import pandas as pd


class Explanation:
    """What `explain` found. It is a record of plain data, and looks at it as pandas frames.

    Attributes:
        record: all of it, as `allocator why --format json` has it.
    """

    def __init__(self, record: Record) -> None:
        self.record = record

    @property
    def status(self) -> str:
        """`fits`, `infeasible`, `borderline` (within a millionth of equity, either way), `undecided` or `no-choice`."""
        return str(self.record["status"])

    @cached_property
    def conflict(self) -> pd.DataFrame:
        """The rules and families of terms that leave nothing together: a row each, what it says and where it stands.

        Empty where something fits.
        """
        import pandas as pd

        from allocator.report.why import name

        rows = [
            {
                "member": name(each),
                "says": each["sentence"],
                "place": each.get("place") or " ".join(each.get("places", ())),
            }
            for each in (*self.record.get("conflict", ()), *self.record.get("choices", ()))
        ]
        return pd.DataFrame(rows, columns=["member", "says", "place"]).set_index("member")

    @cached_property
    def repairs(self) -> pd.DataFrame:
        """What would let something fit: a row a number, those of one `repair` to be changed together.

        `smallest` where it is proved that no smaller change does. Each repair stands once, though it be the smallest of
        its rule and of all rules together. Empty where something fits.
        """
        import pandas as pd

        record = self.record
        found = [each for single in record.get("singles", ()) for each in single["repairs"]] + record.get("amounts", [])
        found += [record[way]["repair"] for way in ("joint", "keeping") if record.get(way, {}).get("repair")]
        once = [each for k, each in enumerate(found) if each["changes"] not in [one["changes"] for one in found[:k]]]
        rows = [
            {"repair": number, **{key: change[key] for key in ("of", "field", "waiver", "was", "now")},
             "smallest": repair["smallest"]}
            for number, repair in enumerate(once, 1)
            for change in repair["changes"]
        ]  # fmt: skip
        columns = ["repair", "of", "field", "waiver", "was", "now", "smallest"]
        return pd.DataFrame(rows, columns=columns).set_index("repair")

    def __repr__(self) -> str:
        from allocator.report.why import headline

        return f"Explanation('{self.record['case']['title']}', {headline(self.record)!r})"

    def _repr_html_(self) -> str:
        from allocator.report.html import why

        return why(self.record)


def explain(
    case: Case, rules: Rulebook | Sequence[Rule] | None = None, old: Rulebook | Sequence[Rule] | None = None
) -> Explanation:
    """Say why nothing fits and what would let something, or what holds the case's objective back.

    Args:
        case: what is given.
        rules: those in force; none by default.
        old: what the rules were before a change, to blame only what it touched.

    Raises:
        InputError: the rules name what the case lacks.
    """
    return Explanation(reasons(case, rulebook_of(rules), None if old is None else rulebook_of(old)))
