"""What is written in files, as checked records that remember where each field stood."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from allocator.codes import Code
from allocator.errors import InputError, Place, Problem, Unparsable, closest, nearest
from allocator.units import Money

MOST_MONEY = Money(1_000_000)
"More is a slip of a unit, and would not fit the whole dollars in which amounts are recorded."


def kebab(name: str) -> str:
    """A field's name as files write it: `at_least` is `at-least`."""
    return name.rstrip("_").replace("_", "-")


ID = "[a-z0-9]+(-[a-z0-9]+)*"


def parse_id(given: object) -> str:
    """Read an id: small letters, digits and dashes.

    Raises:
        Unparsable: anything else.
    """
    if isinstance(given, str) and re.fullmatch(ID, given) and len(given) <= 60:
        return str(given)
    raise Unparsable(f"'{str(given)[:60]}' can't be an id", AS_ID)


AS_ID = "use small letters, digits and dashes, as in one-line"
Id = Annotated[
    str,
    BeforeValidator(parse_id),
    WithJsonSchema({"type": ["string"], "pattern": f"^{ID}$", "errorMessage": AS_ID}),
]


def parse_name(given: object) -> str:
    """Read a name, of an approver or a test: text on one line, without blanks around it.

    Raises:
        Unparsable: anything else.
    """
    if isinstance(given, str) and (name := given.strip()) and "\n" not in name:
        return str(name)
    shown = " ".join(given.split()) if isinstance(given, str) else "keys with values or a list"
    raise Unparsable(f"'{shown[:60]}' is no name", "write text on one line")


Name = Annotated[str, BeforeValidator(parse_name)]


def bounded(given: Money) -> Money:
    """Refuse an amount of money that only a slip of a unit explains.

    Raises:
        Unparsable: it is over $1,000,000 bn.
    """
    if given > MOST_MONEY:
        raise Unparsable(f"{given} is over {MOST_MONEY}", "check its unit")
    return given


@dataclass(frozen=True, eq=False)
class Source:
    """A file that a case or a rulebook was read from, and the SHA-256 of its bytes."""

    path: Path
    digest: str


