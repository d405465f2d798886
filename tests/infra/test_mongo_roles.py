"""The roles file says what readiness demands, and the recorder sees what a client really does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from shared.config.declarations import FUNCTIONS
from tests.recorded_operations import PRIVILEGES, ROLES, RecordedOperations

Documents = Database[dict[str, Any]]


def writers(collection: str) -> set[str]:
    return {
        function
        for function, collections in PRIVILEGES.items()
        if set(collections.get(collection, [])) - {"find"}
    }


def may(function: str, collection: str, action: str) -> bool:
    return action in PRIVILEGES[function].get(collection, [])


def test_every_function_has_privileges_and_a_user_of_its_own() -> None:
    assert set(PRIVILEGES) == set(ROLES["users"]) == set(FUNCTIONS)
    assert len(set(ROLES["users"].values())) == len(FUNCTIONS)


def test_only_known_actions_are_listed() -> None:
    actions = {action for role in PRIVILEGES.values() for listed in role.values() for action in listed}
    assert actions <= {"find", "insert", "update", "remove"}


def test_health_only_reads() -> None:
    assert all(actions == ["find"] for actions in PRIVILEGES["health"].values())


@pytest.mark.parametrize("collection", ["signer_limits", "signer_audit"])
def test_the_signers_own_collections_are_written_by_the_signer_alone(collection: str) -> None:
    assert writers(collection) == {"signer"}


def test_the_audit_of_the_signer_is_append_only() -> None:
    assert not any(
        may(function, "signer_audit", action) for function in FUNCTIONS for action in ("update", "remove")
    )


def test_the_journal_is_written_by_the_signer_and_settle_alone() -> None:
    assert writers("signer_journal") == {"signer", "settle"}


def test_wallets_are_taken_by_economy_alone_and_freed_by_settle_too() -> None:
    assert writers("wallets") == {"economy", "settle"}
    assert [function for function in FUNCTIONS if may(function, "wallets", "insert")] == ["economy"]


def test_what_settle_saw_is_written_by_settle_alone_and_read_by_health() -> None:
    assert writers("observations") == {"settle"}
    assert {function for function in FUNCTIONS if may(function, "observations", "find")} == {
        "health",
        "settle",
    }


def test_challenges_are_made_by_economy_and_removed_by_settle_alone() -> None:
    assert [function for function in FUNCTIONS if may(function, "challenges", "insert")] == ["economy"]
    assert [function for function in FUNCTIONS if may(function, "challenges", "remove")] == ["settle"]


def test_nobody_removes_from_the_ledger_or_the_players() -> None:
    assert not any(
        may(function, name, "remove")
        for function in FUNCTIONS
        for name in ("ledger", "players", "budget", "admin_audit", "admins")
    )


@pytest.fixture
def recorded() -> RecordedOperations:
    return RecordedOperations()


@pytest.fixture
def documents_as(mongo_uri: str, mongo_database: Documents, recorded: RecordedOperations) -> Iterator[Any]:
    clients: list[MongoClient[dict[str, Any]]] = []

    def connect(function: str) -> Documents:
        client = MongoClient[dict[str, Any]](mongo_uri, event_listeners=[recorded.listener(function)])
        clients.append(client)
        return client[mongo_database.name]

    yield connect
    for client in clients:
        client.close()


def test_the_recorder_sees_reads_and_writes_by_function(
    documents_as: Any, recorded: RecordedOperations
) -> None:
    battle = documents_as("battle")
    battle["ledger"].insert_one({"_id": "ann:1", "k": "ann:c:1"})
    list(battle["ledger"].find({"_id": "ann:1"}))
    battle["players"].update_one({"_id": "ann", "seq": 0}, {"$set": {"seq": 1}})
    assert recorded.seen == {
        ("battle", "ledger", "insert"),
        ("battle", "ledger", "find"),
        ("battle", "players", "update"),
    }
    assert recorded.outside_roles() == []


def test_an_operation_outside_the_roles_is_named(documents_as: Any, recorded: RecordedOperations) -> None:
    documents_as("health")["ledger"].insert_one({"_id": "ann:1"})
    documents_as("battle")["wallets"].delete_one({"_id": "-239:0:00"})
    assert recorded.outside_roles() == [
        "battle remove wallets: not in infra/mongo/roles.json",
        "health insert ledger: not in infra/mongo/roles.json",
    ]


def test_a_ledger_row_may_be_closed_and_not_changed(documents_as: Any, recorded: RecordedOperations) -> None:
    settle = documents_as("settle")
    settle["ledger"].update_one({"_id": "ann:1"}, {"$unset": {"open": 1}})
    assert recorded.outside_roles() == []
    settle["ledger"].update_one({"_id": "ann:1"}, {"$set": {"ok": 1}})
    assert recorded.outside_roles() == ["settle update ledger: only `open` is ever unset"]


def test_settle_may_void_a_journal_entry_and_not_sign_it(
    documents_as: Any, recorded: RecordedOperations
) -> None:
    journal = documents_as("settle")["signer_journal"]
    journal.insert_one({"_id": "a", "state": "void"})
    journal.replace_one({"_id": "a", "gen": 1}, {"_id": "a", "state": "void", "gen": 2})
    assert recorded.outside_roles() == []
    journal.insert_one({"_id": "b", "state": "intent"})
    assert recorded.outside_roles() == ["settle insert signer_journal: settle writes nothing but void"]
