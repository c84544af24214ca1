"""The answer: an allocation with its certificate, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from allocator import record as records
from allocator.aims import from_names
from allocator.bench import Bench
from allocator.case import Case
from allocator.certificate import shortfall_gap
from allocator.choices import open_choices
from allocator.choosing import SOLVER
from allocator.diagnosis.feasibility import Feasibility, blamable
from allocator.diagnosis.violations import diagnose
from allocator.errors import Infeasible, InputError, NotCertified
from allocator.exact_penalty import penalty_of
from allocator.objectives import Aim
from allocator.optimum import optimum
from allocator.prices import prices
from allocator.program import Program
from allocator.rulebook import Rulebook, rulebook_of
from allocator.rules import Rule
from allocator.solution import Record, over_choices

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from allocator.solution import Solution


BORDERLINE = (
    "whether the rules leave room turns on less than a millionth of equity, too little to tell; give the limits that "
    "meet a little more room"
)


class Outcome:
    """What `allocate` found. It is a record of plain data, and looks at it as pandas frames.

    Attributes:
        record: all of it, as the JSON file has it.
    """

    def __init__(self, record: Record) -> None:
        self.record = record

    @property
    def status(self) -> str:
        """`optimal`, `not-certified` or `infeasible`."""
        return str(self.record["status"])

    def part(self, name: str) -> Any:
        """A part of the record that only an allocation has.

        Raises:
            Infeasible: there is no allocation.
        """
        return part_of(self.record, name)

    @cached_property
    def amounts(self) -> pd.DataFrame:
        """Capital by line: `amount` in $ bn, `share` of the capital deployed, `risk-share` of the variance if known.

        Raises:
            Infeasible: there is no allocation.
        """
        return _frame(self.part("amounts"), "line")

    @cached_property
    def financing(self) -> pd.DataFrame:
        """Debt in $ bn: a row a line, a column a tranche.

        Raises:
            Infeasible: there is no allocation.
        """
        import pandas as pd

        rows = self.part("financing")
        lines = [each["line"] for each in self.record["amounts"]]
        table = pd.DataFrame(0.0, index=lines, columns=list(self.record["totals"]["tranches"]))
        for row in rows:
            table.loc[row["line"], row["tranche"]] = row["amount"]
        return table.rename_axis("line")

    @cached_property
    def totals(self) -> pd.Series[Any]:
        """Equity, deployed, debt, reserve, income and yields of the fund as a whole.

        Raises:
            Infeasible: there is no allocation.
        """
        import pandas as pd

        return pd.Series({name: value for name, value in self.part("totals").items() if name != "tranches"})

    @cached_property
    def rules(self) -> pd.DataFrame:
        """Each rule's value against its limit, slack, whether it binds, and its price for one step.

        Raises:
            Infeasible: there is no allocation.
        """
        prices = {(p["of"], p["number"]): p for p in self.part("prices")}
        rows = []
        for each in self.part("rules"):
            price = prices.get((each["rule"], each["number"]), {})
            shown = {
                key: each[key] for key in ("rule", "clause", "value", "limit", "unit", "slack", "severity", "side")
            }
            rows.append(
                shown
                | {"binding": bool(each["binding"]), "step": price.get("step"), "worth": price.get("worth")}
                | {"dollars": price.get("dollars"), "clear": price.get("clear")}
            )
        return _frame(rows, "rule")

    @cached_property
    def prices(self) -> pd.DataFrame:
        """What each number of rules and binding terms is worth for one step of its unit, and re-solved both sides.

        Raises:
            Infeasible: there is no allocation.
        """
        return _frame(self.part("prices"), "of")

    @cached_property
    def violations(self) -> pd.DataFrame:
        """Where nothing satisfies the rules: those that are broken least, value against limit; else empty."""
        import pandas as pd

        columns = ["rule", "member", "side", "value", "limit", "slack", "unit"]
        return pd.DataFrame(self.record.get("violations", []), columns=columns).set_index("rule")

    @cached_property
    def principals(self) -> pd.DataFrame:
        """What each principal gains, in $ bn a year; empty without principals, or where nothing is paid.

        Columns: `income` of its treasury, by equity held; `funding` of its equity; what its own score is worth,
        `strategic`; its part of what soft rules cost, `penalties`; the `gain` that these make up; `walk-away`; and
        `income-by-waterfall` and `gain-by-waterfall`, if the waterfall divides the income.

        Raises:
            Infeasible: there is no allocation.
        """
        import pandas as pd

        self.part("amounts")
        columns = ["income", "funding", "strategic", "penalties", "gain", "walk-away"]
        columns += ["income-by-waterfall", "gain-by-waterfall"]
        rows = self.record.get("distributions", {}).get("principals", [])
        return pd.DataFrame(rows, columns=["principal", *columns]).set_index("principal")

    @cached_property
    def certificate(self) -> pd.Series[Any]:
        """What was proved: value, bound, gap, the worst excess of a clause.

        Raises:
            Infeasible: there is no allocation.
        """
        import pandas as pd

        proof = ("penalty", "multipliers", "score-witness")
        return pd.Series({name: value for name, value in self.part("certificate").items() if name not in proof})

    def save(self, path: str) -> None:
        """Write the outcome as JSON."""
        from allocator.files.outcomes import write_outcome

        write_outcome(self.record, path)

    def plot(self, what: str = "allocation", ax: Axes | None = None) -> Axes:
        """Draw the outcome.

        Args:
            what: `allocation` (capital by sector and line), `financing` (sources and uses of funds), `prices` (what
                one step of each number is worth) or `risk` (what each line adds to the variance).
            ax: matplotlib axes to draw on; by default a figure of their own, as high as they need.

        Returns:
            the axes.

        Raises:
            Infeasible: there is no allocation.
            InputError: there is no such picture, or the case has no risk.
        """
        from allocator.report import plots

        self.part("amounts")
        return plots.plot(what, plots.OUTCOME, self.record, ax)

    def __repr__(self) -> str:
        title, when = self.record["case"]["title"], self.record["as-of"]
        if "amounts" not in self.record:
            return f"Outcome('{title}', infeasible as of {when})"
        from allocator.report.words import reached

        told = reached(self.record["objective"])
        return f"Outcome('{title}', {self.status} as of {when}: {told})"

    def _repr_html_(self) -> str:
        from allocator.report.html import fragment

        return fragment(self.record)


def part_of(record: Record, name: str) -> Any:
    """A part of a record that is only there where something satisfies the rules.

    Raises:
        Infeasible: nothing does.
    """
    if name not in record:
        broken = "; ".join(each["rule"] for each in record.get("violations", []))
        raise Infeasible(f"no allocation satisfies the rules; broken least: {broken or 'not known'}")
    return record[name]


def _frame(rows: Sequence[Record], index: str) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows).set_index(index)


def allocate(
    case: Case,
    rules: Rulebook | Sequence[Rule] | None = None,
    objective: Aim | None = None,
    *,
    solver: str | None = None,
    resolve: bool = True,
    laps: Callable[[str], None] = lambda part: None,
) -> Outcome:
    """Find the allocation that does best by an objective, within the rules and the terms.

    Args:
        case: what is given.
        rules: those in force; none by default.
        objective: what is maximised; the case's own by default.
        solver: the name of one to try first.
        resolve: whether to check prices by re-solving.
        laps: called with the name of each part when it is done.

    Returns:
        An outcome: certified, or not, or infeasible with the rules that are broken least.

    Raises:
        InputError: rules or objective need what the case lacks, or are not convex.
        NotCertified: no solver found anything, and none could say why.
    """
    if objective is not None and not isinstance(objective, Aim):
        raise InputError.of(f"{objective!r} is no objective", "give one such as al.DividendYield(), or a blend of some")
    rules = rulebook_of(rules)
    if objective is None and not case.objective:
        raise InputError.of("no objective", "give one, or name one under 'objective' in fund.yaml")
    aim = objective if objective is not None else from_names(case.objective)
    clauses = rules.clauses(case)
    for each in aim.over:
        if not each.score(case).concave:
            raise InputError.of(f"'{each.name}' is not concave, so it can't be maximised", "turn its sign round")
    laps("clauses")
    bench = Bench(case, clauses, solver)
    settled = aim.settled(case, bench)
    laps("ranges, or what else the objective must know first")
    bench = bench.within((settled or aim).clauses(case))
    mixed, choice = bool(open_choices(bench.clauses)), None
    if settled is not None and mixed:
        choice = bench.choose(settled.over, settled.weights(), settled.score(case).give)
        laps("choice of what is held")
    solution = None
    if settled is not None and (choice is not None or not mixed):
        program = bench.program(settled.over) if choice is None else choice.program
        laps("program")
        solution = best(program, case, settled)
    if settled is None or solution is None:
        if not mixed:
            feasibility = Feasibility(case, blamable(case, bench.clauses))
            status = feasibility.told(feasibility.check())
            if status == "borderline":
                raise NotCertified(BORDERLINE)
        diagnosis = diagnose(case, bench.clauses) if mixed or status == "nothing" else None
        if diagnosis is None:
            raise NotCertified(
                "the solvers found nothing, and can't say which rules leave no room; try another --solver"
            )
        return Outcome(records.infeasible(case, rules, aim, diagnosis))
    laps("solving, canonical choice, certificate")
    if choice is not None:
        over = over_choices(solution, SOLVER, choice.bound, choice.penalty)
        return Outcome(records.optimal(case, rules, settled, replace(solution, over_choices=over), ()))
    priced = prices(program, solution, settled.weights(), resolve)
    laps("prices")
    return Outcome(records.optimal(case, rules, settled, solution, priced))


def best(program: Program, case: Case, aim: Aim) -> Solution | None:
    """The optimum of a settled aim; None where nothing satisfies the clauses."""
    weights, score = aim.weights(), aim.score(case)
    penalty, least = penalty_of(program, weights)
    solution = optimum(program, case.decision, weights, score, penalty, aim.keeps)
    if solution is None or least is None:
        return solution
    gap = shortfall_gap(program.clauses, program.box, solution.v, least)
    return replace(solution, least=least, least_gap=gap)
