"""The shape of an outcome file, from which the published schema is made and against which files are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, JsonValue, model_validator

from allocator.files.outcome_origin import CaseName, Changes, Finite, Input, Part, PolicySaid, once
from allocator.model import kebab

Dollars = Annotated[float, Field(ge=-1e7, le=1e7)]
"An amount in $ bn."
Maybe = Annotated[Finite, Field(default_factory=float)]
"A number that some outcomes lack; a null it never is."
Unit = Literal["share", "rate", "money", "multiple", "years", "index", "count"]


class ObjectivePart(Part):
    """An objective in the aim: the weight asked for, what one unit of it counted, and the value it took.

    `net` is that value after the penalties of soft rules that are not met, for an objective that pays them.
    `title` is its name with the settings that matter, and `settings` are what it was made with. In a lexicographic
    order, `level` is what the later ones had to leave it, and `tolerance` how much of its optimum that gave up.
    """

    name: str
    title: Annotated[str, Field(default_factory=str)]
    weight: Finite
    settings: dict[str, JsonValue] = {}
    tolerance: Annotated[Finite, Field(ge=0)] | None = None
    level: Finite | None = None
    counts: Maybe
    value: Maybe
    net: Maybe
    unit: Annotated[Unit, Field(default_factory=str)]


class ObjectiveSaid(Part):
    """What was maximised. `income`: how much of the score a unit of income over equity is.

    `dollars` is what a unit of the score is worth, in $ bn a year; nothing where there is no income in it.
    `ranges` are how far the objectives of a blend or a maximin can move, and `lows` the worst that they take; of a
    bargain, `lows` are what each owner would walk away to. `held` are those that had to reach a level while what `of`
    says was maximised.
    """

    form: Literal["single", "sum", "blend", "epsilon", "lexicographic", "maximin", "bargain"]
    of: Literal["single", "sum", "blend", "maximin"] | None = None
    name: str
    parts: Annotated[list[ObjectivePart], Field(min_length=1)]
    ranges: list[Annotated[Finite, Field(ge=0)]] = []
    lows: list[Finite] = []
    held: list[ObjectivePart] = []
    value: Maybe
    income: Maybe
    dollars: Finite | None = None


class LineAmount(Part):
    """Capital of a line, in $ bn and as a share of the capital deployed; its share of the variance of the whole."""

    line: str
    title: str
    sector: str
    amount: Dollars
    share: Finite
    risk_share: Maybe


class Loan(Part):
    """Debt of a tranche secured on a line, in $ bn."""

    line: str
    tranche: str
    amount: Dollars


Amounts = Annotated[list[LineAmount], once(lambda each: (each.line,)), Field(min_length=1)]
Financing = Annotated[list[Loan], once(lambda each: (each.line, each.tranche))]


class TrancheTotal(Part):
    """Debt of a tranche, in $ bn; its yearly cost as a fraction."""

    title: str
    amount: Finite
    capacity: Finite
    cost: Finite


class Totals(Part):
    """The fund as a whole: $ bn, $ bn a year, and fractions of equity."""

    equity: Finite
    deployed: Finite
    debt: Finite
    reserve: Dollars
    debt_to_equity: Finite
    penalties: Maybe
    tranches: dict[str, TrancheTotal]
    net_cash_income: Maybe
    reserve_income: Maybe
    interest: Maybe
    fee: Maybe
    distributable_income: Maybe
    dividend_yield: Maybe
    debt_service: Maybe
    debt_service_cover: Finite | None = None
    strategic_weight: Maybe
    expected_return: Maybe
    volatility: Maybe


class WaterfallSaid(Part):
    """Up to the deemed annuity, in $ bn a year, income is divided `before`, then `after`: each principal's part."""

    deemed: Finite
    before: dict[str, Finite]
    after: dict[str, Finite]


class HolderPaid(Part):
    """What a holder is paid, in $ bn a year: `amount` by the waterfall if there is one, `by_equity` without it.

    `yield` is of its equity, and `share` of all that is paid.
    """

    holder: str
    vehicle: str
    principal: str
    equity: Dollars
    by_equity: Finite
    amount: Finite
    yield_: Finite
    share: Finite | None


