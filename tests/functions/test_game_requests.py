"""Every request of the game is judged before it counts: keys, sessions, bans, forms, strange names."""

from __future__ import annotations

import asyncio

import pytest

from shared.domain.cursors import write_cursor
from shared.services.fold_accounts import BoardFolding
from shared.services.fold_boards import fold_boards
from tests.functions.game_app import GameApp, Player


@pytest.fixture
def app(event_loop_for_handlers: asyncio.AbstractEventLoop) -> GameApp:
    return GameApp()


@pytest.fixture
def ann(app: GameApp) -> Player:
    player = app.sign_in()
    assert player.post("/api/brokers/starter").status_code == 201
    return player


ACTIONS = [
    ("/api/brokers/starter", None),
    ("/api/brokers", {"catalogueId": "scout"}),
    ("/api/brokers/starter/train", {"stat": "speed"}),
    ("/api/brokers/starter/upgrade", {"stat": "speed"}),
    ("/api/brokers/starter/repair", None),
    ("/api/brokers/starter/combine", {"sacrificeId": "b2"}),
    ("/api/battle/run", {"brokerId": "starter", "mode": "prediction"}),
    ("/api/economy/daily", None),
    ("/api/referrals/use", {"code": "0123456789"}),
]


def test_the_list_of_actions_is_every_post_of_the_game(app: GameApp) -> None:
    documents = (app.battle.openapi(), app.economy.openapi())
    posts = {
        path for document in documents for path, methods in document["paths"].items() if "post" in methods
    }
    named = {path.replace("starter/", "{broker_id}/") for path, _ in ACTIONS}
    assert posts - {"/api/session"} == named


@pytest.mark.parametrize(("path", "body"), ACTIONS, ids=[path for path, _ in ACTIONS])
def test_a_ban_from_everything_stops_every_action_with_its_reason(
    app: GameApp, ann: Player, path: str, body: dict | None
) -> None:
    until = app.world.clock.now_ms() + 60_000
    app.world.change(ann.id, bans={"all": {"until": until, "reason": "fraud", "by": "root", "since": 1}})
    seq = app.world.committer.read_player(ann.id).seq
    reply = ann.post(path, body, key="k")
    assert (reply.status_code, reply.json()["code"]) == (403, "banned")
    assert (reply.json()["scope"], reply.json()["reason"]) == ("all", "fraud")
    assert app.world.committer.read_player(ann.id).seq == seq
    app.world.clock.advance(seconds=61)
    assert ann.post(path, body, key="k").json().get("code") != "banned"


@pytest.mark.parametrize(("path", "body"), ACTIONS, ids=[path for path, _ in ACTIONS])
def test_every_action_wants_a_key_and_a_session(
    app: GameApp, ann: Player, path: str, body: dict | None
) -> None:
    given = {} if body is None else {"json": body}
    keyless = app.send("POST", path, headers=ann.headers, **given)
    assert (keyless.status_code, keyless.json()["code"]) == (400, "idempotency_key_required")
    stranger = app.send("POST", path, headers={"idempotency-key": "k"}, **given)
    assert stranger.status_code == 401


def test_a_ban_from_battles_leaves_the_daily_login(app: GameApp, ann: Player) -> None:
    app.world.change(ann.id, bans={"battle": {"until": 0, "reason": "bot", "by": "root", "since": 1}})
    assert ann.battle().json()["code"] == "banned"
    assert ann.post("/api/economy/daily").status_code == 200
    assert ann.get("/api/economy/me").json()["bans"] == [{"scope": "battle", "reason": "bot"}]


