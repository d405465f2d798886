"""Vercel's own build of what Vercel is sent, without an account: five functions that start, and nothing published.

It installs Vercel's program and uv, three hundred packages, so it runs only in full. The interpreter is named,
because the program would take whichever this machine prefers.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.ops.package.sources import reach_of
from infra.ops.package.target import LAMBDA_PYTHON, find_interpreter
from shared.config.declarations import HTTP_FUNCTIONS
from tests.infra.deploy.test_vercel import is_ignored

IS_FULL = os.environ.get("ARENA_TEST_FULL") == "1"  # noqa: TID251 - the test run's own switch
PROJECT = Path(__file__).parents[2]
PINS = PROJECT / "infra/deploy/vercel"
STARTS = """
import importlib, sys
sys.path[:0] = [".", "_vendor"]
for name in sys.argv[1:]:
    assert callable(importlib.import_module(f"api.{name}").app)
"""


def test_what_only_this_build_installs_is_pinned() -> None:
    assert json.loads((PINS / "package.json").read_text())["dependencies"] == {"vercel": "50.44.0"}
    assert (PINS / "package-lock.json").is_file()
    assert "--hash=sha256:" in (PROJECT / "infra/requirements/vercel.txt").read_text()


def sent(path: str) -> bool:
    """Whether Vercel is sent a file of the repository."""
    return not is_ignored(path)


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    given = dict(os.environ, **environment)  # noqa: TID251 - where packages come from is the machine's own
    result = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=given, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, (result.stdout + result.stderr)[-3000:]
    return result.stdout


if IS_FULL:

    @pytest.fixture(scope="module")
    def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
        """The project as Vercel gets it, built."""
        tools, project = tmp_path_factory.mktemp("tools"), tmp_path_factory.mktemp("project")
        python = find_interpreter(LAMBDA_PYTHON)
        assert python is not None, f"Python {LAMBDA_PYTHON} is missing"
        run(python, "-m", "venv", tools / "venv", cwd=tools)
        requirements = PROJECT / "infra/requirements/vercel.txt"
        run(
            tools / "venv/bin/python",
            "-m",
            "pip",
            "install",
            "-q",
            "--require-hashes",
            "-r",
            requirements,
            cwd=tools,
        )
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PINS / name, tools)
        run("npm", "ci", "--no-audit", "--no-fund", cwd=tools)

        for name in filter(sent, run("git", "ls-files", cwd=PROJECT).splitlines()):
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, project / name)
        (project / ".python-version").write_text(LAMBDA_PYTHON)
        (project / ".vercel").mkdir()
        told = {"projectId": "prj_fake", "orgId": "team_fake", "settings": {"framework": None}}
        (project / ".vercel/project.json").write_text(json.dumps(told))
        # Both: uv passes over an interpreter of a virtual environment, and must not meet another one's shim.
        folders = (tools / "venv/bin", python.resolve().parent, os.environ["PATH"])  # noqa: TID251 - a child's
        path = os.pathsep.join(map(str, folders))
        run(
            tools / "node_modules/.bin/vercel", "build", "--yes", "--prod",
            cwd=project, PATH=path, VERCEL_TELEMETRY_DISABLED="1",
        )  # fmt: skip
        yield project
        shutil.rmtree(tools)

    def shipped(project: Path, function: str) -> dict[str, Path]:
        """Name in the function's own folder -> file."""
        folder = project / f".vercel/output/functions/api/{function}.func"
        described: dict[str, Any] = json.loads((folder / ".vc-config.json").read_text())
        return {name: project / source for name, source in described["filePathMap"].items()}

    def test_five_functions_are_built_and_nothing_is_published_but_robots_txt(project: Path) -> None:
        output = project / ".vercel/output"
        assert {path.name for path in (output / "functions").rglob("*.func")} == {
            f"{name}.func" for name in HTTP_FUNCTIONS
        }
        published = [
            path.relative_to(output / "static").as_posix() for path in (output / "static").rglob("*")
        ]
        assert published == ["robots.txt"]

    @pytest.mark.parametrize("function", HTTP_FUNCTIONS)
    def test_a_function_has_its_modules_and_nothing_that_signs_or_settles(
        project: Path, function: str
    ) -> None:
        names = set(shipped(project, function))
        assert {path.as_posix() for path in reach_of(function, root=PROJECT).files} <= names
        assert [name for name in names if not sent(name)] == ["pyproject.toml"]  # the build's own

    def test_every_function_can_be_imported_from_what_is_shipped(project: Path, tmp_path: Path) -> None:
        for name, source in shipped(project, "claim").items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).symlink_to(source)
        python = find_interpreter(LAMBDA_PYTHON) or Path(sys.executable)
        run(python, "-I", "-c", STARTS, *HTTP_FUNCTIONS, cwd=tmp_path)
