"""What is written in files, as checked records that remember where each field stood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError, model_validator

from allocator.errors import InputError, Place, Problem, Unparsable, nearest


def kebab(name: str) -> str:
    """A field's name as files write it: `at_least` is `at-least`."""
    return name.rstrip("_").replace("_", "-")


class Model(BaseModel):
    """A frozen record; an unknown field is an error, and every problem knows its place.

    What a file says comes as a mapping with `places` (of values) and `key_places`; a plain dict, from
    Python, has none, and its problems name the field instead.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=kebab,
        populate_by_name=True,
        arbitrary_types_allowed=True,
    )
    _places: Mapping[str, Place] = PrivateAttr(default_factory=dict)
    _own_place: Place | None = PrivateAttr(default=None)

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

    def problem(self, field: str | None, what: str, mend: str) -> Problem:
        """A problem of one of the fields."""
        return Problem(what, mend, self.place(field))

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
            raise InputError(_problem(item, data, cls, title) for item in error.errors()) from None


def _problem(item: Any, data: Any, model: type[BaseModel], title: str) -> Problem:
    """Turn what pydantic found into a sentence with a place."""
    parent, value, place = data, data, getattr(data, "place", None)
    names: list[str] = []
    for step in item["loc"]:
        parent, key = value, kebab(step) if isinstance(step, str) else step
        places = getattr(parent, "places", {})
        place = places.get(key, place) if isinstance(places, Mapping) else places[key]
        names.append(str(key))
        try:
            value = parent[key]
        except (KeyError, IndexError, TypeError):
            value = None
    path = " ".join(filter(None, [title, ".".join(names)]))
    if item["type"] == "missing":
        return Problem(f"{path}: missing", "add it", getattr(parent, "place", None))
    if item["type"] == "extra_forbidden":
        known = [kebab(name) for name in _fields(model, item["loc"][:-1])]
        key_place = getattr(parent, "key_places", {}).get(names[-1], place)
        return Problem(f"{path}: unknown key", nearest(names[-1], known), key_place)
    raised = item.get("ctx", {}).get("error")
    if isinstance(raised, Unparsable):
        return Problem(f"{path}: {raised.what}", raised.mend, raised.place or place)
    expected = {
        "string_type": "write text",
        "list_type": "write a list",
        "model_type": "write keys with values",
        "model_attributes_type": "write keys with values",
        "dict_type": "write keys with values",
    }.get(item["type"], item["msg"][:1].lower() + item["msg"][1:])
    shown = "a list" if isinstance(value, list) else "a mapping" if isinstance(value, Mapping) else f"'{value}'"
    return Problem(f"{path}: cannot read {shown[:70]}", expected, place)


def _fields(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The fields of the record that a path of field names leads to."""
    for step in loc:
        if isinstance(step, str):
            for name, field in model.model_fields.items():
                if step in (name, kebab(name)):
                    model = next((kind for kind in _models(field.annotation)), model)
    return list(model.model_fields)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in _models(part)]
