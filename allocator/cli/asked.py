"""What is asked for in the same words by several commands."""

from __future__ import annotations

import click


def weights_of(texts: tuple[str, ...]) -> dict[str, float]:
    """The objectives that `--objective NAME[=WEIGHT]` names, with their weights.

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
