"""The signer: one row per rule of its policy, its journal's races, its key's failures, its audit."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from shared.adapters.ed25519 import verify
from shared.domain.claim_message import payload_of
from shared.domain.claims import ClaimTerms
from shared.domain.errors import InvariantBroken, Refused, Unavailable
from shared.domain.signing_policy import MAX_VALID_S, MIN_VALID_S, RULES, VALID_FOR_S, SigningFacts, judge
from shared.domain.ton.claim_payload import payload_hash
from shared.ports.signing import JournalEntry
from tests.services.claim_world import START_CREDITS, VAULT, ClaimWorld, wallet_address

DAY_S = 24 * 3600


@pytest.fixture
def world() -> ClaimWorld:
    return ClaimWorld()


@pytest.fixture
def ann(world: ClaimWorld) -> str:
    return world.player()


@pytest.fixture
def reserved(world, ann):
    """A claim whose signer was away."""
    world.signer.is_away = True
    claim = world.ask(ann).claim
    world.signer.is_away = False
    return claim


def change_terms(**changes):
    """Facts in which the row itself, and everything that follows it, says something else."""

    def change(facts: SigningFacts) -> SigningFacts:
        terms: ClaimTerms = replace(facts.terms_of_row, **changes)
        state = {**facts.player.state, "claim": {**facts.player.state["claim"], "open": {"id": terms.id}}}
        if "recipient" in changes or "network" in changes:
            state["wallet"] = {**state["wallet"], "address": terms.recipient, "network": terms.network}
        return replace(
            facts,
            claim=replace(facts.claim, terms=terms),
            terms_of_row=terms,
            player=replace(facts.player, state=state),
            days_claims=[terms],
        )

    return change


def change_state(**changes):
    return lambda facts: replace(facts, player=replace(facts.player, state={**facts.player.state, **changes}))


def change_economy(**changes):
    return lambda facts: replace(
        facts, config=replace(facts.config, economy=replace(facts.config.economy, **changes))
    )


def pause(facts):
    return replace(facts, config=replace(facts.config, paused=replace(facts.config.paused, claims=True)))


def link_just_now(facts):
    wallet = {**facts.player.state["wallet"], "linkedMs": facts.now_ms}
    return change_state(wallet=wallet)(facts)


def link_elsewhere(facts):
    wallet = {**facts.player.state["wallet"], "address": wallet_address(9)}
    return change_state(wallet=wallet)(facts)


def change_claim(**changes):
    return lambda facts: replace(facts, claim=replace(facts.claim, **changes))


def other_terms(facts):
    return replace(facts, claim=replace(facts.claim, terms=replace(facts.claim.terms, units=1)))


BREAKERS = [
    ("kill_switch", pause, False),
    ("claim_matches_row", other_terms, False),
    ("not_settled", lambda facts: replace(facts, is_settled=True), False),
    ("state_may_be_signed", change_claim(state="refused"), False),
    ("state_may_be_signed", change_claim(state="rejected"), False),
    ("state_may_be_signed", change_claim(state="confirmed"), False),
    ("state_may_be_signed", change_claim(state="refunded"), False),
    ("state_may_be_signed", change_claim(state="a state nobody knows"), False),
    ("network_allowed", change_terms(network=-239), True),
    ("vault_allowed", change_terms(vault="0:" + "99" * 32), True),
    ("jetton_allowed", change_terms(jetton_master="0:" + "99" * 32), True),
    ("workchain_zero", change_terms(recipient="-1:" + "33" * 32), True),
    ("seqno_positive", change_terms(seqno=0), True),
    ("seqno_positive", change_terms(seqno=2**63), True),
    ("claim_is_the_open_one", change_state(claim={"open": {"id": "another"}}), True),
    ("claim_is_the_open_one", change_state(claim={}), True),
    ("wallet_linked", link_elsewhere, True),
    ("wallet_linked", change_state(wallet={}), True),
    ("wallet_linked_long_enough", link_just_now, False),
    (
        "not_banned",
        change_state(bans={"withdraw": {"until": 0, "reason": "", "by": "op", "since": 1}}),
        False,
    ),
    ("not_banned", change_state(bans={"all": {"until": 0, "reason": "", "by": "op", "since": 1}}), False),
    ("no_debt", change_state(debt={"AIBA": 1}), False),
    ("escrow_covers", lambda facts: replace(facts, player=replace(facts.player, escrow={"AIBA": 99})), False),
    ("amount_in_limits", change_economy(claim_min_aiba=101), True),
    ("amount_in_limits", change_economy(claim_max_aiba=99), True),
    ("amount_in_limits", change_terms(units=100 * VAULT.units_per_credit + 1), True),
    ("daily_count", change_economy(claim_max_per_player_per_day=0), True),
    ("daily_amount", change_economy(claim_max_aiba_per_player_per_day=99), True),
    ("approved", change_economy(claim_approval_above_aiba=99), False),
]


@pytest.fixture
def facts(world, reserved) -> SigningFacts:
    return world.signing._gather(reserved.terms.id)


def test_a_claim_that_keeps_every_rule_may_be_signed(facts):
    assert judge(facts).rule == "all"
    assert judge(facts).is_allowed


@pytest.mark.parametrize(
    ("rule", "breaks", "is_final"), BREAKERS, ids=[f"{row[0]}-{at}" for at, row in enumerate(BREAKERS)]
)
def test_each_rule_refuses_alone(facts, rule, breaks, is_final):
    verdict = judge(breaks(facts))
    assert (verdict.is_allowed, verdict.rule, verdict.is_final) == (False, rule, is_final)


def test_every_rule_of_the_policy_has_a_row_that_breaks_it():
    assert {row[0] for row in BREAKERS} == {rule.id for rule in RULES}
    assert {row[0] for row in BREAKERS if row[2]} == {rule.id for rule in RULES if rule.is_final}


def test_the_kill_switch_is_asked_first_of_all(facts):
    for _, breaks, _ in BREAKERS:
        assert judge(pause(breaks(facts))).rule == "kill_switch"


def test_a_signature_is_good_for_ten_minutes_within_the_allowed_window():
    assert MIN_VALID_S == 60 <= VALID_FOR_S <= MAX_VALID_S == 900


def test_the_signed_bytes_are_the_claims_own_and_verify(world, reserved, ann):
    world.ask(ann)
    claim = world.claim_of(ann)
    digest = payload_hash(payload_of(claim.terms, valid_until_s=claim.valid_until_s))
    assert world.fake_key.signed == [digest]
    assert claim.payload_hash == digest.hex()
    assert verify(world.fake_key.public_key(), digest, base64.b64decode(claim.signature))


def test_every_decision_is_audited_with_its_rule(world, reserved, ann):
    world.pause()
    world.ask(ann)
    world.set_paused(claims=False)
    world.ask(ann)
    assert world.fake_audit.decisions == [("refused", "kill_switch"), ("signed", "all")]
    record = world.fake_audit.records[-1]
    assert (record["claim"], record["acct"], record["credits"]) == (reserved.terms.id, ann, 100)
    assert record["payload_hash"] == world.claim_of(ann).payload_hash


def test_the_journal_is_written_before_the_key_is_asked(world, reserved):
    world.fake_key.failure = Unavailable("no", code="kms_unavailable")
    with pytest.raises(Unavailable):
        world.signing.sign_claim(reserved.terms.id)
    entry = world.fake_journal.entries[reserved.terms.journal_id]
    assert (entry.state, entry.claim_id, entry.signature) == ("intent", reserved.terms.id, "")


@pytest.mark.parametrize(
    "code", ["kms_unavailable", "kms_key_disabled", "kms_access_denied", "kms_key_not_found"]
)
def test_a_key_service_that_fails_is_audited_and_the_same_key_works_later(world, ann, code):
    world.fake_key.failure = Unavailable("no", code=code)
    progress = world.ask(ann)
    assert (progress.claim.state, progress.signer.code) == ("reserved", "signer_unavailable")
    assert world.fake_audit.decisions == [("key_unavailable", code)]
    world.fake_key.failure = None
    first = world.fake_journal.entries[progress.claim.terms.journal_id]
    signed = world.ask(ann).claim
    assert signed.state == "signed"
    assert signed.valid_until_s == first.valid_until_s
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_a_signature_that_does_not_verify_never_leaves_and_raises_the_alarm(world, reserved):
    world.fake_key.is_lying = True
    with pytest.raises(InvariantBroken) as broken:
        world.signing.sign_claim(reserved.terms.id)
    assert broken.value.code == "signature_invalid"
    assert world.fake_audit.decisions == [("signature_did_not_verify", "verify_after_signing")]
    assert world.fake_claims.read(reserved.terms.id).signature == ""
    assert world.fake_journal.entries[reserved.terms.journal_id].signature == ""


def test_a_signature_nobody_may_see_yet_is_audited_already(world, reserved):
    seen = []
    replace_entry = world.fake_journal.replace

    def replace_and_look(entry, *, expected_generation):
        seen.append(list(world.fake_audit.decisions))
        return replace_entry(entry, expected_generation=expected_generation)

    world.fake_journal.replace = replace_and_look
    world.signing.sign_claim(reserved.terms.id)
    assert seen == [[("signed", "all")]]


def test_a_claim_nobody_made_is_refused(world):
    with pytest.raises(Refused) as refused:
        world.signing.sign_claim("c" + "0" * 24)
    assert refused.value.code == "claim_unknown"


def test_a_claim_document_that_says_more_than_its_row_is_not_signed(world, reserved):
    world.move(reserved, terms=replace(reserved.terms, units=10**18, credits=10**9))
    answer = world.signing.sign_claim(reserved.terms.id)
    assert (answer.rule, answer.code) == ("claim_matches_row", "signing_refused")
    assert world.fake_key.signed == []


def test_a_claim_document_without_a_claim_row_raises_the_alarm(world, reserved):
    world.move(reserved, row_seq=1)
    with pytest.raises(InvariantBroken):
        world.signing.sign_claim(reserved.terms.id)
    assert world.fake_key.signed == []


def test_a_final_refusal_voids_the_journal_and_returns_the_credits_at_once(world, reserved, ann):
    world.game.configure(claim_max_aiba=99)
    progress = world.ask(ann)
    assert (progress.claim.state, progress.claim.reason) == ("refunded", "amount_in_limits")
    assert world.money(ann) == (START_CREDITS, 0)
    assert world.fake_journal.entries[reserved.terms.journal_id].state == "void"
    world.game.configure(claim_max_aiba=10_000)
    assert world.signing.sign_claim(reserved.terms.id).code == "signing_refused"
    assert world.fake_key.signed == []


def test_a_refusal_that_may_pass_leaves_the_claim_as_it_was(world, reserved, ann):
    world.game.change(ann, debt={"AIBA": 1})
    progress = world.ask(ann)
    assert (progress.claim.state, progress.signer.code) == ("reserved", "debt_outstanding")
    assert world.fake_journal.entries == {}


def test_limits_are_recounted_from_the_rows_themselves(world, ann):
    world.game.configure(wallet_cooldown_hours=0)
    for number in range(2):
        claim = world.ask(ann, 100, key=f"k{number}").claim
        world.execute(claim)
        world.settle()
    world.signer.is_away = True
    third = world.ask(ann, 100, key="k2").claim
    assert [terms.credits for terms in world.signing._gather(third.terms.id).days_claims] == [100, 100, 100]
    # Whoever could write the player's counters still could not sign past the day's limit.
    world.game.configure(claim_max_aiba_per_player_per_day=299)
    assert world.signing.sign_claim(third.terms.id).rule == "daily_amount"


def test_yesterdays_claims_do_not_count_today(world, ann):
    claim = world.ask(ann).claim
    world.execute(claim)
    world.settle()
    world.advance(seconds=DAY_S)
    later = world.ask(ann, key="k2").claim
    assert later.state == "signed"
    assert len(world.signing._gather(later.terms.id).days_claims) == 1


def test_the_signers_own_day_holds_whatever_the_budgets_say(world, ann):
    world.signer.is_away = True
    first = world.ask(ann, 60).claim
    bob = world.player(2)
    second = world.ask(bob, 60).claim
    world.game.configure(claim_max_aiba_per_day=100)
    assert world.signing.sign_claim(first.terms.id).state == "signed"
    refused = world.signing.sign_claim(second.terms.id)
    assert (refused.rule, refused.code, refused.is_final) == (
        "signer_daily_limit",
        "claims_cap_reached",
        False,
    )
    assert len(world.fake_key.signed) == 1


def test_asking_often_uses_the_signers_day_once(world, ann, reserved):
    world.fake_key.failure = Unavailable("no", code="kms_unavailable")
    for _ in range(5):
        world.ask(ann)
    [(_, claims)] = world.limits.days.items()
    assert claims == {reserved.terms.id: 100}


# ---- approval


@pytest.fixture
def big(world, ann):
    world.game.configure(claim_approval_above_aiba=99)
    return world.ask(ann, 100)


def test_a_claim_above_the_threshold_waits_for_a_person(world, ann, big):
    assert (big.claim.state, big.signer.code, big.signer.rule) == (
        "awaiting_approval",
        "approval_required",
        "approved",
    )
    assert world.fake_key.signed == []
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_an_approved_claim_is_signed_when_its_player_looks(world, ann, big):
    world.approve(big.claim)
    world.settle()
    assert world.fake_key.signed == []
    world.advance(seconds=3600)
    claim = world.look(ann, big.claim.terms.id).claim
    assert claim.state == "signed"
    assert claim.valid_until_s == world.clock.now_ms() // 1000 + 600


def test_an_approval_of_other_terms_approves_nothing(world, ann, big):
    terms = big.claim.terms
    for changed in (
        {"units": 1},
        {"recipient": wallet_address(9)},
        {"seqno": 9},
        {"id": "x"},
        {"network": -239},
    ):
        world.approve(big.claim, binding=replace(terms, **changed).binding())
        assert world.look(ann, terms.id).claim.state == "awaiting_approval"
    assert world.fake_key.signed == []


def test_an_approval_expires_after_a_day(world, big):
    facts = world.signing._gather(big.claim.terms.id)
    world.approve(big.claim)
    approved = world.signing._gather(big.claim.terms.id)
    at = approved.approval.approved_ms
    assert judge(replace(approved, now_ms=at + DAY_S * 1000)).is_allowed
    assert judge(replace(approved, now_ms=at + DAY_S * 1000 + 1)).rule == "approved"
    assert judge(facts).rule == "approved"


def test_a_claim_whose_approval_expired_waits_again(world, ann, big):
    # Reserved late in the approval's life: the claim itself is still younger than a day.
    world.approve(big.claim)
    claim_id = big.claim.terms.id
    old = replace(world.approvals.read(claim_id), approved_ms=world.clock.now_ms() - DAY_S * 1000 - 1)
    world.approvals.write(claim_id, old)
    assert world.look(ann, claim_id).claim.state == "awaiting_approval"


def test_a_rejected_claim_is_never_signed_and_settle_returns_its_credits(world, ann, big):
    world.move(big.claim, state="rejected", reason="looks wrong")
    assert world.signing.sign_claim(big.claim.terms.id).rule == "state_may_be_signed"
    assert world.settle().refunded == 1
    assert world.money(ann) == (START_CREDITS, 0)
    assert world.claim_of(ann).reason == "looks wrong"
    assert world.signing.sign_claim(big.claim.terms.id).rule == "not_settled"


# ---- races on the journal


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


def test_the_signer_reads_past_a_lagging_projection_and_writes_no_player(world, ann):
    players = world.game.store.players
    world.signer.is_away = True
    lagging = players[ann]
    claim = world.ask(ann).claim
    players[ann] = lagging
    assert world.signing.sign_claim(claim.terms.id).state == "signed"
    assert players[ann] is lagging


def test_an_intent_whose_time_is_over_is_not_signed_any_more(world, ann):
    world.fake_key.failure = Unavailable("no", code="kms_unavailable")
    world.ask(ann)
    world.fake_key.failure = None
    world.advance(seconds=601)
    progress = world.ask(ann)
    assert (progress.claim.state, progress.signer.code) == ("reserved", "claim_expired")
    assert world.fake_key.signed == []
