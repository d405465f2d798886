"""An environment restored from a snapshot carries nothing of the one before it but its modules.

Every runtime is the real one and speaks the protocol of a snapshot; databases, limiter and secrets are real
or stand-ins that answer as the real ones do.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey
from pymongo.database import Database
from typing_extensions import override
from upstash_redis import Redis

from infra.bench.function_settings import local_values
from infra.bench.quiet_server import QuietHandler, QuietServer
from infra.bench.runtime_endpoint import NEXT, RESTORE_ERROR, RESTORE_NEXT
from infra.local.serverless_file import load_yaml
from infra.ops.miniapp import signed_init_data
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.session_tokens import SessionIssuer
from shared.adapters.system_clock import SystemClock
from shared.domain.game_config import default_config
from tests.conftest import UpstashRest
from tests.functions.edge_app import document_of, gateway_event
from tests.functions.snapshots import PROJECT, WITHIN_S, restored_twice, snapshot_of
from tests.readiness.environments import production
from tests.xray_daemon import ROOT, SAMPLED, XrayDaemon

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="connections and copies are Linux's")

SNAPSHOTTED = ("battle", "economy", "claim", "admin")
QUESTION = {
    "battle": ("/api/brokers", 404),
    "economy": ("/api/economy/me", 404),
    "claim": ("/api/claims", 503),
    "admin": ("/api/admin/me", 401),
}
"""A first request of each function: a player who does not exist, no vault, a player's token for an operator."""


@pytest.fixture
def known(
    tmp_path: Path, mongo_uri: str, mongo_database: Database[dict[str, Any]], upstash: UpstashRest
) -> dict[str, str]:
    """The values of every setting, over the real stores."""
    _, values = local_values(tmp_path, urls={"mongo": mongo_uri, "upstash": upstash.url, "kms": ""})
    return values | {"MONGODB_DATABASE": mongo_database.name, "UPSTASH_REDIS_REST_TOKEN": upstash.token}