class Model(BaseModel):
    """A frozen record; an unknown field is an error, and every problem knows its place.

    What a file says comes as a mapping with `places` (of values) and `key_places`; a plain dict, from
    Python, has none, and its problems name the field instead. So do those of the constructor.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=kebab,
        populate_by_name=True,
        arbitrary_types_allowed=True,
        defer_build=True,  # a command needs few of all records
    )

    _places: Mapping[str, Place] = PrivateAttr(default_factory=dict)
    _own_place: Place | None = PrivateAttr(default=None)

    def __init__(self, /, **data: Any) -> None:
        """Check the fields.

        Raises:
            InputError: all that is wrong with them.
        """
        try:
            super().__init__(**data)
        except ValidationError as error:
            # The class right above this one says what it is: each kind of rule is called a rule.
            kin = type(self).mro()
            what = re.sub("(?<=[a-z])(?=[A-Z])", "-", kin[kin.index(Model) - 1].__name__).lower()
            name = data.get("id")
            title = f"{what} '{name[:60]}'" if isinstance(name, str) else what
            raise _refused(error, data, type(self), title) from None

    # Without this, pydantic would take it for one that nested records and `read` must go through.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_validator(mode="wrap")
    @classmethod
    def _remember_places(cls, data: Any, handler: Callable[[Any], Self]) -> Self:
        made = handler(data)
        if not isinstance(data, cls):
            made._places = getattr(data, "places", {})
            made._own_place = getattr(data, "place", None)
        return made

    def place(self, field: str | None = None) -> Place | None:
        """Where a field's value stands, else where the record begins; None if it came from Python."""
        return self._places.get(kebab(field or ""), self._own_place)

    def problem(self, field: str | None, what: str, mend: str, code: Code = Code.VALUE) -> Problem:
        """A problem of one of the fields."""
        return Problem(what, mend, self.place(field), code)

    @classmethod
    def read(cls, data: Mapping[str, Any], title: str = "") -> Self:
        """Check a mapping, from a file or from Python.

        Args:
            data: field names, as files or as Python write them, to values.
            title: what it is, for problems without a place.

        Raises:
            InputError: all that is wrong with it, each with its place.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise _refused(error, data, cls, title) from None


def _refused(error: ValidationError, data: Any, model: type[BaseModel], title: str) -> InputError:
    """All that pydantic found, each thing once."""
    items = error.errors()
    # A misspelt key is one fault, though it leaves the right one missing.
    meant = {
        (*at, closest(str(key), map(kebab, _owner(model, at).model_fields)))
        for *at, key in (item["loc"] for item in items if item["type"] == "extra_forbidden")
    }
    told = (item for item in items if item["type"] != "missing" or item["loc"] not in meant)
    return InputError(_problem(item, data, model, title) for item in told)


def _problem(item: Any, data: Any, model: type[BaseModel], title: str) -> Problem:
    """Turn what pydantic found into a sentence with a place."""
    parent, value, place = data, data, getattr(data, "place", None)
    names: list[str] = []
    for step in item["loc"]:
        parent, key = value, kebab(step) if isinstance(step, str) else step
        places = getattr(parent, "places", {})
        place = places.get(key, place) if isinstance(places, Mapping) else places[key]
        try:
            value = parent[key]
        except (KeyError, IndexError, TypeError):
            value = None
        names.append(_called(key, value))
    raised = item.get("ctx", {}).get("error")
    if isinstance(raised, Unparsable) and raised.field:
        names.append(raised.field)
        place = getattr(value, "places", {}).get(raised.field, place)
    path = " ".join(filter(None, [title, ".".join(names)]))
    if item["type"] == "missing":
        return Problem(f"{path}: missing", "add it", getattr(parent, "place", None), Code.MISSING)
    if item["type"] == "extra_forbidden":
        owner = _owner(model, item["loc"][:-1])
        key_place = getattr(parent, "key_places", {}).get(names[-1], place)
        mend = nearest(names[-1], map(kebab, owner.model_fields))
        return Problem(f"{path}: unknown key", mend, key_place, Code.UNKNOWN_KEY)
    if isinstance(raised, Unparsable):
        what = f"{path}: {raised.what}" if path else raised.what
        return Problem(what, raised.mend, raised.place or place, raised.code)
    mend = {
        "string_type": "write text",
        "list_type": "write a list",
        "model_type": "write keys with values",
        "model_attributes_type": "write keys with values",
        "dict_type": "write keys with values",
    }.get(item["type"], item["msg"][:1].lower() + item["msg"][1:])
    if item["type"] == "literal_error":
        mend = nearest(str(value), re.findall("'([^']+)'", item["ctx"]["expected"]))
    return Problem(f"{path}: cannot read {_shown(value)}", mend, place)


def _called(key: str | int, value: object) -> str:
    """A field by its key; an item of a list by its id, else by its number, counted from 1."""
    if isinstance(key, str):
        return key
    name = value.get("id") if isinstance(value, Mapping) else None
    return name[:60] if isinstance(name, str) else str(key + 1)


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "a list"
    return "keys with values" if isinstance(value, Mapping) else f"'{str(value)[:60]}'"


def _owner(model: type[BaseModel], loc: Iterable[str | int]) -> type[BaseModel]:
    """The record that a path of field names leads to."""
    for step in loc:
        if isinstance(step, str):
            for name, field in model.model_fields.items():
                if step in (name, kebab(name)):
                    model = next(iter(_models(field.annotation)), model)
    return model


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in _models(part)]


def plain(value: Any) -> Any:
    """What a field was changed to, as JSON holds it and as the field reads it again: text for all that is no tree."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, bool) else str(value)
