"""A function's packages, installed for the target without Docker: wheels by hash, pruned, and compiled.

The result is kept by what went into it, so functions with the same packages share it and an interrupted
run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from infra.ops.package.target import Target

TASK_ROOT: Final = "/var/task"
"""Where Lambda unpacks the zip: the paths in tracebacks of compiled code."""
_USELESS_SUFFIXES: Final = frozenset({".pyi", ".c", ".h", ".pyx", ".pxd"})
# Nothing else is pruned: a directory that looks like documentation may be imported (botocore.docs is).
_USELESS_DIRECTORIES: Final = frozenset({"tests", "__pycache__", "bin"})
_RECIPE: Final = "1"


class PackagingFailed(Exception):
    """Says what could not be built and what to do; what was finished before stays."""


def site_of(requirements: Path, *, target: Target, cache: Path) -> Path:
    """Where these requirements are, or would be, installed for the target: named by what goes into it."""
    return cache / f"{target.name}-{_key(requirements, target)}"


def installed(requirements: Path, *, target: Target, cache: Path) -> Path:
    """The directory with these requirements for the target, made now if it is not there. Raises PackagingFailed."""
    site = site_of(requirements, target=target, cache=cache)
    if site.is_dir():
        return site
    scratch = site.with_suffix(f".{os.getpid()}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    try:
        _install(requirements, target=target, into=scratch)
        _prune(scratch)
        compile_tree(scratch, target=target)
        scratch.rename(site)  # complete or not there at all
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return site


def compile_tree(tree: Path, *, target: Target) -> None:
    """Byte code beside each module, trusted without a look at the source: the zip's files never change.

    Needs an interpreter of the target's own version; without one nothing is compiled, and the functions
    start about twice as slowly.
    """
    if target.interpreter is None:
        return
    command = [
        str(target.interpreter),
        "-I",
        "-m",
        "compileall",
        "-q",
        "--invalidation-mode",
        "unchecked-hash",
    ]
    _run([*command, "-s", str(tree), "-p", TASK_ROOT, str(tree)], f"compiling {tree.name}")


def _key(requirements: Path, target: Target) -> str:
    compiler = "compiled" if target.interpreter else "plain"
    return hashlib.sha256(requirements.read_bytes() + f"{_RECIPE}{compiler}".encode()).hexdigest()[:16]


def _install(requirements: Path, *, target: Target, into: Path) -> None:
    platforms = [word for name in target.platforms for word in ("--platform", name)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += [
        "--target",
        str(into),
        "--implementation",
        "cp",
        "--python-version",
        target.python,
        *platforms,
    ]
    command += [
        "--only-binary=:all:",
        "--no-compile",
        "--no-deps",
        "--require-hashes",
        "-r",
        str(requirements),
    ]
    _run(command, f"installing {requirements.name} for {target.name}")


def _prune(site: Path) -> None:
    for path in sorted(site.rglob("*"), reverse=True):
        if path.is_dir() and path.name in _USELESS_DIRECTORIES:
            shutil.rmtree(path)
        elif path.is_file() and path.suffix in _USELESS_SUFFIXES:
            path.unlink()


def _run(command: list[str], what: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own tools
    if result.returncode != 0:
        last = "\n".join((result.stdout + result.stderr).strip().splitlines()[-5:])
        raise PackagingFailed(f"{what} failed:\n{last}")
