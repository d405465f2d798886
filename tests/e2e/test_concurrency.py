"""What many requests at once may not do: commit twice, pass a cap, or lose an answer when all is killed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx

from infra.ops.verify_ledger import verify_database
from tests.e2e.conftest import write_config

BATTLE = "/api/battle/run"


def battle(app, key: str):
    return app.call("POST", BATTLE, {"brokerId": app.broker, "mode": "prediction"}, key=key)


def rows_of(database, app) -> list[dict]:
    account = f"tg{app.user['id']}"
    return [row for row in database["ledger"].find({"acct": account}) if row["kind"] == "battle"]


def check_books(stack) -> None:
    uri, name = stack.settings["MONGODB_URI"], stack.settings["MONGODB_DATABASE"]
    found = verify_database(uri, name, now_ms=stack.now_ms(), late_ms=0)
    assert [violation.describe() for violation in found.violations] == []


def test_a_hundred_copies_of_one_battle_are_one_row_and_a_hundred_equal_answers(stack, database, new_player):
    app = new_player()
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: battle(app, "same"), range(100)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.content for answer in answers}) == 1
    assert sum(answer.headers.get("idempotent-replayed") == "true" for answer in answers) == 99
    assert len(rows_of(database, app)) == 1


def test_of_fifty_battles_of_one_broker_at_once_exactly_one_is_accepted(stack, database, new_player):
    app = new_player()
    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda number: battle(app, f"k{number}"), range(50)))
    codes = [answer.json().get("code", "ok") for answer in answers]
    assert codes.count("ok") == 1
    assert set(codes) <= {"ok", "cooldown", "battle_cooldown", "too_many_refusals", "account_busy"}, set(
        codes
    )
    assert sum(row["ok"] for row in rows_of(database, app)) == 1


def test_system_keys_sent_by_a_client_are_just_client_keys(stack, database, new_player):
    app = new_player()
    account = f"tg{app.user['id']}"
    for key in (f"{account}:s:register", "s:register", "a:owner:1", f"{account}:a:owner:1"):
        answer = battle(app, key)
        assert answer.status_code in (200, 201, 409), answer.text
        stored = database["ledger"].find_one({"k": f"{account}:c:{key}"})
        assert stored is not None
    assert database["ledger"].find_one({"k": f"{account}:s:register"})["kind"] == "register"


def test_a_small_cap_is_used_up_but_never_passed_and_says_so(stack, database, new_player):
    cap = 1_500
    stack.advance_clock(24 * 3600 * 2)  # a day without any emission yet
    write_config(stack, lambda config: replace(config, economy=replace(config.economy, daily_cap_aiba=cap)))
    try:
        time.sleep(3.1)  # every instance rereads its configuration
        apps = [new_player() for _ in range(50)]
        with ThreadPoolExecutor(25) as pool:
            answers = list(pool.map(lambda app: battle(app, "capped"), apps))
    finally:
        write_config(
            stack, lambda config: replace(config, economy=replace(config.economy, daily_cap_aiba=1_000_000))
        )
        stack.advance_clock(24 * 3600)
    assert {answer.status_code for answer in answers} <= {200, 201}
    bodies = [answer.json() for answer in answers]
    rewards = [int(body["reward"]["AIBA"]) for body in bodies]
    assert cap - max(rewards) < sum(rewards) <= cap
    assert all(
        body["rewardHeldBecause"] == "cap_reached"
        for body, reward in zip(bodies, rewards, strict=True)
        if reward == 0 and body["score"] > 0
    )
    assert 0 in rewards
    check_books(stack)


def test_a_gateway_killed_in_the_middle_of_two_hundred_battles_loses_no_answer(stack, database, new_player):
    apps = [new_player() for _ in range(40)]
    jobs = [(app, f"battle-{turn}") for turn in range(5) for app in apps]

    def attempt(job) -> dict | None:
        app, key = job
        try:
            answer = battle(app, key)
        except httpx.HTTPError:
            return None
        return answer.json() | {"key": key} if answer.status_code < 500 else None

    with ThreadPoolExecutor(40) as pool:
        running = [pool.submit(attempt, job) for job in jobs]
        while sum(job.done() for job in running) < 60:
            time.sleep(0.01)
        stack.kill("gateway")
        first = [job.result() for job in running]
    stack.restart("gateway")
    assert any(answer is None for answer in first)
    assert any(answer is not None for answer in first)
    with ThreadPoolExecutor(16) as pool:
        second = list(pool.map(attempt, jobs))
    assert all(answer is not None for answer in second)
    for before, after in zip(first, second, strict=True):
        if before is not None:
            assert {**after, "requestId": ""} == {**before, "requestId": ""}
    for app in apps:
        rows = rows_of(database, app)
        assert len({row["k"] for row in rows}) == len(rows) == 5
        assert sum(row["ok"] for row in rows) >= 1  # more only where the cooldown of 30 s went by meanwhile
    check_books(stack)
