"""The claim stores' contracts, on the fakes and on MongoDB's wire protocol alike."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.mongo_claims import MongoApprovalStore, MongoClaimStore
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_observations import MongoObservations
from shared.adapters.mongo_signing import MongoSignerAudit, MongoSignerLimits, MongoSigningJournal
from shared.adapters.mongo_wallets import FORGOTTEN_AT_ONCE, MongoChallenges, MongoWalletNames
from shared.adapters.mongo_watermarks import MongoWatermarks
from shared.domain.claims import Claim, ClaimTerms
from shared.domain.observations import Observation
from shared.domain.signing_policy import Approval
from shared.ports.claims import OpenPage
from shared.ports.signing import JournalEntry
from tests.fakes.claims import FakeApprovalStore, FakeClaimStore
from tests.fakes.observations import FakeObservations
from tests.fakes.signing import FakeSignerAudit, FakeSignerLimits, FakeSigningJournal
from tests.fakes.wallets import FakeChallenges, FakeWalletNames
from tests.fakes.watermarks import FakeWatermarks

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
ENTRY = JournalEntry("-3:v:r:1", TERMS.id, "intent", "ab" * 32, 1_795_000_600)
Part = Callable[[type, type], Any]


@pytest.fixture(params=["fake", "mongo"])
def part(request: pytest.FixtureRequest) -> Part:
    """Builds the fake, or the adapter over an empty database."""
    if request.param == "fake":
        return lambda fake, adapter: fake()
    database = request.getfixturevalue("mongo_database")
    ensure_indexes(database)
    return lambda fake, adapter: adapter(database)


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    barrier = threading.Barrier(count)

    def run(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


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


@pytest.fixture
def journal(part: Part) -> Any:
    return part(FakeSigningJournal, MongoSigningJournal)


def test_a_journal_entry_is_inserted_once(journal):
    assert journal.read(ENTRY.id) is None
    assert journal.insert(ENTRY)
    assert not journal.insert(replace(ENTRY, claim_id="other", state="void"))
    assert journal.read(ENTRY.id) == ENTRY


def test_a_journal_entry_changes_only_from_the_generation_that_was_read(journal):
    journal.insert(ENTRY)
    signed = replace(ENTRY, state="signed", signature="c2ln", generation=2)
    assert journal.replace(signed, expected_generation=1)
    assert not journal.replace(replace(ENTRY, state="void", generation=2), expected_generation=1)
    assert journal.read(ENTRY.id) == signed


def test_of_a_signer_and_a_refunder_at_once_one_wins(journal):
    states = ("intent", "void") * 3
    won = at_once(6, lambda number: journal.insert(replace(ENTRY, state=states[number])))
    assert sum(won) == 1
    assert journal.read(ENTRY.id).state == states[won.index(True)]


@pytest.fixture
def limits(part: Part) -> Any:
    return part(FakeSignerLimits, MongoSignerLimits)


def test_the_signers_day_ends_at_its_cap_and_the_next_begins_anew(limits):
    assert limits.take(day="2026-11-22", claim_id="c1", credits=60, cap=100)
    assert not limits.take(day="2026-11-22", claim_id="c2", credits=41, cap=100)
    assert limits.take(day="2026-11-22", claim_id="c3", credits=40, cap=100)
    assert limits.take(day="2026-11-23", claim_id="c4", credits=100, cap=100)


def test_a_cap_lowered_during_the_day_holds_at_once(limits):
    limits.take(day="2026-11-22", claim_id="c1", credits=60, cap=100)
    assert not limits.take(day="2026-11-22", claim_id="c2", credits=1, cap=60)


def test_a_claim_asked_for_again_and_again_counts_once(limits):
    for _ in range(5):
        assert limits.take(day="2026-11-22", claim_id="c1", credits=60, cap=100)
    assert limits.take(day="2026-11-22", claim_id="c2", credits=40, cap=100)
    assert not limits.take(day="2026-11-22", claim_id="c3", credits=1, cap=100)
    assert limits.take(day="2026-11-22", claim_id="c1", credits=60, cap=100)


def test_many_signers_at_once_never_pass_the_cap(limits):
    allowed = at_once(
        8, lambda number: limits.take(day="2026-11-22", claim_id=f"c{number // 2}", credits=30, cap=100)
    )
    by_claim = {number // 2 for number, is_allowed in enumerate(allowed) if is_allowed}
    assert len(by_claim) == 3
    assert not limits.take(day="2026-11-22", claim_id="c9", credits=11, cap=100)


def test_every_decision_of_the_signer_is_kept(part, request):
    audit = part(FakeSignerAudit, MongoSignerAudit)
    for number in range(3):
        audit.append({"_id": f"a{number}", "decision": "refused", "rule": "kill_switch"})
    if isinstance(audit, FakeSignerAudit):
        assert len(audit.records) == 3
    else:
        assert len(list(request.getfixturevalue("mongo_database")["signer_audit"].find({}))) == 3


@pytest.fixture
def names(part: Part) -> Any:
    return part(FakeWalletNames, MongoWalletNames)


def test_a_wallet_name_belongs_to_whoever_took_it_first(names):
    assert names.owner("n") is None
    assert names.take("n", "ann", ticket="t1", now_ms=1) == "ann"
    assert names.take("n", "bob", ticket="t2", now_ms=2) == "ann"
    assert names.take("n", "ann", ticket="t3", now_ms=3) == "ann"
    assert names.owner("n") == "ann"


def test_only_the_last_ticket_releases_a_name(names):
    names.take("n", "ann", ticket="t1", now_ms=1)
    names.take("n", "ann", ticket="t2", now_ms=2)
    names.release("n", "ann", ticket="t1", now_ms=9)
    names.release("n", "bob", ticket="t2", now_ms=10)
    assert names.owner("n") == "ann"
    names.release("n", "ann", ticket="t2", now_ms=11)
    assert names.owner("n") is None
    assert names.take("n", "bob", ticket="t4", now_ms=12) == "bob"


def test_a_name_not_released_is_looked_at_again(names):
    names.take("n", "ann", ticket="t1", now_ms=1_000)
    names.take("n", "ann", ticket="t2", now_ms=2_000)
    names.release("n", "ann", ticket="t1", now_ms=9_000)
    [found] = names.taken_between(from_ms=9_000, until_ms=9_001, limit=9)
    assert (found.name, found.account, found.ticket, found.taken_ms) == ("n", "ann", "t2", 9_000)
    assert list(names.taken_between(from_ms=0, until_ms=9_000, limit=9)) == []


def test_of_two_players_at_once_one_has_the_wallet(names):
    owners = at_once(6, lambda number: names.take("n", f"p{number}", ticket=f"t{number}", now_ms=number))
    assert len(set(owners)) == 1


@pytest.fixture
def challenges(part: Part) -> Any:
    found = part(FakeChallenges, MongoChallenges)
    found.create("nonce", account="ann", expires_ms=1_000)
    return found


def test_a_challenge_is_used_once(challenges):
    assert challenges.consume("nonce", account="ann", now_ms=1_000)
    assert not challenges.consume("nonce", account="ann", now_ms=1_000)


def test_a_challenge_is_used_once_by_many_at_once(challenges):
    assert sum(at_once(6, lambda _: challenges.consume("nonce", account="ann", now_ms=5))) == 1


@pytest.mark.parametrize(
    ("nonce", "account", "now_ms"), [("nonce", "bob", 5), ("other", "ann", 5), ("nonce", "ann", 1_001)]
)
def test_a_challenge_of_another_player_unknown_or_expired_is_not_used(challenges, nonce, account, now_ms):
    assert not challenges.consume(nonce, account=account, now_ms=now_ms)
    assert challenges.consume("nonce", account="ann", now_ms=5)


def test_challenges_past_their_time_are_forgotten_used_or_not_and_others_stay(challenges):
    challenges.create("used", account="ann", expires_ms=1_500)
    challenges.create("live", account="ann", expires_ms=2_000)
    assert challenges.consume("used", account="ann", now_ms=5)
    assert challenges.forget_expired(before_ms=1_000) == 0
    assert challenges.forget_expired(before_ms=2_000) == 2
    assert challenges.forget_expired(before_ms=2_000) == 0
    assert not challenges.consume("nonce", account="ann", now_ms=5)
    assert not challenges.consume("used", account="ann", now_ms=5)
    assert challenges.consume("live", account="ann", now_ms=2_000)


def test_many_expired_challenges_are_forgotten_a_batch_at_a_time(challenges):
    for number in range(FORGOTTEN_AT_ONCE):
        challenges.create(f"n{number}", account="ann", expires_ms=number)
    assert challenges.forget_expired(before_ms=1_001) == FORGOTTEN_AT_ONCE
    assert challenges.forget_expired(before_ms=1_001) == 1
    assert challenges.forget_expired(before_ms=1_001) == 0


@pytest.mark.parametrize("round_number", range(10))
def test_a_challenge_forgotten_while_it_is_used_is_used_once_at_most_and_never_again(
    challenges, round_number
):
    """Clocks that disagree by far more than the hour's margin: the last who uses it meets the deletion."""
    challenges.create("live", account="ann", expires_ms=9_000)

    def use_or_forget(number: int) -> bool:
        if number % 3 == round_number % 3:
            challenges.forget_expired(before_ms=1_001)
            return False
        return challenges.consume("nonce", account="ann", now_ms=1_000)

    assert sum(at_once(6, use_or_forget)) <= 1
    challenges.forget_expired(before_ms=1_001)
    assert not any(at_once(4, lambda _: challenges.consume("nonce", account="ann", now_ms=1_000)))
    assert challenges.consume("live", account="ann", now_ms=9_000)


