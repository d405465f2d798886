"""What a claim costs is part of its promise: these counts do not grow unnoticed."""

from __future__ import annotations

import pytest

from infra.bench.claims import ClaimCosts, bench_claims

CLAIMS = 4


@pytest.fixture(scope="module")
def costs(mongo_uri: str) -> ClaimCosts:
    return bench_claims(claims=CLAIMS, mongo_url=mongo_uri)


def test_a_claim_asks_the_key_service_once(costs: ClaimCosts) -> None:
    assert costs.key_calls == 1


def test_a_claim_to_its_signature_takes_few_database_commands(costs: ClaimCosts) -> None:
    assert costs.claim_commands <= 11
    assert costs.signer_commands <= 13
    assert costs.replay_commands <= 6


def test_a_first_claim_asks_the_chain_for_one_pinned_state(costs: ClaimCosts) -> None:
    assert costs.chain_questions == 3


def test_an_open_claim_costs_settling_two_reads_and_no_question_of_its_own(costs: ClaimCosts) -> None:
    assert costs.settle_commands * CLAIMS == 2 * CLAIMS + 4
    assert costs.settle_questions * CLAIMS == 2
