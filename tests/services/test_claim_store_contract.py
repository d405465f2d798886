"""The contract of claims and their approvals, on the fakes and on MongoDB's wire protocol alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.mongo_claims import MongoApprovalStore, MongoClaimStore
from shared.domain.claims import Claim, ClaimTerms
from shared.domain.signing_policy import Approval
from shared.ports.claims import OpenPage
from tests.at_once import at_once
from tests.fakes.claims import FakeApprovalStore, FakeClaimStore
from tests.services.conftest import Part

TERMS = ClaimTerms(
    id="c" + "1" * 24,
    account="ann",
    network=-3,
    vault="0:" + "11" * 32,
    jetton_master="0:" + "22" * 32,
    recipient="0:" + "33" * 32,
    credits=2**40,
    units=2**62,
    seqno=2**63 - 1,
    previous_row=0,
    created_ms=1_795_000_000_000,
)
CLAIM = Claim(terms=TERMS, row_seq=7, state="reserved")


@pytest.fixture
def claims(part: Part) -> Any:
    return part(FakeClaimStore, MongoClaimStore)


def test_a_claim_comes_back_as_it_was_stored(claims):
    full = replace(
        CLAIM,
        state="signed",
        revision=3,
        valid_until_s=2**32 - 1,
        signature="c2ln",
        payload_hash="ab",
        rule="r",
        reason="why",
        candidate_ms=1,
        candidate_block=2**40,
        wallet_report="te6",
        failure="vault_paused",
        failure_transaction="hash",
        failure_ms=5,
    )
    claims.insert(full)
    found = claims.read(TERMS.id)
    assert found == full
    assert type(found.terms.units) is int


def test_a_claim_is_inserted_once_and_the_first_stays(claims):
    claims.insert(CLAIM)
    claims.insert(replace(CLAIM, state="signed"))
    assert claims.read(TERMS.id) == CLAIM
    assert claims.read("c" + "2" * 24) is None


def test_a_claim_changes_only_from_the_revision_that_was_read(claims):
    claims.insert(CLAIM)
    signed = replace(CLAIM, state="signed", revision=1)
    assert claims.replace(signed, expected_revision=0)
    assert not claims.replace(replace(signed, state="refused"), expected_revision=0)
    assert claims.read(TERMS.id) == signed
    assert not claims.replace(
        replace(CLAIM, terms=replace(TERMS, id="c" + "9" * 24), revision=1), expected_revision=0
    )


def test_of_many_changes_at_once_one_wins(claims):
    claims.insert(CLAIM)
    won = at_once(
        6, lambda number: claims.replace(replace(CLAIM, row_seq=number, revision=1), expected_revision=0)
    )
    assert sorted(won) == [False] * 5 + [True]
    assert claims.read(TERMS.id).row_seq == won.index(True)


def test_open_claims_are_those_whose_escrow_waits(claims):
    states = ("reserved", "awaiting_approval", "approved", "signed", "refused", "rejected")
    for number, state in enumerate((*states, "confirmed", "refunded")):
        terms = replace(TERMS, id=f"c{number:024d}", account="ann" if number % 2 else "bob")
        claims.insert(replace(CLAIM, terms=terms, state=state))
    assert sorted(claim.state for claim in claims.open_claims(limit=100)) == sorted(states)
    assert len(claims.open_claims(limit=2)) == 2
    assert {claim.terms.account for claim in claims.of_account("bob")} == {"bob"}
    assert len(claims.of_account("bob")) == 4


def test_a_settled_claim_is_open_no_longer(claims):
    claims.insert(CLAIM)
    assert claims.replace(replace(CLAIM, state="refunded", revision=1), expected_revision=0)
    assert claims.open_claims(limit=10) == []
    assert claims.open_page(limit=10, until_ms=None) == OpenPage([], [])
    assert claims.oldest_open_ms() is None


def test_a_later_approval_takes_the_place_of_an_earlier_one(part):
    approvals = part(FakeApprovalStore, MongoApprovalStore)
    assert approvals.read(TERMS.id) is None
    approvals.write(TERMS.id, Approval("binding", "op", 1))
    approvals.write(TERMS.id, Approval("binding", "op2", 2**41))
    assert approvals.read(TERMS.id) == Approval("binding", "op2", 2**41)
