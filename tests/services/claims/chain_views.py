"""How a chain may look to whoever settles."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.ton_views import VaultSnapshot
from tests.fakes.chain import FakeChain


class SeenOtherwise:
    """A provider that shows the vault's state changed in some way."""

    def __init__(self, chain: FakeChain, **changes) -> None:
        self._chain = chain
        self.changes = changes

    def vault_snapshot(self, recipient: str) -> VaultSnapshot:
        return replace(self._chain.vault_snapshot(recipient), **self.changes)

    def __getattr__(self, name: str):
        return getattr(self._chain, name)


def expire(world) -> None:
    """Past the claim's time and its margin, by our clock and the shard's."""
    world.advance(seconds=600 + 61)
