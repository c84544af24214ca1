"""Texts are broken where they must be, and bars are as long as their values leave room for."""

from __future__ import annotations

import pytest

from allocator.report.plots.layout import FEW, MOST, NARROW, SIZES, Bar, fitted, laid, largest, seen
from allocator.report.plots.text import MOST_LINES, families, printable, width, wrapped

FONTS = families()


def bars(*lengths: float) -> list[Bar]:
    return [Bar(f"bar {i}", f"{length:g}", (("dark", length),)) for i, length in enumerate(lengths)]


def test_a_text_is_broken_between_words() -> None:
    told = "Substrates and test and synthetic diamond in the United States"
    lines = wrapped(told, 120, 9, False, FONTS)
    assert len(lines) > 2
    assert " ".join(lines) == told
    assert all(width(line, 9, False, FONTS) <= 120 for line in lines)
    assert wrapped(told, 1e4, 9, False, FONTS) == [told]
    assert wrapped("", 100, 9, False, FONTS) == [""]


@pytest.mark.parametrize("word", ["W" * 40, "国" * 30])
def test_a_word_that_is_too_wide_is_broken_too(word: str) -> None:
    lines = wrapped(f"of {word}", 100, 9, False, FONTS)
    assert "".join(lines).replace(" ", "") == f"of{word}"
    assert all(width(line, 9, False, FONTS) <= 100 for line in lines)


def test_a_text_without_end_has_one() -> None:
    for told in ("word " * 10_000, "W" * 10_000):
        lines = wrapped(told, 100, 9, False, FONTS)
        assert len(lines) == MOST_LINES
        assert lines[-1].endswith("…")


def test_what_is_no_letter_is_left_out() -> None:
    assert printable("a\x00b\r\n\tc\u202ed\ud800 e\u3000f") == "a b c d e f"


def test_bars_are_as_long_as_values_leave_room_for() -> None:
    """The value of the longest bar ends at the edge, as long as no shorter one has a longer value."""
    found = laid(bars(100, 20), 460, 9, False, FONTS)
    least, most, scale = found.span(460)
    assert (least, most) == (0, 100)
    assert found.start + 100 * scale + width("100", 9, False, FONTS) + 8 == pytest.approx(460)
    long = [Bar("a", "w" * 15, (("dark", 90.0),)), Bar("b", "1", (("dark", 100.0),))]
    found = laid(long, 460, 9, False, FONTS)
    assert found.start + 90 * found.span(460)[2] + width("w" * 15, 9, False, FONTS) + 8 == pytest.approx(460)


def test_names_stand_above_where_it_is_narrow() -> None:
    wide, narrow = laid(bars(3, 2), NARROW, 9, False, FONTS), laid(bars(3, 2), NARROW - 1, 9, False, FONTS)
    assert not wide.above
    assert narrow.above
    assert narrow.start == 0
    assert narrow.span(NARROW - 1)[2] * 3 == pytest.approx(NARROW - 1)
    assert narrow.height > wide.height


def test_letters_shrink_before_bars_are_left_out() -> None:
    many = bars(*range(20, 0, -1))
    whole = laid(many, 460, SIZES[0], True, FONTS).height
    assert fitted(many, 460, whole, True, FONTS).size == SIZES[0]
    less = fitted(many, 460, 0.85 * whole, True, FONTS)
    assert SIZES[-1] < less.size < SIZES[0]
    assert len(less.places) == 20
    few = fitted(many, 460, 0.4 * whole, True, FONTS)
    assert few.size == SIZES[-1]
    assert few.height <= 0.4 * whole
    shown = [place.bar.length for place in few.places[:-1]]
    assert shown == list(range(20, 20 - len(shown), -1))
    assert few.places[-1].name == [f"{20 - len(shown)} smaller ones are not shown"]


def test_the_largest_keep_the_heads_of_their_groups() -> None:
    given = [
        Bar("A", "", head=True),
        *bars(9, 1),
        Bar("B", "", head=True),
        *bars(2),
        Bar("C", "", head=True),
        *bars(-8),
    ]
    assert [bar.name for bar in largest(given, 2)] == ["A", "bar 0", "C", "bar 0", "2 smaller ones are not shown"]
    assert [bar.name for bar in largest(given[:4], 1)] == ["A", "bar 0", "1 smaller one is not shown"]
    assert largest(given, 4) == given


def test_short_bars_are_left_out_where_there_are_many() -> None:
    assert len(seen(bars(100, *[1] * (FEW - 1)), 0.02)) == FEW
    assert len(seen(bars(100, *[1] * FEW), 0.02)) == FEW + 1
    assert seen(bars(100, *[1] * FEW), 0.02)[-1].name == "1 smaller one is not shown"
    assert len(seen(bars(100, *[3] * 40), 0.02)) == 41
    assert len(seen(bars(*[3] * 100), 0.0)) == MOST + 1
