"""Claims on a database and a chain of a benchmark's own: real services and adapters, every command counted."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient

from infra.bench.committer import committer_over
from infra.bench.counted_commands import CountedCommands
from infra.local.chain_client import ChainClient
from infra.local.endpoint_process import start_endpoint, stop_endpoint
from infra.local.world import World, create_world
from shared.adapters.ed25519 import verify
from shared.adapters.local_signing_key import LocalSigningKey
from shared.adapters.mongo_claims import MongoApprovalStore, MongoClaimStore
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_observations import MongoObservations
from shared.adapters.mongo_signing import MongoSignerAudit, MongoSignerLimits, MongoSigningJournal
from shared.adapters.mongo_watermarks import MongoWatermarks
from shared.adapters.system_clock import SystemClock
from shared.adapters.toncenter import TonCenter
from shared.adapters.toncenter_chain import ToncenterChain
from shared.domain.claims import VaultIdentity
from shared.domain.game_config import default_config
from shared.domain.ledger import SYSTEM_FINGERPRINT, Accepted, Leg, system_key
from shared.domain.ton.vault_code import VAULT_CODE_HASH
from shared.ports.claims import SignerAnswer
from shared.services.commit import Committer
from shared.services.request_claim import ClaimDesk
from shared.services.settlement import Settlement
from shared.services.sign_claim import ClaimSigning

CREDITS: Final = 1_000


@dataclass(slots=True)
class CountedKey:
    """ports.signing.SigningKey that counts how often it was asked to sign."""

    key: LocalSigningKey
    signed: int = 0

    @property
    def key_id(self) -> str:
        return self.key.key_id

    def public_key(self) -> bytes:
        return self.key.public_key()

    def sign(self, message: bytes) -> bytes:
        self.signed += 1
        return self.key.sign(message)


@dataclass(slots=True)
class ClaimBenchWorld:
    """The claim function's desk, the signer and settle over one database, each with its own counted client."""

    clients: dict[str, MongoClient[dict[str, Any]]]
    name: str
    tvm: ChainClient
    world: World
    chain: ToncenterChain
    key: CountedKey
    commands: dict[str, CountedCommands]
    asked_chain: list[str]
    clock: SystemClock = field(default_factory=SystemClock)

    def committer(self, function: str) -> Committer:
        """The ledger's protocol through this function's client."""
        database = self.clients[function][self.name]
        return committer_over(database, self.clock)

    @property
    def vault(self) -> VaultIdentity:
        world = self.world
        return VaultIdentity(world.network_id, world.vault, world.jetton_master, world.units_per_credit)

    def signing(self) -> ClaimSigning:
        """The signer as bootstrap puts it together."""
        database = self.clients["signer"][self.name]
        return ClaimSigning(
            committer=(committer := self.committer("signer")),
            claims=MongoClaimStore(database),
            approvals=MongoApprovalStore(database),
            journal=MongoSigningJournal(database),
            limits=MongoSignerLimits(database),
            audit=MongoSignerAudit(database),
            configs=committer.configs,
            key=self.key,
            verify=verify,
            allowed=self.vault,
            pinned_public_key=self.key.public_key(),
            clock=self.clock,
            new_id=lambda: secrets.token_hex(16),
        )

    def desk(self) -> ClaimDesk:
        """The claim function's desk, whose signer runs here instead of in a Lambda of its own."""
        committer, database = self.committer("claim"), self.clients["claim"][self.name]
        return ClaimDesk(
            committer,
            MongoClaimStore(database),
            MongoSigningJournal(database),
            committer.configs,
            self.chain,
            _DirectSigner(self.signing()),
            self.vault,
        )

    def settlement(self) -> Settlement:
        """Settle with one provider asked twice."""
        database = self.clients["settle"][self.name]
        return Settlement(
            self.committer("settle"),
            MongoClaimStore(database),
            MongoSigningJournal(database),
            self.chain,
            None,
            VAULT_CODE_HASH,
            self.clock,
            lambda: None,
            lambda _name, _facts: None,
            self.vault,
            MongoObservations(database),
            MongoWatermarks(database),
        )

    def player(self, number: int) -> str:
        """An account with credits and a wallet linked long ago."""
        account, committer = f"bench{number}", self.committer("setup")
        committer.store.create_player(account, now_ms=self.clock.now_ms())
        wallet = {
            "address": f"0:{number + 1:064x}",
            "network": self.vault.network,
            "publicKey": "00" * 32,
            "version": "v4r2",
            "ticket": "bench",
            "linkedMs": 1,
        }
        effect = Accepted(
            "adjust",
            {},
            (Leg("sys:adjustment", "AIBA", -CREDITS), Leg(account, "AIBA", CREDITS)),
            {"wallet": wallet},
        )
        committer.commit(
            account=account,
            key=system_key(account, "bench"),
            fingerprint=SYSTEM_FINGERPRINT,
            decide=lambda _: effect,
            scope=None,
        )
        return account


@dataclass(frozen=True, slots=True)
class _DirectSigner:
    signing: ClaimSigning

    def request_signature(self, claim_id: str) -> SignerAnswer:
        return self.signing.sign_claim(claim_id)


@contextlib.contextmanager
def claim_bench_world(*, mongo_url: str | None = None) -> Iterator[ClaimBenchWorld]:
    """A database, a chain with a vault and a key, all of this run's own; everything ends with it."""
    with tempfile.TemporaryDirectory(prefix="arena-bench-") as folder, contextlib.ExitStack() as closing:
        log = Path(folder) / "log"

        def start(module: str, *arguments: str) -> str:
            endpoint = start_endpoint(f"infra.local.{module}", *arguments, log=log)
            closing.callback(stop_endpoint, endpoint)
            return endpoint.url

        url = mongo_url or start("mongo_server", "--data", f"{folder}/mongo")
        tvm = ChainClient(start("chain_endpoint", "--api-key", "fake-bench-key"), "fake-bench-key")
        key = CountedKey(LocalSigningKey(seed=secrets.token_bytes(32)))
        world = create_world(tvm, oracle_public_key=key.public_key())
        asked: list[str] = []
        center = TonCenter(
            url=tvm.provider_url, api_key=tvm.api_key, jitter=lambda: 0.0, on_outcome=asked.append
        )
        closing.callback(center.close)
        chain = ToncenterChain(center, vault=world.vault, jetton_master=world.jetton_master)
        commands = {function: CountedCommands() for function in ("claim", "signer", "settle", "setup")}
        clients = {
            function: closing.enter_context(
                MongoClient[dict[str, Any]](url, event_listeners=[counted], w="majority")
            )
            for function, counted in commands.items()
        }
        found = ClaimBenchWorld(
            clients, f"arena_bench_{secrets.token_hex(6)}", tvm, world, chain, key, commands, asked
        )
        database = clients["setup"][found.name]
        closing.callback(clients["setup"].drop_database, found.name)
        ensure_indexes(database)
        config = default_config()
        generous = replace(config.economy, claim_max_aiba_per_hour=10**9, claim_max_aiba_per_day=10**9)
        MongoGameConfigs(database, found.clock).seed(replace(config, economy=generous))
        yield found
