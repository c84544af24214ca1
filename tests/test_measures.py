from __future__ import annotations

import numpy as np
import pytest

from allocator.errors import Unparsable
from allocator.measures import NAMED, Measure, MeasureName
from allocator.sparse import Sparse


@pytest.mark.parametrize("name", NAMED)
def test_a_name_reads_as_words(name: str) -> None:
    assert str(MeasureName.parse(name)) == NAMED[name]


def test_a_column() -> None:
    made = MeasureName.parse({"column": "debt"})
    assert str(made) == "total debt"
    assert str(MeasureName("firm-mw-by-2029", column=True)) == "total firm MW by 2029"
    assert made != MeasureName.parse("debt")
    assert made == MeasureName("debt", column=True)
    assert len({made, MeasureName("debt", column=True), MeasureName("debt")}) == 2
    assert MeasureName.parse(made) is made


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("det", "unknown measure 'det'; did you mean 'debt'? (a column is written {column: det})"),
        ({"colum": "debt"}, "not a measure; write a name such as deployed, or {column: firm-mw-needed}"),
        ({"column": ["a"]}, "not a measure; write a name such as deployed, or {column: firm-mw-needed}"),
        (3, "not a measure; write a name such as deployed, or {column: firm-mw-needed}"),
    ],
)
def test_no_measure(given: object, message: str) -> None:
    with pytest.raises(Unparsable) as caught:
        MeasureName.parse(given)
    assert str(caught.value) == message


@pytest.mark.parametrize(("loss", "value"), [(None, 8.0), (Sparse.dense(np.array([[0.0, 2]])), 8 - 36)])
def test_a_value_is_net_of_what_is_lost(loss: Sparse | None, value: float) -> None:
    assert Measure("words", np.array([1.0, 2]), 1.0, loss).value(np.array([1.0, 3])) == value
