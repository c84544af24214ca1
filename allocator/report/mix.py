"""Where the capital went, and how much of it was borrowed."""

from __future__ import annotations

from dataclasses import dataclass

from allocator.fund import PORTFOLIO
from allocator.solution import Record

SMALL = 1e-6
"A line with less than this part of equity gets nothing, to a reader."


@dataclass(frozen=True)
class Part:
    """A line, or the lines of a sector.

    Attributes:
        name: its id.
        title: for a reader.
        sector: of the line.
        capital: in $ bn.
        share: of the capital deployed.
        debt: secured on it, in $ bn.
    """

    name: str
    title: str
    sector: str
    capital: float
    share: float
    debt: float

    @property
    def borrowed(self) -> float | None:
        """Debt over capital; None where there is no capital."""
        return self.debt / self.capital if self.capital else None


def of_weights(record: Record) -> bool:
    """Whether amounts are parts of one and no dollars, as those of a case made of moments or returns."""
    return bool(record["case"]["id"] == PORTFOLIO)


def lines(record: Record) -> list[Part]:
    """The lines, largest first."""
    debt: dict[str, float] = {}
    for each in record["financing"]:
        debt[each["line"]] = debt.get(each["line"], 0.0) + each["amount"]
    found = [
        Part(each["line"], each["title"], each["sector"], each["amount"], each["share"], debt.get(each["line"], 0.0))
        for each in record["amounts"]
    ]
    return sorted(found, key=lambda part: (-part.capital, part.name))


def used(record: Record) -> list[Part]:
    """The lines that get something, largest first."""
    return [part for part in lines(record) if part.capital > SMALL * record["case"]["equity"]]


def groups(record: Record) -> list[tuple[Part | None, list[Part]]]:
    """The sectors, largest first, each with those of its lines that get something; one of no name without sectors."""
    members = used(record)
    named = [(each, [part for part in members if part.sector == each.name]) for each in sectors(record)]
    return [group for group in named if group[1]] or [(None, members)]


def sectors(record: Record) -> list[Part]:
    """The sectors, largest first; none where the lines have no sectors."""
    parts = lines(record)
    if all(part.sector == part.name for part in parts):
        return []
    groups: dict[str, list[Part]] = {}
    for part in parts:
        groups.setdefault(part.sector, []).append(part)
    deployed = sum(part.capital for part in parts) or 1.0
    found = []
    for name, members in groups.items():
        capital = sum(part.capital for part in members)
        found.append(Part(name, name, name, capital, capital / deployed, sum(part.debt for part in members)))
    return sorted(found, key=lambda part: (-part.capital, part.name))
