"""What the tests beside rules found: for the terminal, and as annotations that GitHub shows in a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from allocator.errors import Place
from allocator.report.problems import annotation
from allocator.solution import Record


def plain(records: Sequence[Record]) -> str:
    """Each file with its rules: how many tests passed, each failure with its place; what has no test is counted."""
    return "\n".join(line for record in records for line in _plain(record)) + "\n"


def _plain(record: Record) -> Iterator[str]:
    tested = [rule for rule in record["rules"] if rule["tests"]]
    yield record["file"] + (f", tried on {record['case']}" if record["case"] else "")
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
    """A workflow command of GitHub Actions for each failure, at the test that failed; once for several files."""
    found = (
        _annotation(rule, test)
        for record in records
        for rule in record["rules"]
        for test in rule["tests"]
        if not test["passed"]
    )
    return "".join(dict.fromkeys(found))


def _annotation(rule: Record, test: Record) -> str:
    told = f"{test['name']}: expected {test['expected']}, got {test['got']}{_reading(test)}"
    return annotation("error", Place(**test["place"]), f"test of {rule['id']} failed", told)
