"""What /metrics says of claims and of what settle saw: the truth, and how old it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.claims import OPEN_STATES
from shared.domain.observations import AUDIT, PROJECTION, RUN, SEQNO_ANOMALY, Observation
from shared.domain.observations import VAULT as VAULT_SEEN
from shared.services.read_metrics import MetricSources, read_metrics
from tests.services.claim_world import VAULT, ClaimWorld

CREDIT = VAULT.units_per_credit
NO_CLAIMS = {("arena_open_claims", state): 0 for state in OPEN_STATES}


@pytest.fixture
def world() -> ClaimWorld:
    return ClaimWorld()


def measured(world: ClaimWorld) -> dict[tuple[str, ...], float]:
    """(name, label values) -> value; no two samples are alike in both."""
    store = world.committer.store
    sources = MetricSources(store, world.configs, world.claims, world.observations, world.clock)
    samples = list(read_metrics(sources))
    found = {(sample.name, *sample.labels.values()): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


def test_open_claims_are_counted_by_state_with_what_they_may_take(world):
    world.ask(world.player(1), 100)
    world.advance(seconds=50)
    world.signer.is_away = True
    world.ask(world.player(2), 30)
    world.ask(world.player(3), 12)
    world.advance(seconds=10)
    assert (
        measured(world).items()
        >= (
            NO_CLAIMS
            | {
                ("arena_open_claims", "signed"): 1,
                ("arena_open_claims", "reserved"): 2,
                ("arena_open_claim_credits",): 142,
                ("arena_open_claim_units",): 142 * CREDIT,
                ("arena_oldest_open_claim_seconds",): 60,
            }
        ).items()
    )


def test_a_settled_claim_is_counted_no_longer(world):
    claim = world.ask(world.player()).claim
    world.execute(claim)
    assert world.settle().confirmed == 1
    zeros = {
        ("arena_open_claim_credits",): 0,
        ("arena_open_claim_units",): 0,
        ("arena_oldest_open_claim_seconds",): 0,
    }
    assert measured(world).items() >= (NO_CLAIMS | zeros).items()


def test_the_vault_is_shown_as_the_last_look_found_it(world):
    claim = world.ask(world.player(), 100).claim
    world.execute(claim)
    world.look_at_vault()
    looked_s = world.clock.now_ms() / 1000
    world.settle()
    world.clock.advance(seconds=61)
    assert (
        measured(world).items()
        >= {
            ("arena_vault_ton_nano",): 10**9,
            ("arena_vault_jetton_units",): (10**6 - 100) * CREDIT,
            ("arena_vault_free_units",): (10**6 - 200) * CREDIT,  # paid by then, and not settled yet
            ("arena_vault_recipients",): 1,
            ("arena_vault_recipients_max",): 16_384,
            ("arena_vault_paused",): 0,
            ("arena_vault_broken_rules",): 0,
            ("arena_vault_seqno_anomaly_timestamp_seconds",): 0,
            ("arena_observed_timestamp_seconds", "vault"): looked_s,
            ("arena_observed_age_seconds", "vault"): 61,
        }.items()
    )


def test_a_vault_that_holds_less_than_it_owes_is_free_of_less_than_nothing(world):
    claim = world.ask(world.player(), 100).claim
    world.fake_chain.execute_claim("0:" + "9" * 64, seqno=1, units=(10**6 - 1) * CREDIT)
    world.look_at_vault()
    assert measured(world)[("arena_vault_free_units",)] == CREDIT - claim.terms.units


def test_a_seqno_nobody_signed_is_remembered_after_its_claim_was_settled(world):
    claim = world.ask(world.player()).claim
    world.execute(claim)
    world.fake_chain.last_seqnos[claim.terms.recipient] = 2
    seen_s = world.clock.now_ms() / 1000
    assert world.settle().confirmed == 1
    world.advance(seconds=3600)
    world.settle()
    assert measured(world)[("arena_vault_seqno_anomaly_timestamp_seconds",)] == seen_s


def test_each_observation_has_an_age_of_its_own(world):
    now_ms = world.clock.now_ms()
    world.observations.note(Observation(PROJECTION, now_ms - 1_000, {"lag_ms": 1_500}))
    world.observations.note(Observation(AUDIT, now_ms - 2_000, {"suspects": 3, "until_ms": now_ms - 9_000}))
    world.observations.note(Observation(RUN, now_ms - 3_000, {"failed_tasks": 2}))
    assert (
        measured(world).items()
        >= {
            ("arena_observed_age_seconds", "projection"): 1,
            ("arena_projection_lag_seconds",): 1.5,
            ("arena_observed_age_seconds", "audit"): 2,
            ("arena_ledger_suspects",): 3,
            ("arena_ledger_audit_behind_seconds",): 9,
            ("arena_observed_age_seconds", "run"): 3,
            ("arena_settle_failed_tasks",): 2,
        }.items()
    )


def test_what_was_never_seen_is_not_told_as_nought(world):
    world.observations.note(Observation(SEQNO_ANOMALY, 5_000, {}))
    names = {name for name, *_ in measured(world)}
    told = {name for name in names if name.startswith(("arena_vault_", "arena_observed", "arena_settle"))}
    assert told == {"arena_vault_seqno_anomaly_timestamp_seconds"}


@pytest.mark.parametrize("lost", ["ton_nano", "open_units", "recipients"])
def test_a_fact_that_another_version_did_not_note_is_left_out_and_the_others_are_told(world, lost):
    world.look_at_vault()
    before = measured(world)
    [seen] = world.observations.read([VAULT_SEEN])
    fewer = {name: value for name, value in seen.facts.items() if name != lost}
    world.observations.note(replace(seen, facts=fewer))
    missing = {
        "ton_nano": "arena_vault_ton_nano",
        "open_units": "arena_vault_free_units",
        "recipients": "arena_vault_recipients",
    }[lost]
    found = measured(world)
    assert found == {name: value for name, value in before.items() if name != (missing,)}
    assert len(found) == len(before) - 1


def test_looks_that_noted_nothing_at_all_have_their_age_alone(world):
    before = measured(world)
    seen_ms = world.clock.now_ms() - 5_000
    for name in (PROJECTION, AUDIT, RUN):
        world.observations.note(Observation(name, seen_ms, {}))
    told = {name: value for name, value in measured(world).items() if name not in before}
    assert told.keys() == {
        (f"arena_observed_{what}_seconds", name)
        for what in ("age", "timestamp")
        for name in (PROJECTION, AUDIT, RUN)
    }
