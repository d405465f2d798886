"""A function sees the packages of its own bundle and the runtime's, not everything that development installs.

It matters to what is measured: the database driver and the token library import the cryptography package
where there is one, and no bundle has it.
"""

from __future__ import annotations

import re
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

from infra.local.supervisor import PROJECT

RUNTIME: Final = frozenset({
    "awslambdaric", "snapshot-restore-py", "simplejson",
    "boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3",
})  # fmt: skip
"""What Lambda's Python brings along. Source: Lambda developer guide, "Runtime-included SDK versions"."""


def hide_unbundled(function: str, folder: Path) -> Path:
    """A folder for the front of PYTHONPATH where every other installed package is one that is not found."""
    requirements = (PROJECT / "infra/requirements" / f"{function}.txt").read_text()
    bundled = {_canonical(name) for name in re.findall(r"^([\w.-]+)==", requirements, re.MULTILINE)} | RUNTIME
    hidden = folder / f"not-in-{function}"
    hidden.mkdir(exist_ok=True)
    for module, distributions in packages_distributions().items():
        if module.isidentifier() and bundled.isdisjoint(map(_canonical, distributions)):
            error = f"raise ModuleNotFoundError('{module} is not in the bundle', name='{module}')\n"
            (hidden / f"{module}.py").write_text(error)
    return hidden


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
