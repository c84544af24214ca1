"""`allocator policy`: what is done to policy files."""

from __future__ import annotations

from allocator.cli import Lazy

COMMANDS = {
    "explain": "Tell what a policy says, in plain language.",
    "test": "Run the tests that stand beside the rules.",
    "schema": "Print the JSON Schema with which an editor checks and completes a policy.",
}
"Each command with its help, so that --help needs to import none of them."

command = Lazy(name="policy", package=__name__, listed=COMMANDS, help="Explain, test and compare policy files.")