@pytest.fixture
def observations(part: Part) -> Any:
    return part(FakeObservations, MongoObservations)


def test_what_was_seen_comes_back_and_what_never_was_does_not(observations):
    assert observations.read(["vault", "run"]) == []
    seen = Observation("vault", 2**41, {"jetton_units": 2**100, "free": -1, "recipients": 0})
    observations.note(seen)
    observations.note(Observation("other", 1, {}))
    assert observations.read(["vault", "run"]) == [seen]
    later = Observation("vault", 2**41 + 1, {"jetton_units": 7})
    observations.note(later)
    assert observations.read(["vault"]) == [later]


def test_a_look_that_began_earlier_never_takes_the_place_of_a_later_one(observations):
    later = Observation("vault", 2**41, {"jetton_units": 1})
    observations.note(later)
    observations.note(replace(later, seen_ms=2**41 - 1, facts={"jetton_units": 2}))
    assert observations.read(["vault"]) == [later]


def test_of_many_looks_at_once_the_latest_stands_whole(observations):
    looks = [Observation("vault", 2**41 + number, {"jetton_units": number}) for number in range(6)]
    at_once(6, lambda number: observations.note(looks[number]))
    assert observations.read(["vault"]) == [looks[-1]]


def test_a_watermark_is_zero_until_written(part):
    watermarks = part(FakeWatermarks, MongoWatermarks)
    assert watermarks.read("w") == 0
    watermarks.write("w", 2**41)
    watermarks.write("w", 2**41 + 1)
    assert watermarks.read("w") == 2**41 + 1
