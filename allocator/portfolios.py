"""The lines and the risk of a plain portfolio, from what Python passes: moments, a factor model or scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from allocator.errors import InputError
from allocator.risk import Risk
from allocator.sparse import Vector
from allocator.universe import Universe

if TYPE_CHECKING:
    import pandas as pd


def from_moments(
    mean: ArrayLike | pd.Series, covariance: ArrayLike | pd.DataFrame, repair: str | None
) -> tuple[Universe, Risk]:
    """As `Case.from_moments`."""
    returns = _array("mean", mean, 1, "pass a Series, or a list with a number for each line")
    matrix = _array("covariance", covariance, 2, "pass a DataFrame, or an array with a row and a column a line")
    n = len(returns)
    if matrix.shape != (n, n):
        what = f"a mean of {n} lines does not fit a covariance of {matrix.shape[0]} x {matrix.shape[1]}"
        raise InputError.of(what, "pass both for the same lines")
    if repair not in (None, "nearest"):
        raise InputError.of(f"cannot read the repair '{repair}'", "pass 'nearest', or leave it out")
    # A list has a method of the name `index`; a pandas index is not callable.
    given = [getattr(table, "index", None) for table in (mean, covariance)]
    indices = [index for index in given if index is not None and not callable(index)]
    names = list(map(str, indices[0])) if indices else [f"line-{i + 1}" for i in range(n)]
    for labels in (*indices, getattr(covariance, "columns", names)):
        if list(map(str, labels)) != names:
            what = "the mean and the covariance name other lines, or in another order"
            raise InputError.of(what, "reindex the covariance like the mean")
    if (np.abs(returns) > 1).any():
        k = int(np.argmax(np.abs(returns) > 1))
        raise InputError.of(f"the mean of '{names[k]}' is {returns[k]:g}", "divide by 100 if these are percentages")
    universe = Universe.build({"id": names, "expected-return": returns.tolist()})
    return universe, Risk.from_covariance(matrix, universe.ids, repair)


def from_factors(
    universe: Universe | pd.DataFrame,
    loadings: ArrayLike | pd.DataFrame,
    specific: ArrayLike | pd.Series,
    covariance: ArrayLike | pd.DataFrame | None,
) -> tuple[Universe, Risk]:
    """As `Case.from_factors`."""
    lines = universe if isinstance(universe, Universe) else Universe.from_frame(universe)
    B = _array("loadings", loadings, 2, "pass a DataFrame, or an array with a row a line and a column a factor")
    own = _array("specific volatilities", specific, 1, "pass a Series, or a list with a number for each line")
    for what, table in (("loadings", loadings), ("specific volatilities", specific)):
        index = getattr(table, "index", None)
        if index is not None and not callable(index) and tuple(map(str, index)) != lines.ids:
            what = f"the {what} name other lines than the universe, or in another order"
            raise InputError.of(what, "reindex them like the universe")
    if B.shape[0] != len(lines):
        raise InputError.of(f"loadings of {B.shape[0]} lines do not fit a universe of {len(lines)}", "pass a row each")
    mend = "pass a DataFrame, or an array with a row and a column a factor"
    common = np.eye(B.shape[1]) if covariance is None else _array("factors' covariance", covariance, 2, mend)
    return lines, Risk.from_factors(B, common, own, lines.ids)


def from_scenarios(
    returns: pd.DataFrame | ArrayLike, universe: Universe | pd.DataFrame | None
) -> tuple[Universe, Risk]:
    """As `Case.from_scenarios`."""
    table = _array("returns", returns, 2, "pass a DataFrame, or an array with a row a scenario and a column a line")
    names = [str(name) for name in getattr(returns, "columns", [f"line-{i + 1}" for i in range(table.shape[1])])]
    if universe is None:
        lines = Universe.build({"id": names, "expected-return [1]": table.mean(axis=0).tolist()})
    else:
        lines = universe if isinstance(universe, Universe) else Universe.from_frame(universe)
    if len(lines) != table.shape[1] or (hasattr(returns, "columns") and lines.ids != tuple(names)):
        what = "the returns are of other lines than the universe, or in another order"
        raise InputError.of(what, "give a column for each line, in the universe's order")
    return lines, Risk.from_scenarios(table)


def _array(what: str, given: Any, dimensions: int, mend: str) -> Vector:
    """An array of as many dimensions from what Python passes."""
    try:
        found = np.asarray(given, float)
    except (TypeError, ValueError):
        found = np.zeros(())
    if found.ndim != dimensions or not found.size:
        shown = ", ".join(filter(None, [type(given).__name__, " x ".join(map(str, found.shape))]))
        raise InputError.of(f"cannot read the {what} ({shown})", mend)
    if not np.isfinite(found).all():
        raise InputError.of(f"the {what} has numbers that are missing or infinite", "fill them, or drop their lines")
    return found
