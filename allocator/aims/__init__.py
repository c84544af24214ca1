"""Ways to combine objectives: one file a way. What an aim says of itself as plain data is read again here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allocator import kinds
from allocator.aims.bargain import Bargain
from allocator.aims.blend import Blend, blend
from allocator.aims.concave import Concave
from allocator.aims.held import Epsilon, Lexicographic, Stage, epsilon, lexicographic
from allocator.aims.maximin import Maximin, maximin
from allocator.errors import InputError
from allocator.objectives import Aim, Objective, Range, Sum, from_text

__all__ = [
    "Bargain", "Blend", "Epsilon", "Lexicographic", "Maximin",
    "blend", "epsilon", "from_names", "lexicographic", "maximin", "read",
]  # fmt: skip


def from_names(weights: Mapping[str, float]) -> Aim:
    """A blend of objectives as files and the command line write them.

    Raises:
        InputError: one can't be read.
    """
    return blend({from_text(text): weight for text, weight in weights.items()})


def read(said: Mapping[str, Any]) -> Aim:
    """The aim that said so of itself, with all that was settled.

    Raises:
        InputError: an unknown objective, or settings that it does not have.
    """
    if said["form"] == "epsilon":
        held = tuple((_objective(each), float(each["level"])) for each in said["held"])
        return Epsilon(read({**said, "form": said["of"]}), held)
    parts = tuple((float(each["weight"]), _objective(each)) for each in said["parts"])
    if said["form"] == "sum":
        return Sum(parts)
    if said["form"] == "lexicographic":
        levels = [each.get("level") for each in said["parts"][:-1]]
        stages = tuple(Stage(part, each.get("tolerance")) for (_, part), each in zip(parts, said["parts"], strict=True))
        return Lexicographic(stages, tuple(float(level) for level in levels if level is not None))
    if said["form"] == "bargain":
        principals = tuple((part.settings()["principal"], weight) for weight, part in parts)
        return Bargain(principals, tuple(said["lows"]), tuple(float(each["counts"]) for each in said["parts"]))
    if said["form"] == "maximin":
        return Maximin(parts, tuple(map(Range, said["lows"], said["ranges"])))
    if said["form"] == "blend":
        return Blend(parts, tuple(said["ranges"]))
    return parts[0][1]


def _objective(said: Mapping[str, Any]) -> Objective:
    if said["name"] == Concave.kind:
        what = f"the objective '{said.get('title', Concave.kind)}' is the caller's own expression, which no file holds"
        raise InputError.of(what, "compute it again in Python: without it nothing can be rechecked")
    kind = kinds.find("objectives", said["name"])
    try:
        made: Objective = kind(**said.get("settings", {}))
    except (TypeError, ValueError):
        what = f"the settings of the objective '{said['name']}' can't be read"
        raise InputError.of(what, "compute the outcome again") from None
    return made
