"""The results of a sweep on disk: a folder of Parquet files, one a chunk, which any library reads as one table."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allocator.errors import InputError
from allocator.files.digests import source_of
from allocator.files.outcomes import to_json
from allocator.files.texts import write_texts
from allocator.scenarios import SCENARIO
from allocator.solution import Record

# Readers of datasets pass over names that begin so.
QUESTION, ANSWERS, SUMS = "_sweep.json", "_summary.json", "_chunks.sha256"
SUM = re.compile(r"[0-9a-f]{64}  part-\d{12}\.parquet")
"A line as sha256sum has it, which can check the folder."
PARQUET = "pip install 'sovereign-allocator[parquet]'"


class Dataset:
    """The chunks of one sweep. A chunk is there as a whole, or it is not.

    Args:
        folder: made where it is missing.
        question: what was asked, as plain data; with other data in the folder's, chunks are not mixed.
        layout: the columns with what they hold.

    Raises:
        InputError: the folder holds something else, can't be written, or pyarrow is not installed.
    """

    def __init__(self, folder: str | os.PathLike[str], question: Record, layout: Mapping[str, type]) -> None:
        self.folder, self.question = Path(folder), question
        pa = _arrow()
        kinds = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), str: pa.dictionary(pa.int32(), pa.string())}
        self._schema = pa.schema([(name, kinds[kind]) for name, kind in layout.items()])
        self._texts = [name for name, kind in layout.items() if kind is str]
        held = self.folder / QUESTION
        if held.exists():
            self._check(held)
        elif self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise InputError.of(f"'{self.folder}' is there and holds no sweep", "name a new folder")
        else:
            write_texts(self.folder, {QUESTION: to_json(question)})
        self._held = self._sums()

    def _check(self, held: Path) -> None:
        try:
            other = json.loads(held.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise InputError.of(f"'{held}' can't be read", "name a new folder") from None
        if other != json.loads(to_json(self.question)):
            before = other if isinstance(other, dict) else {}
            differ = [key for key in self.question if before.get(key) != self.question[key]]
            what = f"'{self.folder}' holds another sweep, with other {', '.join(sorted(differ))}"
            raise InputError.of(what, "name a new folder")

    def _sums(self) -> dict[str, str]:
        """The SHA-256 of each chunk's file, as it was written."""
        path = self.folder / SUMS
        # A line that is damaged tells of no chunk, which is then solved again.
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
        return {line[66:]: line[:64] for line in lines if SUM.fullmatch(line)}

    def holds(self, first: int) -> bool:
        """Whether the chunk that begins with a scenario is there as it was written; a damaged one is not."""
        path = self.folder / _name(first)
        return path.name in self._held and path.exists() and source_of(path).digest == self._held[path.name]

    def write(self, first: int, columns: Mapping[str, Any]) -> None:
        """Put a chunk there, at once.

        Raises:
            InputError: it can't be written.
        """
        from pyarrow import parquet

        table = _arrow().table(columns, schema=self._schema)
        path = self.folder / _name(first)
        # Written beside, and named when whole: a crash leaves nothing half done under the name.
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            # Hardly any number stands twice: a dictionary of them takes twice the time, and more room.
            parquet.write_table(table, beside, compression="zstd", use_dictionary=self._texts)
            digest = source_of(beside).digest
            os.replace(beside, path)
            with (self.folder / SUMS).open("a", encoding="utf-8") as sums:
                sums.write(f"{digest}  {path.name}\n")
            self._held[path.name] = digest
        except OSError as error:
            raise InputError.of(f"cannot write to {self.folder} ({error.strerror})", "mend that, and go on") from None

    def columns(self, names: Sequence[str], every: int = 1) -> dict[str, NDArray[Any]]:
        """Some columns, of every so many-th scenario."""
        parts = [
            {name: column[part[SCENARIO] % every == 0] for name, column in part.items()}
            for part in self.parts([SCENARIO, *names])
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in names}

    def parts(self, names: Sequence[str]) -> Iterator[dict[str, NDArray[Any]]]:
        """Some columns, or all, chunk by chunk in the order of the scenarios."""
        from pyarrow import parquet

        for name in sorted(self._held):
            table = parquet.read_table(self.folder / name, columns=list(dict.fromkeys(names)) or None)
            yield {name: table[name].to_numpy() for name in table.column_names}

    def close(self, answers: Record) -> None:
        """Write down what the sweep found."""
        write_texts(self.folder, {ANSWERS: to_json(answers)})


def _name(first: int) -> str:
    return f"part-{first:012d}.parquet"


def _arrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        what = "a sweep keeps its results in Parquet, which needs pyarrow"
        raise InputError.of(what, f"install it with {PARQUET}") from None
    return pyarrow
