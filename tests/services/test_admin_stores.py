"""The stores of administrators keep their promises, the fakes and MongoDB's wire protocol alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from shared.adapters.mongo_admins import MongoAdmins, MongoLoginAttempts, MongoRevokedTokens
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.adapters.mongo_proposals import MongoPlayerSearch, MongoProposals
from shared.adapters.mongo_referral_codes import MongoReferralCodes
from shared.adapters.mongo_wallets import MongoWalletNames
from shared.domain.adjustments import Adjustment, Proposal
from shared.domain.admins import Admin
from shared.domain.login_attempts import account_attempts
from tests.fakes.admin import (
    FakeAdmins,
    FakeLoginAttempts,
    FakePlayerSearch,
    FakeProposals,
    FakeRevokedTokens,
)
from tests.fakes.ledger import FakeLedgerStore
from tests.fakes.referrals import FakeReferralCodes
from tests.services.conftest import Part
from tests.services.game_world import GameWorld

ANN = Admin(id="a1", email="ann@example.org", role="support", password_hash="fake", created_ms=2**41)


class StoresUnderTest(NamedTuple):
    admins: Any
    revoked: Any
    attempts: Any
    proposals: Any


@pytest.fixture
def stores(part: Part) -> StoresUnderTest:
    return StoresUnderTest(
        part(FakeAdmins, MongoAdmins),
        part(FakeRevokedTokens, MongoRevokedTokens),
        part(FakeLoginAttempts, MongoLoginAttempts),
        part(FakeProposals, MongoProposals),
    )


def test_an_administrator_comes_back_as_they_were_stored(stores: StoresUnderTest) -> None:
    ann = replace(ANN, is_active=False, changed_by=("owner:7",), generation=3)
    assert stores.admins.insert(ann)
    assert stores.admins.read("a1") == stores.admins.by_email("ann@example.org") == ann
    assert stores.admins.everybody() == [ann]
    assert stores.admins.read("a2") is None
    assert stores.admins.by_email("bob@example.org") is None


@pytest.mark.parametrize("taken", [{"id": "a2"}, {"email": "bob@example.org"}])
def test_neither_an_id_nor_an_address_is_given_twice(stores: StoresUnderTest, taken: dict[str, str]) -> None:
    stores.admins.insert(ANN)
    assert not stores.admins.insert(replace(ANN, **taken))
    assert stores.admins.everybody() == [ANN]


def test_of_two_changes_from_one_revision_the_first_wins(stores: StoresUnderTest) -> None:
    stores.admins.insert(ANN)
    changed = replace(ANN, role="viewer", revision=2)
    assert stores.admins.replace(changed, expected_revision=1)
    assert not stores.admins.replace(replace(ANN, role="owner", revision=2), expected_revision=1)
    assert stores.admins.read("a1") == changed


def test_an_ended_token_is_remembered_until_it_would_have_expired(stores: StoresUnderTest) -> None:
    stores.revoked.revoke("t1", expires_at_s=100)
    stores.revoked.revoke("t1", expires_at_s=100)
    stores.revoked.revoke("t2", expires_at_s=200)
    assert stores.revoked.forget_expired(now_s=150) == 1
    assert not stores.revoked.is_revoked("t1")
    assert stores.revoked.is_revoked("t2")


def test_of_two_attempts_at_once_none_is_lost(stores: StoresUnderTest) -> None:
    unknown = account_attempts("ann@example.org")
    assert stores.attempts.read(unknown) == unknown
    first = unknown.attempted(now_ms=2**41)
    assert stores.attempts.replace(first, expected_revision=0)
    assert not stores.attempts.replace(first, expected_revision=0)
    second = stores.attempts.read(unknown).attempted(now_ms=2**41 + 1)
    assert stores.attempts.replace(second, expected_revision=1)
    assert stores.attempts.read(unknown) == second
    assert second.count == 2


def test_attempts_of_long_ago_are_forgotten_and_recent_ones_are_not(stores: StoresUnderTest) -> None:
    for name, now_ms in (("ann", 2**41), ("bob", 2**41 + 9)):
        stores.attempts.replace(account_attempts(name).attempted(now_ms=now_ms), expected_revision=0)
    assert stores.attempts.forget_before(2**41 + 9) == 1
    assert stores.attempts.read(account_attempts("ann")).count == 0
    assert stores.attempts.read(account_attempts("bob")).count == 1


PROPOSAL = Proposal("p1", Adjustment("tg7", "credit", "AIBA", 2**40, "why"), "owner", 2**41, "owner:1")


def test_a_proposal_waits_until_it_is_decided_once(stores: StoresUnderTest) -> None:
    stores.proposals.insert(PROPOSAL)
    stores.proposals.insert(replace(PROPOSAL, proposed_by="another"))
    assert stores.proposals.read("p1") == PROPOSAL
    assert stores.proposals.pending(since_ms=2**41, limit=9) == [PROPOSAL]
    assert stores.proposals.pending(since_ms=2**41 + 1, limit=9) == []
    decided = replace(PROPOSAL, state="confirmed", decided_by="a1", decided_in="a1:1", revision=2)
    assert stores.proposals.replace(decided, expected_revision=1)
    assert not stores.proposals.replace(replace(decided, state="rejected"), expected_revision=1)
    assert stores.proposals.read("p1") == decided
    assert stores.proposals.pending(since_ms=0, limit=9) == []
    assert stores.proposals.read("p2") is None


WALLET = "0:" + "ab" * 32


@pytest.mark.parametrize("kind", ["fake", "mongo"])
def test_a_player_is_found_by_alias_wallet_and_referral_code(kind: str, request) -> None:
    if kind == "fake":
        store, codes = FakeLedgerStore(), FakeReferralCodes()
        search: Any = FakePlayerSearch(store, wallets={f"-3:{WALLET}": "tg7"}, codes=codes)
    else:
        database = request.getfixturevalue("mongo_database")
        ensure_indexes(database)
        store, codes = MongoLedgerStore(database), MongoReferralCodes(database)
        MongoWalletNames(database).take(f"-3:{WALLET}", "tg7", ticket="t", now_ms=1)
        search = MongoPlayerSearch(database)
    world = GameWorld(store=store, codes=codes)
    account = world.register(7)
    state = world.committer.read_player(account).state
    assert search.with_alias(state["alias"], limit=9) == [account]
    assert search.with_referral_code(state["referralCode"]) == [account]
    assert search.with_wallet(WALLET) == ["tg7"]
    assert (
        search.with_alias("Nobody", limit=9)
        == search.with_referral_code("no")
        == search.with_wallet("0:")
        == []
    )
