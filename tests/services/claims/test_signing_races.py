"""Signers and refunders at one journal: of several at once one wins, and the others see who did."""

from __future__ import annotations

from dataclasses import replace

from shared.ports.signing import JournalEntry
from tests.services.claim_world import DAY_S, START_CREDITS


def test_two_signers_at_once_make_one_and_the_same_signature(world, reserved):
    second = world.signing
    insert = world.fake_journal.insert
    answers = []

    def insert_after_another(entry):
        if not answers:
            answers.append(None)
            world.clock.advance(seconds=1)  # the other one chooses another validity
            answers[0] = second.sign_claim(reserved.terms.id)
        return insert(entry)

    world.fake_journal.insert = insert_after_another
    answer = world.signing.sign_claim(reserved.terms.id)
    assert answer.state == answers[0].state == "signed"
    assert len(set(world.fake_key.signed)) == 1
    [entry] = world.fake_journal.entries.values()
    assert entry.signature == world.fake_claims.read(reserved.terms.id).signature


def test_a_refunder_that_was_first_leaves_the_signer_nothing(world, reserved, ann):
    insert = world.fake_journal.insert

    def void_first(entry):
        world.fake_journal.insert = insert
        world.clock.advance(seconds=DAY_S + 1)
        assert world.settle().refunded == 1
        return insert(entry)

    world.fake_journal.insert = void_first
    answer = world.signing.sign_claim(reserved.terms.id)
    assert (answer.state, answer.rule, answer.code) == ("reserved", "journal_not_void", "signing_refused")
    assert world.fake_key.signed == []
    assert world.money(ann) == (START_CREDITS, 0)


def test_a_signer_that_was_first_makes_the_refunder_wait_for_the_chain(world, reserved, ann):
    read = world.fake_journal.read

    def sign_first(journal_id):
        found = read(journal_id)
        world.fake_journal.read = read
        world.signing.sign_claim(reserved.terms.id)
        return found

    world.clock.advance(seconds=DAY_S + 1)
    world.fake_journal.read = sign_first
    assert world.settle().waiting == 1
    assert world.money(ann) == (START_CREDITS - 100, 100)
    assert world.claim_of(ann).state == "signed"


def test_a_final_refusal_that_lost_to_another_signer_is_not_final(world, reserved):
    insert = world.fake_journal.insert

    def sign_first(entry):
        world.fake_journal.insert = insert
        world.game.configure(claim_max_aiba=10_000)
        world.signing.sign_claim(reserved.terms.id)
        return insert(entry)

    world.game.configure(claim_max_aiba=99)
    world.fake_journal.insert = sign_first
    answer = world.signing.sign_claim(reserved.terms.id)
    assert (answer.rule, answer.is_final) == ("amount_in_limits", False)
    assert world.fake_claims.read(reserved.terms.id).state == "signed"


def refund_unsent(world, ann, key):
    world.ask(ann, key=key)
    world.advance(seconds=700)
    world.settle()
    world.advance(seconds=70)
    assert world.settle().refunded == 1


def test_the_entry_of_a_refunded_claim_is_taken_over_by_compare_and_set(world, ann):
    refund_unsent(world, ann, "k1")
    claim = world.ask(ann, key="k2").claim
    assert (claim.state, claim.terms.seqno) == ("signed", 1)
    [entry] = world.fake_journal.entries.values()
    assert (entry.claim_id, entry.state) == (claim.terms.id, "signed")
    assert entry.generation == 4


def test_a_signer_asleep_since_before_the_refund_takes_nothing_over(world, ann):
    first = world.ask(ann, key="k1").claim
    stale = world.fake_journal.entries[first.terms.journal_id]
    world.advance(seconds=700)
    world.settle()
    world.advance(seconds=70)
    world.settle()
    second = world.ask(ann, key="k2").claim
    assert not world.fake_journal.replace(
        replace(stale, state="signed", generation=stale.generation + 1), expected_generation=stale.generation
    )
    assert world.fake_journal.entries[first.terms.journal_id].claim_id == second.terms.id


def other_claim(world, claim, *, outcome):
    """Another account's claim of the same wallet and seqno: what a lagging chain read can lead to."""
    bob = world.game.register(7)
    world.game.give(bob, "AIBA", 1_000)
    world.link(bob, 1)
    world.signer.is_away = False
    theirs = world.ask(bob, key="theirs").claim
    assert theirs.terms.journal_id == claim.terms.journal_id
    if outcome == "confirmed":
        world.execute(theirs)
        world.settle()
    return theirs


def test_a_seqno_that_another_open_claim_holds_is_waited_for(world, reserved, ann):
    other_claim(world, reserved, outcome="open")
    answer = world.signing.sign_claim(reserved.terms.id)
    assert (answer.rule, answer.code, answer.is_final) == ("seqno_free", "claim_in_flight", False)
    world.clock.advance(seconds=DAY_S + 1)
    world.settle()
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_a_seqno_that_another_claim_has_spent_returns_the_credits_at_once(world, reserved, ann):
    other_claim(world, reserved, outcome="confirmed")
    progress = world.ask(ann)
    assert (progress.claim.state, progress.claim.reason) == ("refunded", "seqno_unspent")
    assert world.money(ann) == (START_CREDITS, 0)
    entry: JournalEntry = world.fake_journal.entries[reserved.terms.journal_id]
    assert (entry.claim_id != reserved.terms.id, entry.state) == (True, "signed")


def test_settle_too_returns_a_claim_whose_seqno_is_spent(world, reserved, ann):
    other_claim(world, reserved, outcome="confirmed")
    world.clock.advance(seconds=DAY_S + 1)
    assert world.settle().refunded == 1
    assert world.money(ann) == (START_CREDITS, 0)


def test_a_signer_that_slept_through_its_claims_refund_does_not_take_the_seqno_back(world, reserved, ann):
    read = world.fake_journal.read

    def rejected(key):
        world.move(world.claim_of(ann, key), state="rejected", reason="no")
        assert world.settle().refunded == 1

    def refund_this_and_the_next(journal_id):
        world.fake_journal.read = read
        rejected("k1")
        world.signer.is_away = True
        world.ask(ann, key="k2")
        rejected("k2")
        return read(journal_id)

    world.fake_journal.read = refund_this_and_the_next
    answer = world.signing.sign_claim(reserved.terms.id)
    assert (answer.code, world.fake_key.signed) == ("signing_refused", [])
    assert world.fake_journal.entries[reserved.terms.journal_id].state == "void"
