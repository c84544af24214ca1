"""What is given: the fund, its candidate lines, its sources of debt and the risk; and what can be measured of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allocator.codes import Code
from allocator.decision import Decision
from allocator.errors import Collector, InputError, Place, nearest
from allocator.estimates import estimate
from allocator.fund import PORTFOLIO, Fund, Holder
from allocator.measures import Measure, MeasureName
from allocator.model import Source, kebab, plain
from allocator.names import COLUMNS, Names
from allocator.panel import REFUSE, Panel
from allocator.portfolios import from_factors, from_moments, from_scenarios
from allocator.principals import Principal, Waterfall, check_owners, check_scores
from allocator.risk import Risk
from allocator.shapes import Box
from allocator.sparse import Sparse, Vector
from allocator.stack import Tranche, annuity
from allocator.stresses import Stress
from allocator.units import Money, Rate
from allocator.universe import Universe

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class Case:
    """All that is given before rules and objectives.

    Attributes:
        fund: its own terms.
        universe: the candidate lines.
        stack: the tranches of debt; none for a plain portfolio.
        risk: how returns move together, where that is known.
        references: reference rates by name.
        holdings: capital already held, by line, in $ bn.
        benchmark: the reference portfolio, lines to shares that add up to one.
        stresses: bad years by name.
        objective: the default, names to weights.
        policy: the default policy file.
        sources: the files that it was read from.
        changes: what `replace` changed since, `name.field` to its new value, as plain data.
        principals: those between whom the fund was agreed, if any.
        waterfall: how income is divided between their sides; by equity held where there is none.

    Raises:
        InputError: principals, holders and the waterfall don't fit together, or the lines have no score of theirs.
    """

    fund: Fund
    universe: Universe
    stack: tuple[Tranche, ...] = ()
    risk: Risk | None = None
    references: Mapping[str, Rate] = field(default_factory=dict)
    holdings: Mapping[str, float] = field(default_factory=dict)
    benchmark: Mapping[str, float] = field(default_factory=dict)
    stresses: tuple[Stress, ...] = ()
    objective: Mapping[str, float] = field(default_factory=dict)
    policy: Path | None = None
    sources: tuple[Source, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    principals: tuple[Principal, ...] = ()
    waterfall: Waterfall | None = None

    def __post_init__(self) -> None:
        check_owners(self.fund, self.principals, self.waterfall, self.references)
        check_scores(self.principals, self.universe.lines)

    @classmethod
    def from_moments(
        cls, mean: ArrayLike | pd.Series, covariance: ArrayLike | pd.DataFrame, repair: str | None = None
    ) -> Case:
        """A plain portfolio: long-only and fully invested, with equity of 1.

        Args:
            mean: expected returns (n); a pandas Series names the lines by its index.
            covariance: covariance of returns (n x n); a frame must have the same names in the same order.
            repair: `nearest` replaces an indefinite covariance by the nearest semidefinite one.

        Raises:
            InputError: shapes or names that do not fit, numbers that are not finite, an indefinite covariance.
        """
        lines, risk = from_moments(mean, covariance, repair)
        return cls(_portfolio(), lines, risk=risk)

    @classmethod
    def from_factors(
        cls,
        universe: Universe | pd.DataFrame,
        loadings: ArrayLike | pd.DataFrame,
        specific: ArrayLike | pd.Series,
        covariance: ArrayLike | pd.DataFrame | None = None,
    ) -> Case:
        """A plain portfolio with a factor model, which is never multiplied out: long-only, fully invested, equity of 1.

        Args:
            universe: the lines (n); a frame has a row a line and columns such as `expected-return [%]` and `sector`.
            loadings: of lines on factors (n x k).
            specific: volatilities of the lines' own (n).
            covariance: of the factors (k x k); uncorrelated ones of variance one by default.

        Raises:
            InputError: shapes or names that do not fit, numbers that are not finite, negative specific volatilities,
                an indefinite covariance.
        """
        lines, risk = from_factors(universe, loadings, specific, covariance)
        return cls(_portfolio(), lines, risk=risk)

    @classmethod
    def from_scenarios(cls, returns: pd.DataFrame | ArrayLike, universe: Universe | pd.DataFrame | None = None) -> Case:
        """A plain portfolio of return scenarios, equally likely: long-only, fully invested, equity of 1.

        Args:
            returns: simple returns as fractions (T x n), a row a scenario and a column a line; a frame names them.
            universe: the lines (n), in the same order, with columns such as `sector`; by default their expected
                returns, which are the scenarios' means.

        Raises:
            InputError: shapes or names that do not fit, numbers that are not finite, fewer than two scenarios.
        """
        lines, risk = from_scenarios(returns, universe)
        return cls(_portfolio(), lines, risk=risk)

    @classmethod
    def from_returns(
        cls,
        returns: pd.DataFrame | Panel,
        *,
        prices: bool = False,
        method: str | None = None,
        factors: int | None = None,
        periods: int | None = None,
        missing: str = REFUSE,
        mean: pd.Series | Mapping[str, float] | None = None,
    ) -> Case:
        """A plain portfolio, long-only and fully invested with equity of 1, estimated from its past.

        The risk's note, told in every result, says how it was estimated; its scenarios are the returns themselves.

        Args:
            returns: simple returns as fractions, a row a period and a column a line, or what `read_returns` read.
            prices: whether they are prices, of which simple returns are made.
            method: of the covariance, `ledoit-wolf` (where nothing is said), `oas` or `sample`.
            factors: how many principal components to keep instead, with specific variances beside them.
            periods: how many periods a year has, by which mean and covariance are multiplied; by the dates if not
                given.
            missing: `refuse` numbers that are missing, or `drop-rows` or `drop-lines` in which there are any.
            mean: yearly expected returns by line, where the sample mean is not wanted.

        Raises:
            InputError: as for `estimates.estimate`.
        """
        panel = returns if isinstance(returns, Panel) else Panel.from_frame(returns)
        found = estimate(
            panel, prices=prices, method=method, factors=factors, periods=periods, missing=missing, mean=mean
        )
        columns = {"expected-return [1]": found.mean.tolist(), "volatility [1]": found.volatility.tolist()}
        return cls(_portfolio(), Universe.build({"id": found.returns.lines, **columns}), risk=found.risk)

    def replace(self, name: str, /, **changes: Any) -> Case:
        """The same case with some numbers changed, for a what-if.

        Args:
            name: a line, a tranche, or the word `fund`.
            changes: columns of the line (text with units, or a number in base units), or fields.

        Raises:
            InputError: the name is unknown, or a value cannot be read.
        """
        noted = {**self.changes, **{f"{name}.{kebab(key)}": plain(value) for key, value in changes.items()}}
        if name == "fund":
            return replace(self, fund=_changed(self.fund, changes), changes=noted)
        for t, tranche in enumerate(self.stack):
            if tranche.id == name:
                stack = (*self.stack[:t], _changed(tranche, changes), *self.stack[t + 1 :])
                return replace(self, stack=stack, changes=noted)
        if name not in self.universe.ids:
            known = ["fund", *(tranche.id for tranche in self.stack), *self.universe.ids]
            raise InputError.of(f"no line or tranche '{name}'", nearest(name, known), code=Code.UNKNOWN_NAME)
        universe, told = self.universe.changed(name, {kebab(key): value for key, value in changes.items()})
        return replace(self, universe=universe, changes=noted | {f"{name}.{key}": text for key, text in told.items()})

    @cached_property
    def names(self) -> Names:
        """What it calls things, without the arrays."""
        return Names(
            self.fund,
            self.universe.lines,
            self.stack,
            self.stresses,
            has_risk=self.risk is not None,
            has_scenarios=self.risk is not None and self.risk.scenarios is not None,
            has_holdings=bool(self.holdings),
            has_benchmark=bool(self.benchmark),
        )

    @property
    def equity(self) -> float:
        """E, in $ bn."""
        return self.fund.total_equity

    def __repr__(self) -> str:
        return f"Case('{self.fund.title}', {len(self.universe)} lines, {len(self.stack)} tranches)"

    @cached_property
    def costs(self) -> Vector:
        """Each tranche's yearly cost (m).

        Raises:
            InputError: a reference rate is unknown.
        """
        return np.array([tranche.cost.yearly(self.references, tranche.place("cost")) for tranche in self.stack])

    @cached_property
    def capacity(self) -> Vector:
        """Each line's capacity in parts of equity (n); equity itself for a plain portfolio that states none.

        Raises:
            InputError: there is debt, and the universe has no column `capacity`.
        """
        if "capacity" not in self.universe.numbers and not self.stack:
            return np.ones(len(self.universe))
        return self.universe.number("capacity", "a fund with debt") / self.equity

    def column(self, name: str, otherwise: float) -> Vector:
        """A numeric column of the universe, or the same number for all lines where it is absent (n)."""
        return self.universe.numbers.get(name, np.full(len(self.universe), otherwise))

    @cached_property
    def loss_weight(self) -> Vector:
        """What compression costs: the loss is this times the squared capital beyond the threshold (n).

        Raises:
            InputError: as for `Names.bent`.
        """
        weights, bent = np.zeros(len(self.universe)), self.names.bent
        if bent and self.fund.compression is not None:
            slope = self.column("compression-slope", float(self.fund.compression.slope))
            weights[bent] = slope[bent] / (2 * self.capacity[bent])
        return weights

    @cached_property
    def decision(self) -> Decision:
        """The vector to decide: a pair of line and tranche is there if it is eligible and can carry debt.

        Raises:
            InputError: a scope of the stack matches nothing, or a column is missing.
        """
        problems = Collector()
        eligible = np.zeros((len(self.stack), len(self.universe)), bool)
        for t, tranche in enumerate(self.stack):
            with problems.part():
                eligible[t] = tranche.eligible.lines(self.universe, tranche.place("eligible"))
        problems.finish()
        gearing, life = self.column("gearing", 1.0), self.column("life", np.inf)
        able = (gearing > 0) & (life > 0) & (self.capacity > 0)
        if self.stack:
            # Where a cover is asked, a line without income can owe nothing, and its capital is not to be held back.
            covered = np.array([tranche.covenants.cover is not None for tranche in self.stack], bool)[:, None]
            income = self.universe.number("cash-yield", "debt")
            eligible &= (income > 0) | ~(covered | (self.column("dscr", 0.0) > 0))
        lends = np.array([float(tranche.capacity) > 0 for tranche in self.stack], bool)
        pair_line, pair_tranche = np.nonzero((eligible & able & lends[:, None]).T)
        start = float(self.fund.compression.from_) if self.fund.compression else 1.0
        bent = np.array(self.names.bent, int)
        return Decision(
            lines=self.universe.ids,
            tranches=tuple(tranche.id for tranche in self.stack),
            pair_line=pair_line,
            pair_tranche=pair_tranche,
            bent=bent,
            threshold=start * self.capacity[bent],
            equity=self.equity,
            fully_invested=self.fund.fully_invested,
        )

    @cached_property
    def service(self) -> Vector:
        """Yearly debt service per dollar of each pair's debt."""
        d = self.decision
        life = self.column("life", np.inf)[d.pair_line]
        out = np.zeros(d.pairs)
        for t, tranche in enumerate(self.stack):
            own = d.pair_tranche == t
            out[own] = yearly_service(tranche, self.costs[t], life[own])
        return out

    @cached_property
    def box(self) -> Box:
        """The bounds of the decision, in parts of equity."""
        d = self.decision
        most = np.array([float(tranche.capacity) for tranche in self.stack]) / self.equity
        high = np.zeros(d.size)
        loans = np.minimum(most[d.pair_tranche], (self.column("gearing", 1.0) * self.capacity)[d.pair_line])
        debt = min(float(most.sum()), float(loans.sum()))
        high[: d.n] = np.minimum(self.capacity, 1 + debt)
        high[d.f : d.reserve] = loans
        high[d.reserve] = 0.0 if d.fully_invested else 1 + debt
        high[d.deployed] = min(float(self.capacity.sum()), 1 + debt)
        high[d.debt] = debt
        high[d.drawn : d.e] = np.minimum(most, np.bincount(d.pair_tranche, loans, len(most)))
        high[d.e :] = self.capacity[d.bent] - d.threshold
        return Box(np.zeros(d.size), high, np.arange(d.size) >= d.e)

    @cached_property
    def spread(self) -> Vector:
        """What the square of each entry of v costs in the canonical choice: one over its capacity."""
        d, high = self.decision, self.box.high
        chosen = (np.arange(d.size) < d.reserve) & (high > 0)
        return np.divide(1.0, high, out=np.zeros(d.size), where=chosen)

    def loss(self, lines: Mask | None = None) -> Sparse:
        """F such that `||F v||^2` is what compression costs a year, over some lines or all."""
        d = self.decision
        kept = np.ones(len(d.bent), bool) if lines is None else lines[d.bent]
        columns = d.e + np.flatnonzero(kept)
        weights = np.sqrt(self.loss_weight[d.bent[kept]])
        return Sparse.picking(columns, d.size, weights)

    @cached_property
    def held(self) -> Vector:
        """What is held already, as v: capital alone, as though no debt stood behind it.

        Raises:
            InputError: a line is unknown.
        """
        d = self.decision
        capital = self._by_line(self.holdings, "the holdings") / self.equity
        return d.vector(capital, np.zeros(d.pairs))

    def _by_line(self, given: Mapping[str, float], who: str, place: Place | None = None) -> Vector:
        """Numbers by line as an array (n)."""
        found = np.zeros(len(self.universe))
        for line, number in given.items():
            if line not in self.universe.ids:
                mend = nearest(line, self.universe.ids)
                raise InputError.of(f"{who}: no line '{line}'", mend, place, Code.UNKNOWN_NAME)
            found[self.universe.ids.index(line)] = number
        return found

    def astray(self, risk: Risk, reference: Mapping[str, float] | None, who: str, place: Place | None = None) -> Sparse:
        """F such that `||F v||` is the tracking error: the volatility of the capital less as much of a reference.

        Args:
            risk: the case's.
            reference: lines to shares; the case's benchmark where None.
            who: needs it, for messages.
            place: where it is named.

        Raises:
            InputError: there is none, an unknown line, or shares that are negative or don't add up to one.
        """
        shares = self.benchmark if reference is None else reference
        if not shares:
            raise InputError.of(f"{who} needs a benchmark, and the case has none", "name a table in fund.yaml", place)
        held = self._by_line(shares, who, place)
        if (held < 0).any() or not abs(held.sum() - 1) <= 1e-6:
            raise InputError.of(f"{who}: the reference's shares don't add up to 100%", "mend the shares", place)
        d, own = self.decision, risk.factor
        whole = Sparse.of(
            (own.shape[0], d.size), np.arange(own.shape[0]), np.full(own.shape[0], d.deployed), -(own @ held)
        )
        return own.wide(d.size) + whole

    def measure(self, name: MeasureName, who: str, place: Place | None = None, lines: Mask | None = None) -> Measure:
        """A measure of the decision.

        Args:
            name: of the measure.
            who: needs it, for messages.
            place: where it is named.
            lines: only what belongs to these lines (a mask of n); all by default.

        Raises:
            InputError: a column is missing, or the measure cannot be told line by line.
        """
        nature = self.names.measure(name, who, place, None if lines is None else np.flatnonzero(lines))
        d = self.decision
        row, constant = np.zeros(d.size), 0.0
        capital = np.ones(d.n) if lines is None else lines.astype(float)
        loans = capital[d.pair_line]
        if name.column or name.name in COLUMNS:
            row[: d.n] = capital * self.universe.numbers[name.name if name.column else COLUMNS[name.name]]
        elif name.name == "interest":
            row[d.f : d.reserve] = loans * self.costs[d.pair_tranche]
        elif name.name == "debt-service":
            row[d.f : d.reserve] = loans * self.service
        elif lines is not None and name.name == "deployed":
            row[: d.n] = capital
        elif lines is not None:
            row[d.f : d.reserve] = loans
        else:
            constant = 1.0 if name.name == "equity" else 0.0
            row[d.deployed] = name.name in ("deployed", "total-assets")
            row[d.reserve] = name.name in ("reserve", "total-assets")
            row[d.debt] = name.name == "debt"
        return Measure(nature.words, row, constant, self.loss(lines) if nature.concave else None)

    def drawn(self, tranche: str) -> Measure:
        """The debt of one tranche."""
        d = self.decision
        row = np.zeros(d.size)
        row[d.drawn + d.tranches.index(tranche)] = 1
        return Measure(f"debt of {tranche}", row)

    @property
    def billion(self) -> Measure:
        """One billion dollars, whatever the decision."""
        return Measure("one billion dollars", np.zeros(self.decision.size), 1 / self.equity)

    def groups(self, column: str, who: str) -> tuple[tuple[str, ...], Sparse]:
        """The groups that a text column makes, and the capital of each (groups x len(v)).

        Raises:
            InputError: the universe has no such column.
        """
        names, members = self.universe.groups(column, who)
        return names, members.wide(self.decision.size)

    def exposures(self, parties: Sequence[str]) -> Sparse:
        """The capital that depends on each of some counterparties (parties x len(v))."""
        known, exposure = self.universe.counterparties, self.universe.exposure
        assert exposure is not None
        return exposure.rows(np.array([known.index(party) for party in parties], int)).wide(self.decision.size)


def _portfolio() -> Fund:
    """The fund of a plain portfolio."""
    owner = Holder(holder="owner", amount=Money(1))
    return Fund(id=PORTFOLIO, title="Portfolio", equity=[owner], fully_invested=True)


def yearly_service(tranche: Tranche, cost: float, life: Vector) -> Vector:
    """Yearly debt service per dollar on lines of these lives (years), interest and repayment together."""
    if tranche.repayment == "bullet":
        return np.full(len(life), cost)
    return np.array([annuity(cost, min(float(tranche.tenor), years)) for years in life.tolist()])


def _changed(record: Any, changes: Mapping[str, Any]) -> Any:
    given = {kebab(name): getattr(record, name) for name in type(record).model_fields}
    return type(record).read({**given, **{kebab(name): value for name, value in changes.items()}}, record.id)
