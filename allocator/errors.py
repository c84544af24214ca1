"""What can go wrong: every error says where, what, and the mend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from allocator.codes import Code


class Place(NamedTuple):
    """A spot in a file that somebody wrote; lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the input, what mends it, and what sort of fault it is."""

    what: str
    mend: str
    place: Place | None = None
    code: Code = Code.VALUE

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        # On one line, as a workflow would take what stands behind a line break for a command.
        return f"{where}{self.what}; {self.mend}".replace("\n", " ")


class AllocatorError(Exception):
    """The root of all errors that this package raises on purpose."""


class InputError(AllocatorError):
    """The input is wrong.

    Attributes:
        problems: all that was found, in the order of the files.
        rest: what the parts without faults make, where that can be checked further; never to be used for more.
    """

    def __init__(self, problems: Iterable[Problem], rest: object = None) -> None:
        found = list(dict.fromkeys(problems))
        found.sort(key=lambda problem: (problem.place is not None, problem.place or Place("")))
        self.problems, self.rest = tuple(found), rest
        super().__init__("\n".join(map(str, self.problems)))

    @classmethod
    def of(cls, what: str, mend: str, place: Place | None = None, code: Code = Code.VALUE) -> InputError:
        """An error that has one problem only."""
        return cls([Problem(what, mend, place, code)])


class Infeasible(AllocatorError):
    """No allocation satisfies the rules, so there are no amounts to give."""


class NotCertified(AllocatorError):
    """Amounts were found, but the certificate does not prove them feasible and optimal."""


class Unparsable(ValueError):
    """A value that its declared type cannot read, or fields that don't fit; the reader adds the place.

    `field` is the one at fault, where a whole record was checked.
    """

    def __init__(
        self, what: str, mend: str, place: Place | None = None, field: str = "", code: Code = Code.VALUE
    ) -> None:
        self.what, self.mend, self.place, self.field, self.code = what, mend, place, field, code
        super().__init__(f"{what}; {mend}")


class Collector:
    """Gathers the problems of many parts, so that all of them are told at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    @contextmanager
    def part(self) -> Iterator[None]:
        """Run one part; what is wrong with it is kept, and the next part runs all the same."""
        try:
            yield
        except InputError as error:
            self.problems.extend(error.problems)

    def add(self, what: str, mend: str, place: Place | None = None, code: Code = Code.VALUE) -> None:
        """Note a problem."""
        self.problems.append(Problem(what, mend, place, code))

    def finish(self) -> None:
        """Raise InputError with all that was gathered, if there is anything."""
        if self.problems:
            raise InputError(self.problems)


def closest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that a misspelt one is nearest to, if any is near."""
    import difflib  # only what is misspelt needs it

    return next(iter(difflib.get_close_matches(word, sorted(known), n=1, cutoff=cutoff)), None)


def nearest(word: str, known: Iterable[str]) -> str:
    """The mend for a name that matches nothing: the nearest known one, or the list of them."""
    names = sorted(known)
    if close := closest(word, names):
        return f"did you mean '{close}'?"
    if not names:
        return "none is known here"
    listed = ", ".join(names[:18]) + (", ..." if len(names) > 18 else "")
    return f"known: {listed}"
