"""Text in English, and in other languages beside it: `{en: No line dominates, ja: ...}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from allocator.errors import Unparsable, nearest

ENGLISH = "en"
_LISTED = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el
en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu
ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na
nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so
sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
CODES = frozenset(_LISTED.split())
"ISO 639-1."


class Phrase(str):
    """The English text, which knows what it is in other languages.

    Attributes:
        languages: codes (ISO 639-1) to texts; English is among them.
    """

    __slots__ = ("languages",)
    languages: Mapping[str, str]

    def __new__(cls, languages: Mapping[str, str]) -> Self:
        """Mark a text with what it is in other languages."""
        made = super().__new__(cls, languages[ENGLISH])
        made.languages = dict(languages)
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[Mapping[str, str]]]:
        return type(self), (self.languages,)

    @classmethod
    def parse(cls, given: object) -> Phrase:
        """Read a text, or a mapping of languages to texts.

        Raises:
            Unparsable: it is neither, lacks English, or a language is unknown.
        """
        if isinstance(given, Phrase):
            return given
        if isinstance(given, str):
            return cls({ENGLISH: _on_one_line(given)})
        if not isinstance(given, Mapping):
            shown = "a list" if isinstance(given, (list, tuple)) else f"'{str(given)[:60]}'"
            raise Unparsable(f"cannot read {shown}", "write text")
        for code, text in given.items():
            place = getattr(code, "place", None)
            if code not in CODES:
                mend = "did you mean 'ja'?" if code == "jp" else nearest(str(code), (ENGLISH, "ja"))
                raise Unparsable(f"'{str(code)[:20]}' is no code of a language", mend, place)
            if not isinstance(text, str):
                raise Unparsable(f"the text in '{code}' is no text", "write text", place)
        if ENGLISH not in given:
            mend = "add it, as sentences are made in English"
            raise Unparsable("no English text (en)", mend, getattr(given, "place", None))
        return cls({str(code): _on_one_line(text) for code, text in given.items()})

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        languages = {"patternProperties": {"^[a-z]{2}$": {"type": "string"}}, "additionalProperties": False}
        return {"anyOf": [{"type": "string"}, {"type": "object", **languages, "required": [ENGLISH]}]}

    def said(self, language: str) -> str:
        """The text in a language; in English where there is none."""
        return self.languages.get(language, str(self))


def _on_one_line(text: str) -> str:
    """The text however the file broke it into lines; the wide space of Japanese text stays."""
    return re.sub(r"[ \t\n]+", " ", text).strip(" ")
