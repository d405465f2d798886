"""Random histories of claims on the real TVM: players, wallets, faults of chain and signer, the real services."""

from __future__ import annotations

import itertools
import random  # noqa: TID251 - histories come from a printed seed
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.local.chain_client import ChainClient, ChainError
from infra.local.player_wallet import PlayerWallet
from infra.local.world import World
from shared.adapters.ed25519 import verify
from shared.adapters.system_clock import FileOffsetClock
from shared.adapters.toncenter import ProviderLimits, TonCenter
from shared.adapters.toncenter_chain import ToncenterChain
from shared.domain.claim_message import wallet_transaction
from shared.domain.claims import Claim, VaultIdentity, settle_name
from shared.domain.errors import ArenaError, Refused, Unavailable
from shared.domain.ledger import system_key
from shared.domain.signing_policy import Approval
from shared.domain.ton.vault_code import VAULT_CODE_HASH
from shared.ports import Chain, SignerAnswer
from shared.services.request_claim import ClaimDesk, look_at_claim, request_claim
from shared.services.settle_claims import Settlement, SettleTally, settle_claims
from shared.services.sign_claim import ClaimSigning
from shared.services.watch_vault import VaultWatch, watch_vault
from tests.fakes import FakeLedgerStore, FakeObservations, FakeWatermarks
from tests.fakes_claims import (
    FakeApprovalStore,
    FakeClaimStore,
    FakeSignerAudit,
    FakeSignerLimits,
    FakeSigningJournal,
    FakeSigningKey,
)
from tests.local_claims import TON, advance
from tests.services.game_world import GameWorld

START_CREDITS = 100_000
APPROVAL_ABOVE = 40
DAY_S = 24 * 3600


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


