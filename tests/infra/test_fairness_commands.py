"""The offline command agrees with a fair battle and finds out every other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.ops.fairness_commands import app
from shared.domain.fairness import day_seed
from shared.services.read_fairness import read_proof
from tests.services.game_world import SECRET, GameWorld


@pytest.fixture
def answer() -> dict[str, Any]:
    """A battle's proof as the API answers it once the seed is public."""
    world = GameWorld()
    account = world.player_with_starter()
    battle = world.battle(account, "k1").answer()
    world.clock.advance(seconds=86_400 + 3_600)
    return read_proof(account, battle["id"], committer=world.committer, fairness=world.fairness)


def verify(folder: Path, document: Any, *options: str) -> Any:
    file = folder / "proof.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return CliRunner().invoke(app, ["verify", str(file), *options])


def test_a_fair_battle_follows_from_its_seed(tmp_path: Path, answer: dict[str, Any]) -> None:
    result = verify(tmp_path, answer, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["score"], found["disagreements"]) == (answer["proof"]["score"], [])


def test_the_seed_may_be_given_beside_a_bare_proof(tmp_path: Path, answer: dict[str, Any]) -> None:
    seed = day_seed(SECRET, answer["proof"]["epoch"]).hex()
    assert verify(tmp_path, answer["proof"], "--seed", seed).exit_code == 0


@pytest.mark.parametrize("field", ["score", "seed", "commitment", "key", "player"])
def test_a_changed_proof_is_found_out(tmp_path: Path, answer: dict[str, Any], field: str) -> None:
    proof = answer["proof"]
    proof[field] = proof[field] + 1 if isinstance(proof[field], int) else proof[field][::-1] + "0"
    result = verify(tmp_path, answer)
    assert result.exit_code == 1
    assert "does not follow" in result.output


@pytest.mark.parametrize("broken", ["", "[]", "{}", '{"proof": 5}', "nonsense"])
def test_a_file_that_is_no_proof_is_refused_with_a_sentence(tmp_path: Path, broken: str) -> None:
    result = verify(tmp_path, broken)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_before_the_seed_is_public_the_command_asks_for_it(tmp_path: Path, answer: dict[str, Any]) -> None:
    del answer["daySeed"]
    result = verify(tmp_path, answer)
    assert result.exit_code == 2
    assert "--seed" in result.output


def test_an_epoch_that_cannot_be_opened_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    result = CliRunner().invoke(app, ["open-epoch", "--stage", "staging", "--note", "the secret leaked"])
    assert result.exit_code == 2
    assert "no epoch was opened" in result.output
    assert "Traceback" not in result.output
