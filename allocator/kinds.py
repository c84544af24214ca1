"""Finds a kind of rule, objective or solver by its name: one file a kind in its wing, or an entry point."""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from allocator.codes import Code
from allocator.errors import InputError, Place, nearest


@cache
def _points() -> Any:
    """Those of all installed packages, which takes a look into each."""
    return entry_points()


@cache
def _claims(wing: str) -> dict[str, tuple[str | EntryPoint, ...]]:
    """Every name of a wing with those that claim it."""
    folder = Path(__file__).parent / wing
    found: dict[str, tuple[str | EntryPoint, ...]] = {
        file.stem.replace("_", "-"): (f"allocator.{wing}.{file.stem}",)
        for file in folder.glob("*.py")
        if file.stem != "__init__"
    }
    for point in _points().select(group=f"allocator.{wing}"):
        found[point.name] = (*found.get(point.name, ()), point)
    return found


def known(wing: str) -> list[str]:
    """The names of all kinds in a wing (`rules`, `objectives` or `solvers`), sorted."""
    return sorted(_claims(wing))


def find(wing: str, name: str, place: Place | None = None) -> Any:
    """The class of a kind; only its own module is imported.

    Raises:
        InputError: the name is unknown, or two packages claim it.
    """
    claims = _claims(wing).get(name, ())
    if not claims:
        what = f"unknown kind of {wing[:-1]} '{name}'"
        raise InputError.of(what, nearest(name, known(wing)), place, Code.UNKNOWN_KIND)
    if len(claims) > 1:
        owners = " and ".join(claim if isinstance(claim, str) else claim.value for claim in claims)
        what = f"two claim the name '{name}' among the {wing}: {owners}"
        raise InputError.of(what, "remove one of them", place, Code.TWICE)
    (claim,) = claims
    if isinstance(claim, str):
        return getattr(importlib.import_module(claim), class_name(name))
    return claim.load()


def class_name(name: str) -> str:
    """What the class of a kind is called: `look-through` is `LookThrough`."""
    return "".join(word.capitalize() for word in name.split("-"))


def by_class(wing: str, attribute: str) -> Any:
    """A kind by its class name, for `al.rules.LookThrough`.

    Raises:
        AttributeError: no kind has it.
    """
    for name in known(wing):
        if class_name(name) == attribute:
            return find(wing, name)
    raise AttributeError(f"no kind '{attribute}' among the {wing}; {nearest(attribute, map(class_name, known(wing)))}")
