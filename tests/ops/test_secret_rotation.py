"""Secrets change under people who are signed in, and nobody is turned away at any step or between two."""

from __future__ import annotations

import itertools
import secrets
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from nacl.signing import SigningKey
from typer.testing import CliRunner

from infra.ops.rotate_commands import app
from infra.ops.secret_plans import (
    SPREAD_S,
    TOKENS_LIVE_S,
    PlannedStep,
    admin_secret_plan,
    session_key_plan,
)
from infra.ops.secret_rehearsal import ADMIN_SECRET, SESSION_KEYS, Caller, rehearse_secret
from shared.adapters.admin_tokens import HmacAdminTokens
from shared.adapters.session_tokens import SessionIssuer, SessionVerifier
from shared.config.source import MAX_AGE_S
from shared.domain.admin_session import LIFETIME_S, AdminToken
from shared.domain.errors import Refused
from shared.domain.session import LIFETIME_S as SESSION_LIFETIME_S

OLD_SEED, NEW_SEED = secrets.token_bytes(32), secrets.token_bytes(32)
OLD, NEW = secrets.token_urlsafe(36), secrets.token_urlsafe(36)


def session_states() -> Iterator[dict[str, str]]:
    first = {
        "PLAYER_SESSION_PRIVATE_KEY_HEX": OLD_SEED.hex(),
        "PLAYER_SESSION_PUBLIC_KEYS": bytes(SigningKey(OLD_SEED).verify_key).hex(),
    }
    yield from states(first, session_key_plan(OLD_SEED, NEW_SEED))


def admin_states() -> Iterator[dict[str, str]]:
    first = {"ADMIN_JWT_SECRET": OLD, "ADMIN_JWT_SECRET_SECOND": ""}
    yield from states(first, admin_secret_plan(OLD, NEW))


def states(first: dict[str, str], plan: tuple[PlannedStep, ...]) -> Iterator[dict[str, str]]:
    state = dict(first)
    yield dict(state)
    for step in plan:
        state |= step.settings
        yield dict(state)


def neighbours(found: list[dict[str, str]]) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Every pair of settings that two instances may have at one moment."""
    pairs = [(state, state) for state in found]
    for former, later in itertools.pairwise(found):
        pairs += [(former, later), (later, former)]
    return pairs


@pytest.mark.parametrize(("signs", "reads"), neighbours(list(session_states())))
def test_players_tokens_are_believed_whichever_of_two_steps_an_instance_has_seen(signs, reads) -> None:
    issuer = SessionIssuer(bytes.fromhex(signs["PLAYER_SESSION_PRIVATE_KEY_HEX"]))
    keys = [bytes.fromhex(key) for key in reads["PLAYER_SESSION_PUBLIC_KEYS"].split(",")]
    text, session = issuer.issue("tg1", token_id="t", now_s=1_000)
    assert SessionVerifier(keys).verify(text, now_s=1_000) == session


@pytest.mark.parametrize(("signs", "reads"), neighbours(list(admin_states())))
def test_administrators_tokens_are_believed_whichever_of_two_steps_an_instance_has_seen(signs, reads) -> None:
    def tokens(state: dict[str, str]) -> HmacAdminTokens:
        return HmacAdminTokens(state["ADMIN_JWT_SECRET"], second=state["ADMIN_JWT_SECRET_SECOND"] or None)

    token = AdminToken("a", "e", "t", 1_000, 4_600)
    assert tokens(reads).read(tokens(signs).issue(token), now_s=1_000) == token


def test_after_the_last_step_the_old_values_open_nothing() -> None:
    *_, last = session_states()
    keys = [bytes.fromhex(key) for key in last["PLAYER_SESSION_PUBLIC_KEYS"].split(",")]
    text, _ = SessionIssuer(OLD_SEED).issue("tg1", token_id="t", now_s=1_000)
    with pytest.raises(Refused):
        SessionVerifier(keys).verify(text, now_s=1_000)
    *_, last = admin_states()
    assert last == {"ADMIN_JWT_SECRET": NEW, "ADMIN_JWT_SECRET_SECOND": ""}


def test_the_waits_cover_every_instances_memory_and_every_tokens_life() -> None:
    assert SPREAD_S >= MAX_AGE_S
    assert max(LIFETIME_S, SESSION_LIFETIME_S) <= TOKENS_LIVE_S
    for plan in (session_key_plan(OLD_SEED, NEW_SEED), admin_secret_plan(OLD, NEW)):
        assert all(step.wait_s >= SPREAD_S for step in plan)
        assert plan[1].wait_s >= SPREAD_S + TOKENS_LIVE_S


@pytest.mark.slow
@pytest.mark.parametrize("caller", [SESSION_KEYS, ADMIN_SECRET], ids=["session keys", "admin secret"])
def test_a_rehearsal_on_real_functions_turns_nobody_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caller: Caller
) -> None:
    assert rehearse_secret(caller, as_json=False, data_dir=tmp_path) == 0
    told = capsys.readouterr().out
    assert told.count("the token of before and a fresh one are both believed") == 2
    assert "the former one is refused" in told


@pytest.mark.parametrize("name", ["session-keys", "admin-secret"])
def test_the_steps_for_a_stage_name_parameters_and_no_value(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--stage", "staging"])
    assert result.exit_code == 0
    assert result.output.count("/arena/staging/") >= 3
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
    planned = [item for step in plan for item in step.settings.items()]
    assert sent == [(f"/arena/staging/{name}", value) for name, value in planned]
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
