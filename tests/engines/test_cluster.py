"""A real scheduler with real workers, one of which is killed; what comes out is what threads make, to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cluster import Dask
from conftest import small_case
from helpers import book

import allocator as al

RULES = book(al.rules.Share(id="one", title="One line", each="line", of="deployed", at_most="40%"))
AIM = al.DividendYield()


def draws(count: int = 120) -> al.Draws:
    return al.Draws({"hall.cash-yield": al.Lognormal(0.07, 0.1), "one.at-most": al.Uniform(0.15, 0.45)}, count, 1)


@pytest.fixture(scope="module")
def dask() -> Iterator[Dask]:
    made = Dask(2)
    yield made
    made.close()


class StoppedError(Exception):
    pass


def test_a_worker_dies_and_the_client_comes_back(dask: Dask, tmp_path: Path) -> None:
    done: list[int] = []

    def told(so_far: int, count: int) -> None:
        done.append(so_far)
        if len(done) == 2:
            dask.workers[0].kill()
        if len(done) == 10:
            raise StoppedError

    asked = {"case": small_case(), "rules": RULES, "objective": AIM, "scenarios": draws(), "chunk": 4}
    with pytest.raises(StoppedError):
        al.sweep(**asked, into=tmp_path / "s", scheduler=dask.address, told=told)
    kept = len(list((tmp_path / "s").glob("part-*")))
    assert 10 <= kept < 30
    done.clear()
    found = al.sweep(
        **asked, into=tmp_path / "s", scheduler=dask.address, told=lambda so_far, count: done.append(so_far)
    )
    assert done[kept - 1] == 4 * kept
    assert done[-1] == 120
    here = al.sweep(**asked, threads=2)
    pd.testing.assert_frame_equal(found.scenarios, here.scenarios, check_exact=True)
    assert found.record == here.record


def test_what_is_wrong_on_a_worker_is_told_as_here(dask: Dask) -> None:
    class Odd(al.Draws):
        def values(self, start: int, stop: int) -> np.ndarray:
            return super().values(start, stop) - [0.0, 1.0]

    asked = {"case": small_case(), "rules": RULES, "objective": AIM}
    laws = {"hall.cash-yield": al.Lognormal(0.07, 0.1), "one.at-most": al.Uniform(0.15, 0.45)}
    told = r"^scenario 0: 'one\.at-most' can't be -0\.\d+; give 0 to inf, with at-least or at-most where it is drawn$"
    with pytest.raises(al.InputError, match=told):
        al.sweep(**asked, scenarios=Odd(laws, 3), scheduler=dask.address)


def test_no_workers(tmp_path: Path) -> None:
    empty = Dask(0)
    try:
        with pytest.raises(al.InputError) as error:
            al.sweep(small_case(), RULES, AIM, draws(3), scheduler=empty.address)
    finally:
        empty.close()
    assert str(error.value) == f"the scheduler at '{empty.address}' has no workers; start 'dask worker {empty.address}'"
