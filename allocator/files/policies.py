"""Reads a policy file."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from allocator.files.digests import source_of
from allocator.files.marked import read_yaml
from allocator.rulebook import Rulebook


def read_rules(path: str | os.PathLike[str], as_of: str | dt.date | None = None) -> Rulebook:
    """Read a policy file.

    Args:
        path: of the file.
        as_of: the values of this date are in force; today in the policy's calendar by default.

    Raises:
        InputError: all that is wrong with the file, each with its place.
    """
    file = Path(path)
    return Rulebook.from_document(read_yaml(file), as_of, source_of(file))
