"""What is asked of a case on the command line: its rules, the numbers tried, and the objective."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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
WAYS = ("blend", "lexicographic", "maximin")
OBJECTIVE = click.option(
    "--objective", "objectives", multiple=True, metavar="NAME[:SETTING][=WEIGHT]",
    help="What to maximise; give several with weights for a blend. The case's own by default. Settings stand behind "
    "colons, as in tail-loss:99% or owner-gain:japan.",
)  # fmt: skip
COMBINE = click.option(
    "--combine", type=click.Choice(WAYS), default="blend", show_default=True,
    help="How: by weights; in order, as in dividend-yield=10bp with what may be given up; or lift the least.",
)  # fmt: skip
HOLD = click.option(
    "--hold", "held", multiple=True, metavar="NAME=LEVEL",
    help="Another objective that must reach a level, as in volatility=12%; at most where smaller is better.",
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
    return POLICY(of_aim(AS_OF(SET(command))))


def of_aim(command: Command) -> Command:
    """Give a command the options that `Asked` takes."""
    return OBJECTIVE(COMBINE(HOLD(command)))


def read(
    case: Path, policy: Path | None, asked: Asked, as_of: str | None, settings: tuple[str, ...]
) -> tuple[Case, Rulebook, Aim]:
    """Read a case, its rules with the numbers tried, and the objective.

    Raises:
        InputError: a file is wrong, or there is no objective.
        click.BadParameter: an option cannot be read.
    """
    given, rules = case_and_rules(case, policy, as_of, settings)
    return given, rules, asked.aim(given)


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


@dataclass(frozen=True)
class Asked:
    """What is to be maximised, as `--objective`, `--combine` and `--hold` have it.

    Attributes:
        objectives: names with what stands after the `=`: a weight, or in a lexicographic order what may be given up.
        combine: one of `WAYS`.
        held: names with their levels.
    """

    objectives: Mapping[str, str]
    combine: str
    held: Mapping[str, str]

    @classmethod
    def of(cls, objectives: tuple[str, ...], combine: str, held: tuple[str, ...]) -> Asked:
        """From what the options gave.

        Raises:
            click.BadParameter: one that can't be read, a name that stands twice, or options that don't fit together.
        """
        named, levels = _named(objectives, "--objective", "NAME=WEIGHT"), _named(held, "--hold", "NAME=LEVEL")
        if combine == "lexicographic" and held:
            raise click.BadParameter("it does not go with '--combine lexicographic'", param_hint="--hold")
        if combine == "lexicographic" and len(named) < 2:
            told = "an order is of two objectives or more, and those of fund.yaml have none; give each with --objective"
            raise click.BadParameter(told, param_hint="--combine")
        for name, text in named.items():
            if combine != "lexicographic" and text and _number(text) is None:
                raise click.BadParameter(f"'{name}={text}' is not NAME=WEIGHT", param_hint="--objective")
        if combine != "lexicographic" and len(named) == 1 and any(named.values()):
            told = "one objective by itself has no weight; what it is made with stands behind a colon: tail-loss:99%"
            raise click.BadParameter(told, param_hint="--objective")
        for name, text in levels.items():
            if not text:
                told = f"'{name}' is not NAME=LEVEL, as in volatility=12%"
                raise click.BadParameter(told, param_hint="--hold")
        return cls(named, combine, levels)

    def aim(self, case: Case) -> Aim:
        """What is maximised: what was asked for, else the case's own.

        Raises:
            InputError: there is neither, or a name is unknown.
            click.BadParameter: a level or a tolerance can't be read, or objectives that can't be combined so.
        """
        from allocator import aims
        from allocator.objectives import from_text

        weights = {name: _number(text) or 0.0 if text else 1.0 for name, text in self.objectives.items()}
        weights = weights or dict(case.objective)
        if not weights:
            raise InputError.of("no objective", "give one with --objective, or name one under 'objective' in fund.yaml")
        found = {name: from_text(name) for name in (*weights, *self.held)}
        if self.combine == "lexicographic":
            with _blamed("--objective"):
                return aims.lexicographic([(found[name], text or None) for name, text in self.objectives.items()])
        combined = aims.maximin if self.combine == "maximin" else aims.blend
        with _blamed("--combine" if self.combine == "maximin" and len(weights) < 2 else "--objective"):
            aim = combined({found[name]: weight for name, weight in weights.items()})
        if not self.held:
            return aim
        with _blamed("--hold"):
            return aims.epsilon(aim, {found[name]: level for name, level in self.held.items()})


@contextmanager
def _blamed(option: str) -> Iterator[None]:
    """What an option asked for that can't be is told as its fault."""
    try:
        yield
    except InputError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def _named(texts: tuple[str, ...], option: str, form: str) -> dict[str, str]:
    """Names with what stands after the `=`; nothing where there is none."""
    found: dict[str, str] = {}
    for name, equals, text in (each.partition("=") for each in texts):
        if not name or (equals and not text):
            raise click.BadParameter(f"'{name}{equals}{text}' is not {form}", param_hint=option)
        if name in found:
            raise click.BadParameter(f"'{name}' stands twice; give each once", param_hint=option)
        found[name] = text
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
