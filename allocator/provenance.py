"""By whose rules and from which files an outcome was computed, as plain data."""

from __future__ import annotations

import os
from pathlib import Path

from allocator.case import Case
from allocator.model import kebab
from allocator.rulebook import Rulebook
from allocator.rulebook.overlays import Change
from allocator.rulebook.waivers import Waiver
from allocator.solution import Record


def policy(rules: Rulebook) -> Record | None:
    """Whose rules they are, on what texts, who agreed to them, and what is waived; None for rules from Python."""
    header = rules.header
    if header is None:
        return None
    texts = rules.authorities.items()
    return {
        "id": header.id,
        "title": header.title,
        "titles": dict(header.title.languages),
        "status": header.status,
        "owner": header.owner,
        "digest": rules.digest,
        "approvers": list(header.approvers),
        "approvals": [
            {
                "by": approval.by,
                "on": approval.on.isoformat(),
                "digest": approval.digest,
                "state": "current" if rules.is_current(approval) else "stale",
            }
            for approval in rules.approvals
        ],
        "changes": [_change(change) for change in rules.amendments],
        "waivers": [_waiver(rules, waiver) for waiver in rules.waivers],
        "sources": {name: {"title": said.title, "url": said.url, "quote": said.quote} for name, said in texts},
    }


def _change(change: Change) -> Record:
    """What an overlay made of one field of a rule of its base."""
    return {
        "rule": change.rule,
        "field": change.field,
        "was": str(change.was),
        "now": str(change.now),
        "direction": change.direction,
        "authority": change.authority,
        "why": change.why,
    }


def _waiver(rules: Rulebook, waiver: Waiver) -> Record:
    until = waiver.effective.until
    return {
        "id": waiver.id,
        "rule": waiver.rule,
        "names": sorted(waiver.names or ()),
        "side": kebab(waiver.side),
        "limit": getattr(waiver.stated(rules.rule(waiver.rule)), waiver.side),
        "from": waiver.effective.from_.isoformat(),
        "until": until.isoformat() if until else "",
        "state": waiver.state(rules.as_of),
        "authority": waiver.authority,
        "approved-by": waiver.approved_by,
        "why": waiver.why,
    }


def inputs(case: Case, rules: Rulebook) -> list[Record]:
    """The files read, relative to the case's folder, with their digests."""
    sources = [*case.sources, *([rules.source] if rules.source else []), *rules.bases]
    if not sources:
        return []
    base = folder(case) or sources[0].path.parent
    return [
        {"path": Path(os.path.relpath(source.path, base)).as_posix(), "sha256": source.digest} for source in sources
    ]


def folder(case: Case) -> Path | None:
    """The folder that a case was read from."""
    return case.sources[0].path.parent if case.sources else None
