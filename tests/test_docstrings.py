"""Public functions say what they take: every parameter by name, in ``Args:``.

Google's convention, as ruff's D417 and DOC501 check it where the section is there; here it is
checked that it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(path for top in ("engine", "export", "train") for path in (ROOT / top).rglob("*.py"))
MANY = 3  # parameters, from which on they are said one by one
Function = ast.FunctionDef | ast.AsyncFunctionDef


def parameters(function: Function) -> list[str]:
    args = function.args
    names = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls") and not name.startswith("_")]


def is_command(function: Function) -> bool:
    """Whether its parameters are options, which say what they are in the command's help."""
    args = (*function.args.args, *function.args.kwonlyargs)
    return any(
        arg.annotation is not None and "Annotated" in ast.unparse(arg.annotation) for arg in args
    )


def documented(tree: ast.AST) -> Iterator[tuple[str, str, list[str]]]:
    """Public functions, methods and classes of many parameters, with their docstrings."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            if not node.name.startswith("_"):
                yield from documented(node)
                for inner in node.body:
                    if isinstance(inner, Function) and inner.name == "__init__":
                        yield node.name, ast.get_docstring(node) or "", parameters(inner)
        elif isinstance(node, Function) and not node.name.startswith("_") and not is_command(node):
            yield node.name, ast.get_docstring(node) or "", parameters(node)


def missing(docstring: str, names: list[str]) -> set[str]:
    """Parameters that ``Args:`` does not name. One that refers to another function's, as in
    ``See :meth:`` or ``arguments … of :class:``, says them there."""
    if re.search(r"^See :|[Aa]rguments[^.]* of\s+:", docstring):
        return set()
    _, _, args = docstring.partition("Args:\n")
    found = re.findall(r"^    (\*{0,2}\w+(?:, \w+)*):", args.partition("\n\n")[0], re.MULTILINE)
    return set(names) - {name for group in found for name in group.split(", ")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_parameters_are_said(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    wrong = {
        name: sorted(left)
        for name, docstring, names in documented(tree)
        if len(names) >= MANY and (left := missing(docstring, names))
    }
    assert not wrong


def test_a_missing_parameter_is_found():
    code = 'def f(a, b, c):\n    """F.\n\n    Args:\n        a: one.\n        b: two.\n    """\n'
    ((_, docstring, names),) = documented(ast.parse(code))
    assert missing(docstring, names) == {"c"}
    assert missing(docstring.replace("b: two", "b: two.\n    c: three"), names) == set()
