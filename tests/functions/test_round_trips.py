"""How many commands each action costs, counted at the driver and at Redis, through the functions' handlers."""

from __future__ import annotations

import json
import secrets
import time
from collections import Counter
from dataclasses import replace

import pytest
from pymongo import monitoring

from infra.bench.battle_calls import battle_event
from infra.bench.bench_world import BenchWorld, bench_config
from infra.local.serverless_file import read_service
from infra.local.supervisor import PROJECT
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.system_clock import SystemClock

CONNECTION_ONLY = {"hello", "ping", "endSessions", "buildInfo", "isMaster", "ismaster"}
CONFIG_AGE_S = 3.1
"""Until an instance rereads its configuration."""
RICH = {"NEUR": 100_000, "AIBA": 100_000}


class CommandCounter(monitoring.CommandListener):
    """Every command of every client made while it is registered, by collection and command."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name not in CONNECTION_ONLY:
            self.seen[f"{event.command_name} {event.command[event.command_name]}"] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Only what was asked counts."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Only what was asked counts."""


BOUGHT = "the broker bought before"
COUNTER = CommandCounter()
monitoring.register(COUNTER)


class Functions:
    """The battle and economy handlers over real stores, counted."""

    def __init__(self, world: BenchWorld, database, *, battle, economy) -> None:
        self.world = world
        self.database = database
        self.tokens = world.tokens(20)
        self.redis_calls = 0
        self._accounts = iter(self.tokens)
        self._configs = MongoGameConfigs(database, SystemClock())
        self._battle, self._economy = battle, economy

    def configure(self, config) -> None:
        stored = self._configs.latest()
        changed = replace(config, revision=stored.revision + 1)
        assert self._configs.replace(changed, expected_revision=stored.revision)

    def player(self) -> str:
        """An account of the test's own, with money."""
        account = next(self._accounts)
        self.database["players"].update_one(
            {"_id": account}, {"$set": {f"bal.{name}": units for name, units in RICH.items()}}
        )
        return account

    def send(self, account: str, path: str, body, *, key: str | None = None) -> dict:
        """One POST through the handler; answers its parsed body."""
        event = battle_event(self.tokens[account], key or secrets.token_hex(8))
        event["rawPath"] = event["requestContext"]["http"]["path"] = path
        event["body"] = "" if body is None else json.dumps(body)
        is_economy = path.startswith(("/api/economy", "/api/referrals"))
        handler = self._economy if is_economy else self._battle
        answer = handler(event, None)
        assert answer["statusCode"] < 500, answer
        return json.loads(answer["body"])

    def cost(self, account: str, path: str, body, *, key: str | None = None) -> tuple[int, int, dict]:
        """(database commands, Redis round trips, answer) of one request, everything warm."""
        COUNTER.seen.clear()
        self.redis_calls = 0
        answer = self.send(account, path, body, key=key)
        return sum(COUNTER.seen.values()), self.redis_calls, answer

    def battle(self, account: str, *, key: str | None = None, mode: str = "prediction"):
        return self.cost(account, "/api/battle/run", {"brokerId": "starter", "mode": mode}, key=key)


@pytest.fixture
def functions(mongo_uri, mongo_database, upstash, monkeypatch, event_loop_for_handlers):
    """Both functions on a database of the test's own; only what counts Redis' requests is not the real thing."""
    from upstash_redis.http import SyncHttpClient

    import functions.battle as battle_function
    import functions.economy as economy_function

    secret = secrets.token_urlsafe(36)
    world = BenchWorld(mongo_uri, upstash.url, upstash.token, secrets.token_bytes(32), secret)
    world.seed(mongo_database.name, players=20, rows_each=1, config=bench_config())
    for name, value in world.environment(mongo_database.name).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1234567890:" + "A" * 35)
    monkeypatch.setenv("PLAYER_SESSION_PRIVATE_KEY_HEX", world.session_key.hex())
    monkeypatch.setenv("TELEGRAM_INITDATA_MAX_AGE_SECONDS", "900")
    monkeypatch.setenv("WALLET_PROOF_DOMAINS", "localhost")
    monkeypatch.setenv("TON_NETWORK", "-3")
    found = Functions(world, mongo_database, battle=battle_function.handler, economy=economy_function.handler)
    execute = SyncHttpClient.execute

    def counted(client, *arguments, **named):
        found.redis_calls += 1
        return execute(client, *arguments, **named)

    monkeypatch.setattr(SyncHttpClient, "execute", counted)
    for function in (battle_function.battle_parts, economy_function.economy_parts):
        function.forget()
    found.battle(found.player())  # connections, configuration, the day's seed and its budgets
    yield found
    for function in (battle_function.battle_parts, economy_function.economy_parts):
        function.forget()


