"""The layers of the house: each module imports only from below, and what is kept apart stays apart."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "allocator"

# From the bottom up; modules in one row are strangers to each other, but for those of one folder.
LAYERS = [
    ["codes"],
    ["errors"],
    ["units", "sparse"],
    ["model", "kinds", "scores", "conic"],
    ["shapes", "scope", "solvers"],
    ["phrases", "expectations", "lines", "choices"],
    ["fund", "universe", "stack", "stresses", "risk", "measures", "decision"],
    ["names", "principals", "panel"],
    ["estimates", "portfolios"],
    ["case"],
    ["terms", "ratios", "chosen"],
    ["rules", "objectives", "certificate", "critical_line", "polyhedron"],
    ["aims"],
    ["direction"],
    ["rulebook", "solution"],
    ["features", "provenance", "distributions", "corners", "proofs", "inputs", "scenarios"],
    ["sensitivity"],
    ["measuring"],
    ["files"],
    ["tails"],
    ["smoothing", "question", "formulation", "expression", "outer_approximation"],
    ["canonical", "modelling"],
    ["program", "solved", "parts"],
    ["exact_penalty"],
    ["optimum", "payoff", "sandwich", "choosing", "traces", "arcs"],
    ["prices", "diagnosis", "bench", "readings"],
    ["record"],
    ["outcome", "report"],
    ["tracing", "parabolas", "session"],
    ["chunks", "regret"],
    ["engines", "answers"],
    ["policy", "reasons", "frontiers", "sweeps"],
    ["bargaining"],
    ["verification", "explanation"],
    ["__init__"],
    ["cli"],
    ["__main__"],
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
TYPING_ONLY = {
    ("outcome", "report"),
    ("scope", "universe"),
    ("record", "__init__"),
    ("cli", "__init__"),
    ("solved", "session"),
}
"""What the order does not hold for: a result's own look, a type, the version."""


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def home(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def imports(path: Path, top_level_only: bool = False) -> set[str]:
    """The full names of all modules that a file imports, but for those that only a type checker sees."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in tree.body if top_level_only else ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_every_module_has_its_layer() -> None:
    assert {home(path) for path in modules()} == set(LEVEL)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    here = home(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "allocator":
            continue
        there = parts[1] if len(parts) > 1 and parts[1] in LEVEL else "__init__"
        if there != here and (here, there) not in TYPING_ONLY:
            assert LEVEL[there] < LEVEL[here], f"{here} imports {name}"


def users(library: str) -> set[str]:
    return {
        path.relative_to(PACKAGE).as_posix()
        for path in modules()
        if any(name.split(".")[0] == library for name in imports(path))
    }


def test_cvxpy_stays_where_a_callers_own_expression_needs_it() -> None:
    assert users("cvxpy") == {"expression.py", "formulation.py", "modelling.py"}


def test_scipy_stays_with_those_that_ask_for_its_matrices() -> None:
    assert users("scipy") == {
        "formulation.py",
        "scenarios/laws.py",
        "solvers/piqp.py",
        "solvers/qoco.py",
        "solvers/scs.py",
    }


def test_scikit_learn_stays_in_the_estimates() -> None:
    assert users("sklearn") == {"estimates.py"}


def test_jinja_stays_in_the_page() -> None:
    assert users("jinja2") == {"report/page.py"}


def test_matplotlib_stays_in_the_pictures() -> None:
    found = users("matplotlib")
    assert found == {f"report/plots/{name}.py" for name in ("bargain", "bars", "canvas", "curves", "text")}


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["policy", "check", "constraints/sector-mix.yaml"],
        ["policy", "explain", "constraints/sector-mix.yaml", "--format", "html"],
        ["solve", "examples/sector-mix"],
    ],
    ids=" ".join,
)
def test_matplotlib_is_loaded_for_pictures_only(command: list[str]) -> None:
    program = (
        "import atexit, sys\nfrom allocator.cli import main\n"
        "atexit.register(lambda: print('matplotlib' in sys.modules, file=sys.stderr))\n"
        f"main({command!r})"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert told.returncode == 0
    assert told.stderr.split()[-1] == "False"


def test_a_kind_never_meets_the_program_nor_the_program_a_kind() -> None:
    meant = {"program", "canonical", "modelling", "formulation", "expression"}
    for name in set().union(*(imports(path) for path in modules() if home(path) in meant)):
        assert not name.startswith(("allocator.rules", "allocator.objectives"))


def test_files_open_in_files_only() -> None:
    opening = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}
    for path in modules():
        if home(path) == "files":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                assert called not in opening, f"{path.name} opens a file"


def code_lines(source: str) -> int:
    """Lines of code: docstrings, comments and blank lines are not counted."""
    tree = ast.parse(source)
    lines = {
        line for node in ast.walk(tree) if hasattr(node, "lineno") for line in range(node.lineno, node.end_lineno + 1)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, node.end_lineno + 1))
    text = source.splitlines()
    return sum(bool(text[line - 1].strip()) and not text[line - 1].lstrip().startswith("#") for line in lines)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_is_two(path: Path) -> None:
    assert code_lines(path.read_text(encoding="utf-8")) <= 300


@pytest.mark.parametrize(
    ("command", "absent"),
    [
        ("import allocator", {"numpy", "pandas", "cvxpy", "pydantic"}),
        ("import allocator.cli", {"numpy", "pandas", "cvxpy", "pydantic"}),
        ("import allocator.files.policies, allocator.files.cases", {"pandas", "cvxpy", "scipy"}),
        ("import allocator.verification, allocator.cli.verify", {"pandas", "cvxpy", "scipy"}),
        ("import allocator.cli.solve, allocator.report.terminal", {"pandas", "cvxpy", "scipy"}),
        (
            "import allocator.cli.policy.diff, allocator.policy.diff, allocator.report.diff",
            {"pandas", "cvxpy", "scipy"},
        ),
        ("import allocator.cli.frontier, allocator.frontiers, allocator.report.frontier", {"pandas", "cvxpy", "scipy"}),
        ("import allocator.cli.bargain, allocator.bargaining, allocator.report.bargain", {"pandas", "cvxpy", "scipy"}),
        ("import allocator.cli.report", {"numpy", "pydantic", "jinja2"}),
        ("import allocator.cli.estimate", {"numpy", "pydantic", "sklearn"}),
        ("import allocator.cli.estimate, allocator.files.estimates", {"pandas", "cvxpy", "scipy", "sklearn"}),
        ("import allocator.cli.policy", {"numpy", "pandas", "cvxpy", "pydantic"}),
        (
            "import allocator.cli.policy.check, allocator.policy.check; from allocator import kinds\n"
            "for name in kinds.known('rules'): kinds.find('rules', name)",
            {"numpy", "pandas", "cvxpy", "scipy", "rich"},
        ),
    ],
)
def test_start_up_is_short(command: str, absent: set[str]) -> None:
    told = subprocess.run(
        [sys.executable, "-c", f"{command}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not absent & set(told.stdout.split())
