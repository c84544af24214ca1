from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, EntryPoints

import pytest

import allocator as al
from allocator import kinds
from allocator.errors import InputError, Place
from allocator.rules.look_through import LookThrough
from allocator.solvers.scs import Scs

Claim = Callable[..., None]


@pytest.fixture
def claim(monkeypatch: pytest.MonkeyPatch) -> Iterator[Claim]:
    """Makes other packages claim names among the rules."""

    def install(**points: str) -> None:
        found = [EntryPoint(name.replace("_", "-"), value, "allocator.rules") for name, value in points.items()]
        monkeypatch.setattr(kinds, "_points", lambda: EntryPoints(found))
        kinds._claims.cache_clear()

    yield install
    kinds._claims.cache_clear()


@pytest.mark.parametrize(
    ("wing", "names"),
    [
        (
            "objectives",
            ["dividend-yield", "expected-return", "owner-gain", "risk-budget", "robust-yield", "sharpe",
             "strategic-weight", "tail-loss", "tracking", "variance", "volatility"],
        ),
        ("rules", ["amount", "concentration", "count", "coverage", "domicile", "exclusion", "leverage", "look-through",
                   "ratio", "share", "stress-loss", "tail-loss", "ticket", "tracking", "turnover", "volatility"]),
        ("solvers", ["clarabel", "highs", "piqp", "qoco", "scs"]),
    ],
)  # fmt: skip
def test_known(wing: str, names: list[str]) -> None:
    assert kinds.known(wing) == names


@pytest.mark.parametrize(
    ("wing", "name", "kind"),
    [("rules", "look-through", LookThrough), ("solvers", "scs", Scs), ("objectives", "variance", al.Variance)],
)
def test_found_by_name(wing: str, name: str, kind: type) -> None:
    assert kinds.find(wing, name) is kind


def test_unknown() -> None:
    with pytest.raises(InputError) as caught:
        kinds.find("objectives", "varience", Place("f", 3, 4))
    assert str(caught.value) == "f:3:4: unknown kind of objective 'varience'; did you mean 'variance'?"


def test_another_package_may_add_a_kind(claim: Claim) -> None:
    claim(land_use="allocator.rules.look_through:LookThrough")
    assert kinds.find("rules", "land-use") is LookThrough
    assert "land-use" in kinds.known("rules")
    assert kinds.by_class("rules", "LandUse") is LookThrough


def test_two_may_not_claim_one_name(claim: Claim) -> None:
    claim(share="elsewhere:Share")
    with pytest.raises(InputError) as caught:
        kinds.find("rules", "share")
    assert str(caught.value) == (
        "two claim the name 'share' among the rules: allocator.rules.share and elsewhere:Share; remove one of them"
    )


def test_by_class() -> None:
    assert al.rules.LookThrough is LookThrough
    with pytest.raises(AttributeError, match=r"no kind 'LookTrough' among the rules; did you mean 'LookThrough'\?"):
        _ = al.rules.LookTrough
