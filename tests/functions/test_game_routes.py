"""The game over HTTP: a player's journey, replays, refusals that say what to do next, and pages."""

from __future__ import annotations

import asyncio

import pytest

from shared.domain.game_config import Paused
from shared.services.fold_accounts import BoardFolding
from shared.services.fold_boards import fold_boards
from tests.functions.game_app import GameApp, Player, init_data


@pytest.fixture
def app(event_loop_for_handlers: asyncio.AbstractEventLoop) -> GameApp:
    return GameApp()


@pytest.fixture
def ann(app: GameApp) -> Player:
    player = app.sign_in()
    assert player.post("/api/brokers/starter").status_code == 201
    return player


def test_a_session_creates_the_player_once_and_names_them_without_their_telegram_id(app: GameApp) -> None:
    first = app.sign_in(777000111)
    again = app.sign_in(777000111)
    assert again.session["alias"] == first.session["alias"]
    assert "777000111" not in first.session["alias"]
    assert app.world.store.read_player(first.id).seq == 1


def test_a_first_battle_is_paid_and_seen_in_me_ledger_and_battles(ann: Player) -> None:
    battle = ann.battle()
    assert battle.status_code == 200, battle.text
    reward = battle.json()["reward"]
    me = ann.get("/api/economy/me").json()
    assert me["balances"] == reward
    assert me["brokers"][0]["energy"] == 90
    assert me["brokers"][0]["cooldowns"].keys() == {"prediction"}
    ledger = ann.get("/api/economy/ledger").json()
    assert ledger["items"][0]["amounts"]["AIBA"] == reward["AIBA"]
    assert ledger["items"][0]["balances"] == reward
    battles = ann.get("/api/battle/battles").json()
    assert battles["items"] == [battle.json()]
    assert ann.get(f"/api/battle/battles/{battle.json()['id']}").json() == battle.json()


def test_the_same_key_answers_the_same_body_and_says_so(ann: Player) -> None:
    first = ann.battle(key="k")
    again = ann.battle(key="k")
    assert again.json() == first.json()
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert "idempotent-replayed" not in first.headers


def test_a_key_used_for_another_request_is_refused(ann: Player) -> None:
    ann.battle(key="k")
    reply = ann.battle(key="k", mode="arbitrage")
    assert (reply.status_code, reply.json()["code"]) == (422, "idempotency_key_reused")


def test_a_cooldown_says_when_it_ends_and_replays_as_a_refusal(ann: Player) -> None:
    ann.battle()
    reply = ann.battle(key="k")
    assert (reply.status_code, reply.json()["code"]) == (409, "cooldown")
    assert (
        reply.json()["cooldownEndsAt"]
        == ann.get("/api/economy/me").json()["brokers"][0]["cooldowns"]["prediction"]
    )
    again = ann.battle(key="k")
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["cooldownEndsAt"] == reply.json()["cooldownEndsAt"]


def test_the_day_seed_appears_in_the_proof_at_one_oclock_and_everything_follows_from_it(
    app: GameApp, ann: Player
) -> None:
    battle = ann.battle().json()
    before = ann.get(f"/api/battle/battles/{battle['id']}/proof").json()
    assert "daySeed" not in before
    assert (
        app.send("GET", "/api/battle/fairness").json()["today"][0]["commitment"]
        == before["proof"]["commitment"]
    )
    app.world.clock.advance(seconds=86_400 + 3_600)
    ann = app.sign_in()
    after = ann.get(f"/api/battle/battles/{battle['id']}/proof").json()
    assert after["disagreements"] == []
    fairness = app.send("GET", "/api/battle/fairness").json()
    assert fairness["past"][0]["daySeed"] == after["daySeed"]


def test_all_fifteen_modes_are_listed_and_guild_modes_say_why_they_are_closed(ann: Player) -> None:
    modes = ann.get("/api/battle/modes").json()["items"]
    assert len(modes) == 15
    closed = {mode["key"]: mode["closedBecause"] for mode in modes if not mode["isOpen"]}
    assert closed == dict.fromkeys(["guildWars", "guildWars-pro", "guildWars-elite"], "guild_required")


def test_ledger_pages_follow_each_other_without_gap_or_repeat_and_keep_the_balance(
    app: GameApp, ann: Player
) -> None:
    for _ in range(7):
        assert ann.battle().status_code == 200
        app.world.clock.advance(seconds=31)
    whole = ann.get("/api/economy/ledger", limit=50).json()["items"]
    paged, cursor = [], None
    while True:
        page = ann.get("/api/economy/ledger", limit=3, **({"cursor": cursor} if cursor else {})).json()
        paged += page["items"]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert paged == whole
    assert len(paged) == 7


