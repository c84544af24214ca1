"""A frontier: what the best allocations give of one objective for another, and how the mix moves along it."""

from __future__ import annotations

import numpy as np

from allocator.arcs import Arcs
from allocator.report import frontier, mix
from allocator.report.plots.curves import Curve, Tag
from allocator.report.words import dollars, percent
from allocator.solution import Record
from allocator.sparse import Vector

STEPS = 400
"About so many places an exact curve is drawn through; any other is straight between its points."
SEEN = 0.005
"A smaller gap is hardly to be seen."
BANDS = 8
"So many parts of the mix are told apart; the smallest ones are one part."


def picture(record: Record) -> Curve:
    """The first objective over the second, what the second costs at some points, and shares of all assets under it."""
    first, second = record["between"]
    points, arcs = record["points"], Arcs.of(record)
    scale = np.array([100.0 if axis["unit"] == "share" else 1.0 for axis in (first, second)])
    parts = max(STEPS // max(len(points) - 1, 1), 1) if record["exact"] else 1
    places = np.linspace(0, len(points) - 1, (len(points) - 1) * parts + 1)
    amounts = {name: np.interp(places, np.arange(len(points)), each) for name, each in _parts(record).items()}
    whole = sum(amounts.values())
    tags = [
        Tag(point["values"][0] * scale[0], point["values"][1] * scale[1], _told(record, point))
        for point in points[1:-1]
        if point["exchange"] is not None
    ]
    seen = not record["exact"] and record["gap"]["proven"] >= SEEN
    told = f"beside it what {frontier.stepped(record)} costs"
    labels = [axis["name"] + (", %" if axis["unit"] == "share" else "") for axis in (first, second)]
    return Curve(
        title=f"{first['name'].capitalize()} against {second['name']}",
        words=_words(record),
        labels=(labels[0], labels[1]),
        line=np.array([arcs.at(float(place)) for place in places]) * scale,
        points=arcs.values * scale,
        outer=np.array(record["outer"]) * scale if seen else np.zeros((0, 2)),
        inwards=(1 if first["smaller-is-better"] else -1, 1 if second["smaller-is-better"] else -1),
        tags=tags,
        told=told + (f"; light: what the gap of {percent(record['gap']['proven'])} leaves open" if seen else ""),
        bands={name: 100 * each / whole for name, each in amounts.items()},
        banded=f"Mix by {'sector' if mix.sectors(points[0]) else 'line'}, % of all assets",
        nothing="" if len(points) > 1 else "One allocation is best by both objectives.",
    )


def _told(record: Record, point: Record) -> str:
    cost, dear = frontier.cost(record, point)
    return f"{cost}, {dear} a year" if dear else cost


def _parts(record: Record) -> dict[str, Vector]:
    """Sectors, or lines, by their titles, the largest on the whole first, and the reserve: $ bn at each point."""
    points = record["points"]
    grouped = bool(mix.sectors(points[0]))
    found: dict[str, Vector] = {}
    titles: dict[str, str] = {}
    for number, point in enumerate(points):
        for part in mix.sectors(point) if grouped else mix.lines(point):
            found.setdefault(part.name, np.zeros(len(points)))[number] = part.capital
            titles[part.name] = part.title
    least = mix.SMALL * record["case"]["equity"]
    names = sorted((name for name in found if found[name].max() > least), key=lambda name: (-found[name].sum(), name))
    kept = names if len(names) <= BANDS else names[: BANDS - 1]
    rest = [found[name] for name in names[len(kept) :]]
    told = {_alone(titles[name], name, titles): found[name] for name in kept}
    if rest:
        told[f"{len(rest)} others"] = np.sum(rest, axis=0)
    reserve = np.array([point["totals"]["reserve"] for point in points])
    return told | ({"Reserve": reserve} if reserve.max() > least else {})


def _alone(title: str, name: str, titles: dict[str, str]) -> str:
    """A title, with the name behind it where another has the same."""
    return title if list(titles.values()).count(title) == 1 else f"{title} ({name})"


def _words(record: Record) -> str:
    """The ends of the curve, for those who can't see it."""
    ends = []
    for point in (record["points"][0], record["points"][-1]):
        told = [
            f"{axis['name']} {percent(value, 2) if axis['unit'] == 'share' else f'{value:.4g}'}"
            for axis, value in zip(record["between"], point["values"], strict=True)
        ]
        ends.append(f"{' and '.join(told)}, {dollars(point['totals']['deployed'])} deployed")
    return f"From {ends[0]}, to {ends[1]}; {len(record['points'])} points."
