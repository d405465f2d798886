"""The signer: what it signs and audits, its key's failures, its own day's limit."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from shared.adapters.ed25519 import verify
from shared.domain.claim_message import payload_of
from shared.domain.errors import InvariantBroken, Refused, Unavailable
from shared.domain.signing_policy import MAX_VALID_S, MIN_VALID_S, VALID_FOR_S
from shared.domain.ton.claim_payload import payload_hash
from tests.services.claim_world import DAY_S, START_CREDITS


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
    assert [terms.credits for terms in world.signing._gather(third.terms.id)[0].days_claims] == [
        100,
        100,
        100,
    ]
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
    assert len(world.signing._gather(later.terms.id)[0].days_claims) == 1


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
