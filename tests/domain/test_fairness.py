"""Chance is fixed by the day's seed, bound to every part of the request, and checkable by anyone."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calendar import MS_PER_HOUR, day_start_ms
from shared.domain.errors import Refused
from shared.domain.fairness import (
    BattleProof,
    BattleTicket,
    battle_seed,
    commitment_of,
    day_of_epoch,
    day_seed,
    disagreements,
    epoch_name,
    key_id_of,
    last_row_before_ms,
    proof_document,
    proof_from_document,
    published_at_ms,
)
from shared.domain.modes import default_mode, score_rules_from_bps
from shared.domain.score import Fighter, first_draw, score_of

SECRET = b"fake secret, for tests only"
TICKET = BattleTicket("ann", "b1", "prediction-pro", "prediction", "pro", "key:with:colons")


def test_the_day_seed_and_the_battle_seed_are_the_published_constructions() -> None:
    seed = day_seed(SECRET, "2026-11-22")
    assert seed == hmac.new(SECRET, b"day:2026-11-22", hashlib.sha256).digest()
    message = b"ann:b1:prediction-pro:prediction:pro:key:with:colons"
    expected = hmac.new(seed, message, hashlib.sha256).digest()
    assert battle_seed(seed, TICKET) == int(expected.hex()[:8], 16)
    assert commitment_of(seed) == hashlib.sha256(seed).hexdigest()


@pytest.mark.parametrize("part", ["player", "broker", "mode", "arena", "league", "key"])
def test_every_part_of_the_request_changes_the_seed(part: str) -> None:
    seed = day_seed(SECRET, "2026-11-22")
    assert battle_seed(seed, replace(TICKET, **{part: "other"})) != battle_seed(seed, TICKET)


def test_an_epoch_within_a_day_has_another_seed_and_the_same_day() -> None:
    assert day_seed(SECRET, "2026-11-22:1") != day_seed(SECRET, "2026-11-22")
    assert epoch_name("2026-11-22", 1) == "2026-11-22:1"
    assert day_of_epoch("2026-11-22:1") == "2026-11-22"


def test_the_last_row_is_fifty_minutes_older_than_the_seeds_publication() -> None:
    midnight_ms = day_start_ms("2026-11-23")
    assert last_row_before_ms("2026-11-22:3") == midnight_ms + MS_PER_HOUR // 6
    assert published_at_ms("2026-11-22:3") == midnight_ms + MS_PER_HOUR


def test_a_key_id_names_a_secret_without_telling_it() -> None:
    assert key_id_of(SECRET) != key_id_of(SECRET + b"x")
    assert key_id_of(SECRET) not in commitment_of(day_seed(SECRET, "2026-11-22"))


def fair_proof(seed_of_day: bytes) -> BattleProof:
    fighter = Fighter(61, 52, 43, 6)
    rules_bps = default_mode("prediction", "pro").score_rules_bps
    seed = battle_seed(seed_of_day, TICKET)
    return BattleProof(
        epoch="2026-11-22",
        commitment=commitment_of(seed_of_day),
        ticket=TICKET,
        seed=seed,
        fighter=fighter,
        rules_bps=rules_bps,
        score=score_of(fighter, score_rules_from_bps(rules_bps), draw=first_draw(seed)),
    )


@given(st.binary(min_size=32, max_size=32))
def test_a_fair_battle_follows_from_its_seed_also_after_the_store(seed_of_day: bytes) -> None:
    proof = fair_proof(seed_of_day)
    assert disagreements(proof_from_document(proof_document(proof)), seed_of_day) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"commitment": "00" * 32}, "commitment"),
        ({"seed": 1}, "seed"),
        ({"score": 0}, "score"),
        ({"fighter": Fighter(100, 100, 100, 60)}, "score"),
        ({"rules_bps": (0, 0, 0, 10_000, 0)}, "score"),
        ({"ticket": replace(TICKET, key="other")}, "seed"),
    ],
)
def test_a_proof_that_was_tampered_with_is_found_out(changes: dict, found: str) -> None:
    seed = day_seed(SECRET, "2026-11-22")
    assert found in disagreements(replace(fair_proof(seed), **changes), seed)


@pytest.mark.parametrize("broken", [{}, {"epoch": "x"}, {"broker": 5}])
def test_a_document_that_is_no_proof_is_refused(broken: dict) -> None:
    with pytest.raises(Refused, match="proof"):
        proof_from_document(broken)
