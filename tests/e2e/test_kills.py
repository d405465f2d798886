"""Processes killed at random moments under every kind of action: no answer is taken back, the ledger holds."""

from __future__ import annotations

import os
import random  # noqa: TID251 - the run prints its seed
import secrets
from collections import Counter
from collections.abc import Iterator

import pytest

from infra.ops.verify_ledger import verify_database
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.domain.budget_plans import known_budgets, plan_budget
from shared.domain.budgets import budget_group
from tests.e2e.chaos import Administrator, Contestant, Killer, link_wallet, play
from tests.e2e.chaos_script import administrator_script, player_script
from tests.fakes.clock import FakeClock

IS_FULL = os.environ.get("ARENA_TEST_FULL") == "1"  # noqa: TID251 - the test run's own switch
PLAYERS, ACTIONS, KILLS_AT_LEAST = (10, 150, 80) if IS_FULL else (4, 14, 5)
DAY_S = 24 * 3600


@pytest.fixture
def administrator(stack) -> Iterator[Administrator]:
    administrator = Administrator(stack)
    yield administrator
    administrator.close()


def wrong_caps(database, *, now_ms: int) -> list[str]:
    """Today's budgets that are not as configured, though something of them is left."""
    config = MongoGameConfigs(database, FakeClock(now_ms)).latest()
    groups = {budget_group(budget, now_ms=now_ms): budget.name for budget in known_budgets(config)}
    begun = MongoLedgerStore(database).budgets_begun(list(groups))
    return [
        f"{group} is {total}"
        for group, shards in begun.items()
        if (total := sum(shard.cap for shard in shards)) != plan_budget(config, groups[group]).cap
        and (total < plan_budget(config, groups[group]).cap or any(shard.available for shard in shards))
    ]


@pytest.mark.slow
def test_kills_at_random_moments_neither_contradict_an_answer_nor_break_an_invariant(
    stack, database, new_player, administrator
):
    seed = secrets.randbits(32)
    print(f"chaos seed {seed}")
    chance = random.Random(seed)
    apps = [new_player(has_broker=False) for _ in range(PLAYERS)]
    for app in apps:
        link_wallet(stack, app)
    stack.advance_clock(DAY_S + 60)
    for app in apps:
        app.sign_in(now_s=stack.now_ms() // 1000)
    administrator.sign_in()
    codes = [app.call("GET", "/api/referrals/me").json()["code"] for app in apps]
    players = [Contestant(app, player_script(chance, codes=codes, length=ACTIONS)) for app in apps]
    accounts = [f"tg{app.user['id']}" for app in apps]
    revision = int(administrator.call("GET", "/api/admin/config").json()["revision"])
    orders = administrator_script(chance, accounts=accounts, revision=revision, length=ACTIONS)
    contestants = [*players, Contestant(administrator, orders)]
    killer = Killer(stack, chance)
    play(stack, contestants, killer)
    stack.advance_clock(2 * 3600)  # every unsent claim expires, and the hour's audit is due
    for app in apps:
        app.sign_in(now_s=stack.now_ms() // 1000)
    administrator.sign_in()
    assert [found for contestant in contestants for found in contestant.contradictions()] == []
    settled = stack.invoke("settle")
    assert settled["audit"]["violations"] == []
    uri, name = stack.settings["MONGODB_URI"], stack.settings["MONGODB_DATABASE"]
    found = verify_database(uri, name, now_ms=stack.now_ms(), late_ms=0)
    assert [violation.describe() for violation in found.violations] == []
    done = Counter(
        action.key.split("-")[0]
        for contestant in contestants
        for action in contestant.actions
        if contestant.told[action.key][0] < 300
    )
    print(f"done {dict(done)}")
    assert wrong_caps(database, now_ms=stack.now_ms()) == []
    unanswered = sum(contestant.unanswered for contestant in contestants)
    leaked = sum(leak.units for leak in found.leaks)
    print(f"kills {dict(killer.kills)}, retried {unanswered}, rows {found.rows}, leaked {leaked}")
    assert sum(killer.kills.values()) >= KILLS_AT_LEAST
    assert database["ledger"].find_one({"open": 1}) is None
