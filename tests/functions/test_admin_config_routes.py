"""The configuration over HTTP: typed changes, revisions as ETags, dry runs, modes, limits and switches."""

from __future__ import annotations

import asyncio

import pytest

from tests.functions.admin_app import AdminApp, Operator, code

REASON = "because of the test"


@pytest.fixture
def app(event_loop_for_handlers: asyncio.AbstractEventLoop) -> AdminApp:
    return AdminApp()


@pytest.fixture
def owner(app: AdminApp) -> Operator:
    return app.admin()


def patch(owner: Operator, changes: dict, *, if_match: int | None = 1, key: str | None = None):
    body = {"changes": changes, "reason": REASON}
    return owner.send("PATCH", "/api/admin/config/economy", body, if_match=if_match, key=key)


def test_the_configuration_is_shown_in_the_form_in_which_it_is_changed(owner: Operator) -> None:
    reply = owner.get("/api/admin/config")
    assert reply.headers["etag"] == '"1"'
    economy = reply.json()["economy"]
    assert (economy["dailyCapAiba"], economy["battleMaxEnergy"]) == ("1000000", 100)
    refused = patch(owner, {name: value for name, value in economy.items() if name != "trainNeurCost"})
    assert code(refused) == (409, "config_unchanged")


def test_a_change_answers_its_revision_its_differences_and_the_budgets_it_resized(owner: Operator) -> None:
    reply = patch(owner, {"dailyCapAiba": "400000", "battleMaxEnergy": 120})
    assert reply.status_code == 200, reply.text
    answer = reply.json()
    assert answer["revision"] == 2
    assert {change["field"] for change in answer["changes"]} == {
        "economy.dailyCapAiba",
        "economy.battleMaxEnergy",
    }
    [budget] = answer["budgets"]
    assert (budget["wanted"], budget["cap"]) == ("400000", "400000")


def test_windows_and_arena_caps_are_changed_whole(owner: Operator) -> None:
    windows = {"prediction:pro": [8, 20], "*": [0, 24]}
    reply = patch(owner, {"emissionWindowsUtc": windows, "dailyCapAibaByArena": {"prediction": "5000"}})
    assert reply.status_code == 200, reply.text
    economy = owner.get("/api/admin/config").json()["economy"]
    assert economy["emissionWindowsUtc"] == windows
    assert economy["dailyCapAibaByArena"] == {"prediction": "5000"}


def test_an_unknown_field_is_refused_by_its_name(owner: Operator) -> None:
    reply = patch(owner, {"trainNeurCost": "30", "speling": 1})
    assert code(reply) == (400, "invalid_request")
    assert reply.json()["errors"] == [
        {
            "in": "body",
            "field": "changes.speling",
            "code": "unknown_field",
            "detail": "Extra inputs are not permitted",
        }
    ]


@pytest.mark.parametrize(
    ("changes", "status_and_code"),
    [
        ({"trainNeurCost": 30}, (400, "invalid_request")),
        ({"battleMaxEnergy": "30"}, (400, "invalid_request")),
        ({"battleMaxEnergy": True}, (400, "invalid_request")),
        ({"battleMaxEnergy": 0}, (400, "invalid_economy")),
        ({"budgetShards": 257}, (400, "invalid_economy")),
        ({"dailyCapAiba": "1000000000001"}, (400, "invalid_economy")),
        ({"claimMinAiba": "20000"}, (400, "invalid_economy")),
        ({"emissionWindowsUtc": {"nowhere": [0, 1]}}, (400, "invalid_economy")),
        ({"emissionWindowsUtc": {"*": [0, 25]}}, (400, "invalid_economy")),
        ({"dailyCapAibaByArena": {"nowhere": "1"}}, (400, "invalid_economy")),
    ],
)
def test_a_value_of_the_wrong_form_or_out_of_bounds_is_refused(
    owner: Operator, changes, status_and_code
) -> None:
    assert code(patch(owner, changes)) == status_and_code
    assert owner.get("/api/admin/config").json()["revision"] == 1


def test_a_change_needs_the_revision_it_was_made_from(owner: Operator) -> None:
    assert code(patch(owner, {"trainNeurCost": "30"}, if_match=None)) == (428, "revision_required")
    assert patch(owner, {"trainNeurCost": "30"}).status_code == 200
    conflict = patch(owner, {"trainNeurCost": "31"})
    assert code(conflict) == (412, "revision_conflict")
    assert conflict.json()["revision"] == 2


def test_a_key_sent_again_answers_the_same_and_says_so(owner: Operator) -> None:
    first = patch(owner, {"trainNeurCost": "30"}, key="k")
    again = patch(owner, {"trainNeurCost": "30"}, key="k")
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert code(patch(owner, {"trainNeurCost": "30"}, key="k", if_match=2)) == (422, "idempotency_key_reused")


def test_a_change_without_a_key_is_refused(app: AdminApp, owner: Operator) -> None:
    reply = app.send(
        "PATCH",
        "/api/admin/config/economy",
        headers={**owner.headers, "if-match": '"1"'},
        json={"changes": {"trainNeurCost": "30"}, "reason": REASON},
    )
    assert code(reply) == (400, "idempotency_key_required")


