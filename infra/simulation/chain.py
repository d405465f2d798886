"""A TON vault in memory: it runs a signed claim once, in order and in time; readers see it a little late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from infra.simulation.faults import Fate, Faults
from infra.simulation.scheduler import Scheduler
from shared.adapters.ed25519 import verify
from shared.domain.claim_message import payload_of
from shared.domain.claims import ClaimTerms
from shared.domain.errors import Unavailable
from shared.domain.ton.claim_payload import payload_hash
from shared.domain.ton_views import ClaimRejection, Delivery, VaultAccount, VaultSnapshot

CODE_HASH = "simulated vault"
LAG_S = 25
BOUNCES_AFTER_S = 5


@dataclass(frozen=True, slots=True)
class Execution:
    """A claim the vault ran; aborted, its bounce gave the seqno back some seconds later."""

    recipient: str
    seqno: int
    units: int
    time_s: int
    is_aborted: bool

    def counts_at(self, time_s: int) -> bool:
        is_undone = self.is_aborted and time_s >= self.time_s + BOUNCES_AFTER_S
        return self.time_s <= time_s and not is_undone


@dataclass(slots=True)
class SimulatedChain:
    """ports.chain.Chain, and what a player's wallet may do: `execute`."""

    scheduler: Scheduler
    faults: Faults
    public_key: bytes
    executions: list[Execution] = field(default_factory=list)

    def network_id(self) -> int:
        return -3

    def vault_snapshot(self, recipient: str) -> VaultSnapshot:
        time_s = self._pinned_s()
        return VaultSnapshot(
            block_seqno=time_s,
            shard_time_s=time_s,
            logical_time=time_s,
            code_hash=CODE_HASH,
            last_seqno=self._last_seqno(recipient, time_s=time_s),
        )

    def vault_account(self) -> VaultAccount:
        raise Unavailable("The simulated vault shows no inventory", code="provider_unavailable")

    def deliveries(self, *, since_s: int, until_s: int | None = None) -> Sequence[Delivery]:
        pinned_s = self._pinned_s()
        last_s = pinned_s if until_s is None else min(pinned_s, until_s)
        return [
            Delivery(run.seqno, run.recipient, run.units, run.is_aborted, run.time_s, f"simulated {number}")
            for number, run in enumerate(self.executions)
            if since_s <= run.time_s <= last_s
        ]

    def rejections(self, *, since_s: int) -> Sequence[ClaimRejection]:
        del since_s  # nobody here sends what the vault refuses
        self._pinned_s()
        return []

    def execute(self, terms: ClaimTerms, *, valid_until_s: int, signature: bytes, is_aborted: bool) -> bool:
        """Run the claim now as the vault's contract would; False when it refuses."""
        now_s = self.scheduler.now_ms // 1000
        digest = payload_hash(payload_of(terms, valid_until_s=valid_until_s))
        is_next = self._last_seqno(terms.recipient, time_s=now_s) + 1 == terms.seqno
        if now_s > valid_until_s or not is_next or not verify(self.public_key, digest, signature):
            return False
        self.executions.append(Execution(terms.recipient, terms.seqno, terms.units, now_s, is_aborted))
        return True

    def _last_seqno(self, recipient: str, *, time_s: int) -> int:
        runs = [run for run in self.executions if run.recipient == recipient and run.counts_at(time_s)]
        return max((run.seqno for run in runs), default=0)

    def _pinned_s(self) -> int:
        """The instant of the state an answer shows; any provider may also not answer."""
        self.scheduler.give_way()
        if self.faults.of_read(may_be_stale=False) is Fate.LOST:
            raise Unavailable("simulated: the provider did not answer", code="provider_unavailable")
        lag_s = self.faults.chance.randrange(LAG_S) if self.faults.hostility else 0
        return self.scheduler.now_ms // 1000 - lag_s
