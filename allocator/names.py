"""What a case calls things, and what is known of them without arrays: enough to check a policy against it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from allocator.codes import Code
from allocator.errors import Collector, InputError, Place
from allocator.fund import Fund
from allocator.lines import Lines
from allocator.measures import NAMED, MeasureName
from allocator.stack import Tranche
from allocator.stresses import Stress

LONE_SLOPE = ("column 'compression-slope' needs 'compression' in fund.yaml", "add it there, or leave the column out")
"What is wrong with slopes alone, and the mend."
COLUMNS = {"cash-income": "cash-yield", "net-cash-income": "cash-yield", "expected-return": "expected-return"}
"The column of the universe that a measure sums over capital."
OF_LINES = ("deployed", "debt", "interest", "debt-service", *COLUMNS)
"The measures that can be told line by line."


@dataclass(frozen=True)
class Nature:
    """What is known of a measure before any amount is.

    Attributes:
        words: what it is, in a sentence.
        negative: whether it can be below zero.
        concave: whether it falls behind what its amounts add up to, as income does where it compresses.
    """

    words: str
    negative: bool = False
    concave: bool = False


@dataclass(frozen=True)
class Names:
    """A case without its arrays.

    Attributes:
        fund: its own terms.
        lines: the candidate lines.
        stack: the tranches of debt.
        stresses: bad years by name.
        has_risk: whether it is told how returns move together.
        has_scenarios: whether it is told what returns may be, one scenario beside the other.
        has_holdings: whether it is told what is held already.
        has_benchmark: whether it has a reference portfolio.
    """

    fund: Fund
    lines: Lines
    stack: tuple[Tranche, ...] = ()
    stresses: tuple[Stress, ...] = ()
    has_risk: bool = False
    has_scenarios: bool = False
    has_holdings: bool = False
    has_benchmark: bool = False

    @cached_property
    def bent(self) -> list[int]:
        """The rows of the lines whose yield compresses.

        Raises:
            InputError: there are slopes and the fund has no compression, or no capacities.
        """
        compression = self.fund.compression
        if compression is None:
            if "compression-slope" in self.lines.numbers:
                raise InputError.of(*LONE_SLOPE, code=Code.MISSING)
            return []
        capacity = self.lines.column("capacity", "compression")
        slope = self.lines.numbers.get("compression-slope", (float(compression.slope),) * len(capacity))
        if float(compression.from_) >= 1:
            return []
        return [row for row, most in enumerate(capacity) if most > 0 and slope[row] > 0]

    def measure(
        self, name: MeasureName, who: str, place: Place | None = None, rows: Iterable[int] | None = None
    ) -> Nature:
        """What is known of a measure.

        Args:
            name: of the measure.
            who: needs it, for messages.
            place: where it is named.
            rows: only what belongs to the lines in these rows; all by default.

        Raises:
            InputError: a column is missing, or the measure cannot be told line by line.
        """
        column = name.name if name.column else COLUMNS.get(name.name)
        if column is not None:
            values = self.lines.column(column, who, place)
            summed = values if rows is None else (values[row] for row in rows)
            concave = not name.column and name.name == "net-cash-income" and bool(self.bent)
            return Nature(str(name), min(summed, default=0.0) < 0, concave)
        if rows is not None and name.name not in OF_LINES:
            mend = "leave the scope out, or use deployed or debt"
            raise InputError.of(f"{who}: {NAMED[name.name]} belongs to no line", mend, place, Code.NO_MEANING)
        return Nature(str(name))

    def check(self) -> None:
        """Look up what the contracts of the stack name.

        Raises:
            InputError: a scope matches nothing, or what a covenant needs is missing.
        """
        problems = Collector()
        for tranche in self.stack:
            tranche.check_scopes(self.lines, problems)
            place = tranche.place("covenants")
            if tranche.covenants.content is not None:
                with problems.part():
                    self.lines.column("us-share", f"tranche '{tranche.id}'", place)
            if tranche.covenants.single_obligor is not None and self.lines.counterparties is None:
                what = f"the covenant 'single-obligor' of tranche '{tranche.id}' needs exposures, and the case has none"
                problems.add(what, "give exposures, or leave the covenant out", place, Code.MISSING)
        problems.finish()
