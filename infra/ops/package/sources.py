"""Which of our modules, and whose packages, a function reaches: every import statement counts, lazy ones too."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OURS: Final = ("functions", "shared")
RUNTIME_PROVIDES: Final = frozenset({"boto3", "botocore", "awslambdaric", "snapshot_restore_py"})
"""Packages that AWS's Python runtime already contains: boto3 alone would add 17 MB to each zip."""


@dataclass(frozen=True, slots=True)
class Reach:
    """`files` are relative to the project, sorted; `packages` are top-level names that are not ours."""

    files: tuple[Path, ...]
    packages: frozenset[str]


def reach_of(function: str, *, root: Path) -> Reach:
    """Everything the function's module can import, directly or not, and nothing else.

    A module that is imported by name at run time would not be seen; nothing of ours does that.
    """
    waiting, seen, packages = [f"functions.{function}"], set[Path](), set[str]()
    while waiting:
        path = _file_of(waiting.pop(), root=root)
        if path is None or path in seen:
            continue
        seen.add(path)
        for name in _imports(root / path):
            top = name.split(".")[0]
            if top in OURS:
                waiting.extend(_with_parents(name))
            elif top not in sys.stdlib_module_names:
                packages.add(top)
    return Reach(tuple(sorted(seen)), frozenset(packages))


def _imports(path: Path) -> Iterator[str]:
    """Absolute names that the file imports; `from a import b` may name a module b of a, or a value in it."""
    for node in _executed(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if (
            isinstance(child, ast.If)
            and isinstance(child.test, ast.Name)
            and child.test.id == "TYPE_CHECKING"
        ):
            continue
        yield child
        yield from _executed(child)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _file_of(name: str, *, root: Path) -> Path | None:
    """The file of a module or package of ours, or None for a name that is a value inside one."""
    base = Path(*name.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if (root / candidate).is_file():
            return candidate
    return None