def bearer(seed: bytes, player: str = "tg7") -> dict[str, str]:
    token, _ = SessionIssuer(seed).issue(player, token_id="ab" * 16, now_s=time.time_ns() // 10**9)
    return {"authorization": f"Bearer {token}"}


def session_seed(known: dict[str, str]) -> bytes:
    return bytes.fromhex(known["PLAYER_SESSION_PRIVATE_KEY_HEX"])


def test_the_functions_with_snapshots_are_those_tested_here() -> None:
    functions = load_yaml(PROJECT / "serverless.yml")["functions"]
    assert tuple(name for name, given in functions.items() if given.get("snapStart")) == SNAPSHOTTED


@pytest.mark.parametrize("function", SNAPSHOTTED)
def test_a_snapshot_holds_no_connection_and_its_first_request_is_answered_and_called_cold(
    function: str, tmp_path: Path, known: dict[str, str]
) -> None:
    path, status = QUESTION[function]
    with snapshot_of(function, tmp_path, known) as environment:
        assert environment.parameters.questions
        assert environment.connected_ports() == set()
        assert environment.runtime.heard == [RESTORE_NEXT]
        environment.restore()
        event = gateway_event("GET", path, headers=bearer(session_seed(known)))
        assert [environment.answer(event)["statusCode"] for _ in range(2)] == [status, status]
        lines = environment.request_lines()
        assert [(line["status"], line["cold_start"]) for line in lines] == [(status, True), (status, False)]


@pytest.mark.parametrize("function", SNAPSHOTTED)
def test_the_first_request_after_a_restore_loads_no_module(
    function: str, tmp_path: Path, known: dict[str, str]
) -> None:
    path, _ = QUESTION[function]
    with snapshot_of(function, tmp_path, known) as environment:
        environment.restore()
        before = set(environment.ask("modules"))
        environment.answer(gateway_event("GET", path, headers=bearer(session_seed(known))))
        assert set(environment.ask("modules")) - before == set()
        assert ("boto3.session" in before) == (function == "claim")
        assert "bcrypt" in before or function != "admin"


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


def sign_in(bot_token: str, *, telegram_id: int = 7) -> dict[str, Any]:
    user = {"id": telegram_id, "first_name": "Ann"}
    raw = signed_init_data(user, bot_token=bot_token, auth_date_s=time.time_ns() // 10**9)
    return gateway_event("POST", "/api/session", headers={"authorization": f"tma {raw}"})


@pytest.mark.parametrize("function", SNAPSHOTTED)
def test_a_restore_without_its_secret_store_fails_and_serves_nothing(
    function: str, tmp_path: Path, known: dict[str, str]
) -> None:
    with snapshot_of(function, tmp_path, known) as environment:
        environment.parameters.is_down = True
        environment.runtime.restored.set()
        assert environment.runtime.wait_for(NEXT, RESTORE_ERROR, within_s=WITHIN_S) == RESTORE_ERROR
        assert environment.process.wait(WITHIN_S) != 0
        assert environment.runtime.heard == [RESTORE_NEXT, RESTORE_ERROR]
        assert json.loads(environment.runtime.failure)["errorType"] == "Unavailable"
        assert '"code": "secrets_unavailable"' in environment.log.read_text()


def test_a_secret_that_breaks_a_production_rule_after_the_restore_is_not_served_with(tmp_path: Path) -> None:
    known = production("battle")
    more = {"AWS_LAMBDA_FUNCTION_NAME": "arena-prod-battle"}
    with snapshot_of(
        "battle", tmp_path, known, handler="infra.bench.parameter_store_here.battle", more=more
    ) as environment:
        environment.parameters.values["/battle/BATTLE_SEED_SECRET"] = "short"
        environment.runtime.restored.set()
        assert environment.runtime.wait_for(NEXT, RESTORE_ERROR, within_s=WITHIN_S) == RESTORE_ERROR
        assert environment.process.wait(WITHIN_S) != 0
        assert environment.runtime.heard == [RESTORE_NEXT, RESTORE_ERROR]
        assert "BATTLE_SEED_SECRET" in environment.runtime.failure
        assert "short" not in environment.runtime.failure


def test_even_an_environment_that_served_forgets_connections_ages_and_blocked_callers(
    tmp_path: Path, known: dict[str, str], mongo_database: Database[dict[str, Any]], upstash: UpstashRest
) -> None:
    configs = MongoGameConfigs(mongo_database, SystemClock())
    config = replace(default_config(), limits={"player": 3})
    configs.seed(config)
    telegram_id = secrets.randbelow(10**9)
    login = sign_in(known["TELEGRAM_BOT_TOKEN"], telegram_id=telegram_id)
    own = gateway_event(
        "GET", "/api/economy/me", headers=bearer(session_seed(known), player=f"tg{telegram_id}")
    )
    with snapshot_of("economy", tmp_path, known) as environment:
        environment.restore()
        assert environment.answer(login)["statusCode"] == 200
        assert [environment.answer(own)["statusCode"] for _ in range(5)] == [200, 200, 200, 429, 429]
        assert len(environment.connected_ports()) == 2
        asked = len(environment.parameters.questions)

        environment.ask("before the snapshot")
        assert environment.connected_ports() == set()
        with Redis(upstash.url, upstash.token) as redis:
            assert redis.delete(*redis.keys(f"*player:tg{telegram_id}*")) == 1
        paused = replace(config, revision=2, paused=replace(config.paused, logins=True))
        assert configs.replace(paused, expected_revision=1)
        environment.ask("after the restore")

        assert sorted(environment.parameters.questions[asked:]) == sorted(environment.parameters.values)
        assert document_of(environment.answer(login))["code"] == "logins_paused"
        assert environment.answer(own)["statusCode"] == 200


def test_a_restored_environment_traces_its_events_over_a_socket_of_its_own_and_names_the_trace_in_its_log(
    tmp_path: Path, known: dict[str, str], xray: XrayDaemon
) -> None:
    event = gateway_event("GET", "/api/economy/me", headers=bearer(session_seed(known)))
    with snapshot_of(
        "economy", tmp_path, known, more={"AWS_XRAY_DAEMON_ADDRESS": xray.address}
    ) as environment:
        environment.restore()
        assert environment.parameters.questions
        assert xray.subsegments() == [], "neither INIT nor a restore is in anybody's trace"
        sockets = []
        for _ in range(2):
            untraced = environment.runtime.trace_header
            environment.runtime.trace_header = SAMPLED
            assert environment.answer(event)["statusCode"] == 404
            environment.runtime.trace_header = untraced
            sockets.append(environment.open_udp_sockets())
            assert {each["name"] for each in xray.subsegments()} == {"MongoDB", "Upstash"}
            environment.ask("before the snapshot")
            assert environment.open_udp_sockets() == set()
            environment.ask("after the restore")
        assert [len(each) for each in sockets] == [1, 1]
        assert sockets[0] != sockets[1]
        assert environment.answer(event)["statusCode"] == 404
        assert xray.subsegments() == []
        assert [line.get("trace") for line in environment.request_lines()] == [ROOT, ROOT, None]


class _Aws(QuietHandler):
    """Container credentials and Parameter Store: what a snapshotted function asks."""

    server: AwsStandIn

    @override
    def do_GET(self) -> None:
        document = {
            "AccessKeyId": self.server.access_key_id,
            "SecretAccessKey": "local-fake-secret-access-key",
            "Token": "local-fake",
            "Expiration": "2999-01-01T00:00:00Z",
        }
        self.reply(200, json.dumps(document).encode())

    @override
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.callers.append(self.headers["authorization"].split("Credential=")[1].split("/")[0])
        found = [{"Name": name, "Value": self.server.values[name]} for name in asked["Names"]]
        self.reply(200, json.dumps({"Parameters": found, "InvalidParameters": []}).encode())


class AwsStandIn(QuietServer):
    def __init__(self) -> None:
        super().__init__(_Aws)
        self.access_key_id = "LOCALFAKEBEFORE"
        self.values: dict[str, str] = {}
        self.callers: list[str] = []


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


def test_environments_restored_from_one_snapshot_draw_nothing_alike(
    tmp_path: Path, known: dict[str, str]
) -> None:
    with restored_twice("claim", tmp_path, known) as both:
        processes, draws = (
            [json.loads(runtime.send({"ask": question}).body) for runtime in both]
            for question in ("process", "chance")
        )
        assert processes[0] == processes[1]
        assert [name for name in draws[0] if draws[0][name] == draws[1][name]] == []


def test_environments_restored_from_one_snapshot_both_serve(tmp_path: Path, known: dict[str, str]) -> None:
    event = sign_in(known["TELEGRAM_BOT_TOKEN"])
    del event["requestContext"]["requestId"]
    with restored_twice("economy", tmp_path, known) as both:
        answers = [json.loads(runtime.send(event).body) for runtime in both]
        assert [answer["statusCode"] for answer in answers] == [200, 200]
        assert len({document_of(answer)["token"] for answer in answers}) == 2
        assert len({answer["headers"]["x-request-id"] for answer in answers}) == 2
