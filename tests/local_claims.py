"""Claims on the local chain without any of our functions: signed by a test's own oracle key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from infra.local.chain_client import ChainClient, slice_argument
from infra.local.clock import read_offset_ms, write_offset_ms
from infra.local.player_wallet import PlayerWallet
from infra.local.world import World
from shared.domain.ton.address import bounceable, read_address
from shared.domain.ton.claim_payload import ClaimPayload, message_body_base64, payload_hash

TON = 10**9
CLAIM_NANO = 100_000_000


def advance(clock: Path, *, seconds: int) -> None:
    """Move the stack's clock forward for everybody who reads it."""
    write_offset_ms(clock, read_offset_ms(clock) + 1000 * seconds)


@dataclass(frozen=True, slots=True)
class Claimant:
    """A player with a funded wallet, and the oracle that signs whatever it is asked."""

    chain: ChainClient
    world: World
    oracle: SigningKey
    wallet: PlayerWallet

    @classmethod
    def funded(cls, chain: ChainClient, world: World, oracle: SigningKey) -> Claimant:
        wallet = PlayerWallet()
        wallet.fund(chain, nano=5 * TON)
        return cls(chain, world, oracle, wallet)

    def transaction(
        self, *, seqno: int, units: int, valid_until_s: int, wallet_until_s: int | None = None
    ) -> dict[str, Any]:
        """The TonConnect object of a signed claim."""
        payload = ClaimPayload(
            vault=read_address(self.world.vault).address,
            jetton_master=read_address(self.world.jetton_master).address,
            to=self.wallet.account,
            amount_units=units,
            seqno=seqno,
            valid_until_s=valid_until_s,
        )
        signature = self.oracle.sign(payload_hash(payload)).signature
        return {
            "validUntil": valid_until_s + 60 if wallet_until_s is None else wallet_until_s,
            "network": str(self.world.network_id),
            "from": self.wallet.address,
            "messages": [
                {
                    "address": bounceable(payload.vault, network_id=self.world.network_id),
                    "amount": str(CLAIM_NANO),
                    "payload": message_body_base64(payload, signature=signature),
                }
            ],
        }

    def claim(self, *, seqno: int, units: int) -> None:
        """Sign and send with ten minutes of time."""
        valid_until_s = self.chain.control("state")["shard_time_s"] + 600
        transaction = self.transaction(seqno=seqno, units=units, valid_until_s=valid_until_s)
        self.wallet.send_transaction(self.chain, transaction)

    def jetton_units(self) -> int:
        return self.chain.jetton_units(self.wallet.address, master=self.world.jetton_master)

    def last_seqno(self, *, seqno: int | None = None) -> int:
        """getLastSeqno, pinned to masterchain block `seqno` when given."""
        stack = self.chain.get(
            self.world.vault, "getLastSeqno", slice_argument(self.wallet.address), seqno=seqno
        )
        return int(stack[0][1], 16)
