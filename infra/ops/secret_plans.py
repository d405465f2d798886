"""How secrets are replaced without turning anybody away: the values of each step, in order.

Instances read their settings at different times, up to `SPREAD_S` apart. A plan is right when, at
every step and between any two neighbouring ones, what one instance signs every other believes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from nacl.signing import SigningKey

SPREAD_S: Final = 300
TOKENS_LIVE_S: Final = 3_600


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """Settings to write, all of them before `wait_s` seconds pass; an empty value removes a setting."""

    what: str
    settings: Mapping[str, str] = field(repr=False)
    wait_s: int


def session_key_plan(old_seed: bytes, new_seed: bytes) -> tuple[PlannedStep, ...]:
    """Players' session keys: publish the new key, sign with it, forget the old one. Seeds are 32 bytes."""
    old, new = (bytes(SigningKey(seed).verify_key).hex() for seed in (old_seed, new_seed))
    return (
        PlannedStep(
            "believe tokens of the new key too",
            {"PLAYER_SESSION_PUBLIC_KEYS": f"{old},{new}"},
            SPREAD_S,
        ),
        PlannedStep(
            "sign with the new key",
            {"PLAYER_SESSION_PRIVATE_KEY_HEX": new_seed.hex()},
            SPREAD_S + TOKENS_LIVE_S,
        ),
        PlannedStep("forget the old key", {"PLAYER_SESSION_PUBLIC_KEYS": new}, SPREAD_S),
    )


def admin_secret_plan(old: str, new: str) -> tuple[PlannedStep, ...]:
    """Administrators' token secret, in the same order; 32 characters or more each."""
    return (
        PlannedStep("believe tokens of the new secret too", {"ADMIN_JWT_SECRET_SECOND": new}, SPREAD_S),
        PlannedStep(
            "sign with the new secret",
            {"ADMIN_JWT_SECRET": new, "ADMIN_JWT_SECRET_SECOND": old},
            SPREAD_S + TOKENS_LIVE_S,
        ),
        PlannedStep("forget the old secret", {"ADMIN_JWT_SECRET_SECOND": ""}, SPREAD_S),
    )
