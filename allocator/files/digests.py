"""The digest of a file, by which a result names what it was computed from."""

from __future__ import annotations

import hashlib
from pathlib import Path

from allocator.model import Source


def source_of(path: Path) -> Source:
    """A file with the SHA-256 of its bytes."""
    with path.open("rb") as file:
        return Source(path, hashlib.file_digest(file, "sha256").hexdigest())
