"""Records with something wrong in them, at random."""

from __future__ import annotations

import copy
import random
from typing import Any

ODD = (None, True, -1, 0, 1.5, 1e308, 10**400, "", "x", "1.5", [], {}, [[]], {"a": 1}, [1, [2]], float("nan"), "\ud800")
NAMES = ("x", "rule", "one-line.rule", "fund.self", "colocation.capacity", "yen-loans.id", "one-line.at-most")


def damaged(record: Any, chance: random.Random) -> Any:
    """The record with an entry dropped, repeated, renamed or of another type, somewhere."""
    made = node = copy.deepcopy(record)
    while True:
        key = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if not (isinstance(node[key], (dict, list)) and node[key]) or chance.random() < 0.25:
            break
        node = node[key]
    edit = chance.randrange(4)
    if edit == 0:
        del node[key]
    elif edit == 1:
        node[key] = chance.choice(ODD)
    elif isinstance(node, list):
        node.append(copy.deepcopy(node[key]) if edit == 2 else chance.choice(ODD))
    else:
        node[chance.choice(NAMES) if edit == 2 else key] = [chance.choice(ODD)] if edit == 3 else chance.choice(ODD)
    return made
