"""The words that a report uses and that not every reader knows, in plain language."""

from __future__ import annotations

import re

GLOSSARY = {
    "Approval": "An approver's agreement to the rules as they stand. It names their digest, and is stale once they "
    "change.",
    "As of": "The date on which the rules are read: each limit takes the value that is in force on that day.",
    "Basis point": "A hundredth of a percentage point, written bp: 25 bp is 0.25%.",
    "Benchmark": "A mix of lines, in shares that add up to 100%, with which the fund's mix is compared.",
    "Bind": "A limit binds when it holds the fund back: with a little more room the result would be better.",
    "Bound": "A figure that no allocation within the rules can exceed, computed from numbers stored with the result.",
    "Capacity": "The most that a line can take, or that a source of debt can lend.",
    "Cash income": "What the lines earn in a year before interest, repayments and the fund's fee.",
    "Certified": "The amounts were checked against every rule and term, and it was proved how much better any other "
    "allocation could do at most. The proof does not rest on the program that found them.",
    "Compression": "The fall of a line's yield as more of its capacity is used.",
    "Content": "The part of what a line buys that is made in a country.",
    "Counterparty": "A company on which lines depend: the supplier of their chips, say, or their tenant.",
    "Cover": "Income over what is owed in the year. A cover of 1.25x means $1.25 of income for each $1 owed.",
    "Debt service": "Interest and repayment of debt, in a year.",
    "Deemed allocation": "An investment that counts as paid back, with its cost, by equal yearly payments, the "
    "annuity. Income above these is divided in other parts.",
    "Deployed": "All money put into lines, equity and debt together; the reserve is not counted.",
    "Digest": "A fingerprint of a text (SHA-256). Change anything in the text, and the fingerprint is another one.",
    "Dividend yield": "What the fund could pay out in a year, after interest and fee, over its equity.",
    "Effective number": "How many lines of equal size would be as concentrated as the fund's lines are.",
    "Equity": "The money that the owners put in; the rest is borrowed.",
    "Gearing": "Debt secured on a line, over the capital in it.",
    "Haircut": "A cut taken off income before a test, as if part of it were not paid.",
    "Hard rule": "A rule that no allocation may miss.",
    "HHI": "The Herfindahl-Hirschman index: the squares of all shares, added up. One single holding has 1; ten equal "
    "ones have 0.1.",
    "Interest": "What lenders are paid in a year for the money lent, repayment not counted.",
    "Leverage": "Debt over equity.",
    "Line": "A project, or a group of alike projects, in which the fund may invest.",
    "Look-through": "Capital counted by the company that it depends on in the end, across all lines.",
    "Penalty": "What a soft rule costs where it is missed: a yearly rate on each dollar by which it is missed.",
    "Percentage point": "The difference between two percentages, written pp: from 35% to 36% is 1 pp.",
    "Present holdings": "The capital that the fund has in each line already.",
    "Price": "What one step of a limit is worth to the result, in dollars a year where the aim is income. Small moves "
    "and whole steps can differ, so that both are told.",
    "Principal": "One of those between whom the fund was agreed, such as a government. Its treasury holds equity; "
    "partners may stand on its side.",
    "Reserve": "Equity that is not deployed.",
    "Scenario": "A year as it might go: a return for each line. All scenarios are equally likely.",
    "Slack": "The room left between a value and its limit.",
    "Soft rule": "A rule that may be missed, at a penalty: so much a year on each dollar short.",
    "Strategic weight": "A score of how much a line serves the owners' strategy, for each dollar of capital.",
    "Stress": "A bad year with a name and a story: what each line would return in it.",
    "Term": "A fact or a contract of the case, such as a line's capacity or a lender's covenant. It limits like a "
    "rule.",
    "Ticket": "The least capital that a line has if it has any.",
    "Total": "Of a column of the list of lines, such as megawatts for each $ bn: every line's figure times its "
    "capital, added up.",
    "Total assets": "The capital deployed and the reserve together.",
    "Tracking error": "How far a year's return usually strays from that of the benchmark.",
    "Tranche": "A source of debt with its own cost, length and conditions.",
    "Turnover": "How much is moved: what is bought and what is sold, added up and halved, so that moving a dollar from "
    "one line to another counts as a dollar.",
    "Volatility": "How far a year's return usually strays from its average: in about two years of three it stays "
    "within this distance (one standard deviation).",
    "Waiver": "Leave, for a time, to keep another limit than the rule's own.",
    "Walking away": "Leaving the fund. What an owner has then in a year is what an agreement must beat.",
    "Waterfall": "A division of income in steps: up to an amount in some parts, and what is above it in others.",
    "x": "Times: 1.25x is one and a quarter times, so that 1.25x equity is $125 for each $100 of equity.",
}

