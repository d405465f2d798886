"""Processes killed at random moments under every kind of action: no answer is taken back, the ledger holds."""

from __future__ import annotations

import os
import random  # noqa: TID251 - the run prints its seed
import secrets

import pytest

from infra.ops.verify_ledger import verify_database
from tests.e2e.chaos import Contestant, Killer, link_wallet, play, script

IS_FULL = os.environ.get("ARENA_TEST_FULL") == "1"  # noqa: TID251 - the test run's own switch
PLAYERS, ACTIONS, KILLS_AT_LEAST = (10, 150, 80) if IS_FULL else (4, 14, 5)
DAY_S = 24 * 3600


@pytest.mark.slow
def test_kills_at_random_moments_neither_contradict_an_answer_nor_break_an_invariant(
    stack, database, new_player
):
    seed = secrets.randbits(32)
    print(f"chaos seed {seed}")
    chance = random.Random(seed)
    apps = [new_player() for _ in range(PLAYERS)]
    for app in apps:
        link_wallet(stack, app)
    stack.advance_clock(DAY_S + 60)
    for app in apps:
        app.sign_in(now_s=stack.now_ms() // 1000)
    codes = [app.call("GET", "/api/referrals/me").json()["code"] for app in apps]
    contestants = [
        Contestant(app, script(chance, broker=app.broker, codes=codes, length=ACTIONS)) for app in apps
    ]
    killer = Killer(stack, chance)
    play(stack, contestants, killer)
    stack.advance_clock(2 * 3600)  # every unsent claim expires, and the hour's audit is due
    for app in apps:
        app.sign_in(now_s=stack.now_ms() // 1000)
    assert [found for contestant in contestants for found in contestant.contradictions()] == []
    settled = stack.invoke("settle")
    assert settled["audit"]["violations"] == []
    uri, name = stack.settings["MONGODB_URI"], stack.settings["MONGODB_DATABASE"]
    found = verify_database(uri, name, now_ms=stack.now_ms(), late_ms=0)
    assert [violation.describe() for violation in found.violations] == []
    unanswered = sum(contestant.unanswered for contestant in contestants)
    leaked = sum(leak.units for leak in found.leaks)
    print(f"kills {dict(killer.kills)}, retried {unanswered}, rows {found.rows}, leaked {leaked}")
    assert sum(killer.kills.values()) >= KILLS_AT_LEAST
    assert database["ledger"].find_one({"open": 1}) is None
