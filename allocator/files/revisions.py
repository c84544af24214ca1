"""Reads files as they stand in a revision of a git repository: `main:constraints/fund.yaml`."""

from __future__ import annotations

import os
import posixpath

from allocator.codes import Code
from allocator.errors import InputError

SECONDS = 30
"After so long git is taken to hang."
QUIETLY = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "", "GIT_TERMINAL_PROMPT": "0"}
"""Git reads only: a partial clone is not completed, which could run what the repository's configuration names. A git
that is too old to know the second word can't fetch either, for want of an allowed protocol."""


def split(reference: str) -> tuple[str | None, str]:
    """Take `REVISION:path` apart; a file that is there under the whole name is that file.

    Returns:
        The revision, None for a file on disk; and the path, which for a revision begins at the root of the repository.
    """
    revision, colon, path = reference.partition(":")
    if not colon or not revision or not path or os.path.exists(reference):
        return None, reference
    return revision, path


def read_bytes(revision: str, path: str, most: int) -> bytes:
    """A file as it stands in a revision of the repository that the current folder belongs to.

    Args:
        revision: a branch, a tag, a commit, or what else git knows one by.
        path: from the root of the repository.
        most: bytes that it may have.

    Raises:
        InputError: there is no git, no repository, no such revision, no such file in it, or it is larger.
    """
    shown = f"{revision}:{path}"
    inside = posixpath.normpath(path)
    if revision.startswith("-") or not revision.isprintable() or " " in revision:
        raise _refused(f"'{revision[:60]}' can't be a revision", "name a branch, a tag or a commit")
    if inside.startswith(("/", "..")) or not inside.isprintable():
        raise _refused(f"'{path[:200]}' is no path in a repository", "write it from the repository's root")
    if _git("rev-parse", "--git-dir") is None:
        what = f"'{shown}' names a git revision, and this folder belongs to no repository"
        raise _refused(what, "run this inside the repository, or name a file that is there")
    # From here on git gets the commit's own name only, which nothing can be smuggled into.
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise _refused(f"git knows no revision '{revision}'", "check its name, or fetch it first")
    name = f"{commit.decode().strip()}:{inside}"
    size = _git("cat-file", "-s", name)
    if size is None or (_git("cat-file", "-t", name) or b"").strip() != b"blob":
        raise _refused(f"there is no file '{inside}' in revision '{revision}'", "check its name")
    if int(size) > most:
        raise _refused(f"{shown} is larger than {most >> 10} KB", "split it")
    found = _git("cat-file", "blob", name)
    if found is None:
        raise _refused(f"git cannot read '{shown}'", "try git fsck")
    return found


def _refused(what: str, mend: str) -> InputError:
    return InputError.of(what, mend, code=Code.FILE)


def _git(*arguments: str) -> bytes | None:
    """What git prints; None where it fails."""
    import subprocess  # a file on disk needs none

    environment = {**os.environ, **QUIETLY}
    try:
        told = subprocess.run(
            ["git", *arguments],
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise _refused("git is not installed", "install it, or name files that are there") from None
    except subprocess.TimeoutExpired:
        raise _refused(f"git gave no answer in {SECONDS} seconds", "try again") from None
    return told.stdout if told.returncode == 0 else None
