"""Where the functions will run: which Python, which processor, and how large they may be."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Architecture = Literal["arm64", "x86_64"]

LAMBDA_PYTHON: Final = "3.13"
"""serverless.yml's runtime; a test holds them equal."""

BUDGET_BYTES: Final = {
    "health": 10_000_000,
    "battle": 14_000_000,
    "economy": 14_000_000,
    "claim": 14_000_000,
    "admin": 14_000_000,
    "signer": 8_000_000,
    "settle": 14_000_000,
}
"""What a zip may weigh: its download is part of every cold start that has no snapshot."""

_MACHINES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
_GLIBC: Final = ("2014", "_2_28", "_2_34")


@dataclass(frozen=True, slots=True)
class Target:
    """`python` is major.minor; `interpreter` is one of that version on this machine, or None."""

    architecture: Architecture
    python: str
    interpreter: Path | None

    @property
    def name(self) -> str:
        return f"{self.architecture}-python{self.python}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The wheel platforms that Amazon Linux 2023 can load (glibc 2.34)."""
        return tuple(f"manylinux{version}_{_MACHINES[self.architecture]}" for version in _GLIBC)


def lambda_target(architecture: Architecture = "arm64") -> Target:
    """What serverless.yml deploys to."""
    return Target(architecture, LAMBDA_PYTHON, find_interpreter(LAMBDA_PYTHON))


def local_target() -> Target:
    """The machine and the Python that run now: what the emulated deployment of the tests runs."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Target("x86_64", python, Path(sys.executable))


def find_interpreter(python: str) -> Path | None:
    """A working interpreter of this version on PATH or under pyenv; byte code of another one is useless."""
    named = shutil.which(f"python{python}")
    candidates = [Path(named)] if named else []
    candidates += sorted(Path.home().glob(f".pyenv/versions/{python}.*/bin/python{python}"))
    return next((path for path in candidates if _is_version(path, python)), None)


def _is_version(path: Path, python: str) -> bool:
    command = [str(path), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)  # noqa: S603 - an interpreter found above
    except (OSError, subprocess.TimeoutExpired):
        return False
    return found.returncode == 0 and found.stdout.strip() == python