SYMBOLS = {
    "x_i": "the capital in line i",
    "x_j": "the capital in line j",
    "X_g": "the capital in group g, such as a sector",
    "f_it": "the debt of tranche t that is secured on line i",
    "E": "equity",
    "R": "the reserve",
    "y_i": "the cash yield of line i: a year's cash income for each dollar of capital",
    "loss_i": "what compression takes off a year's cash income of line i",
    "c_t": "the yearly cost of tranche t for each dollar of debt",
    "s_it": "the yearly debt service for each dollar that tranche t lends to line i",
    "m_i": "the expected return of line i",
    "u_i": "the part of line i that is made in the United States",
    "w_ip": "the part of line i that depends on counterparty p",
    "C_ij": "the covariance of the returns of lines i and j, which is the variance where i and j are the same line",
    "d_i": "the capital in line i, less as much of the capital deployed as the benchmark has there",
    "d_j": "the same of line j",
    "h_i": "the capital that is in line i already",
    "l_is": "the part of the capital in line i that is lost in scenario or stress s; a gain is negative",
    "held": "what the present holdings come to, in the unit of the limit, as though no debt stood behind them",
    "shortfall": "the dollars missing to a soft floor, never negative, on each of which the penalty is paid",
    "excess": "the dollars over a soft cap, never negative, on each of which the penalty is paid",
}
"What the letters of formulas stand for."

OTHERWISE = {
    "Basis point": r"\bbp\b",
    "Total": r"\btotal (?!assets\b)[a-z]",
    "x": r"\d\.\d+x\b",
    "Hard rule": r"\bhard\b",
    "Soft rule": r"\bsoft\b",
    "Counterparty": r"\bcounterpart(y|ies)\b",
    "Bind": r"\bbind(s|ing)?\b",
    "Percentage point": r"\bpp\b",
    "Slack": r"\bslack\b|\broom\b",
    "Look-through": r"look-through|added up over all lines",
    "Cover": r"\bcovers?\b",
    "Tranche": r"\btranches?\b",
    "Stress": r"\bstress(es)?\b",
}
"How a word may stand in a text, where not as it stands in the glossary or with an s."


def used(text: str) -> dict[str, str]:
    """The words of the glossary that a text uses, with what they mean."""
    return {
        word: meaning
        for word, meaning in GLOSSARY.items()
        if re.search(OTHERWISE.get(word, rf"\b{re.escape(word)}s?\b"), text, re.IGNORECASE)
    }


def symbols(formulas: str) -> dict[str, str]:
    """The symbols that formulas use, with what they stand for; a column of the list of lines has one of its own."""
    found = {name: told for name, told in SYMBOLS.items() if re.search(rf"(?<![\w-]){name}(?!\w)", formulas)}
    columns = dict.fromkeys(re.findall(r"(?<![\w-])([a-z0-9-]{2,})_i(?= \* x_i|, for every line)", formulas))
    return found | {
        f"{name}_i": f"the figure of line i in the column '{name}' of the list of lines" for name in columns
    }
