"""A vault that the test pays out of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.errors import Unavailable
from shared.domain.ton.address import stored_address
from shared.domain.ton_views import ClaimRejection, Delivery, VaultAccount, VaultSnapshot


class FakeChain:
    """ports.chain.Chain in memory: a vault that pays what a test tells it to; `advance` makes a block."""

    def __init__(self, account: VaultAccount, *, network_id: int = -239) -> None:
        self.account = account
        self.global_id = network_id
        self.logical_time = 1
        self.last_seqnos: dict[str, int] = {}
        self.delivered: list[Delivery] = []
        self.rejected: list[ClaimRejection] = []
        self.is_down = False
        self.deliveries_told = 10_000

    def network_id(self) -> int:
        self._answer()
        return self.global_id

    def vault_snapshot(self, recipient: str) -> VaultSnapshot:
        last_seqno = self.last_seqnos.get(stored_address(recipient).raw, 0)
        self._answer()
        return VaultSnapshot(
            block_seqno=self.account.block_seqno,
            shard_time_s=self.account.shard_time_s,
            logical_time=self.logical_time,
            code_hash=self.account.code_hash,
            last_seqno=last_seqno,
        )

    def vault_account(self) -> VaultAccount:
        self._answer()
        return self.account

    def deliveries(self, *, since_s: int, until_s: int | None = None) -> Sequence[Delivery]:
        self._answer()
        last_s = self.account.shard_time_s if until_s is None else until_s
        found = [delivery for delivery in self.delivered if since_s <= delivery.time_s <= last_s]
        if len(found) > self.deliveries_told:
            raise Unavailable("Too many for the time there is", code="provider_unavailable")
        return found

    def rejections(self, *, since_s: int) -> Sequence[ClaimRejection]:
        self._answer()
        return [rejection for rejection in reversed(self.rejected) if rejection.time_s >= since_s]

    def reject_claim(self, body_hash: str, *, exit_code: int | None) -> None:
        """The vault refuses a claim message; nothing but its own history knows."""
        name = f"fake rejection {len(self.rejected)}"
        self.rejected.append(ClaimRejection(body_hash, exit_code, self.account.shard_time_s, name))
        self.advance(seconds=1)

    def execute_claim(self, recipient: str, *, seqno: int, units: int, is_aborted: bool = False) -> None:
        """The vault runs a claim and its jetton wallet delivers; aborted, the bounce puts all of it back."""
        if not is_aborted:
            self.account = replace(
                self.account,
                recipients=self.account.recipients + (recipient not in self.last_seqnos),
                jetton_units=self.account.jetton_units - units,
                day_spent_units=self.account.day_spent_units + units,
            )
            self.last_seqnos[recipient] = seqno
        self.logical_time += 1
        self.delivered.append(
            Delivery(
                query_id=seqno,
                recipient=recipient,
                amount_units=units,
                is_aborted=is_aborted,
                time_s=self.account.shard_time_s,
                transaction_hash=f"fake transaction {len(self.delivered)}",
            )
        )
        self.advance(seconds=1)

    def advance(self, *, seconds: int) -> None:
        self.account = replace(
            self.account,
            block_seqno=self.account.block_seqno + 1,
            shard_time_s=self.account.shard_time_s + seconds,
        )

    def _answer(self) -> None:
        if self.is_down:
            raise Unavailable("The fake chain is down", code="provider_unavailable")
