"""Secrets that changed while a snapshot lay: the new ones are in use after it, or nothing is served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from tests.functions.edge_app import document_of, gateway_event
from tests.functions.snapshots.aws_stand_in import AwsStandIn
from tests.functions.snapshots.environment import snapshot_of
from tests.functions.snapshots.first_requests import SNAPSHOTTED, bearer, session_seed, sign_in
from tests.readiness.environments import production


def test_keys_rotated_while_the_snapshot_lay_are_the_ones_in_use(
    tmp_path: Path, known: dict[str, str]
) -> None:
    new_key = SigningKey.generate()
    with snapshot_of("battle", tmp_path, known) as environment:
        environment.parameters.values["/battle/PLAYER_SESSION_PUBLIC_KEYS"] = bytes(new_key.verify_key).hex()
        environment.restore()

        def status(seed: bytes) -> int:
            event = gateway_event("GET", "/api/brokers", headers=bearer(seed))
            return int(environment.answer(event)["statusCode"])

        assert status(session_seed(known)) == 401
        assert status(bytes(new_key)) == 404


def test_a_session_of_a_restored_environment_is_signed_with_the_new_key(
    tmp_path: Path, known: dict[str, str]
) -> None:
    new_key = SigningKey.generate()
    with snapshot_of("economy", tmp_path, known) as environment:
        values = environment.parameters.values
        values["/economy/PLAYER_SESSION_PRIVATE_KEY_HEX"] = bytes(new_key).hex()
        values["/economy/PLAYER_SESSION_PUBLIC_KEYS"] = bytes(new_key.verify_key).hex()
        values["/economy/TELEGRAM_BOT_TOKEN"] = "7000000002:FAKE-rotated-while-the-snapshot-lay"
        environment.restore()
        old, new = (
            environment.answer(sign_in(token))
            for token in (known["TELEGRAM_BOT_TOKEN"], values["/economy/TELEGRAM_BOT_TOKEN"])
        )
        assert (old["statusCode"], new["statusCode"]) == (401, 200)
        token = document_of(new)["token"]
        own = gateway_event("GET", "/api/economy/me", headers={"authorization": f"Bearer {token}"})
        assert environment.answer(own)["statusCode"] == 200


@pytest.mark.parametrize("function", SNAPSHOTTED)
def test_a_restore_without_its_secret_store_fails_and_serves_nothing(
    function: str, tmp_path: Path, known: dict[str, str]
) -> None:
    with snapshot_of(function, tmp_path, known) as environment:
        environment.parameters.is_down = True
        assert json.loads(environment.failed_restore())["errorType"] == "Unavailable"
        assert '"code": "secrets_unavailable"' in environment.log.read_text()


def test_a_secret_that_breaks_a_production_rule_after_the_restore_is_not_served_with(tmp_path: Path) -> None:
    known = production("battle")
    more = {"AWS_LAMBDA_FUNCTION_NAME": "arena-prod-battle"}
    with snapshot_of(
        "battle", tmp_path, known, handler="infra.bench.parameter_store_here.battle", more=more
    ) as environment:
        environment.parameters.values["/battle/BATTLE_SEED_SECRET"] = "short"
        failure = environment.failed_restore()
        assert "BATTLE_SEED_SECRET" in failure
        assert "short" not in failure


@pytest.fixture
def aws() -> Iterator[AwsStandIn]:
    with AwsStandIn().serving() as server:
        yield server


@pytest.mark.parametrize("region", ["eu-central-1", "cn-north-1"], ids=["our own call", "boto3"])
def test_credentials_of_before_the_snapshot_are_not_used_after_it_and_hold_no_connection(
    region: str, tmp_path: Path, known: dict[str, str], aws: AwsStandIn
) -> None:
    url = f"http://127.0.0.1:{aws.port}"
    aws.values = {f"/battle/{name}": value for name, value in known.items()}
    more = {
        "AWS_ENDPOINT_URL_SSM": url,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "local-fake",
        "AWS_ACCESS_KEY_ID": "",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
    with snapshot_of("battle", tmp_path, known, more=more) as environment:
        assert set(aws.callers) == {"LOCALFAKEBEFORE"}
        assert environment.connected_ports() == set()
        asked = len(aws.callers)
        aws.access_key_id = "LOCALFAKEAFTER"
        environment.restore()
        assert set(aws.callers[asked:]) == {"LOCALFAKEAFTER"}
