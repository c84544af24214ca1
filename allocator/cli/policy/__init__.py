"""`allocator policy`: what is done to policy files."""

from __future__ import annotations

from allocator.cli import Lazy

COMMANDS = {
    "diff": "Show what differs between two policies, and what that makes possible.",
    "impact": "Show what a change of policy does to the best allocation.",
}
"Each command with its help, so that --help needs to import none of them."

command = Lazy(name="policy", package=__name__, listed=COMMANDS, help="Compare policy files, and see what a change does.")
