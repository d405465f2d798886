"""The adapter under test, and a proxy that changes what the module's chain answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.chain_client import ChainClient
from infra.local.world import World
from shared.adapters.toncenter import ProviderLimits, TonCenter
from shared.adapters.toncenter_chain import ToncenterChain
from tests.adapters.distorting_proxy import DistortingProxy
from tests.adapters.toncenter.lies import QUICK, Connect


@pytest.fixture
def outcomes() -> list[str]:
    return []


@pytest.fixture
def proxy(chain: ChainClient) -> Iterator[DistortingProxy]:
    running = DistortingProxy(chain.provider_url)
    yield running
    running.stop()


@pytest.fixture
def connect(
    chain: ChainClient, world: World, proxy: DistortingProxy, outcomes: list[str]
) -> Iterator[Connect]:
    """The adapter under test, talking through the proxy; `url`, `api_key`, `vault`, `limits` may be others."""
    providers: list[TonCenter] = []

    def build(
        *,
        url: str | None = None,
        api_key: str | None = chain.api_key,
        vault: str = world.vault,
        limits: ProviderLimits = QUICK,
    ) -> ToncenterChain:
        provider = TonCenter(
            url=url or proxy.url,
            api_key=api_key,
            jitter=lambda: 1.0,
            on_outcome=outcomes.append,
            limits=limits,
        )
        providers.append(provider)
        return ToncenterChain(provider, vault=vault, jetton_master=world.jetton_master)

    yield build
    for provider in providers:
        provider.close()
