"""What X-Ray is told of a battle: each question to the real stores once, and nothing of what was asked."""

from __future__ import annotations

import itertools
import json
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo.database import Database

from infra.bench.battle_calls import battle_event
from infra.bench.bench_world import BenchWorld, bench_config
from tests.conftest import UpstashRest
from tests.e2e.test_no_secret_leaks import leaks
from tests.xray_daemon import DATAGRAM_MAX, PARENT, ROOT, SAMPLED, XrayDaemon, outcomes

BATTLE = {"MongoDB": 4, "Upstash": 1}
"""As tests/functions/test_round_trips.py counts a battle's commands at the driver and at Redis."""
FIELDS = frozenset(("type", "id", "trace_id", "parent_id", "name", "namespace", "start_time", "end_time"))


class Battles:
    """The battle function over real stores, settings and tokens in hand."""

    def __init__(self, settings: dict[str, str], tokens: dict[str, str]) -> None:
        self.settings = settings
        self.tokens = tokens
        self._accounts = iter(tokens)

    def fight(self, *, account: str = "", key: str = "") -> Any:
        """One battle's answer; of an account that has not fought yet if none is given."""
        from functions.battle import handler

        event = battle_event(self.tokens[account or next(self._accounts)], key or secrets.token_hex(8))
        return handler(event, None)


@pytest.fixture
def battles(
    mongo_uri: str,
    mongo_database: Database[dict[str, Any]],
    upstash: UpstashRest,
    monkeypatch: pytest.MonkeyPatch,
    event_loop_for_handlers: object,
) -> Iterator[Battles]:
    from functions.battle import battle_parts

    world = BenchWorld(
        mongo_uri, upstash.url, upstash.token, secrets.token_bytes(32), secrets.token_urlsafe(36)
    )
    world.seed(mongo_database.name, players=8, rows_each=1, config=bench_config())
    settings = world.environment(mongo_database.name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    battle_parts.forget()
    found = Battles(settings, world.tokens(8))
    assert found.fight()["statusCode"] == 200  # connections, the configuration, the day's budgets
    yield found
    battle_parts.forget()


def test_each_question_of_a_battle_is_one_subsegment_of_its_invocation(
    battles: Battles, xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    xray.trace_invocations(monkeypatch)
    before_s = time.time_ns() / 1e9
    assert battles.fight()["statusCode"] == 200
    after_s = time.time_ns() / 1e9
    found = xray.subsegments()
    assert Counter(name for name, _ in outcomes(found)) == BATTLE
    assert {flags for _, flags in outcomes(found)} == {""}
    assert {(each["trace_id"], each["parent_id"]) for each in found} == {(ROOT, PARENT)}
    assert len({each["id"] for each in found}) == len(found)
    times = [
        (each["start_time"], each["end_time"]) for each in sorted(found, key=lambda it: it["start_time"])
    ]
    assert before_s <= times[0][0]
    assert times[-1][1] <= after_s
    assert all(start < end for start, end in times)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(times))


def test_a_row_that_stood_already_is_no_fault_of_the_database(
    battles: Battles, xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = next(iter(battles.tokens))
    first = battles.fight(account=account, key="again")
    xray.trace_invocations(monkeypatch)
    assert battles.fight(account=account, key="again")["body"] == first["body"]
    assert {flags for _, flags in outcomes(xray.subsegments())} == {""}


def test_a_dead_database_is_a_fault_in_the_trace(
    battles: Battles, xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions.battle import battle_parts

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MONGODB_URI", f"mongodb://127.0.0.1:{closed.getsockname()[1]}")
        battle_parts.forget()
        xray.trace_invocations(monkeypatch)
        answer = battles.fight()
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (503, "database_unavailable")
    found = xray.subsegments()
    assert set(outcomes(found)) == {("MongoDB", "fault"), ("Upstash", "")}
    assert max(each["end_time"] - each["start_time"] for each in found) > 1, "and where the time went"


def not_sampled(xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    xray.trace_invocations(monkeypatch, SAMPLED.replace("Sampled=1", "Sampled=0"))


def without_header(xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", xray.address)


def without_address(xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", SAMPLED)


@pytest.mark.parametrize("surroundings", [not_sampled, without_header, without_address])
def test_a_battle_that_nobody_traces_sends_nothing(
    battles: Battles,
    xray: XrayDaemon,
    monkeypatch: pytest.MonkeyPatch,
    surroundings: Callable[[XrayDaemon, pytest.MonkeyPatch], None],
) -> None:
    surroundings(xray, monkeypatch)
    assert battles.fight()["statusCode"] == 200
    assert xray.subsegments() == []


def test_a_daemon_that_is_gone_changes_no_answer(battles: Battles, monkeypatch: pytest.MonkeyPatch) -> None:
    account = next(iter(battles.tokens))
    plain = battles.fight(account=account, key="the-same")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", SAMPLED)
    traced = battles.fight(account=account, key="the-same")
    assert (traced["statusCode"], traced["body"]) == (plain["statusCode"], plain["body"])
    assert battles.fight()["statusCode"] == 200


def test_no_datagram_holds_a_setting_a_token_an_account_or_an_amount(
    battles: Battles, xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, token = list(battles.tokens.items())[-1]
    xray.trace_invocations(monkeypatch)
    answer = json.loads(battles.fight(account=account, key="a-key-of-ann")["body"])
    found = xray.subsegments()
    sent = b"\n".join(xray.datagrams)
    secret = {name: value for name, value in battles.settings.items() if name not in ("APP_ENV", "STAGE")}
    told = {"token": token, "account": account, "key": "a-key-of-ann", "battle": answer["id"]}
    assert leaks(secret | told, iter([("a datagram", sent)])) == []
    assert account.encode() not in sent
    assert leaks({"planted": "planted-secret"}, iter([("a datagram", sent + b"planted-secret")]))
    assert int(answer["reward"]["AIBA"]) > 0
    assert {frozenset(each) for each in found} == {FIELDS}, "there is no field that an amount could be in"
    assert {(each["name"], each["type"], each["namespace"]) for each in found} == {
        (name, "subsegment", "remote") for name in BATTLE
    }
    assert max(map(len, xray.datagrams)) < 500 < DATAGRAM_MAX
