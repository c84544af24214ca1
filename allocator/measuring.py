"""Measures an index map: what each input moves in a program, told by programs written for other inputs.

Clauses and scores are affine in yields, costs and limits (a limit through its clause's parameter), so one more program
for each input tells all that it moves, whatever kinds of rule and objective there are. Where a program is not affine,
as in a rate that annuities are made with, programs at Chebyshev nodes tell polynomials. The map is tried at the ends of
where it is used and between them, with inputs moved at once and alone; what it does not tell is set apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from allocator.conic import Conic
from allocator.errors import InputError
from allocator.features import FAR, Features, coefficients, nodes
from allocator.sensitivity import CLOSE, LEAST, IndexMap, numbers_of, whole_of
from allocator.sparse import Vector

Program = tuple[Conic, float]
Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
Write = Callable[[Vector], Program]
"Writes the program, and the constant of its cost, for all inputs."
ROUNDING = 1e-14
STEP = 1 / 64
"By how much of itself an input is moved to measure what it does."
ENDS = (FAR, 1 / FAR)
MIDWAY = (FAR**0.37, FAR**-0.61)
TAIL = 3
"So many of the last polynomials are next to nothing where a number is smooth in its input."


class _Measured:
    """Programs written for inputs at other values, and what they tell.

    Args:
        write: the program for inputs.
        base: the inputs as they are.

    Attributes:
        without: inputs that are set apart.
    """

    def __init__(self, write: Write, base: Vector) -> None:
        self._write, self._base = write, base
        self._first = write(base)
        self._steps = np.where(base == 0, STEP, STEP * np.abs(base))
        probes = {k: self._program(self._stepped(k)) for k in range(len(base))}
        # Of each input: it alone a step away, and where it bends at both ends.
        self._alone = {k: [probe] for k, probe in probes.items() if probe}
        self.without = set(probes) - set(self._alone)
        self._groups: list[tuple[list[int], list[Program]]] = []
        self._products: list[tuple[int, int, list[Program]]] = []

    def _program(self, inputs: Vector) -> Program | None:
        """The program for inputs; None where it has another pattern, or can't be."""
        try:
            conic, constant = self._write(inputs)
        except InputError:
            return None
        first, _ = self._first
        return (conic, constant) if conic.A.shape == first.A.shape and conic.cones == first.cones else None

    def _stepped(self, k: int) -> Vector:
        return np.asarray(self._base + self._steps * (np.arange(len(self._base)) == k))

    def _times(self, inputs: Sequence[int], times: Vector | float) -> Vector:
        """All inputs, some of them so many times what they are."""
        at = self._base.copy()
        at[np.array(inputs, int)] *= times
        return np.asarray(at)

    def _along(self, group: list[int], inputs: Vector, count: int | None = None) -> list[Program]:
        """Programs with a group of inputs at each node, or at the first ones; none if one can't be written."""
        inside = np.isin(np.arange(len(inputs)), group)
        found = [self._program(np.where(inside, inputs * FAR**node, inputs)) for node in nodes()[:count]]
        return [] if None in found else [each for each in found if each]

    @property
    def kept(self) -> list[int]:
        """The inputs that are not set apart."""
        return [k for k in self._alone if k not in self.without]

    @property
    def curved(self) -> list[int]:
        """Those of them that have polynomials."""
        return [k for group, _ in self._groups for k in group if k not in self.without]

    def _whole(self) -> Conic:
        """The first program, in the pattern of all."""
        written = [*self._alone.values(), *(found for _, found in self._groups), *(own for *_, own in self._products)]
        return whole_of([self._first[0], *(conic for programs in written for conic, _ in programs)])

    def _reach(self, whole: Conic) -> dict[int, Mask]:
        """Which numbers each input moves."""
        first = numbers_of(*self._first, whole)
        return {k: np.asarray(_differ(_rows(programs, whole), first).any(0)) for k, programs in self._alone.items()}

    def bend(self, inputs: list[int]) -> None:
        """Measure what inputs do along curves, those at once that move numbers of their own."""
        for k in inputs:
            ends = [self._program(self._times([k], times)) for times in ENDS]
            self._alone[k] += [each for each in ends if each]
            if None in ends or self._base[k] <= 0:
                self.without.add(k)
        reach = self._reach(self._whole())
        for group in _strangers([k for k in inputs if k not in self.without], reach):
            programs = self._along(group, self._base)
            if not programs:
                self.without |= {*group}
                continue
            self._groups.append((group, programs))
            own = np.logical_or.reduce([reach[k] for k in group])
            for other in self.kept:
                if other not in inputs and (reach[other] & own).any():
                    self._multiply(other, len(self._groups) - 1)

    def _multiply(self, mover: int, place: int) -> None:
        """Measure what an input does to a group's numbers, if it does another thing where the group is elsewhere."""
        group, programs = self._groups[place]
        both = self._along(group, self._stepped(mover), 1)
        if not both:
            return
        four = [*both, programs[0], self._alone[mover][0], self._first]
        there, group_there, here, first = _rows(four, whole_of([conic for conic, _ in four]))
        size = np.maximum.reduce(np.abs([there, group_there, here, first]))
        if (np.abs((there - group_there) - (here - first)) > CLOSE * STEP * np.maximum(size, LEAST)).any():
            self._products.append((mover, place, self._along(group, self._stepped(mover))))

    def map(self) -> IndexMap:
        """What the inputs move that are not set apart; those whose numbers are not smooth are set apart, too."""
        whole = self._whole()
        first, reach = numbers_of(*self._first, whole), self._reach(whole)
        curves, pairs = dict[int, Numbers](), dict[tuple[int, int], Numbers]()
        for group, programs in self._groups:
            found = coefficients(_rows(programs, whole))
            curves |= {k: _cleared(np.where(reach[k], found, 0), first) for k in group}
        for mover, place, programs in self._products:
            group, alone = self._groups[place]
            found = coefficients((_rows(programs, whole) - _rows(alone, whole)) / self._steps[mover])
            pairs |= {(mover, k): _cleared(np.where(reach[k], found, 0), first) for k in group}
        for k, part in (*curves.items(), *((k, part) for (_, k), part in pairs.items())):
            if (np.abs(part[-TAIL:]) > CLOSE * np.maximum(np.abs(first), LEAST)).any():
                self.without.add(k)
        curved, kept = self.curved, set(self.kept)
        pairs = {pair: part for pair, part in pairs.items() if kept >= {*pair} and part.any()}
        by = np.array([(mover, curved.index(k)) for mover, k in pairs], np.int64).reshape(-1, 2)
        features = Features(self._base, np.array(curved, np.int64), by)
        parts = [(features.of_curve(at), curves[k]) for at, k in enumerate(curved)]
        parts += [(features.of_pair(at), part) for at, part in enumerate(pairs.values())]
        for k in sorted(kept - {*curved}):
            # Sums that an input does not move round another way at each point.
            row = numbers_of(*self._alone[k][0], whole)
            parts.append((np.array([k]), np.where(_differ(row, first), (row - first) / self._steps[k], 0)[None]))
        spots = [np.nonzero(part) for _, part in parts]
        none = np.zeros(0, np.int64)
        feature = [places[which] for (places, _), (which, _) in zip(parts, spots, strict=True)]
        slope = [part[spot] for (_, part), spot in zip(parts, spots, strict=True)]
        entry = np.concatenate([none, *(entry for _, entry in spots)])
        least = np.where(np.isin(np.arange(len(self._base)), [*kept]) & (self._base != 0), 1 / FAR, np.inf)
        moves = (entry, np.concatenate([none, *feature]), np.concatenate([np.zeros(0), *slope]))
        return IndexMap(whole, first, features, least, *moves)

    def told(self, made: IndexMap, inputs: Sequence[int], times: Vector | float) -> bool:
        """Whether the map tells the program where some inputs are so many times what they are."""
        at = self._times(inputs, times)
        found = self._program(at)
        return found is not None and made.tells(at, *found)

    def holds(self, made: IndexMap) -> bool:
        """Whether the map tells the program as far as it is to be used, all inputs moved at once."""
        inputs = self.kept
        turned = np.tile(ENDS, len(inputs))[: len(inputs)]
        # Between the ends only polynomials have anything to show.
        between = (*MIDWAY, np.tile(MIDWAY, len(inputs))[: len(inputs)]) if self.curved else ()
        return all(self.told(made, inputs, times) for times in (*ENDS, turned, *between))

    def bent(self, made: IndexMap) -> list[int]:
        """The inputs of which the map does not tell the program, each moved alone to both ends."""
        return [k for k in self.kept if not all(self.told(made, [k], times) for times in ENDS)]

    def shared(self) -> set[int]:
        """The curved inputs that move numbers which another one moves."""
        reach, curved = self._reach(self._whole()), self.curved
        return {k for k in curved for other in curved if other != k and (reach[k] & reach[other]).any()}


