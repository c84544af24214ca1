from __future__ import annotations

import re

from allocator.codes import Code
from allocator.errors import Collector, InputError, Problem, Unparsable
from allocator.files.marked import FirstFew


def test_codes_are_in_order_and_each_has_one_line() -> None:
    for letter, first in (("P", 101), ("W", 201)):
        codes = [str(code) for code in Code if code.startswith(letter)]
        assert codes == [f"{letter}{first + k}" for k in range(len(codes))]
    for code in Code:
        assert re.fullmatch(r"[a-z].{20,98}[a-z]", code.meaning), code


def test_a_code_of_p_is_an_error_and_one_of_w_a_warning() -> None:
    assert {(code[0], code.severity) for code in Code} == {("P", "error"), ("W", "warning")}


def test_what_has_no_better_code_is_a_value() -> None:
    problems = Collector()
    problems.add("what", "mend")
    assert {
        Problem("what", "mend").code,
        InputError.of("what", "mend").problems[0].code,
        problems.problems[0].code,
        Unparsable("what", "mend").code,
    } == {Code.VALUE}
    text = FirstFew()
    text.add("what", "mend")
    assert text.problems[0].code is Code.SYNTAX


def test_a_code_is_not_in_the_words() -> None:
    problem = Problem("what", "mend", code=Code.TWICE)
    assert str(problem) == "what; mend"
    assert f"{problem.code}" == "P108"