class ClaimHistory:
    """A batch of players on one chain; every player's life is one history."""

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

    # ---- what services need

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
        )

    def request_signature(self, claim_id: str) -> SignerAnswer:
        """ports.ClaimSigner: now and then the signer falls asleep with its decision made, or is away."""
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

    def pause(self) -> None:
        self._set_paused(is_paused=True)

    def _set_paused(self, *, is_paused: bool) -> None:
        config = self.game.configs.config
        self.game.set_config(paused=replace(config.paused, claims=is_paused))

    # ---- what may happen

    def step(self) -> None:
        """One round: something happens to the chain, every player may do something, settle runs."""
        self.chance.choice(
            (
                self.let_time_pass,
                self.let_time_pass,
                self.let_time_pass,
                self.change_lag,
                self.stall,
                self.hold,
                self.break_provider,
                self.lie,
                self.break_jetton_wallet,
                self.toggle_pause,
                self.wake_signer,
                self.decide_approvals,
            )
        )()
        for player in self.players:
            self.chance.choice(
                (self.ask, self.ask, self.ask_again, self.send, self.send, self.send_late, self.idle)
            )(player)
        if self.chance.random() < 0.7:
            self.settle()
        self.check_books()

    def let_time_pass(self) -> None:
        advance(self.clock_file, seconds=self.chance.choice((1, 5, 30, 90, 300, 700, 2_000)))

    def change_lag(self) -> None:
        shard_s = self.chance.choice((0, 2, 30, 100, 400, 1_000))
        blocks = self.chance.choice((0, 0, 1, 5, 20))
        provider = self.chance.choice(("primary", "secondary"))
        self.tvm.control("lag", provider=provider, shard_s=shard_s, head_blocks=blocks)

    def stall(self) -> None:
        self.tvm.control("stall", stalled=self.chance.random() < 0.5)

    def hold(self) -> None:
        if self.chance.random() < 0.5:
            self.tvm.control("delay", delayed=self.chance.random() < 0.5)
        else:
            with suppress(ChainError):  # a stalled chain runs nothing
                self.tvm.control("flush", transactions=self.chance.choice((1, 2, 3, 20)))

    def break_provider(self) -> None:
        kind = self.chance.choice(("rate_limit", "server_error", "drop_message"))
        provider = self.chance.choice(("primary", "secondary"))
        self.tvm.control("fault", kind=kind, provider=provider, count=self.chance.choice((1, 2, 6)))

    def lie(self) -> None:
        """One provider at a time shows an old state or an old head; with one provider, two reads must not meet lies."""
        if self.secondary is None:
            return
        kind = self.chance.choice(("wrong_state", "wrong_head"))
        blocks = self.chance.choice((1, 3, 10, 40))
        provider = "primary"
        blocks = -blocks if kind == "wrong_head" else blocks
        self.tvm.control(
            "fault", kind=kind, provider=provider, count=self.chance.choice((1, 2, 4)), blocks=blocks
        )

    def break_jetton_wallet(self) -> None:
        command = self.chance.choice(("break_contract", "mend_contract"))
        self.tvm.control(command, address=self.world.vault_jetton_wallet)

    def toggle_pause(self) -> None:
        self._set_paused(is_paused=self.chance.random() < 0.5)

    def wake_signer(self) -> None:
        if self.sleepers:
            gate, thread = self.sleepers.pop(self.chance.randrange(len(self.sleepers)))
            gate.set()
            thread.join()

    def decide_approvals(self) -> None:
        """A person decides late, or not, or about another amount."""
        for claim in self.claims.open_claims(limit=100):
            if claim.state != "awaiting_approval" or self.chance.random() < 0.3:
                continue
            if self.chance.random() < 0.3:
                moved = replace(claim, state="rejected", reason="no", revision=claim.revision + 1)
            else:
                binding = claim.terms.binding() if self.chance.random() < 0.8 else "another"
                self.approvals.write(claim.terms.id, Approval(binding, "op", self.clock.now_ms()))
                moved = replace(claim, state="approved", revision=claim.revision + 1)
            self.claims.replace(moved, expected_revision=claim.revision)

    # ---- what a player may do

    def ask(self, player: HistoryPlayer) -> None:
        player.keys += 1
        self._ask(player, key=f"k{player.keys}")

    def ask_again(self, player: HistoryPlayer) -> None:
        if not player.keys:
            return
        if self.chance.random() < 0.5:
            self._ask(player, key=f"k{self.chance.randint(1, player.keys)}")
            return
        for claim in self.claims.of_account(player.account):
            if claim.is_open:
                with suppress(Refused, Unavailable):
                    self._keep(
                        player,
                        look_at_claim(self.desk, account=player.account, claim_id=claim.terms.id).claim,
                    )

    def _ask(self, player: HistoryPlayer, *, key: str) -> None:
        credits = 10 + int(key[1:]) * 7 % 50
        with suppress(Refused, Unavailable):
            progress = request_claim(
                self.desk, account=player.account, credits=credits, key=key, fingerprint=str(credits)
            )
            self._keep(player, progress.claim)

    def _keep(self, player: HistoryPlayer, claim: Claim) -> None:
        if claim.signature:
            player.sendable[claim.terms.id] = claim

    def send(self, player: HistoryPlayer) -> None:
        """The newest signed claim, as the miniapp would."""
        if player.sendable:
            self._send(player, list(player.sendable.values())[-1], wallet_s=300)

    def send_late(self, player: HistoryPlayer) -> None:
        """Any claim the wallet ever saw, with a wallet that does not care for its time."""
        if player.sendable:
            self._send(player, self.chance.choice(list(player.sendable.values())), wallet_s=10_000)

    def _send(self, player: HistoryPlayer, claim: Claim, *, wallet_s: int) -> None:
        now_s = self.clock.now_ms() // 1000
        transaction = wallet_transaction(claim, now_s=now_s)
        nano = self.chance.choice((transaction.amount_nano,) * 4 + (60_000_000,))
        order = {
            "validUntil": now_s + wallet_s,
            "messages": [
                {"address": transaction.address, "amount": str(nano), "payload": transaction.payload}
            ],
        }
        with suppress(ChainError):
            player.wallet.send_transaction(self.tvm, order)

    def idle(self, player: HistoryPlayer) -> None:
        """Nothing."""

    def settle(self) -> SettleTally:
        return settle_claims(self.settlement)

    # ---- the end

    def heal(self) -> None:
        """Everything works again and every sleeper wakes."""
        while self.sleepers:
            self.wake_signer()
        self.tvm.control("clear_faults")
        self.tvm.control("mend_contract", address=self.world.vault_jetton_wallet)
        for provider in ("primary", "secondary"):
            self.tvm.control("lag", provider=provider, shard_s=2, head_blocks=0, unpinned_blocks=0)
        self.tvm.control("delay", delayed=False)
        self.tvm.control("stall", stalled=False)
        self._set_paused(is_paused=False)

    def finish(self) -> None:
        """Let settle run until nothing is open; nobody asks or sends any more."""
        self.heal()
        for pause_s in (5, 700, 70, 70, DAY_S + 60, 70, 700, 70, 70):
            advance(self.clock_file, seconds=pause_s)
            self.settle()
            self.check_books()
        self.settle()

    def outcome(self, claim: Claim) -> str | None:
        key = system_key(claim.terms.account, settle_name(claim.terms.id))
        row = self.game.committer.store.row_by_key(key)
        return None if row is None else str(row.answer["outcome"])

    def check_books(self) -> None:
        for player in self.players:
            ledger = self.game.committer.view_player(player.account)
            claims = self.claims.of_account(player.account)
            by_outcome: dict[str | None, int] = {}
            for claim in claims:
                outcome = self.outcome(claim)
                by_outcome[outcome] = by_outcome.get(outcome, 0) + claim.terms.credits
            confirmed = by_outcome.get("confirmed", 0)
            assert ledger.escrow.get("AIBA", 0) == by_outcome.get(None, 0)
            assert ledger.balance("AIBA") + ledger.escrow.get("AIBA", 0) + confirmed == START_CREDITS

    def check_end(self) -> tuple[int, int]:
        """(paid, refunded) claims, after making sure that the chain and the ledger agree on each."""
        paid = refunded = 0
        for player in self.players:
            claims = self.claims.of_account(player.account)
            stuck = [self._why_open(claim) for claim in claims if claim.is_open]
            assert not stuck, f"still open: {stuck}"
            confirmed = [claim for claim in claims if self.outcome(claim) == "confirmed"]
            units = sum(claim.terms.units for claim in confirmed)
            received = self.jettons(player.wallet) - player.units_before
            assert received == units, f"received {received}, confirmed {units}"
            paid += len(confirmed)
            refunded += len(claims) - len(confirmed)
        tally = watch_vault(self._watch())
        assert (tally.unknown_outflows, tally.undecided) == (0, 0)
        return paid, refunded

    def _why_open(self, claim: Claim) -> str:
        """Everything that could have settled it, for whoever reads the failure."""
        entry = self.journal.read(claim.terms.journal_id)
        snapshot = self.chain.vault_snapshot(claim.terms.recipient)
        return f"{claim} {entry} {snapshot} reports {self.reports[-5:]} tally {self.settle()}"

    def _watch(self) -> VaultWatch:
        return VaultWatch(
            chain=self.chain,
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

    def jettons(self, wallet: PlayerWallet) -> int:
        return self.tvm.jetton_units(wallet.address, master=self.world.jetton_master)


def funded_wallets(chain: ChainClient, count: int, *, chance: random.Random) -> list[PlayerWallet]:
    wallets = [PlayerWallet(chance.randbytes(32)) for _ in range(count)]
    for wallet in wallets:
        wallet.fund(chain, nano=50 * TON)
    return wallets