def test_a_battle_with_one_capped_currency_is_four_commands_and_one_round_trip_to_redis(functions):
    commands, redis, answer = functions.battle(functions.player())
    assert int(answer["reward"]["AIBA"]) > 0
    assert (commands, redis) == (4, 1), COUNTER.seen


def test_each_further_budget_is_one_command_more(functions):
    functions.configure(
        bench_config(base_reward_neur_per_score=1, daily_cap_aiba_by_arena={"prediction": 10**9})
    )
    time.sleep(CONFIG_AGE_S)
    functions.battle(functions.player())
    commands, redis, answer = functions.battle(functions.player())
    assert int(answer["reward"]["NEUR"]) > 0
    assert (commands, redis) == (4 + 2, 1), COUNTER.seen


def test_a_changed_number_of_shards_costs_no_command_more(functions):
    functions.configure(bench_config(daily_cap_aiba=10**9, budget_shards=32))
    time.sleep(CONFIG_AGE_S)
    for _ in range(3):  # the day's budget has as many shards as it began with; one miss tells
        functions.battle(functions.player())
    for _ in range(3):
        commands, redis, _ = functions.battle(functions.player())
        assert (commands, redis) == (4, 1), COUNTER.seen


def test_an_exhausted_cap_costs_no_command_more(functions):
    functions.configure(bench_config(daily_cap_aiba_by_arena={"prediction": 1}))
    time.sleep(CONFIG_AGE_S)
    functions.battle(functions.player())
    commands, redis, answer = functions.battle(functions.player())
    assert answer["rewardHeldBecause"] == "cap_reached"
    assert (commands, redis) == (3, 1), COUNTER.seen


def test_a_refused_battle_is_three_commands(functions):
    commands, redis, answer = functions.battle(functions.player(), mode="unknown")
    assert answer["code"] == "mode_unknown"
    assert (commands, redis) == (3, 1), COUNTER.seen


def test_a_repeated_battle_gives_its_hold_back_and_answers_from_its_row(functions):
    account = functions.player()
    first = functions.battle(account, key="again")[2]
    commands, redis, answer = functions.battle(account, key="again")
    assert answer == first
    assert (commands, redis) == (5, 1), COUNTER.seen


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/brokers/starter/train", {"stat": "speed"}),
        ("/api/brokers/starter/repair", None),
        ("/api/brokers/starter/upgrade", {"stat": "speed"}),
        ("/api/brokers", {"catalogueId": "scout"}),
        ("/api/economy/daily", None),
        ("/api/brokers/starter", None),
        ("/api/brokers/starter/combine", {"sacrificeId": BOUGHT}),
    ],
)
def test_every_other_action_is_at_most_three_commands_and_one_round_trip_to_redis(functions, path, body):
    functions.send(functions.player(), path, body)
    account = functions.player()
    if path == "/api/brokers/starter":
        functions.database["players"].update_one({"_id": account}, {"$unset": {"starter": 1, "brokers": 1}})
    if body is not None and body.get("sacrificeId") == BOUGHT:
        bought = functions.send(account, "/api/brokers", {"catalogueId": "scout"})
        body = {"sacrificeId": bought["broker"]["id"]}
    commands, redis, answer = functions.cost(account, path, body)
    assert "code" not in answer, answer
    assert commands <= 3, COUNTER.seen
    assert redis == 1


def test_a_referral_moves_two_accounts_and_is_the_one_action_that_costs_more(functions):
    """Both players, the code, both rows and projections, a hold per currency, `open` set and unset."""
    for number in range(2):  # the first also makes the day's budgets
        referrer, referee = functions.player(), functions.player()
        code = f"{number:010x}"
        functions.database["codes"].insert_one({"_id": code, "acct": referrer, "ts": 1})
        for account in (referrer, referee):
            changes = {
                "wallet": {"address": "0:" + "00" * 32},
                "referralCode": code if account == referrer else "f" * 10,
            }
            functions.database["players"].update_one({"_id": account}, {"$set": changes})
        commands, redis, answer = functions.cost(referee, "/api/referrals/use", {"code": code})
        assert "code" not in answer, answer
    assert (commands, redis) == (12, 1), COUNTER.seen


def test_the_scheduled_event_commits_to_the_day_though_nobody_plays(functions):
    from functions import battle

    spec = read_service(PROJECT / "serverless.yml", stage="prod").functions["battle"]
    assert spec.every_s == 600
    functions.database["fairness"].delete_many({})
    battle.battle_parts.forget()
    answer = battle.handler(spec.scheduled_event, None)
    assert answer["statusCode"] == 200, answer
    [today] = json.loads(answer["body"])["today"]
    stored = functions.database["fairness"].find_one({"_id": f"day:{today['epoch']}"})
    assert stored["commitment"] == today["commitment"]
