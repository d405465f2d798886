"""What a machine lacks is said by name with what to do, before anything takes time; an interruption loses little."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.ops.package import command
from infra.ops.package.build import build_archives
from infra.ops.package.target import Target, find_interpreter, local_target
from infra.ops.package.template import DEPLOYER, deployer
from infra.ops.package.wheels import PackagingFailed, installed

PROJECT = Path(__file__).parents[3]


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / DEPLOYER).mkdir(parents=True)
    (tmp_path / DEPLOYER / "package-lock.json").write_text("{}")
    return tmp_path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder that programs are found in."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def npm_that(path: Path, root: Path, ending: str) -> None:
    """An npm that makes osls's program and then ends in this way, noting each run."""
    made = root / DEPLOYER / "node_modules/.bin"
    program(
        path, "npm", f'/bin/mkdir -p "{made}"; echo run >> "{root}/runs"; echo x > "{made}/osls"; {ending}'
    )


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_a_missing_tool_is_named_with_what_to_install(root: Path, path: Path, missing: str) -> None:
    for name in {"node", "npm"} - {missing}:
        program(path, name, "exit 0")
    with pytest.raises(PackagingFailed, match=rf"^{missing} is missing: apt-get install nodejs npm"):
        deployer(root)


def test_packaging_says_what_is_missing_before_it_builds_anything(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    built: list[str] = []
    monkeypatch.setattr(command, "build_archives", lambda *_, **__: built.append("zips"))
    assert command.run_package("staging") == 2
    told = capsys.readouterr().err
    assert "node is missing" in told
    assert "run the same command again" in told
    assert built == []


def test_packaging_asks_for_the_runbooks_address_before_it_builds_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    built: list[str] = []
    monkeypatch.setattr(command, "deployer", lambda root: root)
    monkeypatch.setattr(command, "build_archives", lambda *_, **__: built.append("zips"))
    monkeypatch.delenv("ARENA_RUNBOOK_URL", raising=False)
    assert command.run_package("prod") == 2
    assert "ARENA_RUNBOOK_URL is not an https address" in capsys.readouterr().err
    assert built == []


def test_osls_is_installed_once_and_again_when_its_pins_change(root: Path, path: Path) -> None:
    program(path, "node", "exit 0")
    npm_that(path, root, "exit 0")
    deployer(root)
    assert deployer(root) == root / DEPLOYER / "node_modules/.bin/osls"
    (root / DEPLOYER / "package-lock.json").write_text('{"changed": true}')
    deployer(root)
    assert (root / "runs").read_text().count("run") == 2


def test_an_interrupted_installation_of_osls_is_not_taken_for_a_whole_one(root: Path, path: Path) -> None:
    program(path, "node", "exit 0")
    npm_that(path, root, "kill -9 $$")
    with pytest.raises(PackagingFailed, match="npm failed"):
        deployer(root)
    npm_that(path, root, "exit 0")
    deployer(root)
    assert (root / "runs").read_text().count("run") == 2


def test_a_python_of_another_version_is_not_taken_for_the_targets(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    program(path, "python3.13", "echo 3.12")
    assert find_interpreter("3.13") is None
    program(path, "python3.13", "echo 3.13")
    assert find_interpreter("3.13") == path / "python3.13"


def test_without_the_targets_python_it_is_said_what_that_costs_and_what_to_do() -> None:
    told = command.describe(Target("arm64", "3.13", None))
    assert "cold starts take twice as long" in told
    assert "`pyenv install 3.13`" in told


def test_an_interrupted_package_says_that_it_can_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "deployer", lambda _: None)
    monkeypatch.setattr(command, "build_archives", interrupted)
    with pytest.raises(KeyboardInterrupt):
        command.run_package("dev")
    assert (
        "interrupted\nWhat was finished stays; run the same command again to go on."
        in capsys.readouterr().err
    )


KILLED_AFTER_THE_FIRST = """
import os, signal, sys
from pathlib import Path
from infra.ops.package import build
from infra.ops.package.target import local_target

def die_while_writing(*arguments):
    Path(sys.argv[1], "out/two.partial").write_bytes(b"half a zip")
    os.kill(os.getpid(), signal.SIGKILL)

def then_die(text):
    print(text, flush=True)
    build.write_archive = die_while_writing

root = Path(sys.argv[1])
build.build_archives(("one", "two"), root=root, target=local_target(), into=root / "out", progress=then_die)
"""


@pytest.fixture
def two_functions(tmp_path: Path) -> Path:
    """A project of two functions that need no package: what would be installed for them is there already."""
    (tmp_path / "functions").mkdir()
    (tmp_path / "infra/requirements").mkdir(parents=True)
    for name in ("one", "two"):
        (tmp_path / f"functions/{name}.py").write_text(f"NAME = {name!r}\n")
        requirements = tmp_path / f"infra/requirements/{name}.txt"
        requirements.write_text(f"# {name} needs nothing\n")
        _site_of(requirements, tmp_path / "out/packages").mkdir(parents=True)
    return tmp_path


def test_the_zips_of_another_job_are_taken_as_they_are_and_nothing_is_installed(
    two_functions: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The pipeline deploys what it packaged: the zips and their records come from another folder, without packages."""
    elsewhere = tmp_path_factory.mktemp("checkout")
    packaged = build_archives(
        ("one", "two"), root=two_functions, target=local_target(), into=two_functions / "out", progress=print
    )
    for folder in ("functions", "infra"):
        shutil.copytree(two_functions / folder, elsewhere / folder)
    (elsewhere / "out").mkdir()
    for path in (*two_functions.glob("out/*.zip"), *two_functions.glob("out/*.json")):
        shutil.copy(path, elsewhere / "out")
    (elsewhere / "functions/two.py").write_text("NAME = 'changed'\n")

    def again(function: str) -> str:
        [archive] = build_archives(
            (function,), root=elsewhere, target=local_target(), into=elsewhere / "out", progress=print
        )
        return archive.sha256

    assert again("one") == packaged[0].sha256
    assert not (elsewhere / "out/packages").exists()
    assert again("two") != packaged[1].sha256


def _site_of(requirements: Path, cache: Path) -> Path:
    digest = hashlib.sha256(requirements.read_bytes() + b"1compiled").hexdigest()[:16]
    return cache / f"{local_target().name}-{digest}"


def test_a_package_that_was_killed_goes_on_where_it_stopped(two_functions: Path) -> None:
    environment = dict(os.environ, PYTHONPATH=str(PROJECT))  # noqa: TID251 - a child of the test's own
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_THE_FIRST, str(two_functions)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    out = two_functions / "out"
    first = (out / "one.zip").stat().st_mtime_ns
    assert not (out / "two.zip").exists()
    said: list[str] = []
    archives = build_archives(
        ("one", "two"), root=two_functions, target=local_target(), into=out, progress=said.append
    )
    assert [archive.function for archive in archives] == ["one", "two"]
    assert (out / "one.zip").stat().st_mtime_ns == first
    assert json.loads((out / "two.json").read_text())["function"] == "two"
    left = {path.name for path in out.iterdir()}
    assert left == {"one.zip", "one.json", "two.zip", "two.json", "packages", "lock"}


def test_a_killed_installation_leaves_nothing_in_the_way(two_functions: Path) -> None:
    requirements = two_functions / "infra/requirements/one.txt"
    cache = two_functions / "out/packages"
    leftover = cache / "x.4711.partial"
    leftover.mkdir()
    assert installed(requirements, target=local_target(), cache=cache) == _site_of(requirements, cache)
    build_archives(
        ("one",), root=two_functions, target=local_target(), into=two_functions / "out", progress=print
    )
    assert not leftover.exists()
