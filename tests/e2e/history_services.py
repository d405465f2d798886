"""The real services of claims over one chain: players who have credits and wallets, a signer that may sleep."""

from __future__ import annotations

import random  # noqa: TID251 - histories come from a printed seed
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.local.chain_client import ChainClient
from infra.local.player_wallet import PlayerWallet
from infra.local.world import World
from shared.adapters.ed25519 import verify
from shared.adapters.system_clock import FileOffsetClock
from shared.domain.claims import Claim, VaultIdentity, settle_name
from shared.domain.errors import ArenaError, Unavailable
from shared.domain.ledger import system_key
from shared.domain.ton.vault_code import VAULT_CODE_HASH
from shared.ports.chain import Chain
from shared.ports.claims import SignerAnswer
from shared.services.request_claim import ClaimDesk
from shared.services.settle_claims import SettleTally, settle_claims
from shared.services.settlement import Settlement
from shared.services.sign_claim import ClaimSigning
from shared.services.watch_vault import VaultWatch
from tests.e2e.history_parts import GatedJournal, HistoryPlayer, Providers, SharedStores
from tests.fakes.claims import FakeApprovalStore
from tests.fakes.observations import FakeObservations
from tests.fakes.signing import FakeSignerAudit, FakeSignerLimits, FakeSigningKey
from tests.fakes.watermarks import FakeWatermarks
from tests.local_claims import advance
from tests.services.game_world import GameWorld

START_CREDITS = 100_000
APPROVAL_ABOVE = 40


class HistoryServices:
    """The backend of a batch of players; settle runs when it is told to."""

    def __init__(
        self,
        chain: ChainClient,
        world: World,
        providers: Providers,
        *,
        clock_file: Path,
        oracle_seed: bytes,
        wallets: list[PlayerWallet],
        stores: SharedStores,
        chance: random.Random,
    ) -> None:
        self.tvm, self.world, self.clock_file, self.chance = chain, world, clock_file, chance
        self.game = GameWorld(store=stores.ledger)
        self.clock = FileOffsetClock(clock_file)
        self.game.committer = replace(self.game.committer, clock=self.clock)
        self.game.clock = self.clock
        self.game.configure(
            claim_approval_above_aiba=APPROVAL_ABOVE,
            claim_max_per_player_per_day=1_000,
            claim_max_aiba_per_player_per_day=10**6,
            wallet_cooldown_hours=0,
        )
        self.claims, self.journal = stores.claims, stores.journal
        self.approvals, self.audit = FakeApprovalStore(), FakeSignerAudit()
        self.limits, self.key = FakeSignerLimits(), FakeSigningKey(oracle_seed)
        self.watermarks, self.observations = FakeWatermarks(), FakeObservations()
        self.watermarks.write("vault_outflow", self.clock.now_ms() + 20 * 60 * 1000)
        self.vault = VaultIdentity(world.network_id, world.vault, world.jetton_master, world.units_per_credit)
        self.chain: Chain = providers.primary
        self.secondary: Chain | None = providers.secondary if chance.random() < 0.7 else None
        self.sleepers: list[tuple[threading.Event, threading.Thread]] = []
        self.reports: list[str] = []
        self.players = [self._player(next(stores.players), wallet) for wallet in wallets]
        advance(clock_file, seconds=5)

    def _player(self, number: int, wallet: PlayerWallet) -> HistoryPlayer:
        account = self.game.register(number)
        self.game.give(account, "AIBA", START_CREDITS)
        linked = {
            "address": wallet.address,
            "network": self.vault.network,
            "publicKey": wallet.public_key_hex,
            "version": "v4r2",
            "ticket": "t",
            "linkedMs": self.clock.now_ms(),
        }
        self.game.change(account, wallet=linked)
        return HistoryPlayer(account, wallet, self.jettons(wallet))

    @property
    def desk(self) -> ClaimDesk:
        return ClaimDesk(
            self.game.committer, self.claims, self.journal, self.game.configs, self.chain, self, self.vault
        )

    def signing(self, journal: Any) -> ClaimSigning:
        return ClaimSigning(
            committer=self.game.committer,
            claims=self.claims,
            approvals=self.approvals,
            journal=journal,
            limits=self.limits,
            audit=self.audit,
            configs=self.game.configs,
            key=self.key,
            verify=verify,
            allowed=self.vault,
            pinned_public_key=self.key.public_key(),
            clock=self.clock,
            new_id=self.game.new_attempt,
        )

    @property
    def settlement(self) -> Settlement:
        return Settlement(
            self.game.committer,
            self.claims,
            self.journal,
            self.chain,
            self.secondary,
            VAULT_CODE_HASH,
            self.clock,
            self.pause,
            lambda name, _: self.reports.append(name),
            self.vault,
            self.observations,
            self.watermarks,
        )

    def _watch(self) -> VaultWatch:
        return VaultWatch(
            chain=self.chain,
            store=self.game.committer.store,
            claims=self.claims,
            journal=self.journal,
            watermarks=self.watermarks,
            observations=self.observations,
            configs=self.game.configs,
            clock=self.clock,
            allowed=self.vault,
            code_hash=VAULT_CODE_HASH,
            public_key=self.key.public_key().hex(),
            pause_claims=self.pause,
            report=lambda name, _: self.reports.append(name),
        )

    def request_signature(self, claim_id: str) -> SignerAnswer:
        """ports.claims.ClaimSigner: now and then the signer falls asleep with its decision made, or is away."""
        fate = self.chance.random()
        if fate < 0.1:
            raise Unavailable("away", code="signer_unavailable")
        if fate > 0.25:
            return self.signing(self.journal).sign_claim(claim_id)
        gate = threading.Event()
        signing = self.signing(GatedJournal(self.journal, gate))

        def sign_late() -> None:
            with suppress(ArenaError):
                signing.sign_claim(claim_id)

        thread = threading.Thread(target=sign_late)
        thread.start()
        self.sleepers.append((gate, thread))
        raise Unavailable("asleep", code="signer_unavailable")

    def wake_signer(self) -> None:
        if self.sleepers:
            gate, thread = self.sleepers.pop(self.chance.randrange(len(self.sleepers)))
            gate.set()
            thread.join()

    def pause(self) -> None:
        self._set_paused(is_paused=True)

    def _set_paused(self, *, is_paused: bool) -> None:
        config = self.game.configs.config
        self.game.set_config(paused=replace(config.paused, claims=is_paused))

    def settle(self) -> SettleTally:
        return settle_claims(self.settlement)

    def outcome(self, claim: Claim) -> str | None:
        key = system_key(claim.terms.account, settle_name(claim.terms.id))
        row = self.game.committer.store.row_by_key(key)
        return None if row is None else str(row.answer["outcome"])

    def jettons(self, wallet: PlayerWallet) -> int:
        return self.tvm.jetton_units(wallet.address, master=self.world.jetton_master)
