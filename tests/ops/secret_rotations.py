"""Each rotation of a secret as a model: every moment of its plan, and whatever two instances may have read."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import pytest

from infra.ops.secret_plans import (
    BATTLE_DAY_S,
    SPREAD_S,
    PlannedStep,
    admin_secret_plan,
    battle_secret_plan,
    session_key_plan,
)
from shared.adapters.admin_tokens import HmacAdminTokens
from shared.adapters.session_tokens import SessionIssuer, SessionVerifier
from shared.config.forms import texts
from shared.domain.admin_session import LIFETIME_S, AdminToken
from shared.domain.errors import Refused
from shared.domain.fairness import commitment_of, day_seed
from shared.domain.session import LIFETIME_S as SESSION_LIFETIME_S
from shared.readiness.keys import public_key_of
from tests.readiness.environments import marked, seed_hex

OLD, NEW = marked("rotated, before"), marked("rotated, after")
OLD_SEED, NEW_SEED = (bytes.fromhex(seed_hex(name)) for name in ("rotated, before", "rotated, after"))
OLD_PUBLIC, NEW_PUBLIC = public_key_of(OLD_SEED).hex(), public_key_of(NEW_SEED).hex()

View = tuple[tuple[str, str], ...]
"""What one instance has read: (setting, value), sorted."""


@dataclass(frozen=True)
class Rotation:
    """A plan from its first settings on; `make` is what a view signs or commits to, `believes` the others' part."""

    first: dict[str, str]
    plan: tuple[PlannedStep, ...]
    lives_s: int
    make: Callable[[View], str]
    believes: Callable[[View, str], bool]

    def in_force(self) -> Iterator[tuple[float, dict[str, str]]]:
        """(since when, all settings as the store holds them), write after write; the first write is at 0."""
        state, at_s = dict(self.first), 0
        yield float("-inf"), dict(state)
        for step in self.plan:
            state[step.name] = step.value
            yield at_s, dict(state)
            at_s += step.wait_s

    def views(self, at_s: float) -> list[View]:
        """Whatever an instance may have read: of each setting any value of the last SPREAD_S, of each on its own."""
        times = list(self.in_force())
        ends = [since for since, _ in times[1:]] + [float("inf")]
        recent = [
            state for (since, state), end in zip(times, ends, strict=True) if since <= at_s < end + SPREAD_S
        ]
        seen = {name: {state[name] for state in recent} for name in sorted(self.first)}
        return [tuple(zip(seen, values, strict=True)) for values in itertools.product(*seen.values())]

    def moments(self) -> list[float]:
        """One instant within each stretch of time in which nothing changes: beside every edge, at most a life apart."""
        edges = [since + late for since, _ in list(self.in_force())[1:] for late in (0, SPREAD_S)]
        edges += [edge + way * self.lives_s for edge in edges for way in (-1, 1)]
        return sorted({edge + beside for edge in edges for beside in (-0.5, 0, 0.5)})

    def disbeliefs(self) -> list[tuple[View, View]]:
        """Every pair of views of which one makes something that the other, while it lives, does not believe."""
        pairs = {
            (maker, reader)
            for made_s, read_s in itertools.product(self.moments(), repeat=2)
            if made_s <= read_s < made_s + self.lives_s
            for maker in self.views(made_s)
            for reader in self.views(read_s)
        }
        return sorted(pair for pair in pairs if not self.believes(pair[1], self.make(pair[0])))


@cache
def session_token(view: View) -> str:
    seed = bytes.fromhex(dict(view)["PLAYER_SESSION_PRIVATE_KEY_HEX"])
    return SessionIssuer(seed).issue("tg1", token_id="t", now_s=1_000)[0]


@cache
def believes_session(view: View, token: str) -> bool:
    keys = [bytes.fromhex(key) for key in texts(dict(view)["PLAYER_SESSION_PUBLIC_KEYS"])]
    return not refuses(lambda: SessionVerifier(keys).verify(token, now_s=1_000))


def admin_tokens(view: View) -> HmacAdminTokens:
    return HmacAdminTokens(texts(dict(view)["ADMIN_JWT_SECRET"]))


def admin_token(view: View) -> str:
    return admin_tokens(view).issue(AdminToken("a", "e", "t", 1_000, 4_600))


def believes_admin(view: View, token: str) -> bool:
    return not refuses(lambda: admin_tokens(view).read(token, now_s=1_000))


def commitment(view: View) -> str:
    first, *_ = texts(dict(view)["BATTLE_SEED_SECRET"])
    return commitment_of(day_seed(first.encode(), "2026-11-22"))


def reproduces(view: View, committed: str) -> bool:
    held = texts(dict(view)["BATTLE_SEED_SECRET"])
    return committed in {commitment_of(day_seed(secret.encode(), "2026-11-22")) for secret in held}


def refuses(asked: Callable[[], object]) -> bool:
    try:
        asked()
    except Refused:
        return True
    return False


ROTATIONS = {
    "session keys": Rotation(
        {"PLAYER_SESSION_PRIVATE_KEY_HEX": OLD_SEED.hex(), "PLAYER_SESSION_PUBLIC_KEYS": OLD_PUBLIC},
        session_key_plan(OLD_SEED, NEW_SEED),
        SESSION_LIFETIME_S,
        session_token,
        believes_session,
    ),
    "admin secret": Rotation(
        {"ADMIN_JWT_SECRET": OLD}, admin_secret_plan(OLD, NEW), LIFETIME_S, admin_token, believes_admin
    ),
    "battle secret": Rotation(
        {"BATTLE_SEED_SECRET": OLD}, battle_secret_plan(OLD, NEW), BATTLE_DAY_S, commitment, reproduces
    ),
}
each_rotation = pytest.mark.parametrize("rotation", ROTATIONS.values(), ids=ROTATIONS)
