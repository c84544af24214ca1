"""Who set the rules, since when, on what texts, and who agreed to them."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, WithJsonSchema, model_validator

from allocator.errors import Unparsable
from allocator.measures import MeasureName
from allocator.model import Id, Model, Name
from allocator.phrases import Phrase
from allocator.units import Days, parse_date

Date = Annotated[dt.date, BeforeValidator(parse_date)]


SHA256 = "sha256:[0-9a-f]{64}"


def parse_digest(given: object) -> str:
    """Read a digest, `sha256:` and 64 hexadecimal digits.

    Raises:
        Unparsable: anything else.
    """
    if isinstance(given, str) and re.fullmatch(SHA256, given):
        return str(given)
    raise Unparsable(f"'{str(given)[:80]}' is no digest", AS_DIGEST)


AS_DIGEST = "write sha256: and its 64 digits"
Digest = Annotated[
    str,
    BeforeValidator(parse_digest),
    WithJsonSchema({"type": ["string"], "pattern": f"^{SHA256}$", "errorMessage": AS_DIGEST}),
]


class Effective(Model):
    """From when something is in force, and until when (that day included)."""

    from_: Date
    until: Date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Effective:
        if self.until is not None and self.until < self.from_:
            raise Unparsable(f"{self.until} is before {self.from_}", "write a later date", field="until")
        return self

    def on(self, date: dt.date) -> bool:
        """Whether it is in force on a date."""
        return self.from_ <= date and (self.until is None or date <= self.until)


class Defaults(Model):
    """What rules take where they don't say."""

    of: MeasureName | None = None
    severity: Literal["hard", "soft"] = "hard"
    owner: str = ""


class Header(Model):
    """Whose policy it is.

    `calendar` is the time zone in which its dates are dates; `approvers` are those who must agree; `tested-on` is the
    folder of a case, relative to the file, that its names and tests are checked against; `waiver-term` is how long a
    waiver may last.
    """

    id: Id
    title: Phrase
    status: Literal["example", "draft", "final"]
    owner: str
    approvers: tuple[Name, ...] = ()
    effective: Effective
    calendar: str = "America/New_York"
    tested_on: str = ""
    waiver_term: Days | None = None
    defaults: Defaults = Defaults()

    def case_of(self, file: Path) -> Path | None:
        """The folder of the case that it was tested on, where the policy stands in `file`; None where it names none."""
        return Path(os.path.normpath(file.parent / self.tested_on)) if self.tested_on else None


class Authority(Model):
    """A text that rules rest on."""

    title: Phrase
    url: str = ""
    quote: str = ""


class Approval(Model):
    """That one of the approvers agreed to what the rules mean, by its digest."""

    by: Name
    on: Date
    digest: Digest


class Extends(Model):
    """The file that a policy builds on, and the SHA-256 of its bytes, so that it can't change unseen."""

    file: str
    sha256: Digest

    @model_validator(mode="after")
    def _beside(self) -> Extends:
        if self.file.startswith(("/", "~")) or ".." in self.file.split("/") or "\\" in self.file or ":" in self.file:
            raise Unparsable(f"'{self.file[:60]}' is not beside this file", "name one in this folder", field="file")
        return self
