"""A table of text, which a terminal, Markdown and HTML show each in its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A titled table.

    Attributes:
        title: what it shows.
        header: the columns; one that ends in `>` is aligned right.
        rows: text.
        note: a sentence under it.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
