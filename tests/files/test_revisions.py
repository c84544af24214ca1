"""Files in git revisions: read as they stood, and refused with what mends it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import allocator as al
from allocator.files import revisions
from allocator.files.revisions import read_bytes, split


def git(*arguments: str) -> None:
    who = ("-c", "user.name=Me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rules").mkdir()
    Path("rules/a.yaml").write_bytes(b"one\r\n")
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "One")
    git("tag", "first")
    Path("rules/a.yaml").write_bytes(b"two")
    git("commit", "-q", "-a", "-m", "Two")
    Path("rules/a.yaml").write_bytes(b"three")
    return tmp_path


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("a.yaml", (None, "a.yaml")),
        ("main:rules/a.yaml", ("main", "rules/a.yaml")),
        ("HEAD~1:rules/a.yaml", ("HEAD~1", "rules/a.yaml")),
        ("origin/main:a:b.yaml", ("origin/main", "a:b.yaml")),
        (":a.yaml", (None, ":a.yaml")),
        ("main:", (None, "main:")),
    ],
)
def test_a_reference_is_taken_apart_at_its_first_colon(reference: str, parts: tuple[str | None, str]) -> None:
    assert split(reference) == parts


def test_a_file_that_is_there_under_the_whole_name_is_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("main:a.yaml").write_text("x")
    assert split("main:a.yaml") == (None, "main:a.yaml")


@pytest.mark.parametrize(
    ("revision", "path", "data"),
    [
        ("main", "rules/a.yaml", b"two"),
        ("HEAD", "rules/../rules/./a.yaml", b"two"),
        ("first", "rules/a.yaml", b"one\r\n"),
        ("main~1", "rules/a.yaml", b"one\r\n"),
    ],
)
def test_a_file_is_read_as_it_stood(revision: str, path: str, data: bytes, repository: Path) -> None:
    assert read_bytes(revision, path, 100) == data


def test_the_path_is_from_the_root_wherever_one_stands(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "rules")
    assert read_bytes("main", "rules/a.yaml", 100) == b"two"


@pytest.mark.parametrize(
    ("revision", "path", "told"),
    [
        ("nope", "rules/a.yaml", "git knows no revision 'nope'; check its name, or fetch it first"),
        ("main", "a.yaml", "there is no file 'a.yaml' in revision 'main'; check its name"),
        ("main", "rules", "there is no file 'rules' in revision 'main'; check its name"),
        ("main", "../a.yaml", "'../a.yaml' is no path in a repository; write it from the repository's root"),
        ("main", "/etc/passwd", "'/etc/passwd' is no path in a repository; write it from the repository's root"),
        ("--help", "a.yaml", "'--help' can't be a revision; name a branch, a tag or a commit"),
        ("a b", "a.yaml", "'a b' can't be a revision; name a branch, a tag or a commit"),
        ("a\nb", "a.yaml", "'a b' can't be a revision; name a branch, a tag or a commit"),
        ("main:rules", "a.yaml", "git knows no revision 'main:rules'; check its name, or fetch it first"),
        ("", "a.yaml", "git knows no revision ''; check its name, or fetch it first"),
    ],
)
def test_what_is_refused_says_why(revision: str, path: str, told: str, repository: Path) -> None:
    with pytest.raises(al.InputError) as caught:
        read_bytes(revision, path, 100)
    assert str(caught.value) == told


def test_a_large_file_is_not_read(repository: Path) -> None:
    Path("large.yaml").write_bytes(b"x" * 5000)
    git("add", ".")
    git("commit", "-q", "-m", "Large")
    with pytest.raises(al.InputError) as caught:
        read_bytes("main", "large.yaml", 4096)
    assert str(caught.value) == "main:large.yaml is larger than 4 KB; split it"


def test_outside_a_repository_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(al.InputError) as caught:
        read_bytes("main", "a.yaml", 100)
    assert str(caught.value) == (
        "'main:a.yaml' names a git revision, and this folder belongs to no repository; "
        "run this inside the repository, or name a file that is there"
    )


def test_without_git_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(al.InputError) as caught:
        read_bytes("main", "a.yaml", 100)
    assert str(caught.value) == "git is not installed; install it, or name files that are there"


def test_a_git_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(revisions, "SECONDS", 1)
    with pytest.raises(al.InputError) as caught:
        read_bytes("main", "a.yaml", 100)
    assert str(caught.value) == "git gave no answer in 1 seconds; try again"


def test_nothing_that_the_repository_names_is_run(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even to fetch what a partial clone lacks, by a git that has never heard of lazy fetches."""
    ran = repository / "ran"
    trap = repository / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {ran}\nexit 1\n")
    trap.chmod(0o755)
    names = "core.fsmonitor core.pager core.sshCommand diff.x.textconv filter.x.smudge remote.origin.uploadpack"
    for name in names.split():
        git("config", name, str(trap))
    for name, value in (("remote.origin.url", str(repository)), ("remote.origin.promisor", "true"),
                        ("extensions.partialClone", "origin"), ("core.repositoryformatversion", "1"),
                        ("alias.cat-file", f"!{trap}")):  # fmt: skip
        git("config", name, value)
    Path(".git/info/attributes").write_text("*.yaml diff=x filter=x\n")
    assert read_bytes("main", "rules/a.yaml", 100) == b"two"
    blob = subprocess.run(["git", "rev-parse", "main:rules/a.yaml"], capture_output=True, text=True).stdout.strip()
    Path(f".git/objects/{blob[:2]}/{blob[2:]}").unlink()
    monkeypatch.setitem(revisions.QUIETLY, "GIT_NO_LAZY_FETCH", "0")
    with pytest.raises(al.InputError, match="there is no file"):
        read_bytes("main", "rules/a.yaml", 100)
    assert not ran.exists()
