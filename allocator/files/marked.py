"""YAML in which every value is text and remembers where it was written."""

from __future__ import annotations

import codecs
import contextlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML, events

try:
    from _ruamel_yaml import CParser
except ImportError:  # where there is no wheel for it
    CParser = None

from allocator.codes import Code
from allocator.errors import Collector, InputError, Place, Problem

_MOST_TOLD = 50
MOST_BYTES = 256 * 1024
_MOST_VALUES = 20_000
_DEEPEST = 20

_PLAIN_ASCII = bytes([9, 10, *range(32, 127)])
_HIDDEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
"Unicode's categories of controls, formats (zero-width, bidirectional), private and unassigned, and separators."
_NO_INK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"Letters and marks without ink: fillers, joiners, variation selectors."
_DIGITS = re.compile(r"[^\D0-9]+")
_BLANK_OR_DIGITS = re.compile(r"[^\S\n\t ]+|[^\D0-9]+")
"Blanks and digits that are not those of ASCII."
_CJK = ((0x3041, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
"First and last letters of the scripts of East Asia; a regular expression of them takes 6 ms to compile."
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_PLAIN_ESCAPES = ('\\"', r"\\", r"\/", r"\n", r"\t", "\\ ", "\\\n")
_DIRECTIVE = re.compile(r"(?:[ \t]*(?:#.*)?\n)*%")
_DOUBTFUL = re.compile(r"\t|[|>][-+0-9]*#|(?<![^\s\[{,:])[&*]\S")
"Tabs, a comment that touches '|' or '>', anchors and aliases: libyaml lets some pass, or tells them another way."
_NULLS = ("", "~", "null", "Null", "NULL")

_NO_ALIAS = ("anchors and aliases ('&', '*') are not read", "write the value out, or put text in quotes")
_NO_TAG = ("tags ('!') are not read", "leave the tag out, or put text in quotes")
_NO_DIRECTIVE = ("directives ('%') are not read", "delete the line, or put text in quotes")
_BRACKET = ("the bracket of line {begun} is not closed, or a comma is missing before this", "add it")
_KEY_AND_VALUE = "write 'key: value', with an ordinary colon and a space"
_SYNTAX = {
    "character '\\t'": ("a tab stands here", "write spaces"),
    "cannot start any token": ("text cannot begin with this character", "put it in quotes"),
    "quoted scalar found unexpected": ("this quote is never closed", "close it"),
    "a simple key": ("this is no key with a value", _KEY_AND_VALUE),
    "anchor": _NO_ALIAS,
    "alias": _NO_ALIAS,
    "tag": _NO_TAG,
    "directive": _NO_DIRECTIVE,
    "escape": ("the backslash begins no known escape", "write it twice, or use single quotes"),
    "expected '<document start>'": ("the data ends before this", "delete it, or mend the indentation"),
    "<stream end>": ("the file ends inside a bracket", "close it"),
    "flow sequence": _BRACKET,
    "flow mapping": _BRACKET,
    "mapping values": ("a colon cannot stand here", "put the text in quotes, or mend the indentation"),
    "mapping keys": ("a '?' cannot stand here", "put the text in quotes"),
    "sequence entries": ("a list cannot begin here", "begin it on a line of its own"),
    "block scalar": ("'|' or '>' has text behind it", "begin the text on the next line"),
    "<block end>": ("this does not line up with what stands above", "mend the indentation or the quotes"),
    "node content": ("a value is missing before this", "write one, or put text in quotes"),
    "": ("something from here on cannot be read", "check the quotes, colons and indentation"),
}
"What the scanner complains of, by a fragment of its words, and how it is told here."
_TOLD_WHERE_IT_BEGAN = ("quoted scalar found unexpected", "a simple key")

_Find = TypeVar("_Find")


class Text(str):
    """A scalar exactly as written, whatever it looks like, that knows where it stands."""

    __slots__ = ("place",)
    place: Place

    def __new__(cls, text: str, place: Place) -> Text:
        """Mark a text."""
        made = super().__new__(cls, text)
        made.place = place
        return made

    def __reduce__(self) -> tuple[type[Text], tuple[str, Place]]:
        return Text, (str(self), self.place)


class List(list[Any]):
    """A list that knows where it begins."""

    def __init__(self, items: Iterable[Any], place: Place) -> None:
        super().__init__(items)
        self.place = place

    @property
    def places(self) -> list[Place]:
        """Where each item stands; one that was put in by Python stands where the list does."""
        return [getattr(item, "place", self.place) for item in self]


class Dict(dict[str, Any]):
    """A mapping that knows where it begins."""

    def __init__(self, entries: Mapping[str, Any], place: Place) -> None:
        super().__init__(entries)
        self.place = place

    @property
    def places(self) -> dict[str, Place]:
        """Where the value of each key stands; one that was put in by Python stands where the mapping does."""
        return {key: getattr(value, "place", self.place) for key, value in self.items()}

    @property
    def key_places(self) -> dict[str, Place]:
        """Where each key stands."""
        return {key: getattr(key, "place", self.place) for key in self}


class FirstFew(Collector):
    """Tells the first problems and counts the others, lest a broken file bury its reader."""

    def __init__(self) -> None:
        super().__init__()
        self.untold = 0

    def add(self, what: str, mend: str, place: Place | None = None, code: Code = Code.SYNTAX) -> None:
        """Note a problem."""
        self.add_each([Problem(what, mend, place, code)], lambda problem: problem)

    def add_each(self, finds: Iterable[_Find], problem: Callable[[_Find], Problem]) -> None:
        """Note the problem of each find; those that will not be told are not even made."""
        rest = iter(finds)
        self.problems.extend(map(problem, islice(rest, max(0, _MOST_TOLD - len(self.problems)))))
        self.untold += sum(1 for _ in rest)

    def finish(self) -> None:
        """Raise InputError with what was found, if anything was."""
        if self.untold:
            last = max((problem.place for problem in self.problems if problem.place), default=None)
            self.problems.append(Problem(f"and {self.untold:,} more", "mend these first", last, Code.SYNTAX))
        super().finish()


def read_bytes(path: Path, name: str, most: int, mend: str) -> bytes:
    """Read a file that may have so many bytes at most.

    Raises:
        InputError: it cannot be opened, or is larger.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "no path").lower()
        what = f"the file cannot be read ({reason})"
        raise InputError.of(what, "check the path", Place(name), Code.FILE) from None
    if len(data) > most:
        size = f"{most >> 20} MB" if most >> 20 else f"{most >> 10} KB"
        raise InputError.of(f"the file is larger than {size}", mend, Place(name), Code.FILE)
    return data


def clean_text(data: bytes, name: str) -> str:
    r"""Decode UTF-8; lines end in `\n`, and nothing is left in it that a reader cannot see.

    Raises:
        InputError: it is no UTF-8, or has control, bidirectional, zero-width or unassigned characters.
    """
    data = data.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        place = _end_of(before, name)
        raise InputError.of("the file is not UTF-8 here", "save it as UTF-8", place, Code.CHARACTER) from None
    problems = FirstFew()
    if hidden := hidden_in(data):
        finds = re.finditer(f"[{re.escape(hidden)}]", text)
        problems.add_each(finds, in_text(text, name, not_readable))
    problems.finish()
    return text


def hidden_in(data: bytes) -> str:
    """The characters in UTF-8 that a reader cannot see, each once."""
    # Plain ASCII goes first, in one pass of C: of a large table of numbers nothing is left.
    rest = data.translate(None, _PLAIN_ASCII).decode()
    return "".join(char for char in set(rest) if unicodedata.category(char) in _HIDDEN or _NO_INK.match(char))


def not_readable(char: str) -> tuple[str, str]:
    """What is wrong with a hidden character, and the mend."""
    return f"{_named(char)} is not readable text", "delete it"


def not_a_space(char: str) -> tuple[str, str]:
    """What is wrong with a blank other than a space, and the mend."""
    return f"{_named(char)} is no ordinary space", "write an ordinary one"


def _named(char: str) -> str:
    name = unicodedata.name(char, "a control character" if char < "\xa0" else "without a name").lower()
    return f"the character U+{ord(char):04X} ({name})"


def in_text(
    text: str, name: str, told: Callable[[str], tuple[str, str]], start: int = 0
) -> Callable[[re.Match[str]], Problem]:
    """Makes a problem, with its place, of a match in a text from `start` on."""
    return lambda found: Problem(*told(found[0]), _end_of(text[: start + found.start()], name), Code.CHARACTER)


def _end_of(text: str, name: str) -> Place:
    """The place right behind a text with which the file begins."""
    return Place(name, text.count("\n") + 1, len(text) - text.rfind("\n"))


def read_yaml(path: Path, name: str | None = None) -> Dict:
    """Read a YAML file whose root is a mapping; `name` is what its places show, the path if not given.

    Raises:
        InputError: all that is wrong with it, as for `parse_yaml`, or it cannot be opened.
    """
    name = str(path) if name is None else name
    return parse_yaml(read_bytes(path, name, MOST_BYTES, "split it"), name)


def parse_yaml(data: bytes, name: str) -> Dict:
    """Read YAML whose root is a mapping: plain data, each scalar a text.

    Raises:
        InputError: all that is wrong with it: hidden or misleading characters, keys that stand twice or have
            no value, anchors, aliases, tags, merge keys, directives, a second document, more than a file
            may hold. After an error of syntax, that one alone.
    """
    if len(data) > MOST_BYTES:
        raise InputError.of("the file is larger than 256 KB", "split it", Place(name), Code.FILE)
    return _Document(clean_text(data, name), name).read()


class _Document:
    """One pass over the events of a file, which builds the values and gathers what is wrong with them."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.problems = FirstFew()
        self.values = 0
        self.events = self._events()
        self.reached = Place(name)

    def read(self) -> Dict:
        if directive := _DIRECTIVE.match(self.text):
            raise InputError.of(*_NO_DIRECTIVE, _end_of(directive[0][:-1], self.name), Code.SYNTAX)
        next(self.events)
        if isinstance(next(self.events), events.StreamEndEvent):
            raise InputError.of("the file is empty", "write 'key: value' lines", self.reached, Code.SYNTAX)
        root = self._value(next(self.events), 1)
        if not isinstance(root, Dict):
            what = "the file does not begin with a key and its value"
            raise InputError.of(what, _KEY_AND_VALUE, root.place, Code.SYNTAX)
        next(self.events)
        if isinstance(next(self.events), events.DocumentStartEvent):
            self.problems.add("a second document begins here", "keep one to a file", self.reached)
        self.problems.finish()
        return root

    def _events(self) -> Iterator[Any]:
        try:
            for event in _parsed(self.text):
                self.reached = self._place(event.start_mark)
                yield event
        except Exception as error:  # not only its own: it lets an OverflowError out for "\UFFFFFFFF"
            raise InputError([self._syntax_problem(error)]) from None

    def _syntax_problem(self, error: Exception) -> Problem:
        complaint = f"{getattr(error, 'context', '')} {getattr(error, 'problem', '')}"
        fragment = next(fragment for fragment in _SYNTAX if fragment in complaint)
        what, mend = _SYNTAX[fragment]
        begun, reached = (
            self._place(mark) if mark else self.reached
            for mark in (getattr(error, "context_mark", None), getattr(error, "problem_mark", None))
        )
        place = begun if fragment in _TOLD_WHERE_IT_BEGAN else reached
        # A blank that is no space makes the scanner stumble over something else, up to a line later.
        lines = self.text.split("\n")
        for number in range(max(place.line - 1, 1), place.line + 1):
            if blank := re.match(r"(?:.*:)? *([^\S\t ])", lines[number - 1]):
                return Problem(*not_a_space(blank[1]), Place(self.name, number, blank.end()), Code.CHARACTER)
        return Problem(what.format(begun=begun.line), mend, place, Code.SYNTAX)

    def _value(self, event: Any, depth: int, is_key: bool = False) -> Text | List | Dict:
        place = self._place(event.start_mark)
        self.values += 1
        if self.values > _MOST_VALUES:
            what = f"the file holds more than {_MOST_VALUES:,} values"
            raise InputError.of(what, "split it", place, Code.FILE)
        if depth > _DEEPEST:
            what = f"values are nested more than {_DEEPEST} deep"
            raise InputError.of(what, "write them flatter", place, Code.SYNTAX)
        if event.anchor:
            self.problems.add(*_NO_ALIAS, place)
        if isinstance(event, events.AliasEvent):
            return Text(f"*{event.anchor}", place)
        if event.tag:
            self.problems.add(*_NO_TAG, place)
        if isinstance(event, events.ScalarEvent):
            self._check_characters(event, is_key)
            return Text(event.value, place)
        if isinstance(event, events.SequenceStartEvent):
            return List(self._items(depth + 1), place)
        return Dict(self._entries(depth + 1), place)

    def _items(self, depth: int) -> Iterator[Text | List | Dict]:
        while not isinstance(event := next(self.events), events.SequenceEndEvent):
            if _is_null(event):
                self.problems.add("this item has no value", "write one", self._place(event.start_mark), Code.MISSING)
            yield self._value(event, depth)

    def _entries(self, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        first: dict[str, Text] = {}
        while not isinstance(event := next(self.events), events.MappingEndEvent):
            key = self._value(event, depth, is_key=True)
            event = next(self.events)
            value = self._value(event, depth)
            if not isinstance(key, Text):
                self.problems.add("a key is text, not a list or a mapping", "write 'key: value'", key.place)
                continue
            shown = " ".join(key.split())[:60]
            if not shown:
                self.problems.add("the key before this colon is missing", "write one", key.place, Code.MISSING)
            elif key == "<<":
                self.problems.add("merge keys ('<<') are not read", "write the keys out", key.place)
            elif first.setdefault(key, key) is not key:
                line = first[key].place.line
                what = f"the key '{shown}' stands twice, first on line {line}"
                self.problems.add(what, "keep one", key.place, Code.TWICE)
            elif _is_null(event):
                self.problems.add(f"the key '{shown}' has no value", "write one", key.place, Code.MISSING)
            entries[key] = value
        return entries

    def _check_characters(self, event: Any, is_key: bool) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        written = self.text[start:end]
        if written.isascii() and event.style != '"':
            return
        strict = is_key or not event.style
        if strict or not _has_cjk(written):
            finds = (_BLANK_OR_DIGITS if strict else _DIGITS).finditer(written)
            self.problems.add_each(finds, in_text(self.text, self.name, _lookalike, start))
        if event.style == '"':
            finds = (found for found in _ESCAPE.finditer(written) if found[0] not in _PLAIN_ESCAPES)
            self.problems.add_each(finds, in_text(self.text, self.name, _escape, start))

    def _place(self, mark: Any) -> Place:
        return Place(self.name, mark.line + 1, mark.column + 1)


def _parsed(text: str) -> Iterator[Any]:
    """The events of a text, from libyaml, which is twenty times as quick as the parser in Python.

    That one has the last word: it reads what libyaml is too lenient with, and tells what is wrong where that stumbles.
    """
    if CParser is not None and not _DOUBTFUL.search(text):
        with contextlib.suppress(Exception):
            parser, found = CParser(text), list[Any]()
            while parser.check_event():
                found.append(parser.get_event())
            return iter(found)
    slowly: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
    return slowly


def _has_cjk(text: str) -> bool:
    return any(first <= ord(letter) <= last for letter in text for first, last in _CJK)


def _is_null(event: Any) -> bool:
    return isinstance(event, events.ScalarEvent) and not event.style and event.value in _NULLS


def _lookalike(found: str) -> tuple[str, str]:
    if found.isspace():
        return not_a_space(found[0])
    digits = "".join(str(unicodedata.decimal(digit)) for digit in found[:40])
    return f"'{found[:40]}' is not in ordinary digits", f"write {digits}"


def _escape(found: str) -> tuple[str, str]:
    return f"the escape '{found}' hides a character", "write the character itself"
