"""What goes into a zip: everything the function reaches, nothing of another's, the same bytes each time."""

from __future__ import annotations

import importlib.metadata
import re
import zipfile
from pathlib import Path

import pytest

from infra.local.serverless_file import load_yaml
from infra.ops.package.archive import Archive, files_below, read_record, write_archive, write_record
from infra.ops.package.build import refuse_overweight
from infra.ops.package.command import describe, run_package
from infra.ops.package.sources import RUNTIME_PROVIDES, reach_of
from infra.ops.package.target import BUDGET_BYTES, LAMBDA_PYTHON, Target, lambda_target, local_target
from infra.ops.package.wheels import PackagingFailed, compile_tree, installed
from shared.config.declarations import FUNCTIONS

PROJECT = Path(__file__).parents[3]
PINS = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", re.MULTILINE)

OWNERS = importlib.metadata.packages_distributions()
REACH = {function: reach_of(function, root=PROJECT) for function in FUNCTIONS}


def _pins(file: str) -> dict[str, str]:
    return dict(PINS.findall((PROJECT / file).read_text()))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_declares_every_package_it_can_import(function: str) -> None:
    declared = {name.lower() for name in _pins(f"infra/requirements/{function}.txt")}
    for package in REACH[function].packages - RUNTIME_PROVIDES:
        assert {owner.lower().replace("_", "-") for owner in OWNERS[package]} & declared, package


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_ships_the_versions_that_were_tested(function: str) -> None:
    everything = _pins("requirements.txt")
    own = _pins(f"infra/requirements/{function}.txt")
    assert own == {name: everything[name] for name in own}
    assert "boto3" not in own


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_ships_no_other_functions_entry(function: str) -> None:
    files = {path.as_posix() for path in REACH[function].files}
    entries = {f"functions/{name}.py" for name in FUNCTIONS}
    assert files & entries == {f"functions/{function}.py"}


@pytest.mark.parametrize("function", ["battle", "economy", "claim", "admin", "settle", "health"])
def test_only_the_signer_ships_what_can_sign_a_claim(function: str) -> None:
    signing = {"shared/services/sign_claim.py", "shared/adapters/local_signing_key.py"}
    assert not signing & {path.as_posix() for path in REACH[function].files}


@pytest.mark.parametrize("function", ["signer", "settle"])
def test_private_functions_ship_no_web_framework(function: str) -> None:
    declared = _pins(f"infra/requirements/{function}.txt").keys()
    assert not declared & {"fastapi", "starlette", "pydantic", "mangum"}


def test_an_import_for_type_checkers_alone_ships_nothing(tmp_path: Path) -> None:
    (tmp_path / "functions").mkdir()
    (tmp_path / "shared").mkdir()
    source = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import shared.typed\nimport shared.lazy\n"
    )
    (tmp_path / "functions/tiny.py").write_text(source)
    (tmp_path / "shared/typed.py").write_text("import pymongo\n")
    (tmp_path / "shared/lazy.py").write_text("def f():\n    import json, httpx\n")
    reach = reach_of("tiny", root=tmp_path)
    assert [path.as_posix() for path in reach.files] == ["functions/tiny.py", "shared/lazy.py"]
    assert reach.packages == {"httpx"}


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for order in ("ab", "ba"):
        folder = tmp_path / order
        for name in order:
            (folder / name).mkdir(parents=True)
            (folder / name / "module.py").write_text(f"NAME = {name!r}\n")
    first = write_archive("health", tmp_path / "1.zip", files_below(tmp_path / "ab"))
    second = write_archive("health", tmp_path / "2.zip", files_below(tmp_path / "ba"))
    assert first.sha256 == second.sha256
    with zipfile.ZipFile(first.path) as archive:
        assert archive.namelist() == ["a/module.py", "b/module.py"]
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_a_zip_is_made_again_only_when_what_is_in_it_changed(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("VALUE = 1\n")
    made = write_archive("health", tmp_path / "health.zip", {"module.py": tmp_path / "module.py"})
    write_record(made, inputs="one")
    assert read_record(tmp_path, "health", inputs="one") == made
    assert read_record(tmp_path, "health", inputs="two") is None
    made.path.write_bytes(made.path.read_bytes()[:-1])
    assert read_record(tmp_path, "health", inputs="one") is None


def test_byte_code_is_trusted_without_a_look_at_the_source(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("VALUE = 1\n")
    compile_tree(tmp_path, target=local_target())
    [compiled] = tmp_path.rglob("*.pyc")
    # PEP 552: bit 0 says that the file is checked by hash, bit 1 that it need not be checked.
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01
    assert b"/var/task/module.py" in compiled.read_bytes()


def test_without_the_targets_python_nothing_is_compiled_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("VALUE = 1\n")
    target = Target("arm64", "3.13", None)
    compile_tree(tmp_path, target=target)
    assert not list(tmp_path.rglob("*.pyc"))
    assert "no byte code" in describe(target)


def test_a_zip_over_its_budget_is_refused_by_name(tmp_path: Path) -> None:
    heavy = Archive("signer", tmp_path / "signer.zip", BUDGET_BYTES["signer"] + 1, 0, 0, "")
    with pytest.raises(PackagingFailed, match=r"signer weighs 8\.0 MB of 8"):
        refuse_overweight([heavy])


def test_an_interrupted_installation_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    wanted = tmp_path / "broken.txt"
    wanted.write_text("pymongo==4.20.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(PackagingFailed, match=r"installing broken\.txt"):
        installed(wanted, target=local_target(), cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_unknown_stage_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_package("production") == 2
    assert "dev, staging, prod" in capsys.readouterr().err


def test_the_target_is_what_serverless_yml_deploys_to() -> None:
    provider = load_yaml(PROJECT / "serverless.yml")["provider"]
    assert provider["runtime"] == f"python{LAMBDA_PYTHON}"
    assert "'arm64'" in provider["architecture"]
    assert lambda_target().platforms[0] == "manylinux2014_aarch64"
    assert BUDGET_BYTES.keys() == set(FUNCTIONS)