def index_map(write: Write, base: Vector, signed: Mask) -> IndexMap:
    """Measure what each input moves, and how far that holds: not at all where a program is neither affine nor smooth.

    Args:
        write: the program for inputs.
        base: the inputs as they are.
        signed: which inputs may change their sign.
    """
    measured = _Measured(write, base)
    found = measured.map()
    if not measured.holds(found):
        measured.bend(measured.bent(found))
        found = measured.map()
    # What two inputs bend together no map has: first those go that share a number, then all that bend, then all.
    for left_out in (measured.shared, lambda: {*measured.curved}, lambda: {*measured.kept}):
        if not measured.holds(found):
            measured.without |= left_out()
            found = measured.map()
    across = [k for k in measured.kept if signed[k] and k not in measured.curved]
    if across and not measured.told(found, across, -FAR):
        across = [k for k in across if measured.told(found, [k], -FAR)]
    found.least[[k for k in across if base[k] != 0]] = -FAR
    return found


def _rows(programs: Sequence[Program], whole: Conic) -> Numbers:
    return np.array([numbers_of(*each, whole) for each in programs])


def _differ(one: Numbers, two: Numbers, close: float = ROUNDING) -> Mask:
    return np.asarray(np.abs(one - two) > close * np.maximum(np.abs(one), np.abs(two)))


def _cleared(part: Numbers, first: Vector) -> Numbers:
    """Coefficients without those that are rounding."""
    return np.where(np.abs(part) > ROUNDING * np.maximum(np.abs(first), np.abs(part).max(0)), part, 0)


def _strangers(inputs: Iterable[int], reach: dict[int, Mask]) -> list[list[int]]:
    """Groups of inputs such that no two of one move the same number."""
    groups: list[tuple[list[int], Mask]] = []
    for k in inputs:
        own = next((group for group in groups if not (group[1] & reach[k]).any()), None)
        if own is None:
            groups.append(([k], reach[k].copy()))
        else:
            own[0].append(k)
            own[1][:] |= reach[k]
    return [group for group, _ in groups]
