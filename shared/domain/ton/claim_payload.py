"""What the oracle signs for a claim, and the message body that carries it to the vault.

Deployed vaults and clients depend on these bits, and they never change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.errors import ensure
from shared.domain.ton.boc import write_boc_base64
from shared.domain.ton.cell import Cell, CellBuilder

if TYPE_CHECKING:
    from shared.domain.ton.address import Address

REWARD_CLAIM: Final = 0x3B5D2B44
SIGNATURE_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class ClaimPayload:
    """A claim as the vault checks it: jetton units, seqno per recipient, unix seconds.

    Any workchain of TON and any uint64 seqno can be encoded; what may be signed is policy's business.
    A value that does not fit its field raises InvariantBroken when the cell is built.
    """

    vault: Address
    jetton_master: Address
    to: Address
    amount_units: int
    seqno: int
    valid_until_s: int


def payload_cell(payload: ClaimPayload) -> Cell:
    """vault, jetton master, to: addr_std; amount: coins; seqno: uint64; validUntil: uint32."""
    builder = CellBuilder().address(payload.vault).address(payload.jetton_master)
    return _claim_fields(builder, payload).build()


def payload_hash(payload: ClaimPayload) -> bytes:
    """The 32 bytes to sign with pure Ed25519."""
    return payload_cell(payload).hash


def message_body(payload: ClaimPayload, *, signature: bytes) -> Cell:
    """RewardClaim#3b5d2b44 to amount seqno validUntil ^[signature:bits512].

    The signature goes into a reference because beside three addresses it would overflow 1023 bits;
    the vault answers exit code 9 to a body that tries.
    """
    ensure(type(signature) is bytes and len(signature) == SIGNATURE_BYTES, "a signature is 64 bytes")
    body = _claim_fields(CellBuilder().unsigned(REWARD_CLAIM, bits=32), payload)
    return body.reference(CellBuilder().octets(signature).build()).build()


def message_body_base64(payload: ClaimPayload, *, signature: bytes) -> str:
    """The body as base64 BoC, ready for TonConnect's `payload`: no client has to build cells."""
    return write_boc_base64(message_body(payload, signature=signature))


def _claim_fields(builder: CellBuilder, payload: ClaimPayload) -> CellBuilder:
    return (
        builder.address(payload.to)
        .coins(payload.amount_units)
        .unsigned(payload.seqno, bits=64)
        .unsigned(payload.valid_until_s, bits=32)
    )
