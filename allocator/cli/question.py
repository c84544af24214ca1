"""What is asked of a case on the command line: its rules, the numbers tried, and the objective."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from allocator.cli import INFEASIBLE, NOT_CERTIFIED
from allocator.errors import InputError

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.objectives import Aim
    from allocator.rulebook import Rulebook

Command = TypeVar("Command", bound=Callable[..., Any])
OBJECTIVE = click.option(
    "--objective", "objectives", multiple=True, metavar="NAME[=WEIGHT]",
    help="What to maximise; give several with weights for a blend. The case's own by default.",
)  # fmt: skip
POLICY = click.option("--policy", type=click.Path(path_type=Path), help="Rules; the case's own by default.")
AS_OF = click.option(
    "--as-of", metavar="DATE", help="The rules in force on this date, as in 2026-04-01; today by default."
)
SET = click.option(
    "--set", "settings", multiple=True, metavar="RULE.FIELD=VALUE",
    help="Try another number without editing a file, as in one-line.at-most=10%.",
)  # fmt: skip


def of_rules(command: Command) -> Command:
    """Give a command the options that `case_and_rules` takes."""
    return POLICY(AS_OF(SET(command)))


def options(command: Command) -> Command:
    """Give a command the options that `read` takes."""
    return POLICY(OBJECTIVE(AS_OF(SET(command))))


def read(
    case: Path, policy: Path | None, objectives: tuple[str, ...], as_of: str | None, settings: tuple[str, ...]
) -> tuple[Case, Rulebook, Aim]:
    """Read a case, its rules with the numbers tried, and the objective.

    Raises:
        InputError: a file is wrong, or there is no objective.
        click.BadParameter: an option cannot be read.
    """
    asked = weights(objectives)
    given, rules = case_and_rules(case, policy, as_of, settings)
    return given, rules, aim(asked, given)


def case_and_rules(
    case: Path, policy: Path | None, as_of: str | None, settings: tuple[str, ...]
) -> tuple[Case, Rulebook]:
    """Read a case, and its rules with the numbers tried.

    Raises:
        InputError: a file is wrong.
        click.BadParameter: a setting cannot be read.
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


def aim(asked: Mapping[str, float], case: Case) -> Aim:
    """What is maximised: what was asked for, else the case's own.

    Raises:
        InputError: there is neither, or a name is unknown.
    """
    from allocator.aims import from_names

    if not (chosen := asked or case.objective):
        raise InputError.of("no objective", "give one with --objective, or name one under 'objective' in fund.yaml")
    return from_names(chosen)


def leave(status: str) -> None:
    """Exit with the code of an outcome's status; return where all is well."""
    if status == "infeasible":
        sys.exit(INFEASIBLE)
    if status != "optimal":
        sys.exit(NOT_CERTIFIED)


def _setting(text: str) -> tuple[str, str, str]:
    left, equals, value = text.partition("=")
    rule, dot, field = left.partition(".")
    if not (equals and dot and rule and field and value):
        raise click.BadParameter(f"'{text}' is not RULE.FIELD=VALUE, as in one-line.at-most=10%", param_hint="--set")
    return rule, field, value


def weights(texts: tuple[str, ...]) -> dict[str, float]:
    """The objectives named by `--objective`, with their weights.

    Raises:
        click.BadParameter: a weight is no number, or a name stands twice.
    """
    found: dict[str, float] = {}
    for name, weight in map(_weight, texts):
        if name in found:
            raise click.BadParameter(f"'{name}' stands twice; give each once", param_hint="--objective")
        found[name] = weight
    return found


def _weight(text: str) -> tuple[str, float]:
    name, equals, weight = text.partition("=")
    try:
        return name, float(weight) if equals else 1.0
    except ValueError:
        raise click.BadParameter(f"'{text}' is not NAME=WEIGHT", param_hint="--objective") from None
