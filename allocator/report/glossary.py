"""The words that a report uses and that not every reader knows, in plain language."""

from __future__ import annotations

import re

GLOSSARY = {
    "Approval": "An approver's agreement to the rules as they stand. It names their digest, and is stale once they "
    "change.",
    "As of": "The date on which the rules are read: each limit takes the value that is in force on that day.",
    "Basis point": "A hundredth of a percentage point, written bp: 25 bp is 0.25%.",
    "Bind": "A limit binds when it holds the fund back: with a little more room the result would be better.",
    "Bound": "A figure that no allocation within the rules can exceed, computed from numbers stored with the result.",
    "Capacity": "The most that a line can take, or that a source of debt can lend.",
    "Certified": "The amounts were checked against every rule and term, and it was proved how much better any other "
    "allocation could do at most. The proof does not rest on the program that found them.",
    "Compression": "The fall of a line's yield as more of its capacity is used.",
    "Content": "The part of what a line buys that is made in a country.",
    "Cover": "Income over what is owed in the year. A cover of 1.25x means $1.25 of income for each $1 owed.",
    "Debt service": "Interest and repayment of debt, in a year.",
    "Deployed": "The capital at work in the lines: equity and debt together, less the reserve.",
    "Digest": "A fingerprint of a text (SHA-256). Change anything in the text, and the fingerprint is another one.",
    "Dividend yield": "What the fund could pay out in a year, after interest and fee, over its equity.",
    "Effective number": "How many lines of equal size would be as concentrated as the fund's lines are.",
    "Gearing": "Debt secured on a line, over the capital in it.",
    "Haircut": "A cut taken off income before a test, as if part of it were not paid.",
    "Hard rule": "A rule that no allocation may miss.",
    "HHI": "The Herfindahl-Hirschman index: the squares of all shares, added up. One single holding has 1; ten equal "
    "ones have 0.1.",
    "Leverage": "Debt over equity.",
    "Line": "A project, or a group of alike projects, in which the fund may invest.",
    "Look-through": "Capital counted by the company that it depends on in the end, across all lines.",
    "Percentage point": "The difference between two percentages, written pp: from 35% to 36% is 1 pp.",
    "Price": "What one step of a limit is worth to the result, in dollars a year where the aim is income. Small moves "
    "and whole steps can differ, so that both are told.",
    "Reserve": "Equity that is not deployed.",
    "Slack": "The room left between a value and its limit.",
    "Soft rule": "A rule that may be missed, at a penalty: so much a year on each dollar short.",
    "Strategic weight": "A score of how much a line serves the owners' strategy, for each dollar of capital.",
    "Term": "A fact or a contract of the case, such as a line's capacity or a lender's covenant. It limits like a "
    "rule.",
    "Tranche": "A source of debt with its own cost, length and conditions.",
    "Volatility": "How far a year's return strays from its mean, as one standard deviation.",
    "Waiver": "Leave, for a time, to keep another limit than the rule's own.",
}

OTHERWISE = {
    "Basis point": r"\bbp\b",
    "Bind": r"\bbind(s|ing)?\b",
    "HHI": r"\bhhi\b|squared shares",
    "Percentage point": r"\bpp\b",
    "Slack": r"\bslack\b|\broom\b",
    "Effective number": r"spread as evenly as over",
    "Look-through": r"look-through|behind all lines",
    "Cover": r"\bcovers?\b",
    "Tranche": r"\btranches?\b",
}
"How a word may stand in a text, where not as it stands in the glossary or with an s."


def used(text: str) -> dict[str, str]:
    """The words of the glossary that a text uses, with what they mean."""
    return {
        word: meaning
        for word, meaning in GLOSSARY.items()
        if re.search(OTHERWISE.get(word, rf"\b{re.escape(word)}s?\b"), text, re.IGNORECASE)
    }
