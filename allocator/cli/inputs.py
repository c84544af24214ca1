"""What several commands read: a case, its rules on a date, and numbers that are tried."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.rulebook import Rulebook


def case_and_rules(
    case: Path, policy: Path | None, as_of: str | None, settings: Sequence[str]
) -> tuple[Case, Rulebook]:
    """A case with its rules, some numbers of which are replaced.

    Args:
        case: its folder.
        policy: the rules; the case's own by default.
        as_of: the date; today by default.
        settings: `RULE.FIELD=VALUE`.

    Raises:
        InputError: all that is wrong with the files.
        click.BadParameter: a setting can't be read.
    """
    from allocator.files.cases import read_case
    from allocator.files.policies import read_rules
    from allocator.rulebook import Rulebook

    given = read_case(case)
    path = policy if policy is not None else given.policy
    rules = read_rules(path, as_of) if path is not None else Rulebook(as_of=as_of)
    for setting in settings:
        name, number, value = _setting(setting)
        rules = rules.replace(name, **{number: value})
    return given, rules


def _setting(text: str) -> tuple[str, str, str]:
    left, equals, value = text.partition("=")
    rule, dot, field = left.partition(".")
    if not (equals and dot and rule and field and value):
        raise click.BadParameter(f"'{text}' is not RULE.FIELD=VALUE, as in one-line.at-most=10%", param_hint="--set")
    return rule, field, value
