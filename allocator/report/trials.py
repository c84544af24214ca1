"""What the tests beside rules found: for the terminal, and as annotations that GitHub shows in a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from allocator.solution import Record


def plain(records: Sequence[Record]) -> str:
    """Each file with its rules: how many tests passed, each failure with its place; what has no test is counted."""
    return "\n".join(line for record in records for line in _plain(record)) + "\n"


def _plain(record: Record) -> Iterator[str]:
    tested = [rule for rule in record["rules"] if rule["tests"]]
    yield f"{record['file']}, tried on {record['case']}"
    width = max((len(rule["id"]) for rule in tested), default=0)
    for rule in tested:
        failed = [test for test in rule["tests"] if not test["passed"]]
        counts = {"passed": len(rule["tests"]) - len(failed), "FAILED": len(failed)}
        yield f"  {rule['id']:{width}}  {', '.join(f'{count} {how}' for how, count in counts.items() if count)}"
        for test in failed:
            yield f"    {_place(test)}: {test['name']}"
            yield f"      expected {test['expected']}, got {test['got']}{_reading(test)}"
    yield f"  {_untested(record)}"


def _reading(test: Record) -> str:
    return f" ({test['reading']})" if test["reading"] else ""


def _place(test: Record) -> str:
    """Where a test stands: `fund.yaml:31`."""
    return f"{test['place']['file']}:{test['place']['line']}"


def _untested(record: Record) -> str:
    """How many rules have no test, and which."""
    names = [rule["id"] for rule in record["rules"] if not rule["tests"]]
    if not names:
        return "every rule has a test"
    have = "1 rule has" if len(names) == 1 else f"{len(names)} rules have"
    return f"{have} no test: {', '.join(names)}"


def github(records: Sequence[Record]) -> str:
    """A workflow command of GitHub Actions for each failure, at the test that failed."""
    return "".join(
        _annotation(rule, test)
        for record in records
        for rule in record["rules"]
        for test in rule["tests"]
        if not test["passed"]
    )


def _annotation(rule: Record, test: Record) -> str:
    at = test["place"]
    title = f"Test of {rule['id']} failed"
    told = f"{test['name']}: expected {test['expected']}, got {test['got']}{_reading(test)}"
    where = f"file={_property(at['file'])},line={at['line']},col={at['column']},title={_property(title)}"
    return f"::error {where}::{_data(told)}\n"


def _data(text: str) -> str:
    """Text after the colons, where a new line would begin another command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Text between the commas."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