class PrincipalGain(Part):
    """What a principal gains, in $ bn a year, by equity held and by the waterfall.

    Its treasury's income less funding, with what its own score is worth, less its part of what soft rules cost.
    """

    principal: str
    title: str
    holder: str
    equity: Dollars
    income: Finite
    income_by_waterfall: Finite
    funding: Finite
    strategic: Finite
    penalties: Finite
    gain: Finite
    gain_by_waterfall: Finite
    walk_away: Finite


class Distributions(Part):
    """Who gets what of a year's distributable income, in $ bn a year; nothing is paid where it is negative."""

    paid: Annotated[Finite, Field(ge=0)]
    waterfall: WaterfallSaid | None
    holders: Annotated[list[HolderPaid], Field(min_length=1)]
    principals: Annotated[list[PrincipalGain], once(lambda each: (each.principal,))]


class StressTold(Part):
    """What the allocation would lose in a stress of the case, in $ bn; a gain is negative."""

    stress: str
    titles: dict[str, str]
    stories: dict[str, str]
    loss: Finite


class RuleAlong(Part):
    """A rule by itself.

    `waiver` is the one whose limit stands in place of the rule's; `inherited` says why, where the holdings are beyond
    it, what they may stay at stands in its place.
    """

    rule: str
    title: str
    titles: dict[str, str]
    authority: str
    owner: str
    whys: dict[str, str]
    sentence: str
    severity: Literal["hard", "soft"]
    waiver: str
    inherited: str


class RuleAt(Part):
    """What an allocation makes of a rule's clause: its value at the closest member, against its limit.

    `number` is the limit's name among the prices; the shortfall is in $ bn.
    """

    rule: str
    clause: str
    number: str
    side: Literal["at-least", "at-most"]
    member: str
    value: Finite | None
    limit: Finite
    unit: Unit
    slack: Finite | None
    binding: list[str]
    shortfall: Finite


class RuleReading(RuleAlong, RuleAt):
    """A clause of a rule, and what an allocation makes of it."""


class TermReading(Part):
    """A member of a term that binds."""

    term: str
    clause: str
    member: str
    side: Literal["at-least", "at-most"]
    value: Finite | None
    limit: Finite
    unit: Unit


class PriceSaid(Part):
    """What a number is worth: score for one step of its unit; dollars in $ bn a year."""

    of: str
    member: str
    number: str
    value: Finite
    unit: Unit
    step: str
    worth: Finite
    dollars: Finite | None
    below: Finite | None
    above: Finite | None
    step_down: Finite | None
    step_up: Finite | None
    step_down_dollars: Finite | None
    step_up_dollars: Finite | None
    clear: bool | None


class ClauseMultipliers(Part):
    """The multipliers of a clause: a weight a member, and the witness that picks its tangent."""

    of: str
    weights: list[Finite]
    witness: list[Finite] | list[list[Finite]]


class LeastShortfall(Part):
    """Where the objective has no income: how much more than the least the soft rules may cost, and what proves it."""

    gap: Finite
    multipliers: list[ClauseMultipliers]


class OpenUnits(Part):
    """Which lines or groups a ticket or a count was decided to let in."""

    of: str
    units: list[str]


class ChoiceSaid(Part):
    """Where it was chosen what is held: what a solver says of all other choices. All else is proved within this one.

    `gap` is the solver's bound less the value of the allocation, which its certificate does not prove.
    """

    solver: str
    bound: Finite
    gap: Annotated[Finite, Field(ge=0)]
    allowed: Finite
    open: list[OpenUnits]


class Proved(Part):
    """That an allocation is the best, and breaks nothing."""

    value: Finite
    bound: Finite
    gap: Finite
    allowed: Finite
    worst_excess: Finite
    worst_clause: str
    passes: bool


class CertificateSaid(Proved):
    """What was proved, and the multipliers that prove it."""

    penalty: Annotated[Finite, Field(ge=0)]
    multipliers: list[ClauseMultipliers]
    score_witness: list[list[Finite]]
    choice: ChoiceSaid | None = None
    least_shortfall: LeastShortfall | None = None


