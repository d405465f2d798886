"""A player on the module's chain, and the chain calm again behind every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nacl.signing import SigningKey

from infra.local.chain_client import ChainClient
from infra.local.world import World
from tests.local_claims import Claimant

SHARD_LAG_S = 2


@pytest.fixture(autouse=True)
def calm(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave the module's chain without faults, lags and held messages; start none for a test without it."""
    if "chain" not in request.fixturenames:
        yield
        return
    chain: ChainClient = request.getfixturevalue("chain")
    yield
    chain.control("clear_faults")
    chain.control("stall", stalled=False)
    chain.control("delay", delayed=False)
    for provider in ("primary", "secondary"):
        chain.control("lag", provider=provider, shard_s=SHARD_LAG_S, head_blocks=0, unpinned_blocks=0)


@pytest.fixture
def player(chain: ChainClient, world: World, oracle: SigningKey) -> Claimant:
    return Claimant.funded(chain, world, oracle)
