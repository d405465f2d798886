"""A player with credits and a wallet, a vault, and everything a claim meets between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.adapters.ed25519 import verify
from shared.domain.claim_message import message_hash
from shared.domain.claims import Claim, VaultIdentity, claim_id, settle_name
from shared.domain.ledger import client_key, system_key
from shared.domain.signing_policy import Approval
from shared.domain.ton_views import VaultAccount
from shared.ports.claims import SignerAnswer
from shared.services.link_wallet import release_former_name
from shared.services.read_claims import report_sent
from shared.services.release_names import NameKeeper, release_unused_names
from shared.services.request_claim import ClaimDesk, ClaimProgress, look_at_claim, request_claim
from shared.services.run_janitor import Janitor, run_janitor
from shared.services.settle_claims import SettleTally, settle_claims
from shared.services.settlement import Settlement
from shared.services.sign_claim import ClaimSigning
from shared.services.watch_vault import VaultWatch, WatchTally, watch_vault
from tests.fakes.chain import FakeChain
from tests.fakes.claims import FakeApprovalStore, FakeClaimSigner, FakeClaimStore
from tests.fakes.observations import FakeObservations
from tests.fakes.signing import FakeSignerAudit, FakeSignerLimits, FakeSigningJournal, FakeSigningKey
from tests.fakes.wallets import FakeWalletNames
from tests.fakes.watermarks import FakeWatermarks
from tests.services.game_world import GameWorld

CODE_HASH = "ab" * 32
OWNER = "0:" + "44" * 32
VAULT = VaultIdentity(
    network=-3, vault="0:" + "11" * 32, jetton_master="0:" + "22" * 32, units_per_credit=10**9
)
START_CREDITS = 10_000
DAY_S = 24 * 3600
KEY_SEED = bytes(range(32))  # fake, for tests only


def wallet_address(number: int) -> str:
    return f"0:{number:064x}"


class ClaimWorld:
    """One process of each function over shared stores; parts may be replaced before or between calls."""

    def __init__(self, *, store: Any = None, wrap: Any = lambda name, part: part) -> None:
        self.game = GameWorld(store=None if store is None else wrap("ledger", store))
        if store is None:
            self.game = GameWorld(store=wrap("ledger", self.game.store))
        self.clock, self.configs, self.committer = self.game.clock, self.game.configs, self.game.committer
        self.fake_claims, self.fake_journal = FakeClaimStore(), FakeSigningJournal()
        self.claims: Any = wrap("claims", self.fake_claims)
        self.journal: Any = wrap("journal", self.fake_journal)
        self.approvals: Any = wrap("approvals", FakeApprovalStore())
        self.limits: Any = wrap("limits", FakeSignerLimits())
        self.fake_audit = FakeSignerAudit()
        self.audit: Any = wrap("audit", self.fake_audit)
        self.names, self.watermarks = FakeWalletNames(), FakeWatermarks()
        self.fake_observations = FakeObservations()
        self.observations: Any = wrap("observations", self.fake_observations)
        self.fake_key = FakeSigningKey(KEY_SEED)
        self.key: Any = wrap("key", self.fake_key)
        self.fake_chain = FakeChain(self._vault_account(), network_id=VAULT.network)
        self.chain: Any = wrap("chain", self.fake_chain)
        self.secondary: Any = None
        self.reports: list[tuple[str, Mapping[str, Any]]] = []
        self.signer = FakeClaimSigner(self._sign)

    def _sign(self, claim: str) -> SignerAnswer:
        return self.signing.sign_claim(claim)

    def _vault_account(self) -> VaultAccount:
        return VaultAccount(
            block_seqno=1_000,
            shard_time_s=self.clock.now_ms() // 1000,
            code_hash=CODE_HASH,
            ton_nano=10**9,
            jetton_units=10**6 * VAULT.units_per_credit,
            jetton_master=VAULT.jetton_master,
            jetton_wallet="0:" + "33" * 32,
            owner=OWNER,
            public_key=FakeSigningKey(KEY_SEED).public_key().hex(),
            is_paused=False,
            claim_cap_units=10**6 * VAULT.units_per_credit,
            day_cap_units=10**6 * VAULT.units_per_credit,
            day_spent_units=0,
            recipients=0,
            network_id=VAULT.network,
            previous_key_until_s=0,
        )

    @property
    def desk(self) -> ClaimDesk:
        return ClaimDesk(
            self.committer, self.claims, self.journal, self.configs, self.chain, self.signer, VAULT
        )

    @property
    def signing(self) -> ClaimSigning:
        return ClaimSigning(
            committer=self.committer,
            claims=self.claims,
            approvals=self.approvals,
            journal=self.journal,
            limits=self.limits,
            audit=self.audit,
            configs=self.configs,
            key=self.key,
            verify=verify,
            allowed=VAULT,
            pinned_public_key=FakeSigningKey(KEY_SEED).public_key(),
            clock=self.clock,
            new_id=self.game.new_attempt,
        )

    @property
    def settlement(self) -> Settlement:
        return Settlement(
            self.committer,
            self.claims,
            self.journal,
            self.chain,
            self.secondary,
            CODE_HASH,
            self.clock,
            self.pause,
            lambda name, facts: self.reports.append((name, facts)),
            VAULT,
            self.observations,
            self.watermarks,
        )

    @property
    def watch(self) -> VaultWatch:
        return VaultWatch(
            chain=self.chain,
            store=self.committer.store,
            claims=self.claims,
            journal=self.journal,
            watermarks=self.watermarks,
            observations=self.observations,
            configs=self.configs,
            clock=self.clock,
            allowed=VAULT,
            code_hash=CODE_HASH,
            public_key=FakeSigningKey(KEY_SEED).public_key().hex(),
            pause_claims=self.pause,
            report=lambda name, facts: self.reports.append((name, facts)),
        )

    def pause(self) -> None:
        self.set_paused(claims=True)

    def set_paused(self, **switches: bool) -> None:
        config = self.configs.config
        self.game.set_config(paused=replace(config.paused, **switches), revision=config.revision + 1)

    @property
    def is_paused(self) -> bool:
        return self.configs.config.paused.claims

    @property
    def reported(self) -> list[str]:
        return [name for name, _ in self.reports]

    def player(self, number: int = 1, *, credits: int = START_CREDITS) -> str:
        """A player whose wallet was linked long ago."""
        account = self.game.register(number)
        self.game.give(account, "AIBA", credits)
        self.link(account, number)
        return account

    def link(self, account: str, number: int) -> None:
        """A wallet as the linking row stores it, linked long enough ago."""
        wallet = {
            "address": wallet_address(number),
            "network": VAULT.network,
            "publicKey": "55" * 32,
            "version": "v4r2",
            "ticket": f"ticket-{number}",
            "linkedMs": self.clock.now_ms() - 40 * 3_600_000,
        }
        self.game.change(account, wallet=wallet)

    def ask(self, account: str, credits: int = 100, *, key: str = "k1", fp: str = "f") -> ClaimProgress:
        return request_claim(self.desk, account=account, credits=credits, key=key, fingerprint=fp)

    def look(self, account: str, claim: str) -> ClaimProgress:
        return look_at_claim(self.desk, account=account, claim_id=claim)

    def report_sent(self, account: str, claim: str, boc: str) -> ClaimProgress:
        return report_sent(self.desk, account=account, claim_id=claim, boc=boc)

    def claim_of(self, account: str, key: str = "k1") -> Claim:
        claim = self.fake_claims.read(claim_id(client_key(account, key)))
        assert claim is not None
        return claim

    def approve(self, claim: Claim, *, binding: str | None = None) -> None:
        """As the admin function does: the approval, then the claim's state."""
        approval = Approval(binding or claim.terms.binding(), "op", self.clock.now_ms())
        self.approvals.write(claim.terms.id, approval)
        current = self.claims.read(claim.terms.id)
        moved = replace(current, state="approved", revision=current.revision + 1)
        self.claims.replace(moved, expected_revision=current.revision)

    def move(self, claim: Claim, **changes: Any) -> None:
        current = self.fake_claims.claims[claim.terms.id]
        self.fake_claims.claims[claim.terms.id] = replace(current, **changes, revision=current.revision + 1)

    def execute(self, claim: Claim, *, is_aborted: bool = False) -> None:
        """The vault pays the claim."""
        terms = claim.terms
        self.fake_chain.execute_claim(
            terms.recipient, seqno=terms.seqno, units=terms.units, is_aborted=is_aborted
        )

    def refuse_on_chain(self, claim: Claim, *, exit_code: int | None) -> None:
        body = message_hash(claim.terms, valid_until_s=claim.valid_until_s, signature=claim.signature)
        self.fake_chain.reject_claim(body, exit_code=exit_code)

    def advance(self, *, seconds: int) -> None:
        """Our clock and the vault's shard go on together."""
        self.clock.advance(seconds=seconds)
        self.fake_chain.advance(seconds=seconds)

    def settle(self) -> SettleTally:
        return settle_claims(self.settlement)

    def look_at_vault(self) -> WatchTally:
        return watch_vault(self.watch)

    def clean(self) -> None:
        janitor = Janitor(
            self.committer,
            self.claims,
            self.watermarks,
            self.observations,
            self.clock,
            self.committer.store.close_row,
            lambda row: release_former_name(row, names=self.names, now_ms=self.clock.now_ms()),
        )
        run_janitor(janitor)
        release_unused_names(NameKeeper(self.committer, self.names, self.watermarks, self.clock))

    def money(self, account: str) -> tuple[int, int]:
        """(balance, escrow) of AIBA."""
        player = self.committer.view_player(account)
        return player.balance("AIBA"), player.escrow.get("AIBA", 0)

    def settle_row(self, claim: Claim) -> Any:
        return self.committer.store.row_by_key(system_key(claim.terms.account, settle_name(claim.terms.id)))