def test_history_is_listed_shown_and_rolled_back(owner: Operator) -> None:
    patch(owner, {"trainNeurCost": "30"})
    [second, first] = owner.get("/api/admin/config/revisions").json()["items"]
    assert (second["by"], second["reason"], second["auditRecord"]) == ("owner", REASON, "owner:2")
    assert first["by"] == "system"
    detail = owner.get("/api/admin/config/revisions/2").json()
    assert detail["changes"] == [{"field": "economy.trainNeurCost", "before": 25, "after": 30}]
    back = owner.post("/api/admin/config/rollback", {"to": 1, "reason": REASON}, if_match=2)
    assert back.json()["revision"] == 3
    assert owner.get("/api/admin/config").json()["economy"]["trainNeurCost"] == "25"
    assert code(owner.get("/api/admin/config/revisions/9")) == (404, "revision_unknown")


def test_a_dry_run_is_judged_by_real_battles_and_changes_nothing(app: AdminApp, owner: Operator) -> None:
    ann = app.world.player_with_starter()
    paid = 0
    for number in range(5):
        paid += int(app.world.battle(ann, f"b{number}").answer()["reward"]["AIBA"])
        app.world.clock.advance(seconds=31)
    reply = owner.post("/api/admin/config/economy/dry-run", {"changes": {"baseRewardAibaPerScore": 4}})
    assert reply.status_code == 200, reply.text
    answer = reply.json()
    assert answer["basis"] == {"rows": 7, "battles": 5, "spanMs": 86_400_000}
    assert answer["before"]["wanted"]["AIBA"] == str(paid)
    assert abs(int(answer["after"]["wanted"]["AIBA"]) - 2 * paid) <= 5  # each battle is floored once
    capped = owner.post("/api/admin/config/economy/dry-run", {"changes": {"dailyCapAiba": "10"}}).json()
    assert capped["after"]["emitted"]["AIBA"] == "10"
    assert owner.get("/api/admin/config").json()["revision"] == 1


MODE = {"arena": "prediction", "league": "pro", "entryFeeNeur": "7", "rewardMultiplierAiba": 1.5}


def test_a_mode_is_written_listed_and_taken_away(owner: Operator) -> None:
    reply = owner.send("PUT", "/api/admin/modes/special", {"mode": MODE, "reason": REASON}, if_match=1)
    assert reply.status_code == 200, reply.text
    modes = owner.get("/api/admin/modes").json()["modes"]
    assert len(modes) == 16
    assert (modes["special"]["entryFeeNeur"], modes["special"]["rewardMultiplierAiba"]) == (7, 1.5)
    assert modes["special"]["energyCost"] == 15
    gone = owner.send("DELETE", "/api/admin/modes/special", if_match=2, reason=REASON)
    assert gone.status_code == 200, gone.text
    assert "special" not in owner.get("/api/admin/modes").json()["modes"]
    unknown = owner.send("DELETE", "/api/admin/modes/special", if_match=3, reason=REASON)
    assert code(unknown) == (404, "mode_unknown")


@pytest.mark.parametrize(
    "changed",
    [
        {"arena": "nowhere"},
        {"rewardMultiplierAiba": 11},
        {"rewardMultiplierAiba": 1.00001},
        {"energyCost": -1},
        {"rules": {"speling": 1}},
        {"rules": {"varianceBase": 1001}},
    ],
)
def test_a_mode_that_makes_no_sense_is_refused(owner: Operator, changed: dict) -> None:
    body = {"mode": {**MODE, **changed}, "reason": REASON}
    assert code(owner.send("PUT", "/api/admin/modes/special", body, if_match=1)) == (400, "invalid_mode")


def test_limits_are_replaced_whole_and_only_known_ones(app: AdminApp, owner: Operator) -> None:
    def put(limits: dict, if_match: int):
        return owner.send("PUT", "/api/admin/limits", {"limits": limits, "reason": REASON}, if_match=if_match)

    assert put({"claim": 3, "battle_run": 9}, 1).status_code == 200
    assert app.world.configs.config.limits == {"claim": 3, "battle_run": 9}
    assert put({"claim": 4}, 2).status_code == 200
    assert app.world.configs.config.limits == {"claim": 4}
    assert code(put({"speling": 4}, 3)) == (400, "invalid_limits")


def test_support_may_stop_and_not_start_again(app: AdminApp, owner: Operator) -> None:
    body = {"switches": ["claims", "battles"], "reason": REASON}
    stopped = app.admin("support").post("/api/admin/pause", body)
    assert stopped.json()["paused"]["claims"] is True
    assert code(app.admin("support").post("/api/admin/resume", body)) == (403, "forbidden")
    started = owner.post("/api/admin/resume", {"switches": ["claims"], "reason": REASON})
    assert started.json()["paused"] == {"battles": True, "claims": False, "emission": False, "logins": False}


def test_a_switch_that_does_not_exist_is_refused(owner: Operator) -> None:
    reply = owner.post("/api/admin/pause", {"switches": ["everything"], "reason": REASON})
    assert code(reply) == (400, "invalid_request")
