"""What a history of claims is made of: players, providers, stores, and a journal that lets the signer sleep."""

from __future__ import annotations

import itertools
import random  # noqa: TID251 - histories come from a printed seed
import threading
from dataclasses import dataclass, field
from typing import Any

from infra.local.chain_client import ChainClient
from infra.local.player_wallet import PlayerWallet
from infra.local.world import World
from shared.adapters.toncenter import ProviderLimits, TonCenter
from shared.adapters.toncenter_chain import ToncenterChain
from shared.domain.claims import Claim
from tests.fakes.claims import FakeClaimStore
from tests.fakes.ledger import FakeLedgerStore
from tests.fakes.signing import FakeSigningJournal
from tests.local_claims import TON


class GatedJournal:
    """A journal whose writes wait: the signer sleeps between deciding and writing."""

    def __init__(self, journal: FakeSigningJournal, gate: threading.Event) -> None:
        self._journal, self._gate = journal, gate

    def read(self, journal_id: str) -> Any:
        return self._journal.read(journal_id)

    def insert(self, entry: Any) -> bool:
        self._gate.wait()
        return self._journal.insert(entry)

    def replace(self, entry: Any, *, expected_generation: int) -> bool:
        self._gate.wait()
        return self._journal.replace(entry, expected_generation=expected_generation)


@dataclass(slots=True)
class HistoryPlayer:
    """One player, one wallet, and every claim the wallet ever got a signature for."""

    account: str
    wallet: PlayerWallet
    units_before: int
    keys: int = 0
    sendable: dict[str, Claim] = field(default_factory=dict)


class Providers:
    """Both providers of the one chain, kept for all histories of a module."""

    def __init__(self, chain: ChainClient, world: World) -> None:
        urls = (chain.provider_url, f"{chain.url}/secondary")
        self._centers = [
            TonCenter(
                url=url,
                api_key=chain.api_key,
                jitter=lambda: 0.0,
                on_outcome=lambda _: None,
                limits=ProviderLimits(attempts=2, backoff_s=0.0),
            )
            for url in urls
        ]
        self.primary, self.secondary = (
            ToncenterChain(center, vault=world.vault, jetton_master=world.jetton_master)
            for center in self._centers
        )

    def close(self) -> None:
        for center in self._centers:
            center.close()


class SharedStores:
    """What outlives a batch, as a database does: its wallets are linked by new players in the next one."""

    def __init__(self) -> None:
        self.ledger = FakeLedgerStore()
        self.claims, self.journal = FakeClaimStore(), FakeSigningJournal()
        self.players = itertools.count(1)


def funded_wallets(chain: ChainClient, count: int, *, chance: random.Random) -> list[PlayerWallet]:
    wallets = [PlayerWallet(chance.randbytes(32)) for _ in range(count)]
    for wallet in wallets:
        wallet.fund(chain, nano=50 * TON)
    return wallets
