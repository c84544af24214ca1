"""The shape of an outcome file, from which the published schema is made and against which files are read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from allocator.model import kebab

Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=kebab, populate_by_name=True)


class CaseName(_Part):
    """Whose allocation it is; `equity` in $ bn."""

    id: str
    title: str
    equity: Annotated[Finite, Field(gt=0)]


class PolicyName(_Part):
    """By whose rules."""

    id: str
    title: str
    status: str


class Changes(_Part):
    """What was tried without editing a file, `name.field` to text."""

    rules: dict[str, str]
    case: dict[str, str]


class ObjectivePart(_Part):
    """An objective in the aim: the weight asked for, what one unit of it counted, and the value it took."""

    name: str
    weight: Finite
    counts: Finite | None = None
    value: Finite | None = None
    unit: str | None = None


class ObjectiveSaid(_Part):
    """What was maximised. `income`: how much of the score a unit of income over equity is."""

    form: Literal["single", "sum", "blend"]
    name: str
    parts: Annotated[list[ObjectivePart], Field(min_length=1)]
    ranges: list[Finite] = []
    value: Finite | None = None
    income: Finite | None = None


class Input(_Part):
    """A file that was read, relative to the case's folder."""

    path: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class LineAmount(_Part):
    """Capital of a line, in $ bn and as a share of the capital deployed."""

    line: str
    title: str
    sector: str
    amount: Finite
    share: Finite


class Loan(_Part):
    """Debt of a tranche secured on a line, in $ bn."""

    line: str
    tranche: str
    amount: Finite


class TrancheTotal(_Part):
    """Debt of a tranche, in $ bn; its yearly cost as a fraction."""

    title: str
    amount: Finite
    capacity: Finite
    cost: Finite


class Totals(_Part):
    """The fund as a whole: $ bn, $ bn a year, and fractions of equity."""

    equity: Finite
    deployed: Finite
    debt: Finite
    reserve: Finite
    debt_to_equity: Finite
    penalties: Finite | None = None
    tranches: dict[str, TrancheTotal]
    net_cash_income: Finite | None = None
    reserve_income: Finite | None = None
    interest: Finite | None = None
    fee: Finite | None = None
    distributable_income: Finite | None = None
    dividend_yield: Finite | None = None
    debt_service: Finite | None = None
    debt_service_cover: Finite | None = None
    strategic_weight: Finite | None = None
    expected_return: Finite | None = None
    volatility: Finite | None = None


class RuleReading(_Part):
    """A clause of a rule: its value at the closest member, against its limit; shortfall in $ bn."""

    rule: str
    title: str
    sentence: str
    clause: str
    severity: Literal["hard", "soft"]
    side: Literal["at-least", "at-most"]
    member: str
    value: Finite | None
    limit: Finite
    unit: str
    slack: Finite | None
    binding: list[str]
    shortfall: Finite


class TermReading(_Part):
    """A member of a term that binds."""

    term: str
    clause: str
    member: str
    side: Literal["at-least", "at-most"]
    value: Finite | None
    limit: Finite
    unit: str


class PriceSaid(_Part):
    """What a number is worth: score for one step of its unit; dollars in $ bn a year."""

    of: str
    member: str
    number: str
    value: Finite
    unit: str
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


class ClauseMultipliers(_Part):
    """The multipliers of a clause: a weight a member, and the witness that picks its tangent."""

    of: str
    weights: list[Finite]
    witness: list[Any]


class CertificateSaid(_Part):
    """What was proved, and the multipliers that prove it."""

    value: Finite
    bound: Finite
    gap: Finite
    allowed: Finite
    worst_excess: Finite
    worst_clause: str
    passes: bool
    penalty: Finite
    multipliers: list[ClauseMultipliers]
    score_witness: list[list[Finite]]


class AttemptSaid(_Part):
    """One try of a solver."""

    solver: str
    tolerance: Finite
    result: str


class LeastAmount(_Part):
    """Capital of a line in the allocation that breaks the rules least, in $ bn."""

    line: str
    amount: Finite


class OutcomeFile(_Part):
    """An outcome of the allocator: an allocation with its certificate, or the rules that are broken least."""

    format: Literal["allocator/outcome/1"]
    status: Literal["optimal", "not-certified", "infeasible"]
    as_of: Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    case: CaseName
    policy: PolicyName | None
    set: Changes
    objective: ObjectiveSaid
    notes: list[str]
    inputs: list[Input]
    versions: dict[str, str]
    amounts: list[LineAmount] | None = None
    financing: list[Loan] | None = None
    totals: Totals | None = None
    rules: list[RuleReading] | None = None
    terms: list[TermReading] | None = None
    prices: list[PriceSaid] | None = None
    certificate: CertificateSaid | None = None
    attempts: list[AttemptSaid] | None = None
    violations: list[RuleReading] | None = None
    terms_too: bool | None = None
    least_violation: list[LeastAmount] | None = None


def schema() -> dict[str, Any]:
    """The JSON Schema of an outcome; the copy in `outcome.schema.json` is published with the package."""
    made = OutcomeFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
