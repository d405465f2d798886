"""Random histories of claims on the real TVM: players, wallets, faults of chain and signer, the real services."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from infra.local.chain_client import ChainError
from shared.domain.claim_message import wallet_transaction
from shared.domain.claims import Claim
from shared.domain.errors import Refused, Unavailable
from shared.domain.signing_policy import Approval
from shared.services.request_claim import look_at_claim, request_claim
from shared.services.watch_vault import watch_vault
from tests.e2e.history_parts import HistoryPlayer
from tests.e2e.history_services import START_CREDITS, HistoryServices
from tests.local_claims import advance

DAY_S = 24 * 3600


class ClaimHistory(HistoryServices):
    """A batch of players on one chain; every player's life is one history."""

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
