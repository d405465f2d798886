"""What `./arena rotate` tells and writes: the plan, one parameter a step, and no value where others can read it."""

from __future__ import annotations

import itertools
import shlex
import stat
from pathlib import Path

import pytest
from nacl.signing import SigningKey
from typer.testing import CliRunner

from infra.ops.rotate_commands import app
from infra.ops.secret_plans import session_key_plan
from tests.ops.secret_rotations import OLD_SEED


@pytest.mark.parametrize("name", ["session-keys", "admin-secret", "battle-secret"])
def test_the_steps_for_a_stage_name_one_parameter_each_and_no_value(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--stage", "staging"])
    assert result.exit_code == 0
    assert result.output.count("write /arena/staging/") == result.output.count("then wait") == 3
    assert "00000000" not in result.output


def commands_in(output: str) -> list[list[str]]:
    return [shlex.split(line) for line in output.splitlines() if line.strip().startswith("aws ")]


def written(words: list[str]) -> tuple[str, str]:
    """The parameter's name, and the value in the file that the command would send."""
    options = dict(itertools.pairwise(words))
    path = Path(options["--value"].removeprefix("file://"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    return options["--name"], path.read_text()


def test_a_new_session_key_is_made_into_files_that_nobody_else_can_read(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["session-keys", "--write-to", str(tmp_path / "k e y s")])
    assert result.exit_code == 0, result.output
    values = dict(written(words) for words in commands_in(result.output))
    seed = values["/arena/prod/PLAYER_SESSION_PRIVATE_KEY_HEX"]
    public = bytes(SigningKey(bytes.fromhex(seed)).verify_key).hex()
    assert values["/arena/prod/PLAYER_SESSION_PUBLIC_KEYS"] == public
    assert seed not in result.output
    again = CliRunner().invoke(app, ["session-keys", "--write-to", str(tmp_path / "other")])
    assert dict(written(words) for words in commands_in(again.output)) != values


def test_a_rotation_written_as_files_is_the_plan_with_the_public_key_in_use(tmp_path: Path) -> None:
    former = bytes(SigningKey(OLD_SEED).verify_key).hex()
    words = ["session-keys", "--stage", "staging", "--write-to", str(tmp_path / "keys"), "--former", former]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    sent = [written(words) for words in commands_in(result.output)]
    [seed] = {value for name, value in sent if name.endswith("PRIVATE_KEY_HEX")}
    plan = session_key_plan(OLD_SEED, bytes.fromhex(seed))
    assert sent == [(f"/arena/staging/{step.name}", step.value) for step in plan]
    assert seed not in result.output


@pytest.mark.parametrize("former", ["abc", "zz" * 32, OLD_SEED.hex() + "00"])
def test_a_public_key_of_another_form_makes_no_file(tmp_path: Path, former: str) -> None:
    words = ["session-keys", "--write-to", str(tmp_path / "keys"), "--former", former]
    assert CliRunner().invoke(app, words).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_secrets_that_are_there_already_are_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "1-PLAYER_SESSION_PRIVATE_KEY_HEX").write_text("in use")
    assert CliRunner().invoke(app, ["session-keys", "--write-to", str(tmp_path)]).exit_code == 2
    assert [path.read_text() for path in tmp_path.iterdir()] == ["in use"]
