"""A record as CSV tables of plain numbers; no cell can be taken for a formula by a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from allocator.report.frontier import frames
from allocator.solution import Record

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def outcome(record: Record) -> dict[str, str]:
    """File names to CSV: amounts, financing, totals, who gets what, stresses, rules and prices; or what is violated."""
    if "amounts" not in record:
        return {"violations.csv": render(record.get("violations", []))}
    totals = [{"total": key, "value": value} for key, value in record["totals"].items() if key != "tranches"]
    divided = record.get("distributions", {"holders": [], "principals": []})
    lost = [{"stress": each["stress"], "loss": each["loss"]} for each in record["stresses"]]
    optional = {
        "distributions.csv": divided["holders"],
        "principals.csv": divided["principals"],
        "stresses.csv": lost,
    }
    return {
        "amounts.csv": render(record["amounts"]),
        "financing.csv": render(record["financing"], ("line", "tranche", "amount")),
        "totals.csv": render(totals),
        **{name: render(rows) for name, rows in optional.items() if rows},
        "rules.csv": render(record["rules"]),
        "prices.csv": render(record["prices"]),
    }


def frontier(record: Record) -> dict[str, str]:
    """File names to CSV: points, compositions, rules and where they change; or the violations where nothing fits."""
    if "points" not in record:
        return outcome(record)
    return {f"{name}.csv": render(rows, header) for name, (rows, header) in frames(record).items()}


def sweep(record: Record) -> dict[str, str]:
    """File names to CSV: a table for each thing that a sweep says; its scenarios are in Parquet."""
    held = [{key: each[key] for key in each if key != "amounts"} for each in record["regret"]]
    amounts = [{"by": each["by"], **own} for each in record["regret"] for own in each["amounts"]]
    keys = ("objectives", "sums", "amounts", "tranches", "binding", "blamed", "movers", "prices")
    found = {f"{key}.csv": record[key] for key in keys} | {"regret.csv": held, "regret-amounts.csv": amounts}
    return {name: render(rows) for name, rows in found.items() if rows}


def render(rows: Sequence[Record], header: Sequence[str] = ()) -> str:
    """Rows as CSV, with the keys of the first as the header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else header, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = " ".join(map(str, value))
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
