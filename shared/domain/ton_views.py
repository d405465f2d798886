"""What a pinned read of the chain tells us about the vault, in plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VaultSnapshot:
    """One account state of the vault at masterchain block `block_seqno`.

    `shard_time_s` is the shard block's own time of that state, the only time a refund may rest on.
    `last_seqno` is getLastSeqno(recipient) in the same state; `logical_time` orders states.
    """

    block_seqno: int
    shard_time_s: int
    logical_time: int
    code_hash: str
    last_seqno: int


@dataclass(frozen=True, slots=True)
class VaultAccount:
    """The vault's whole configuration and inventory at one pinned block; amounts in units and nanotons.

    `jetton_units` is what its jetton wallet holds; caps are jetton units; `previous_key` is valid
    until `previous_key_until_s` (0: none).
    """

    block_seqno: int
    shard_time_s: int
    code_hash: str
    ton_nano: int
    jetton_units: int
    jetton_master: str
    jetton_wallet: str
    owner: str
    public_key: str
    is_paused: bool
    claim_cap_units: int
    day_cap_units: int
    day_spent_units: int
    recipients: int
    network_id: int
    previous_key_until_s: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One jetton transfer out of the vault: `query_id` is the claim's seqno, `recipient` its owner's raw address."""

    query_id: int
    recipient: str
    amount_units: int
    is_aborted: bool
    time_s: int
    transaction_hash: str


@dataclass(frozen=True, slots=True)
class ClaimRejection:
    """A claim message the vault refused: `body_hash` (hex) is the message's body, whoever sent it.

    `exit_code` is the contract's, None when its code did not even run (no gas).
    """

    body_hash: str
    exit_code: int | None
    time_s: int
    transaction_hash: str
