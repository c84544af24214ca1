"""The vector that is decided: capital by line, debt by line and tranche, reserve; and its exact closing in integers.

In parts of equity: `v = (x, f, reserve, deployed, debt, drawn, e)`. The sums have entries of their own (deployed, debt,
and what is drawn of each tranche), so that a share's row stays sparse; e is, for each line whose yield compresses, the
capital beyond the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.sparse import Indices, Vector

GRAIN = 10**9
"Amounts are recorded in billionths of their unit: whole dollars of $ bn."
DUST = 1e-8
"What amounts that all together are less, in parts of equity, are taken for: nothing."


@dataclass(frozen=True, eq=False)
class Decision:
    """Where everything stands in v.

    Attributes:
        lines, tranches: the names.
        pair_line, pair_tranche: for each eligible pair of line and tranche, which line and which tranche.
        bent: the lines whose yield compresses.
        threshold: their capital at which compression sets in, in parts of equity.
        equity: E, in $ bn.
        fully_invested: whether no reserve is kept.
    """

    lines: tuple[str, ...]
    tranches: tuple[str, ...]
    pair_line: Indices
    pair_tranche: Indices
    bent: Indices
    threshold: Vector
    equity: float
    fully_invested: bool

    @property
    def n(self) -> int:
        """How many lines."""
        return len(self.lines)

    @property
    def pairs(self) -> int:
        """How many pairs of line and tranche may lend."""
        return len(self.pair_line)

    @property
    def f(self) -> int:
        """Where debt begins in v."""
        return self.n

    @property
    def reserve(self) -> int:
        """Where the reserve stands in v."""
        return self.n + self.pairs

    @property
    def deployed(self) -> int:
        """Where the capital deployed in all stands in v."""
        return self.reserve + 1

    @property
    def debt(self) -> int:
        """Where the debt in all stands in v."""
        return self.reserve + 2

    @property
    def drawn(self) -> int:
        """Where the debt of each tranche begins in v."""
        return self.reserve + 3

    @property
    def e(self) -> int:
        """Where the capital beyond the thresholds begins in v."""
        return self.drawn + len(self.tranches)

    @property
    def size(self) -> int:
        """The length of v."""
        return self.e + len(self.bent)

    def pair_names(self) -> list[tuple[str, str]]:
        """Line and tranche of each pair."""
        return [(self.lines[i], self.tranches[t]) for i, t in zip(self.pair_line, self.pair_tranche, strict=True)]

    def vector(self, capital: Vector, loans: Vector) -> Vector:
        """V from capital by line (n) and debt by pair, in parts of equity; all the rest by its definition."""
        v = np.zeros(self.size)
        v[: self.n], v[self.f : self.reserve] = capital, loans
        v[self.deployed], v[self.debt] = capital.sum(), loans.sum()
        v[self.drawn : self.e] = np.bincount(self.pair_tranche, loans, len(self.tranches))
        v[self.reserve] = 1 + v[self.debt] - v[self.deployed]
        v[self.e :] = np.maximum(capital[self.bent] - self.threshold, 0)
        return v

    def close(self, v: Vector) -> tuple[Indices, Indices, int]:
        """Round to grains so that `deployed + reserve = equity + debt` holds exactly; dust becomes nothing.

        The remainder goes to the reserve; where none is kept, or it would be overdrawn, it is spread over the lines.

        Returns:
            capital by line, debt by pair, and the reserve, as integers.
        """
        grains = self.equity * GRAIN
        loans = np.rint(_without_dust(v[self.f : self.reserve]) * grains).astype(np.int64)
        exact = _without_dust(v[: self.n]) * grains
        capital = np.rint(exact).astype(np.int64)
        whole = round(grains) + int(loans.sum())
        if self.fully_invested or int(capital.sum()) > whole:
            capital = _apportioned(exact, whole)
        return capital, loans, whole - int(capital.sum())

    def opened(self, capital: Indices, loans: Indices) -> Vector:
        """The v of recorded grains."""
        grains = self.equity * GRAIN
        return self.vector(capital / grains, loans / grains)


def _without_dust(amounts: Vector) -> Vector:
    """The amounts, those at zero that are next to nothing all together: a solver's zeros."""
    order = np.argsort(amounts)
    small = order[np.cumsum(np.maximum(amounts[order], 0)) <= DUST]
    out = np.maximum(amounts, 0)
    out[small] = 0
    return out


def _apportioned(amounts: Vector, whole: int) -> Indices:
    """Integers in proportion to the amounts that add up to a whole, by largest remainders."""
    total = amounts.sum()
    exact = amounts * (whole / total) if total > 0 else np.full(len(amounts), whole / len(amounts))
    out: Indices = np.floor(exact).astype(np.int64)
    missing = whole - int(out.sum())
    out[np.argsort(out - exact, kind="stable")[:missing]] += 1
    return out
