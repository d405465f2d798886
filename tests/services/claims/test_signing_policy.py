"""The signer's policy: each rule refuses alone, and none refuses a claim that keeps them all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.claims import ClaimTerms
from shared.domain.signing_policy import RULES, SigningFacts, judge
from tests.services.claim_world import VAULT, wallet_address


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
    return world.signing._gather(reserved.terms.id)[0]


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
