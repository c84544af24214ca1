"""Outcomes as a reviewed policy leaves them: sources, owners, waivers, approvals, and texts in two languages."""

from __future__ import annotations

import copy
from typing import Any

DIGEST = "sha256:" + "0123456789abcdef" * 4
STALE = "sha256:" + "fedcba9876543210" * 4
JAPANESE = "基金は米国に本拠を置く企業に投資する"
EVIL = "<script>alert(1)</script>"
"A text that would run, were it not escaped."


def reviewed(record: dict[str, Any], **policy: Any) -> dict[str, Any]:
    """A record with all that a policy file may add to it; the title of its first rule is in Japanese too."""
    made = copy.deepcopy(record)
    rules = made["rules"] if "rules" in made else made["violations"]
    for rule in rules:
        rule |= {
            "authority": "mandate-3.2",
            "owner": "example/risk",
            "titles": {"en": rule["title"]},
            "whys": {"en": "A commitment between the two owners and not a market view."},
        }
    rules[0]["titles"]["ja"] = JAPANESE
    rules[0]["whys"]["ja"] = "市場の見方ではなく、両所有者の約束である。"
    made["policy"] = {
        "id": "us-japan-fund",
        "title": "US-Japan Fund investment limits",
        "titles": {"en": "US-Japan Fund investment limits", "ja": "日米基金投資限度"},
        "status": "example",
        "owner": "example/owner-b",
        "digest": DIGEST,
        "approvers": ["example/owner-a", "example/owner-b"],
        "approvals": [
            {"by": "example/owner-a", "on": "2026-03-20", "digest": DIGEST, "state": "current"},
            {"by": "example/owner-b", "on": "2025-11-02", "digest": STALE, "state": "stale"},
        ],
        "changes": [
            {
                "rule": rules[0]["rule"],
                "field": "at-most",
                "was": "45%",
                "now": "40%",
                "direction": "tighter",
                "authority": "mandate-3.2",
                "why": "Two lines share their tenants.",
            }
        ],
        "waivers": [
            {
                "id": "W-2026-004",
                "rule": rules[-1]["rule"],
                "names": ["nvidia"],
                "side": "at-most",
                "limit": "18%",
                "from": "2026-04-01",
                "until": "2026-09-30",
                "state": "expired",
                "authority": "mandate-3.2",
                "approved-by": "example/risk",
                "why": "The lease of one campus passes to another tenant by then.",
            }
        ],
        "sources": {
            "mandate-3.2": {
                "title": "Illustrative mandate, art. 3(2): place of investment",
                "url": "https://example.org/mandate",
                "quote": "Not less than 85 hundredths shall be placed with companies seated in the United States.",
            }
        },
    } | policy
    return made


def hostile(record: dict[str, Any]) -> dict[str, Any]:
    """The same with texts that would run or load something, wherever a file may have a text of its own."""
    breakout = f'"><img src=x onerror=alert(1)>{EVIL}'
    source = {"title": EVIL, "url": "javascript:alert(1)", "quote": breakout}
    made = reviewed(record, id=breakout, title=EVIL, owner=EVIL, approvers=[EVIL, breakout])
    made["policy"]["titles"] = {"en": EVIL, "ja": breakout}
    made["policy"]["sources"] = {"mandate-3.2": source}
    made["policy"]["changes"][0] |= {"was": breakout, "now": EVIL, "why": breakout}
    made["policy"]["waivers"][0] |= {"id": EVIL, "rule": breakout, "names": [EVIL], "why": breakout}
    made["case"]["title"] = EVIL
    made["notes"] = [breakout]
    made["set"] = {"case": {}, "rules": {EVIL: breakout}}
    for rule in made["rules"]:
        texts = {"en": EVIL, "ja": breakout}
        rule |= {"title": EVIL, "titles": texts, "whys": texts, "sentence": breakout, "owner": EVIL, "member": breakout}
    for line in made["amounts"]:
        line |= {"title": EVIL, "sector": breakout}
    for tranche in made["totals"]["tranches"].values():
        tranche["title"] = breakout
    for paid in made["distributions"]["holders"]:
        paid |= {"holder": EVIL, "vehicle": breakout}
    made["stresses"] = [{"stress": EVIL, "titles": texts, "stories": texts, "loss": 1.0}]
    for read in made["inputs"]:
        read["path"] = breakout
    return made
