"""Reads a policy file, and the files that it extends."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from pathlib import Path

from allocator.codes import Code
from allocator.errors import InputError
from allocator.files import revisions
from allocator.files.marked import MOST_BYTES, parse_yaml, read_bytes
from allocator.model import Source
from allocator.rulebook import Rulebook
from allocator.rulebook.document import rulebook_from
from allocator.rulebook.header import Extends

DEEPEST = 8
"Files that extend one another, at most."


def read_rules(path: str | os.PathLike[str], as_of: str | dt.date | None = None) -> Rulebook:
    """Read a policy file, and what it extends.

    Args:
        path: of the file; `REVISION:path` for one in a git revision, where what it extends is read too.
        as_of: the values of this date are in force; today in the policy's calendar by default.

    Raises:
        InputError: all that is wrong with the file, each with its place.
    """
    revision, file = revisions.split(os.fspath(path))
    return _read(revision, Path(file), as_of, DEEPEST, None)


def _read(
    revision: str | None, file: Path, as_of: str | dt.date | None, depth: int, extends: Extends | None
) -> Rulebook:
    if revision is None:
        name, data = str(file), read_bytes(file, str(file), MOST_BYTES, "split it")
    else:
        name = f"{revision}:{file.as_posix()}"
        data = revisions.read_bytes(revision, file.as_posix(), MOST_BYTES)
    digest = hashlib.sha256(data).hexdigest()
    if extends and extends.sha256 != f"sha256:{digest}":
        what = f"'{extends.file}' has changed since this file was written on top of it"
        mend = f"see what changed, with 'allocator policy diff'; if this file still stands, write sha256:{digest} here"
        raise InputError.of(what, mend, extends.place("sha256"), Code.STALE)
    document = parse_yaml(data, name)
    base = None
    if "extends" in document:
        further = Extends.read(document["extends"], "extends")
        if depth == 0:
            raise InputError.of(f"more than {DEEPEST} files extend one another", "merge some", further.place())
        base = _read(revision, file.parent / further.file, as_of, depth - 1, further)
    return rulebook_from(document, as_of, Source(Path(name), digest), base)