def test_a_cursor_of_another_list_is_refused(app: GameApp, ann: Player) -> None:
    for _ in range(3):
        ann.battle()
        app.world.clock.advance(seconds=31)
    cursor = ann.get("/api/economy/ledger", limit=1).json()["nextCursor"]
    reply = ann.get("/api/battle/battles", cursor=cursor)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_cursor")


def test_a_battle_of_somebody_else_is_not_found(app: GameApp, ann: Player) -> None:
    battle = ann.battle().json()
    bob = app.sign_in(2)
    assert bob.get(f"/api/battle/battles/{battle['id']}").status_code == 404


def test_the_daily_login_pays_once_a_day(app: GameApp, ann: Player) -> None:
    first = ann.post("/api/economy/daily")
    assert (first.json()["reward"]["NEUR"], first.json()["streak"]) == ("50", 1)
    assert ann.post("/api/economy/daily").json()["code"] == "daily_taken"
    app.world.clock.advance(seconds=86_400)
    ann = app.sign_in()
    assert ann.post("/api/economy/daily").json()["streak"] == 2


def test_the_public_configuration_keeps_operators_limits_to_itself(app: GameApp) -> None:
    reply = app.send("GET", "/api/economy/config")
    assert reply.json()["economy"]["dailyCapAiba"] == "1000000"
    assert "claimApprovalAboveAiba" not in reply.text


def test_a_broker_is_trained_repaired_upgraded_bought_and_combined(app: GameApp, ann: Player) -> None:
    app.world.give(ann.id, "NEUR", 1_000)
    app.world.give(ann.id, "AIBA", 1_000)
    trained = ann.post("/api/brokers/starter/train", {"stat": "speed"}).json()
    assert (trained["broker"]["speed"], trained["balance"]) == (51, "975")
    upgraded = ann.post("/api/brokers/starter/upgrade", {"stat": "speed"}).json()
    assert (upgraded["broker"]["speed"], upgraded["broker"]["level"]) == (53, 2)
    ann.battle()
    assert ann.post("/api/brokers/starter/repair").json()["broker"]["energy"] == 100
    bought = ann.post("/api/brokers", {"catalogueId": "champion"})
    assert bought.status_code == 201
    other = bought.json()["broker"]["id"]
    combined = ann.post("/api/brokers/starter/combine", {"sacrificeId": other}).json()
    assert combined["broker"]["intelligence"] == 68
    assert [broker["id"] for broker in ann.get("/api/brokers").json()["items"]] == ["starter"]


def test_without_the_money_an_action_says_what_it_needs_and_what_is_there(ann: Player) -> None:
    reply = ann.post("/api/brokers/starter/train", {"stat": "speed"})
    assert reply.status_code == 409
    assert {name: reply.json()[name] for name in ("code", "need", "have", "currency")} == {
        "code": "insufficient_funds",
        "need": "25",
        "have": "0",
        "currency": "NEUR",
    }


def test_the_leaderboard_shows_the_player_their_own_place(app: GameApp, ann: Player) -> None:
    score = ann.battle().json()["score"]
    folding = BoardFolding(
        app.world.committer, app.boards, app.watermarks, app.world.clock, lambda name, facts: None
    )
    fold_boards(folding)
    page = ann.get("/api/leaderboards/score", period="today").json()
    assert page["items"] == [{"alias": ann.session["alias"], "score": str(score), "rank": 1, "isMe": True}]
    mine = ann.get("/api/leaderboards/battles/me").json()
    assert mine["items"][0]["score"] == "1"
    assert ann.get("/api/leaderboards/money").status_code == 400


def test_a_referral_over_http_pays_both_sides_once_their_wallets_are_linked(
    app: GameApp, ann: Player
) -> None:
    bob = app.sign_in(2)
    code = ann.get("/api/referrals/me").json()["code"]
    refused = bob.post("/api/referrals/use", {"code": code})
    assert (refused.status_code, refused.json()["code"]) == (409, "wallet_required")
    for player in (ann, bob):
        app.world.change(player.id, wallet={"address": "0:" + "00" * 32})
    used = bob.post("/api/referrals/use", {"code": code})
    assert used.json() == {
        "reward": {"NEUR": "150", "AIBA": "5"},
        "referrerReward": {"NEUR": "250", "AIBA": "10"},
    }
    assert ann.get("/api/economy/me").json()["balances"]["NEUR"] == "250"
    assert bob.get("/api/referrals/me").json()["canUse"] is False


def test_while_logins_are_paused_no_session_begins(app: GameApp) -> None:
    app.world.set_config(paused=Paused(logins=True))
    raw = init_data(5, now_s=app.world.clock.now_ms() // 1000)
    reply = app.send("POST", "/api/session", headers={"authorization": f"tma {raw}"})
    assert (reply.status_code, reply.json()["code"]) == (503, "logins_paused")
