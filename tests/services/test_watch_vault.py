"""Watching the vault: each rule broken alone, transfers nobody signed, and what stops all claims."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from shared.domain.errors import ArenaError, InvariantBroken, Unavailable
from shared.domain.observations import VAULT as LOOK
from shared.domain.observations import Observation
from shared.domain.vault_watch import WATCH_RULES
from shared.services import promised_claims
from shared.services.watch_vault import WATERMARK
from tests.services.claim_world import OWNER, VAULT, ClaimWorld, wallet_address
from tests.services.interrupted_parts import WAYS, Interruption, Killed


@pytest.fixture
def world() -> ClaimWorld:
    return ClaimWorld()


def set_account(world: ClaimWorld, **changes) -> None:
    world.fake_chain.account = replace(world.fake_chain.account, **changes)


def test_a_sound_vault_breaks_no_rule_and_is_measured(world):
    claim = world.ask(world.player()).claim
    tally = world.look_at_vault()
    assert (tally.broken, tally.unknown_outflows, world.is_paused) == ([], 0, False)
    [(name, measured)] = world.reports
    assert (name, measured["open_units"]) == ("vault", claim.terms.units)


CREDIT = VAULT.units_per_credit
BROKEN = [
    ("vault_code_unknown", {"code_hash": "cd" * 32}, True),
    ("vault_network_wrong", {"network_id": -239}, True),
    ("vault_jetton_wrong", {"jetton_master": "0:" + "99" * 32}, True),
    ("vault_wallet_missing", {"jetton_wallet": ""}, True),
    ("vault_key_unknown", {"public_key": "77" * 32}, True),
    ("vault_inventory_short", {"jetton_units": 100 * CREDIT - 1}, True),
    ("vault_ton_short", {"ton_nano": 49_999_999}, True),
    ("vault_inventory_low", {"jetton_units": 500_100 * CREDIT - 1}, False),
    ("vault_ton_low", {"ton_nano": 199_999_999}, False),
    ("vault_recipients_high", {"recipients": 14_745}, False),
    ("vault_paused", {"is_paused": True}, False),
    ("vault_key_in_grace", {"public_key": "77" * 32, "previous_key_until_s": 2**32}, False),
]


@pytest.mark.parametrize(("rule", "changes", "stops"), BROKEN, ids=[row[0] for row in BROKEN])
def test_each_rule_is_reported_and_the_grave_ones_stop_all_claims(world, rule, changes, stops):
    world.ask(world.player(), 100)
    set_account(world, **changes)
    assert rule in world.look_at_vault().broken
    assert rule in world.reported
    assert world.is_paused == stops


def test_every_rule_has_a_row_that_breaks_it():
    assert {(rule.id, rule.stops_claims) for rule in WATCH_RULES} == {(row[0], row[2]) for row in BROKEN}


def test_just_enough_inventory_stops_nothing(world):
    world.ask(world.player(), 100)
    set_account(world, jetton_units=100 * CREDIT)
    assert world.look_at_vault().broken == ["vault_inventory_low"]
    assert not world.is_paused


@pytest.mark.parametrize("change", [{"row_seq": 99}, {"units": 2**62}, {"account": "tg404"}])
def test_a_claim_that_no_row_promised_is_owed_nothing_and_stops_nobody(world, change):
    owed = world.ask(world.player()).claim
    terms = {name: value for name, value in change.items() if name != "row_seq"}
    forged = replace(owed.terms, **{"id": "c" + "f" * 24, "units": 2**62, **terms})
    row_seq = change.get("row_seq", owed.row_seq)
    world.claims.insert(replace(owed, terms=forged, row_seq=row_seq))
    assert world.look_at_vault().broken == []
    assert not world.is_paused
    assert last_look(world).facts["open_units"] == owed.terms.units


def test_every_promised_claim_is_owed_however_many_are_read_at_once(world, monkeypatch):
    monkeypatch.setattr(promised_claims, "ROWS_AT_ONCE", 2)
    claims = [world.ask(world.player(number)).claim for number in range(1, 6)]
    world.look_at_vault()
    assert last_look(world).facts["open_units"] == sum(claim.terms.units for claim in claims)


def test_a_payment_is_judged_by_the_journal_alone_whatever_became_of_the_claims_document(world):
    ann, bob = world.player(1), world.player(2)
    paid, stolen = world.ask(ann).claim, world.ask(bob).claim

    def unreadable(claim_id):
        raise InvariantBroken(f"a claim is kept under its own id: {claim_id}")

    world.fake_claims.read = unreadable
    world.execute(paid)
    assert (world.look_at_vault().unknown_outflows, world.is_paused) == (0, False)
    world.fake_claims.read = {stolen.terms.id: replace(stolen, terms=replace(stolen.terms, units=7))}.get
    world.fake_chain.execute_claim(stolen.terms.recipient, seqno=1, units=7)
    assert (world.look_at_vault().unknown_outflows, world.is_paused) == (1, True)


def test_a_journal_entry_that_cannot_be_read_signed_nothing_and_hides_no_other_payment(world):
    world.execute(world.ask(world.player()).claim)
    world.fake_chain.execute_claim(wallet_address(9), seqno=5, units=7)
    [entry] = world.fake_journal.entries.values()

    def read(journal_id):
        if journal_id == entry.id:
            raise InvariantBroken("a journal entry is in one of its states")

    world.fake_journal.read = read
    assert world.look_at_vault().unknown_outflows == 2
    assert world.is_paused


def test_a_signed_claim_that_is_paid_is_a_known_outflow(world):
    ann = world.player()
    world.execute(world.ask(ann).claim)
    tally = world.look_at_vault()
    assert (tally.outflows, tally.unknown_outflows) == (1, 0)
    world.settle()
    assert world.look_at_vault().unknown_outflows == 0


def steal(world, **changes):
    claim = world.ask(world.player()).claim
    world.execute(claim)
    [delivery] = world.fake_chain.delivered
    world.fake_chain.delivered = [replace(delivery, **changes)]


@pytest.mark.parametrize(
    "changes",
    [
        {"query_id": 2},
        {"recipient": wallet_address(9)},
        {"recipient": "-1:" + "11" * 32},
        {"amount_units": 101 * CREDIT},
        {"amount_units": 2**130},
    ],
)
def test_an_outflow_nobody_signed_stops_all_claims(world, changes):
    steal(world, **changes)
    assert world.look_at_vault().unknown_outflows == 1
    assert "vault_unknown_outflow" in world.reported
    assert world.is_paused


def test_an_outflow_of_a_voided_seqno_stops_all_claims(world):
    ann = world.player()
    world.signer.is_away = True
    claim = world.ask(ann).claim
    world.advance(seconds=24 * 3600 + 1)
    world.settle()
    world.execute(claim)
    assert world.look_at_vault().unknown_outflows == 1
    assert world.is_paused


@pytest.mark.parametrize(
    "changes", [{"recipient": OWNER, "query_id": 77}, {"query_id": 9, "is_aborted": True}]
)
def test_withdrawals_to_the_owner_and_transfers_that_failed_are_no_outflow(world, changes):
    steal(world, **changes)
    assert world.look_at_vault().unknown_outflows == 0
    assert not world.is_paused


def test_a_transfer_the_index_shows_late_is_still_judged(world):
    world.clock.advance(seconds=600)
    world.look_at_vault()
    steal(world, query_id=2)  # the shard's time, ten minutes before the last look
    assert world.look_at_vault().unknown_outflows == 1


def test_after_a_day_without_a_look_every_transfer_is_judged_and_the_newest_at_once(world):
    """A provider tells a few hours in the time there is, not whole days: they are asked for piece by piece."""
    world.look_at_vault()
    for hour in range(1, 25):
        world.advance(seconds=3600)
        world.fake_chain.execute_claim(wallet_address(hour), seqno=1, units=1)
    world.fake_chain.deliveries_told = 4
    assert world.look_at_vault().undecided == 0
    judged = {facts["recipient"] for name, facts in world.reports if name == "vault_unknown_outflow"}
    assert wallet_address(24) in judged
    for _ in range(30):
        assert world.look_at_vault().undecided == 0
    judged |= {facts["recipient"] for name, facts in world.reports if name == "vault_unknown_outflow"}
    assert judged == {wallet_address(hour) for hour in range(1, 25)}
    assert world.watermarks.read(WATERMARK) == world.clock.now_ms()


def test_a_chain_that_is_away_is_reported_and_decides_nothing(world):
    world.fake_chain.is_down = True
    tally = world.look_at_vault()
    assert (tally.undecided, tally.broken, world.is_paused) == (1, [], False)
    assert world.reported == ["vault_unwatched"]


def last_look(world: ClaimWorld) -> Observation:
    [seen] = world.fake_observations.read([LOOK])
    return seen


def test_what_was_seen_is_noted_with_the_instant_the_look_began(world):
    claim = world.ask(world.player()).claim
    world.execute(claim)
    set_account(world, ton_nano=199_999_999, is_paused=True)
    world.look_at_vault()
    assert last_look(world) == Observation(
        LOOK,
        world.clock.now_ms(),
        {
            "jetton_units": 10**6 * CREDIT - claim.terms.units,
            "ton_nano": 199_999_999,
            "open_units": claim.terms.units,
            "recipients": 1,
            "paused": 1,
            "broken_rules": 2,
        },
    )


def test_a_chain_that_is_away_leaves_the_last_look_as_old_as_it_is(world):
    world.look_at_vault()
    before = last_look(world)
    world.clock.advance(seconds=600)
    world.fake_chain.is_down = True
    world.look_at_vault()
    assert last_look(world) == before
    world.fake_chain.is_down = False
    world.look_at_vault()
    assert last_look(world).seen_ms == before.seen_ms + 600_000


def test_an_index_that_is_away_keeps_nobody_from_knowing_what_the_vault_holds(world):
    world.clock.advance(seconds=60)

    def away(**_named):
        raise Unavailable("no index", code="provider_unavailable")

    world.fake_chain.deliveries = away
    assert world.look_at_vault().undecided == 1
    assert last_look(world).seen_ms == world.clock.now_ms()


@pytest.mark.parametrize("way", WAYS)
def test_a_look_that_ends_anywhere_acts_before_it_is_noted_and_is_made_up_for_by_the_next(way):
    for at in range(1, 30):
        interruption = Interruption()
        world = ClaimWorld(wrap=interruption.wrap)
        world.ask(world.player(), 100)
        world.look_at_vault()
        before = last_look(world)
        world.clock.advance(seconds=60)
        set_account(world, jetton_units=100 * CREDIT - 1)
        interruption.arm(at, way)
        with suppress(ArenaError, Killed):
            world.look_at_vault()
        hit = interruption.hit
        interruption.disarm()
        assert last_look(world) == before or world.is_paused, f"noted and not acted on at {hit}"
        world.look_at_vault()
        assert (last_look(world).seen_ms, world.is_paused) == (before.seen_ms + 60_000, True)
        assert last_look(world).facts["jetton_units"] == 100 * CREDIT - 1
        if not hit:
            return
    pytest.fail("the look never ends")