def test_a_token_of_nobody_finds_no_player(app: GameApp) -> None:
    token = app.issuer.issue("tg404", token_id="t", now_s=app.world.clock.now_ms() // 1000)[0]
    reply = app.send("GET", "/api/economy/me", headers={"authorization": f"Bearer {token}"})
    assert (reply.status_code, reply.json()["code"]) == (404, "player_unknown")


def test_no_answer_about_others_holds_an_account(app: GameApp, ann: Player) -> None:
    bob = app.sign_in(987654321)
    bob.post("/api/brokers/starter")
    bob.battle()
    folding = BoardFolding(
        app.world.committer, app.boards, app.watermarks, app.world.clock, lambda name, facts: None
    )
    fold_boards(folding)
    for path in ("/api/leaderboards/score", "/api/leaderboards/score/me"):
        assert "987654321" not in ann.get(path, **({"limit": 1} if path.endswith("score") else {})).text
    page = ann.get("/api/leaderboards/score", limit=1).json()
    assert "987654321" not in str(page)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/economy/ledger", {"limit": "0"}),
        ("/api/economy/ledger", {"limit": "51"}),
        ("/api/economy/ledger", {"limit": "x"}),
        ("/api/economy/ledger", {"cursor": "x" * 1025}),
        ("/api/economy/ledger", {"cursor": "§"}),
        ("/api/battle/battles", {"unknown": "1"}),
        ("/api/battle/battles/0", {}),
        ("/api/battle/battles/-1", {}),
        ("/api/battle/battles/1e3", {}),
        ("/api/leaderboards/score", {"period": "year"}),
        ("/api/battle/fairness", {"cursor": "e30"}),
        ("/api/battle/fairness", {"cursor": write_cursor("fairness", {"day": "0001-01-03"}), "limit": "50"}),
        ("/api/battle/fairness", {"cursor": write_cursor("fairness", {"day": "1000-01-03"}), "limit": "50"}),
        ("/api/battle/battles", {"cursor": write_cursor("battles", {"seq": -1})}),
        ("/api/battle/battles", {"cursor": write_cursor("battles", {"seq": 2**70})}),
        ("/api/battle/battles", {"cursor": write_cursor("battles", {"seq": True})}),
        ("/api/economy/ledger", {"cursor": write_cursor("ledger", {"seq": 2**70, "balances": {}})}),
        ("/api/economy/ledger", {"cursor": write_cursor("ledger", {"seq": 1, "balances": {"AIBA": -1}})}),
        ("/api/economy/ledger", {"cursor": write_cursor("ledger", {"seq": 1, "balances": {"AIBA": 2**63}})}),
    ],
)
def test_a_query_out_of_bounds_is_refused_as_malformed(ann: Player, path: str, query: dict[str, str]) -> None:
    reply = ann.get(path, **query)
    assert reply.status_code == 400, reply.text
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("balances", [{}, [], {"AIBA": 0, "NEUR": 0}, {"AIBA": 2**63 - 1}, "x"])
def test_a_ledger_cursor_with_invented_balances_is_answered_or_refused(ann: Player, balances: object) -> None:
    ann.post("/api/economy/daily", key="daily")
    reply = ann.get(
        "/api/economy/ledger", cursor=write_cursor("ledger", {"seq": 10**6, "balances": balances})
    )
    assert reply.status_code == 400  # no such row yet
    newest = len(ann.get("/api/economy/ledger").json()["items"])
    assert newest
    for seq in range(1, 4):
        reply = ann.get(
            "/api/economy/ledger", cursor=write_cursor("ledger", {"seq": seq, "balances": balances})
        )
        assert reply.status_code in (200, 400), reply.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"brokerId": "starter"},
        {"brokerId": "starter", "mode": 5},
        {"brokerId": None, "mode": "prediction"},
        {"brokerId": "", "mode": "prediction"},
        {"brokerId": "x" * 33, "mode": "prediction"},
        {"brokerId": "starter", "mode": "prediction", "extra": 1},
        {"broker_id": "starter", "mode": "prediction"},
        [],
        "text",
    ],
    ids=str,
)
def test_a_malformed_battle_is_refused_before_anything_is_recorded(
    app: GameApp, ann: Player, body: object
) -> None:
    seq = app.world.committer.read_player(ann.id).seq
    assert ann.post("/api/battle/run", body).status_code == 400
    assert app.world.committer.read_player(ann.id).seq == seq


@pytest.mark.parametrize("name", ["бро кер", "💥", "__proto__", "a.b", "$set", "\u202e", "%00"])
def test_a_strange_broker_name_is_simply_not_there(ann: Player, name: str) -> None:
    assert ann.battle(broker=name).json()["code"] == "broker_not_found"
    assert ann.battle(mode=name).json()["code"] == "mode_unknown"
