"""The style guide as a program: prints what breaks it, exits 1 if anything does. `tests/unit/test_tidy.py` runs it.

Budgets: a module has at most 500 lines and a docstring, a function at most 60 lines and 7 parameters; no file is
named for having no subject.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MODULE_LINES = 500
FUNCTION_LINES = 60
PARAMETERS = 8
SUBJECTLESS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager2"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def findings(root: Path) -> Iterator[str]:
    """What is untidy below `root`, one line each."""
    for path in sorted(root.rglob("*.py")):
        text = path.read_text()
        name = path.relative_to(root.parent)
        if path.stem in SUBJECTLESS:
            yield f"{name}: a file needs a subject for a name"
        if text.count("\n") > MODULE_LINES:
            yield f"{name}: {text.count(chr(10))} lines (at most {MODULE_LINES})"
        tree = ast.parse(text)
        if ast.get_docstring(tree) is None:
            yield f"{name}: no module docstring"
        yield from (f"{name}:{found}" for found in _function_findings(tree))


def _function_findings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, Function):
            continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_LINES:
            yield f"{node.lineno} {node.name}: {lines} lines (at most {FUNCTION_LINES})"
        positional = len(node.args.posonlyargs) + len(node.args.args)
        if positional > PARAMETERS:
            yield f"{node.lineno} {node.name}: {positional} positional parameters (at most {PARAMETERS})"


def main() -> int:
    found = list(findings(Path(__file__).parent.parent / "src" / "kubeade"))
    print("\n".join(found) or "tidy")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
