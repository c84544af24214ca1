"""The sorts of fault, each with a code that stays the same when its words change."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """A sort of fault.

    Attributes:
        meaning: what it is, in one line.
    """

    meaning: str

    FILE = "P101", "a file cannot be opened, is too large, or is not of the sort that was asked for"
    SYNTAX = "P102", "the text cannot be read as YAML, or as a table"
    UNKNOWN_KEY = "P103", "a key is unknown, or this version would not act on it"
    MISSING = "P104", "something that must be there is missing"
    VALUE = "P105", "a value cannot be read, has the wrong unit, or is out of range"
    UNKNOWN_KIND = "P106", "a kind of rule or objective is unknown"
    UNKNOWN_NAME = "P107", "a name matches nothing: a line, sector, column, measure, tranche, source or rule"
    TWICE = "P108", "something stands twice that may stand once"
    CONFLICT = "P109", "limits or keys contradict one another"
    NOT_IN_FORCE = "P110", "the policy or a limit is not in force on the date"
    STALE = "P111", "what is to be changed no longer reads as the change says"
    DIRECTION = "P112", "a change goes another way than it says"
    WAIVER = "P113", "a waiver goes beyond what the policy lets one do"
    APPROVAL = "P114", "an approval is missing, or is of another text than this"
    NO_MEANING = "P115", "a rule means nothing here, or is of a form for which no optimum can be proved"
    CHARACTER = "P116", "a character cannot be seen, or looks like another"

    NEVER_BINDS = "W201", "a rule can never bind: the case's terms alone keep it"
    REDUNDANT = "W202", "a rule is redundant: the other rules and the terms keep it"
    CHEAP_PENALTY = "W203", "a soft rule is missed, since its penalty is below its price"
    FLOORS_OVER_CAP = "W204", "a cap is below the sum of the floors on its parts"
    NO_TEST = "W205", "a rule has no test that shows what it means"
    EXPIRED = "W206", "a waiver has expired, and may be taken from the file"
    DEPRECATED = "W207", "a rule is deprecated, and still binds"
    INFEASIBLE = "W208", "no allocation of the case satisfies the rules"

    def __new__(cls, code: str, meaning: str) -> Code:
        """A member with its meaning beside it."""
        made = str.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        return made

    @property
    def severity(self) -> str:
        """`error`, or `warning` for what is odd but may be meant (codes that begin with W)."""
        return "warning" if self.startswith("W") else "error"
