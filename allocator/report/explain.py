"""A policy in plain language, as plain data: who agreed to it, the words it uses, and a sentence for each rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from allocator.errors import InputError
from allocator.phrases import ENGLISH, Phrase
from allocator.report.glossary import symbols, used
from allocator.rulebook import Rulebook
from allocator.rulebook.header import Authority, Header
from allocator.rulebook.overlays import Change
from allocator.rulebook.waivers import Waiver
from allocator.rules import Rule, upper_first
from allocator.units import Dated

NOTICES = {
    "example": "An example, approved by nobody.",
    "draft": "A draft, not yet agreed.",
}


@dataclass(frozen=True)
class Said:
    """A piece of text.

    Attributes:
        text: itself.
        written: whether somebody wrote it in the file; else it was made here, and the glossary explains its words.
        language: its code, where it is not English.
        url: what it links to.
        form: `text`, `quote` or `code`.
    """

    text: str
    written: bool = False
    language: str = ""
    url: str = ""
    form: str = "text"


@dataclass(frozen=True)
class Fact:
    """One thing that is told, under its name."""

    name: str
    said: tuple[Said, ...]


@dataclass(frozen=True)
class Entry:
    """A rule or a waiver: its titles in one language or several, its id, sentences and facts."""

    titles: tuple[Said, ...]
    id: str
    said: tuple[Said, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Section:
    """A part of the whole, under a heading."""

    title: str
    said: tuple[Said, ...] = ()
    facts: tuple[Fact, ...] = ()
    entries: tuple[Entry, ...] = ()

    def pieces(self) -> Iterator[Said]:
        """All that it says."""
        yield from self.said
        for entry in self.entries:
            yield from entry.said
        for fact in chain(self.facts, *(entry.facts for entry in self.entries)):
            yield Said(fact.name)
            yield from fact.said


@dataclass(frozen=True)
class Explanation:
    """All that a policy says."""

    titles: tuple[Said, ...]
    notice: str
    sections: tuple[Section, ...]


def explain(rules: Rulebook, language: str | None = None, math: bool = False) -> Explanation:
    """A policy in plain language.

    Args:
        rules: read from a file.
        language: which to put first, where the file has it, with the English beside it; by default English comes first,
            with all others beside it. Sentences are made in English only.
        math: tell each rule as a formula too.

    Raises:
        InputError: no text of the file is in the language, or a rule has no value in force.
    """
    assert rules.header is not None
    teller = _Teller(rules, language, math)
    teller.check_language()
    agreed = teller.agreement(rules.header)
    body = [agreed, *teller.overlays(), teller.rules_section(), teller.waivers_section(), teller.digest()]
    own = " ".join(said.text for section in body for said in section.pieces() if not said.written)
    words = [Fact(word, (Said(meaning),)) for word, meaning in used(own).items()]
    parts = [agreed, Section("Words", facts=tuple(words)), *body[1:]]
    if math:
        formulas = " ".join(rule.formula(rules.as_of) for rule in rules.rules)
        letters = tuple(Fact(name, (Said(told),)) for name, told in symbols(formulas).items())
        parts.insert(2, Section("Letters of the formulas", facts=letters))
    missing = ", ".join(rules.unsigned)
    notice = NOTICES.get(rules.header.status) or (
        f"Not approved as it stands: {missing} must agree." if missing else ""
    )
    return Explanation(teller.phrase(rules.header.title), notice, tuple(parts))


@dataclass(frozen=True)
class _Teller:
    rules: Rulebook
    language: str | None
    math: bool

    def check_language(self) -> None:
        """Refuse a language of which the policy has nothing.

        Raises:
            InputError: it is one.
        """
        assert self.rules.header is not None
        titles = [self.rules.header.title, *(phrase for rule in self.rules.rules for phrase in (rule.title, rule.why))]
        known = sorted({code for title in titles for code in title.languages})
        if self.language is not None and self.language not in known:
            what = f"the policy has no text in the language '{self.language}'"
            raise InputError.of(what, f"it has {', '.join(known)}")

    def phrase(self, phrase: Phrase) -> tuple[Said, ...]:
        """A text in the language asked for and in English."""
        first = self.language if self.language in phrase.languages else ENGLISH
        others = phrase.languages if self.language is None else (ENGLISH,)
        codes = dict.fromkeys((first or ENGLISH, ENGLISH, *others))
        return tuple(
            Said(phrase.languages[code], written=True, language="" if code == ENGLISH else code) for code in codes
        )

    def authority(self, name: str) -> Iterator[Said]:
        """The text that something rests on, with its quote."""
        source = self.rules.authorities.get(name, Authority(title=Phrase({ENGLISH: name})))
        for number, said in enumerate(self.phrase(source.title)):
            yield Said(said.text, written=True, language=said.language, url="" if number else source.url)
        if source.quote:
            yield Said(source.quote, written=True, form="quote")

    def agreement(self, header: Header) -> Section:
        until = (
            f", until {header.effective.until} (that day included)" if header.effective.until else ", without an end"
        )
        term = f"at most {header.waiver_term}" if header.waiver_term is not None else ""
        facts = {
            "Status": {"example": "example: approved by nobody", "draft": "draft, not yet agreed"}.get(
                header.status, header.status
            ),
            "Set by": header.owner,
            "Must agree": ", ".join(header.approvers) or "nobody is named",
            "Agreed": [self._approval(each.by, each.on, self.rules.is_current(each)) for each in self.rules.approvals]
            or "nobody",
            "Still to agree": ", ".join(self.rules.unsigned) or "nobody",
            "In force": f"since {header.effective.from_}{until}",
            "Read as of": f"{self.rules.as_of} (dates are those of {header.calendar.split('/')[-1].replace('_', ' ')})",
            "Builds on": [base.path.name for base in self.rules.bases],
            "A waiver lasts": term,
        }
        return Section("Who agreed, and since when", facts=_facts(facts))

    @staticmethod
    def _approval(by: str, on: dt.date, current: bool) -> str:
        if current:
            return f"{by} on {on}, to the rules as they stand"
        return f"{by} on {on}, to another version: the rules have changed since, and must be approved again"

    def overlays(self) -> Iterator[Section]:
        if self.rules.amendments:
            entries = tuple(map(self._change, self.rules.amendments))
            yield Section("What was changed in the files that it builds on", entries=entries)

    def _change(self, change: Change) -> Entry:
        facts = {"Because": self.phrase(change.why), "Authority": list(self.authority(change.authority))}
        title = self.phrase(self.rules.rule(change.rule).title)
        return Entry(title, change.rule, (Said(f"{upper_first(_moved(change))}."),), _facts(facts))

    def rules_section(self) -> Section:
        count = len(self.rules.rules)
        said = "One rule." if count == 1 else f"{count} rules, which apply together."
        return Section("Rules", (Said(said),), entries=tuple(map(self._rule, self.rules.rules)))

    def _rule(self, rule: Rule) -> Entry:
        on = self.rules.as_of
        sentences = [Said(rule.sentence(on))]
        if self.math:
            sentences.append(Said(rule.formula(on), form="code"))
        waivers = [waiver for waiver in self.rules.waivers if waiver.rule == rule.id]
        changes = [change for change in self.rules.amendments if change.rule == rule.id]
        facts: dict[str, Any] = {
            "Over time": list(_history(rule, on)),
            "Strictness": "hard: no allocation may miss it" if rule.severity == "hard" else
            f"soft: it may be missed, at a penalty of {rule.yearly_penalty} on each dollar",
            "Relaxing": "never: no proposal may loosen it" if rule.relax == "never" else "",
            "On its way out": self._deprecated(rule),
            "Changed": [_moved(change) for change in changes],
            "Waivers": [f"{each.id}, {each.state(on)}: {each.sentence()}" for each in waivers] or "none",
            "Why": self.phrase(rule.why) if rule.why else "",
            "Authority": list(self.authority(rule.authority)) if rule.authority else "",
            "Owner": rule.owner,
            "Notes": [Said(note, written=True) for note in rule.notes],
            "Tests": f"{len(rule.tests)} beside the rule" if rule.tests else "none",
            "Written in": self._file(rule),
        }  # fmt: skip
        return Entry(self.phrase(rule.title), rule.id, tuple(sentences), _facts(facts))

    def _deprecated(self, rule: Rule) -> list[Said]:
        if rule.deprecated is None:
            return []
        instead = f"; see '{rule.deprecated.instead}' instead" if rule.deprecated.instead else ""
        told = f"since {rule.deprecated.since}{instead}. It holds until it is taken from the file."
        return [Said(told), *self.phrase(rule.deprecated.why)]

    def _file(self, rule: Rule) -> str:
        """Where a rule stands, if there are several files."""
        place = rule.place()
        return f"{Path(place.file).name}, line {place.line}" if place and self.rules.bases else ""

    def waivers_section(self) -> Section:
        entries = tuple(map(self._waiver, self.rules.waivers))
        return Section("Waivers", () if entries else (Said("None."),), entries=entries)

    def _waiver(self, waiver: Waiver) -> Entry:
        rule = self.rules.rule(waiver.rule)
        facts: dict[str, Any] = {
            "Stands": waiver.state(self.rules.as_of),
            "Of the rule": self.phrase(rule.title),
            "Approved by": waiver.approved_by,
            "Why": self.phrase(waiver.why),
            "Authority": list(self.authority(waiver.authority)),
        }
        told = f"{waiver.sentence()}. The rule itself says {getattr(rule, waiver.side)}."
        return Entry((Said(waiver.id),), "", (Said(upper_first(told)),), _facts(facts))

    def digest(self) -> Section:
        told = (
            "A fingerprint of what this policy means, to which approvers agree. It changes with any rule, number, date,"
            " title, reason, source or waiver, and not with comments, layout, notes or tests."
        )
        return Section("Digest of the meaning", (Said(self.rules.digest, form="code"), Said(told)))


def _facts(given: Mapping[str, str | Iterable[str | Said]]) -> tuple[Fact, ...]:
    """The facts of which there is something to tell."""
    found = []
    for name, told in given.items():
        pieces = [told] if isinstance(told, str) else told
        said = tuple(piece if isinstance(piece, Said) else Said(piece) for piece in pieces if piece)
        if said:
            found.append(Fact(name, said))
    return tuple(found)


def _history(rule: Rule, on: dt.date) -> Iterator[str]:
    """Every dated limit with its values: `at least 85% from 2026-04-01 (in force)`."""
    for limit in rule.limits(on):
        dated: Dated[Any] = getattr(rule, limit.field)
        if list(dated.values) == [dt.date.min]:
            continue
        in_force = max(start for start in dated.values if start <= on)
        for start, value in dated.values.items():
            state = "coming" if start > on else "in force" if start == in_force else "past"
            yield f"{limit.side} {value} from {start} ({state})"


def _moved(change: Change) -> str:
    """`at most: tightened from 12% to 10% by us-japan-strict.yaml`."""
    place = change.place()
    by = f" by {Path(place.file).name}" if place else ""
    how = "tightened" if change.direction == "tighter" else "loosened"
    field = change.field.replace("-", " ")
    return f"{field}: {how} from {_value(change.was.value)} to {_value(change.now.value)}{by}"


def _value(written: Any) -> str:
    if isinstance(written, Mapping):
        return ", then ".join(f"{value} from {start}" for start, value in written.items())
    return str(written)
