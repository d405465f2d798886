"""A claim in TON's words: the payload the oracle signs, and the transaction the player's wallet sends."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.ton.address import bounceable, parse_address
from shared.domain.ton.claim_payload import ClaimPayload, message_body, message_body_base64

if TYPE_CHECKING:
    from shared.domain.claims import Claim, ClaimTerms

ATTACHED_NANO: Final = 100_000_000
"""0.1 TON: the vault asks for 0.08 at least, and what is left returns to the player."""

WALLET_MARGIN_S: Final = 30
WALLET_WINDOW_S: Final = 300


@dataclass(frozen=True, slots=True)
class WalletTransaction:
    """What goes straight into TonConnect's `sendTransaction`; amounts in nanotons, times in unix seconds."""

    valid_until_s: int
    network: str
    sender: str
    address: str
    amount_nano: int
    payload: str


def payload_of(terms: ClaimTerms, *, valid_until_s: int) -> ClaimPayload:
    """The typed fields the signer builds its cell from."""
    return ClaimPayload(
        vault=parse_address(terms.vault, network_id=terms.network),
        jetton_master=parse_address(terms.jetton_master, network_id=terms.network),
        to=parse_address(terms.recipient, network_id=terms.network),
        amount_units=terms.units,
        seqno=terms.seqno,
        valid_until_s=valid_until_s,
    )


def message_hash(terms: ClaimTerms, *, valid_until_s: int, signature: str) -> str:
    """Hash (hex) of the body the wallet sends to the vault: by it a transaction is known to be this claim's."""
    payload = payload_of(terms, valid_until_s=valid_until_s)
    return message_body(payload, signature=base64.b64decode(signature)).hash.hex()


def is_sendable(claim: Claim, *, now_s: int) -> bool:
    """Whether a wallet still has time to send the signed claim."""
    return claim.state == "signed" and claim.valid_until_s - WALLET_MARGIN_S > now_s


def wallet_transaction(claim: Claim, *, now_s: int) -> WalletTransaction:
    """The signed claim as the wallet's message; bounceable, so that a refused claim returns its TON.

    The wallet's own deadline ends before the signature's, lest it send what the vault must refuse.
    """
    terms = claim.terms
    payload = payload_of(terms, valid_until_s=claim.valid_until_s)
    return WalletTransaction(
        valid_until_s=min(claim.valid_until_s - WALLET_MARGIN_S, now_s + WALLET_WINDOW_S),
        network=str(terms.network),
        sender=terms.recipient,
        address=bounceable(payload.vault, network_id=terms.network),
        amount_nano=ATTACHED_NANO,
        payload=message_body_base64(payload, signature=base64.b64decode(claim.signature)),
    )
