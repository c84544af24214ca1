"""What a sweep found, as plain data: distributions, how often rules bind, prices, and what moves the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from allocator.chunks import (
    AMOUNT,
    BINDS,
    BLAMED,
    DRAWN,
    OBJECTIVE,
    PENALTIES,
    PRICE,
    STATUS,
    TOTALS,
    VALUE,
)
from allocator.files.sweeps import Dataset
from allocator.scenarios import Numbers, Scenarios
from allocator.session import Session
from allocator.solution import Record
from allocator.units import Quantity

OWN = {"unit": "index", "now": None}
"Of what is drawn and no input itself."
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST, STRETCH = 20_000, 20_480
"""Scenarios of which quantiles and ranks are told, of more every so many-th (what is counted is counted in all); and of
which the drivers are told at once."""


def answers(session: Session, dataset: Dataset, scenarios: Scenarios) -> Record:
    """What the chunks of a sweep say.

    Args:
        session: of the case.
        dataset: all of its chunks.
        scenarios: of the session's inputs.
    """
    count = scenarios.count
    every = -(-count // MOST)
    d, titles = session.case.decision, {rule.id: str(rule.title) for rule in session.rules.rules}
    statuses, blamed, binds = _counted(dataset, list(titles))

    def spread(prefix: str, names: Iterable[str], key: str) -> list[Record]:
        columns = dataset.columns([prefix + name for name in names], every)
        return [{key: name.removeprefix(prefix), **distribution(own)} for name, own in columns.items()]

    value, drivers = dataset.columns([VALUE], every)[VALUE], _drivers(scenarios, every)
    inputs = {each.name: {"unit": unit_of(each.unit), "now": each.value} for each in session.inputs}
    objectives = {each.name: {"unit": unit_of(each.unit)} for each in session.objectives}
    allocated = count - statuses["infeasible"]
    return {
        "count": count,
        "told-of-every": every,
        "statuses": {name: statuses[name] for name in ("optimal", "infeasible", "not-certified")},
        "blamed": [
            {"rule": name, "title": titles.get(name, ""), "scenarios": times} for name, times in blamed.most_common()
        ],
        "value": {**distribution(value), "unit": unit_of(session.aim.unit)},
        "objectives": [each | objectives[each["objective"]] for each in spread(OBJECTIVE, objectives, "objective")],
        "sums": spread("", (*TOTALS, PENALTIES), "sum"),
        "amounts": spread(AMOUNT, d.lines, "line"),
        "tranches": spread(DRAWN, d.tranches, "tranche"),
        "binding": [
            {"rule": name, "title": title, "share": binds[name] / max(allocated, 1)} for name, title in titles.items()
        ],
        "prices": [each | inputs[each["input"]] for each in spread(PRICE, inputs, "input")],
        "movers": [
            {"driver": name, **inputs.get(name, OWN), **distribution(drivers[name]), "rank-correlation": rho}
            for name, rho in rank_correlations(value, drivers).items()
        ],
    }


def _drivers(scenarios: Scenarios, every: int) -> dict[str, Numbers]:
    """What moves by itself, of every so many-th scenario."""
    starts = range(0, scenarios.count, STRETCH)
    parts = [scenarios.drivers(start, min(start + STRETCH, scenarios.count)) for start in starts]
    kept = [(np.arange(start, start + STRETCH) % every == 0) for start in starts]
    return {
        name: np.concatenate([part[name][own[: len(part[name])]] for part, own in zip(parts, kept, strict=True)])
        for name in parts[0]
    }


def distribution(values: Numbers) -> Record:
    """Mean, ends and quantiles of those that are numbers; None for each where there are none."""
    found = values[np.isfinite(values)]
    if not len(found):
        return dict.fromkeys(("mean", "least", *map(quantile_name, QUANTILES), "most"))
    quantiles = np.quantile(found, QUANTILES).tolist()
    return {
        "mean": float(found.mean()),
        "least": float(found.min()),
        **dict(zip(map(quantile_name, QUANTILES), quantiles, strict=True)),
        "most": float(found.max()),
    }


def quantile_name(part: float) -> str:
    """A quantile as its percentage."""
    return f"{100 * part:g}%"


def rank_correlations(value: Numbers, inputs: Mapping[str, Numbers]) -> dict[str, float | None]:
    """Spearman's correlation of each input with the value, the largest first; None where either stands still."""
    from pandas import Series

    solved = np.isfinite(value)
    whole, found = Series(value[solved]).rank(), dict[str, float | None]()
    for name, own in inputs.items():
        ranks = Series(own[solved]).rank()
        moving = min(ranks.nunique(), whole.nunique()) > 1
        found[name] = float(ranks.corr(whole)) if moving else None
    return dict(sorted(found.items(), key=lambda pair: -abs(pair[1] or 0.0)))


def _counted(dataset: Dataset, rules: Sequence[str]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """How many scenarios have each status, whom infeasible ones blame, and how many each rule binds."""
    statuses, blamed, binds = Counter[str](), Counter[str](), Counter[str]()
    for part in dataset.parts([STATUS, BLAMED, *(BINDS + rule for rule in rules)]):
        statuses.update(part[STATUS].tolist())
        blamed.update(name for name in part[BLAMED].tolist() if name)
        binds.update({rule: int(part[BINDS + rule].sum()) for rule in rules})
    return statuses, blamed, binds


def unit_of(unit: type[Quantity]) -> str:
    """A unit as results name it."""
    return unit.__name__.lower()
