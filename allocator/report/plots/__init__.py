"""Pictures of records. Each is a module with a `picture(record)`; this one finds it, and draws it for a notebook.

A module is imported when its picture is asked for, since matplotlib is slow to load.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from allocator.errors import InputError, nearest
from allocator.solution import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OUTCOME = ("allocation", "financing", "prices", "risk")
"The pictures of an outcome."
FRONTIER = ("frontier",)
"The pictures of a frontier."
BARGAIN = ("bargain",)
"The picture of a bargain."


class Picture(Protocol):
    """What can be drawn of a record."""

    @property
    def title(self) -> str:
        """What it shows."""

    @property
    def words(self) -> str:
        """The same for those who can't see it."""

    def size(self, width: float) -> tuple[float, float]:
        """How high axes of a width show it best, and what stands under them, in points."""

    def draw(self, axes: Axes) -> Axes:
        """Draw it, without its title."""


def picture(what: str, record: Record) -> Picture:
    """A picture by its name."""
    found: Picture = import_module(f"{__name__}.{what}").picture(record)
    return found


def plot(what: str, known: Sequence[str], record: Record, axes: Axes | None = None) -> Axes:
    """Draw a picture with its title.

    Args:
        what: its name.
        known: the names of those that the record has.
        record: of a result.
        axes: to draw on; by default a figure of their own, as wide as a notebook and as high as they need.

    Raises:
        InputError: there is no such picture, or the record lacks what it shows.
    """
    if what not in known:
        raise InputError.of(f"there is no picture '{what}'", nearest(what, known))
    found = picture(what, record)
    from allocator.report.plots.canvas import notebook, titled

    return titled(found.draw(notebook(found) if axes is None else axes), found.title)
