"""Claims that no ledger row promised: forged, written by hand, or later than a ledger that was restored."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from bson.int64 import Int64

from shared.adapters.mongo_claims import MongoClaimStore
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_signing import MongoSigningJournal
from shared.domain.claims import terms_from
from shared.domain.errors import InvariantBroken
from shared.domain.ledger import row_id
from shared.services.settle_claims import settle_claims
from tests.services.claim_world import DAY_S, START_CREDITS
from tests.services.claims.chain_views import expire

FORGED = "c" + "f" * 24


def forge(world, claim, *, state="rejected", row_seq=None, **terms):
    """A document like this claim's, under an id of its own."""
    forged = replace(claim.terms, **{"id": FORGED, "seqno": 9, **terms})
    row_seq = claim.row_seq if row_seq is None else row_seq
    world.claims.insert(replace(claim, terms=forged, state=state, row_seq=row_seq, revision=0))


def unsettled(world):
    """The codes by claim, after a run that says that it could not settle all."""
    with pytest.raises(InvariantBroken) as broken:
        world.settle()
    assert broken.value.code == "claims_unsettled"
    return {facts["claim"]: facts["code"] for name, facts in world.reports if name == "claim_unsettled"}


@pytest.mark.parametrize("state", ["rejected", "refused", "reserved", "signed"])
def test_a_claim_without_a_row_empties_no_other_claims_escrow(world, ann, signed, state):
    forge(world, signed, state=state, row_seq=99)
    world.advance(seconds=DAY_S + 1)
    assert unsettled(world) == {FORGED: "claim_without_row"}
    assert world.money(ann) == (START_CREDITS - 100, 100)
    assert world.settle_row(world.fake_claims.read(FORGED)) is None
    assert {entry.claim_id for entry in world.fake_journal.entries.values()} == {signed.terms.id}


@pytest.mark.parametrize(
    "change",
    [
        {"credits": 10_000},
        {"units": 1},
        {"recipient": "0:" + "99" * 32},
        {"seqno": 1},
        {"row_seq": 1},
        {"row_seq": 0},
        {"account": "tg404"},
    ],
)
def test_a_claim_that_names_a_row_which_promised_something_else_is_left_alone(world, ann, signed, change):
    forge(world, signed, **change)
    assert unsettled(world) == {FORGED: "claim_without_row"}
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_a_claim_with_its_own_id_and_changed_terms_is_left_alone(world, ann, signed):
    world.move(signed, terms=replace(signed.terms, credits=1), state="rejected")
    expire(world)
    assert unsettled(world) == {signed.terms.id: "claim_without_row"}
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_a_claim_row_without_its_terms_promises_nothing(world, ann, signed):
    row = world.game.store.rows[row_id(ann, signed.row_seq)]
    del row["set"]["claim.open"]
    assert unsettled(world) == {signed.terms.id: "internal"}
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_every_other_claim_is_settled_beside_one_without_a_row(world):
    accounts = [world.player(number) for number in range(1, 4)]
    claims = [world.ask(account).claim for account in accounts]
    for claim in claims:
        world.execute(claim)
    forge(world, claims[0], row_seq=99)
    assert unsettled(world) == {FORGED: "claim_without_row"}
    assert {world.claim_of(account).state for account in accounts} == {"confirmed"}


def test_a_refused_claim_without_a_row_is_not_given_back_to_whoever_looks_at_it(world, ann):
    paid = world.ask(ann).claim
    world.execute(paid)
    world.settle()
    waiting = world.ask(ann, key="k2").claim
    forge(world, waiting, state="refused", row_seq=99, seqno=paid.terms.seqno)  # a seqno that is spent
    with pytest.raises(InvariantBroken):
        world.look(ann, FORGED)
    assert world.money(ann) == (START_CREDITS - 200, 100)


NO_CLAIMS = {
    "nothing but the mark": {"acct": "tg9"},
    "no terms": {"rev": 0, "row_seq": 1, "state": "signed"},
    "terms that are a word": {"rev": 0, "row_seq": 1, "state": "signed", "terms": "none"},
    "terms without an amount": {"terms": {"id": "c1", "account": "tg9", "created_ms": 5}},
    "a list of terms": {"terms": [{"created_ms": 5}]},
    "an age that is a list": {"terms": {"created_ms": [5]}},
    "an age that is a document": {"terms": {"created_ms": {"ms": 5}}},
}


@pytest.mark.parametrize("shape", NO_CLAIMS)
def test_a_document_that_is_no_claim_is_named_and_every_claim_is_settled(
    world, ann, signed, mongo_database, shape
):
    ensure_indexes(mongo_database)
    claims = MongoClaimStore(mongo_database)
    claims.insert(signed)
    mongo_database["claims"].insert_one({"_id": "by hand", "open": 1, **NO_CLAIMS[shape]})
    world.execute(signed)
    with pytest.raises(InvariantBroken):
        settle_claims(replace(world.settlement, claims=claims))
    assert claims.read(signed.terms.id).state == "confirmed"
    assert world.money(ann) == (START_CREDITS - 100, 0)
    assert ("claim_unsettled", {"claim": "by hand", "code": "claim_unreadable"}) in world.reports


NO_ENTRIES = {
    "nothing": {},
    "no state": {"state": None},
    "a state of another time": {"state": "revoked"},
    "no signature": {"signature": None},
    "a time that is a word": {"validUntil": "soon"},
}


@pytest.mark.parametrize("shape", NO_ENTRIES)
def test_a_journal_entry_that_is_none_decides_nothing_and_every_other_claim_is_settled(
    world, ann, signed, mongo_database, shape
):
    journal, entries = MongoSigningJournal(mongo_database), mongo_database["signer_journal"]
    bob = world.ask(world.player(2)).claim
    for claim in (signed, bob):
        journal.insert(world.fake_journal.read(claim.terms.journal_id))
        world.execute(claim)
    written = entries.find_one({"_id": bob.terms.journal_id})
    changed = {**written, **NO_ENTRIES[shape]} if shape != "nothing" else {"_id": written["_id"]}
    entries.replace_one({"_id": written["_id"]}, changed)
    with pytest.raises(InvariantBroken):
        settle_claims(replace(world.settlement, journal=journal))
    assert world.claim_of(ann).state == "confirmed"
    assert world.settle_row(bob) is None


@pytest.mark.parametrize("change", [{"credits": 1.5}, {"credits": "100"}, {"id": "c1"}])
def test_terms_of_another_type_or_of_another_claim_are_no_claim(signed, mongo_database, change):
    claims = MongoClaimStore(mongo_database)
    claims.insert(signed)
    changed = {f"terms.{name}": value for name, value in change.items()}
    mongo_database["claims"].update_one({"_id": signed.terms.id}, {"$set": changed})
    assert claims.open_page(limit=9, until_ms=None).unreadable == [signed.terms.id]
    assert claims.open_claims(limit=9) == []
    with pytest.raises(InvariantBroken):
        claims.read(signed.terms.id)


def test_integers_of_a_drivers_own_type_are_read_as_ours(signed):
    terms = {
        name: Int64(value) if type(value) is int else value for name, value in asdict(signed.terms).items()
    }
    read = terms_from(terms)
    assert read == signed.terms
    assert type(read.created_ms) is int
