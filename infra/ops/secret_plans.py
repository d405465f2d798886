"""How secrets are replaced without turning anybody away: one write at a time, and the wait after it.

An instance has read each setting at some moment of the last `SPREAD_S` seconds, and not all of them at the
same one. A plan is right when what any instance makes every other believes, for as long as it lives and
whatever the two have read. Two writes in one step would be read apart, so a step is one write: a secret
that rotates is one setting with two values for a while, of which the first is used and both are believed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from nacl.signing import SigningKey

SPREAD_S: Final = 300
TOKENS_LIVE_S: Final = 3_600
BATTLE_DAY_S: Final = 90_000
"""From the start of a UTC day until its seed is public, an hour after its end."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One setting to write and `wait_s` seconds to let pass; `form` shows the value without telling it."""

    what: str
    name: str
    form: str
    value: str = field(repr=False)
    wait_s: int


def session_key_plan(old_seed: bytes, new_seed: bytes) -> tuple[PlannedStep, ...]:
    """Players' session keys: publish the new key, sign with it, forget the old one. Seeds are 32 bytes."""
    old, new = (bytes(SigningKey(seed).verify_key).hex() for seed in (old_seed, new_seed))
    public, private = "PLAYER_SESSION_PUBLIC_KEYS", "PLAYER_SESSION_PRIVATE_KEY_HEX"
    return (
        PlannedStep(
            "believe tokens of the new key too",
            public,
            "<old public key>,<new public key>",
            f"{old},{new}",
            SPREAD_S,
        ),
        PlannedStep(
            "sign with the new key", private, "<new private key>", new_seed.hex(), SPREAD_S + TOKENS_LIVE_S
        ),
        PlannedStep("forget the old key", public, "<new public key>", new, SPREAD_S),
    )


def admin_secret_plan(old: str, new: str) -> tuple[PlannedStep, ...]:
    """Administrators' token secret; 32 characters or more each, and no comma."""
    name = "ADMIN_JWT_SECRET"
    return (
        PlannedStep("believe tokens of the new secret too", name, "<old>,<new>", f"{old},{new}", SPREAD_S),
        PlannedStep(
            "sign with the new secret", name, "<new>,<old>", f"{new},{old}", SPREAD_S + TOKENS_LIVE_S
        ),
        PlannedStep("forget the old secret", name, "<new>", new, SPREAD_S),
    )


def battle_secret_plan(old: str, new: str) -> tuple[PlannedStep, ...]:
    """The secret of battles' chance: what an instance commits a day to, every other can reproduce.

    The last day of the old secret must be public before it is forgotten.
    """
    name = "BATTLE_SEED_SECRET"
    return (
        PlannedStep(
            "be able to reproduce days of the new secret", name, "<old>,<new>", f"{old},{new}", SPREAD_S
        ),
        PlannedStep(
            "commit new days to the new secret", name, "<new>,<old>", f"{new},{old}", SPREAD_S + BATTLE_DAY_S
        ),
        PlannedStep(
            "forget the old secret, if GET /api/battle/fairness shows the seeds of all its days",
            name,
            "<new>",
            new,
            SPREAD_S,
        ),
    )
