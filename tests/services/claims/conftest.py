"""A world with one player, and what the claim she asks for may have become."""

from __future__ import annotations

import pytest

from shared.domain.claims import Claim
from tests.services.claim_world import ClaimWorld


@pytest.fixture
def world() -> ClaimWorld:
    return ClaimWorld()


@pytest.fixture
def ann(world: ClaimWorld) -> str:
    return world.player()


@pytest.fixture
def reserved(world: ClaimWorld, ann: str) -> Claim:
    """A claim whose signer was away."""
    world.signer.is_away = True
    claim = world.ask(ann).claim
    world.signer.is_away = False
    return claim


@pytest.fixture
def signed(world: ClaimWorld, ann: str) -> Claim:
    return world.ask(ann).claim
