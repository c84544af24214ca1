"""Of what, by whose rules and from which files an outcome was computed: the parts of its file that say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from allocator.model import kebab

Item = TypeVar("Item")
Finite = Annotated[float, Field(ge=-1e18, le=1e18)]


def once(key: Callable[[Any], Any]) -> AfterValidator:
    """Refuses a list in which two items have the same key."""

    def check(items: list[Item]) -> list[Item]:
        seen: set[Any] = set()
        for name in map(key, items):
            if name in seen:
                raise ValueError(f"{' of '.join(reversed(name))} stands twice")
            seen.add(name)
        return items

    return AfterValidator(check)


class Part(BaseModel):
    """A part of an outcome file: nothing beside what is declared."""

    model_config = ConfigDict(extra="forbid", alias_generator=kebab, strict=True)


class CaseName(Part):
    """Whose allocation it is; `equity` in $ bn."""

    id: str
    title: str
    equity: Annotated[Finite, Field(gt=0)]


class SourceSaid(Part):
    """A text that rules rest on."""

    title: str
    url: str
    quote: str


class ApprovalSaid(Part):
    """Who agreed to what; `current` where it is what the rules mean now."""

    by: str
    on: str
    digest: str
    state: Literal["current", "stale"]


class WaiverSaid(Part):
    """Another limit for a rule, or for those `names` that it limits each, for a time."""

    id: str
    rule: str
    names: list[str]
    side: Literal["at-least", "at-most"]
    limit: str
    from_: str
    until: str
    state: Literal["in force", "expired", "not yet in force"]
    authority: str
    approved_by: str
    why: str


class ChangeSaid(Part):
    """What an overlay made of one field of a rule of its base."""

    rule: str
    field: str
    was: str
    now: str
    direction: Literal["tighter", "looser"]
    authority: str
    why: str


class PolicySaid(Part):
    """By whose rules, on what texts, who must agree and who did, what overlays changed, and what is waived.

    `digest` is of what the rules mean. Texts by language have English (en) and may have others.
    """

    id: str
    title: str
    titles: dict[str, str]
    status: str
    owner: str
    digest: str
    approvers: list[str]
    approvals: list[ApprovalSaid]
    changes: list[ChangeSaid]
    waivers: list[WaiverSaid]
    sources: dict[str, SourceSaid]


class Changes(Part):
    """What was tried without editing a file, `name.field` to its new value as files write it."""

    rules: dict[str, JsonValue]
    case: dict[str, JsonValue]


class Input(Part):
    """A file that was read, relative to the case's folder."""

    path: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