class AttemptSaid(Part):
    """One try of a solver."""

    solver: str
    tolerance: Finite
    result: str


class LeastAmount(Part):
    """Capital of a line in the allocation that breaks the rules least, in $ bn."""

    line: str
    amount: Finite


class Result(Part):
    """What every file of a result has: where it comes from, and where nothing fits the rules that are broken least."""

    status: Literal["optimal", "not-certified", "infeasible"]
    as_of: Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    case: CaseName
    policy: PolicySaid | None
    set: Changes
    notes: list[str]
    inputs: Annotated[list[Input], once(lambda each: (each.path,))]
    versions: dict[str, str]
    violations: Annotated[list[RuleReading], Field(default_factory=list)]
    terms_too: Annotated[bool, Field(default_factory=bool)]
    least_violation: Annotated[list[LeastAmount], Field(default_factory=list)]

    @classmethod
    def published(cls) -> dict[str, Any]:
        """Its JSON Schema; a copy is published with the package."""
        made = cls.model_json_schema(by_alias=True)
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


class OutcomeFile(Result):
    """An outcome of the allocator: an allocation with its certificate, or the rules that are broken least."""

    format: Literal["allocator/outcome/1"]
    objective: ObjectiveSaid
    amounts: Annotated[Amounts, Field(default_factory=list)]
    financing: Annotated[Financing, Field(default_factory=list)]
    totals: Annotated[Totals, Field(default_factory=dict)]
    distributions: Annotated[Distributions, Field(default_factory=dict)]
    stresses: Annotated[list[StressTold], once(lambda each: (each.stress,)), Field(default_factory=list)]
    rules: Annotated[list[RuleReading], Field(default_factory=list)]
    terms: Annotated[list[TermReading], Field(default_factory=list)]
    prices: Annotated[list[PriceSaid], Field(default_factory=list)]
    certificate: Annotated[CertificateSaid, Field(default_factory=dict)]
    attempts: Annotated[list[AttemptSaid], Field(min_length=1, default_factory=list)]

    @model_validator(mode="after")
    def _whole(self) -> OutcomeFile:
        """An allocation has all its parts, and nothing of a diagnosis; so the other way round."""
        infeasible = self.status == "infeasible"
        mine, others = (DIAGNOSIS, (*ALLOCATION, "distributions")) if infeasible else (ALLOCATION, DIAGNOSIS)
        expect(self, mine, others)
        said, form = self.objective, self.objective.of or self.objective.form
        if form == "single" and len(said.parts) > 1:
            raise ValueError("a single objective has one part")
        if (said.form == "epsilon") != bool(said.held) or any(part.level is None for part in said.held):
            raise ValueError("what is held has a level, and belongs to the form 'epsilon'")
        if infeasible:
            return self
        if ("distributions" in self.model_fields_set) != ("distributable_income" in self.totals.model_fields_set):
            raise ValueError("an income and its 'distributions' belong together")
        expect(said, ("value", "income", "dollars"))
        for part in (*said.parts, *said.held):
            expect(part, ("counts", "value", "net", "unit"))
        if form in ("blend", "maximin") and len(said.ranges) != len(said.parts):
            raise ValueError(f"a {form} has a range for each part")
        if form in ("maximin", "bargain") and len(said.lows) != len(said.parts):
            raise ValueError(f"a {form} has a worst value for each part")
        if form == "lexicographic" and any(part.level is None for part in said.parts[:-1]):
            raise ValueError("in a lexicographic order all objectives but the last have a level")
        return self


ALLOCATION = ("amounts", "financing", "totals", "stresses", "rules", "terms", "prices", "certificate", "attempts")
DIAGNOSIS = ("violations", "terms_too", "least_violation")


def expect(said: BaseModel, parts: Sequence[str], foreign: Sequence[str] = ()) -> None:
    """Refuse a part of a file that lacks some of its own parts, or has some that belong elsewhere.

    Raises:
        ValueError: it does.
    """
    for part in parts:
        if part not in said.model_fields_set:
            raise ValueError(f"there is no '{kebab(part)}'")
    for part in foreign:
        if part in said.model_fields_set:
            raise ValueError(f"'{kebab(part)}' does not belong to this status")
