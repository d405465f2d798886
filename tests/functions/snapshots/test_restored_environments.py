"""An environment restored from a snapshot carries nothing of the one before it but its modules."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from pymongo.database import Database
from upstash_redis import Redis

from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.system_clock import SystemClock
from shared.domain.game_config import default_config
from tests.conftest import UpstashRest
from tests.functions.edge_app import document_of, gateway_event
from tests.functions.snapshots.environment import restored_twice, snapshot_of
from tests.functions.snapshots.first_requests import bearer, session_seed, sign_in
from tests.xray_daemon import ROOT, SAMPLED, XrayDaemon


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
