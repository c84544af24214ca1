"""Writes texts to disk."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from allocator.errors import InputError


def write_texts(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write a text under each name into a folder, which is made where it is missing.

    Returns:
        What was written.

    Raises:
        InputError: the folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError.of(f"cannot write to {folder} ({error.strerror})", "name another place") from None
    return [folder / name for name in texts]


def check_new(folder: Path) -> None:
    """Refuse a folder that has anything in it.

    Raises:
        InputError: it does, or it is a file.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError.of(f"{folder} is there already", "name a new folder")


def start() -> dict[str, str]:
    """The files of a small case to start from, by name."""
    folder = files("allocator.files") / "start"
    return {each.name: each.read_text(encoding="utf-8") for each in sorted(folder.iterdir(), key=lambda e: e.name)}
