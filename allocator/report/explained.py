"""An explanation as text, as Markdown and as one page of HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from textwrap import wrap

from allocator.report.explain import Explanation, Fact, Said, Section
from allocator.report.markdown import text

WIDTH = 100
_LINK = re.compile(r"https?://[^\s<>()\"\\]+", re.IGNORECASE)


def plain(told: Explanation) -> str:
    """For the terminal."""
    return "\n".join(_plain(told)) + "\n"


def _plain(told: Explanation) -> Iterator[str]:
    yield from (said.text for said in told.titles)
    yield from [told.notice] if told.notice else []
    for section in told.sections:
        yield from ("", section.title.upper())
        for said in section.said:
            yield from _wrapped(said, "  ")
        yield from _table(section.facts, "  ", _width(section.facts))
        width = max((_width(entry.facts) for entry in section.entries), default=0)
        for number, entry in enumerate(section.entries, 1):
            first, *others = entry.titles
            yield from ("", f"{number:3}. {first.text}{f'  [{entry.id}]' if entry.id else ''}")
            yield from (f"     {said.text}" for said in others)
            for said in entry.said:
                yield from _wrapped(said, "     ")
            yield from _table(entry.facts, "     ", width)


def _width(facts: Iterable[Fact]) -> int:
    return max((len(fact.name) for fact in facts), default=0) + 2


def _table(facts: Iterable[Fact], indent: str, width: int) -> Iterator[str]:
    for fact in facts:
        name = fact.name
        for said in fact.said:
            yield from _wrapped(said, f"{indent}{'':{width}}", f"{indent}{name:{width}}")
            name = ""


def _wrapped(said: Said, indent: str, first: str | None = None) -> list[str]:
    shown = f"“{said.text}”" if said.form == "quote" else said.text
    link = f" ({said.url})" if said.url else ""
    first = indent if first is None else first
    return wrap(f"{shown}{link}", WIDTH, initial_indent=first, subsequent_indent=indent, break_long_words=False,
                break_on_hyphens=False)  # fmt: skip


def markdown(told: Explanation) -> str:
    """For a pull request."""
    return "\n".join(_markdown(told)) + "\n"


def _markdown(told: Explanation) -> Iterator[str]:
    first, *others = map(_marked, told.titles)
    yield from (f"# {first}", "")
    yield from (line for other in others for line in (other, ""))
    yield from (f"**{text(told.notice)}**", "") if told.notice else ()
    for section in told.sections:
        yield from (f"## {text(section.title)}", "")
        yield from _items(section)
        for number, entry in enumerate(section.entries, 1):
            first, *others = map(_marked, entry.titles)
            yield from (f"### {number}. {first}{f' (`{entry.id}`)' if entry.id else ''}", "")
            yield from (line for said in (*others, *map(_marked, entry.said)) for line in (said, ""))
            yield from _items(Section("", facts=entry.facts))


def _items(section: Section) -> Iterator[str]:
    yield from (line for said in section.said for line in (_marked(said), ""))
    for fact in section.facts:
        # A backslash ends a line without ending the item.
        lines = "\\\n  ".join(map(_marked, fact.said))
        yield f"- **{text(fact.name)}**: {lines}"
    yield from [""] if section.facts else []


def _marked(said: Said) -> str:
    if said.form == "code":
        return f"`{' '.join(said.text.replace('`', '').split())}`"
    shown = f"“{text(said.text)}”" if said.form == "quote" else text(said.text)
    if not said.url:
        return shown
    return f"[{shown}]({said.url})" if _LINK.fullmatch(said.url) else f"{shown} ({text(said.url)})"


def page(told: Explanation) -> str:
    """One page that asks for nothing else and runs nothing; all text is escaped, and only web links are links."""
    # Only this form needs a renderer of templates.
    from allocator.report.page import environment

    return environment().get_template("explain.html.j2").render(told=told)
