"""Writes and reads outcomes as JSON: the same record, the same bytes."""

from __future__ import annotations

import json
import os
from pathlib import Path

from allocator.errors import InputError, Place
from allocator.files.texts import write_texts
from allocator.solution import BARGAIN, FORMAT, FRONTIER, Record

MOST_BYTES = 1 << 30


def to_json(record: Record) -> str:
    """A record as JSON text."""
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_outcome(record: Record, path: str | os.PathLike[str]) -> None:
    """Write a record.

    Raises:
        InputError: the file cannot be written.
    """
    write_texts(Path(path).parent, {Path(path).name: to_json(record)})


def read_record(path: str | os.PathLike[str], *formats: str) -> Record:
    """Read the record of an outcome, or of the outcome that a bargain's file has in it.

    Args:
        path: of the file.
        formats: those looked for, if not that of an outcome.

    Raises:
        InputError: the file is missing, too large, no JSON, of no such format, or damaged.
    """
    formats = formats or (FORMAT,)
    name = str(path)
    try:
        if Path(path).stat().st_size > MOST_BYTES:
            raise InputError.of("the file is larger than 1 GB", "is it an outcome?", Place(name))
        found = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise InputError.of(f"cannot be read ({error.strerror})", "check the name", Place(name)) from None
    except json.JSONDecodeError as error:
        place = Place(name, error.lineno, error.colno)
        raise InputError.of("this is no JSON", "give a file that 'allocator solve --out' wrote", place) from None
    except (ValueError, RecursionError):
        raise InputError.of("this is no JSON", "give a file that 'allocator solve --out' wrote", Place(name)) from None
    if isinstance(found, dict) and found.get("format") == BARGAIN:
        found = found.get("outcome")
    if not isinstance(found, dict) or found.get("format") not in formats:
        kinds = " or ".join(each.split("/")[1] for each in formats)
        raise InputError.of(f"no {kinds}", f"give a file whose format is {' or '.join(formats)}", Place(name))
    check_record(found, Place(name))
    return found


def check_record(record: Record, place: Place | None = None) -> None:
    """Check that a record has all that its status implies, and nothing that no record has.

    Raises:
        InputError: it is damaged.
    """
    from pydantic import ValidationError

    from allocator.files.frontier_model import FrontierFile
    from allocator.files.outcome_model import OutcomeFile

    traced = record.get("format") == FRONTIER
    try:
        (FrontierFile if traced else OutcomeFile).model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        where = f" at '{'.'.join(map(str, first['loc'][:4]))}'" if first["loc"] else ""
        why = f": {first['ctx']['error']}" if first["type"] == "value_error" else ""
        what = f"the {'frontier' if traced else 'outcome'} is damaged{where}{why}"
        raise InputError.of(what, "compute it again", place) from None
