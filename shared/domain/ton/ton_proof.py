"""ton_proof: a wallet's signed statement that its owner asked us for this challenge just now.

Source: TON Connect, "Signing and verification". Nothing here verifies a signature itself or spends
the challenge; the caller passes a verifier in and consumes the challenge last and atomically,
answering `challenge_unknown` when it cannot.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.errors import Refused
from shared.domain.ton.address import Address, read_address
from shared.domain.ton.wallet_state_init import wallet_key

MAX_AGE_S: Final = 300
MAX_AHEAD_S: Final = 60
MAX_TEXT_BYTES: Final = 128
"""TON Connect allows a domain and a payload of at most 128 bytes."""

_ITEM_PREFIX: Final = b"ton-proof-item-v2/"
_SIGNED_PREFIX: Final = b"\xff\xffton-connect"

Verifier = Callable[[bytes, bytes, bytes], bool]
"""(public key, message, signature) -> whether the pure Ed25519 signature is right."""


@dataclass(frozen=True, slots=True)
class WalletProof:
    """What the client sent, typed but not believed: TonConnect's account and its ton_proof reply."""

    chain: str
    address: str
    state_init: str
    declared_public_key: str | None
    timestamp_s: int
    domain: str
    domain_bytes: int
    challenge: str
    signature: str


@dataclass(frozen=True, slots=True)
class CheckedProof:
    """A proof whose every claim holds if `signature` over `digest` verifies under `public_key`."""

    address: Address
    wallet_version: str
    public_key: bytes
    declared_public_key: str | None
    digest: bytes
    signature: bytes
    challenge: str


def read_wallet_proof(*, account: object, proof: object) -> WalletProof:
    """Take TonConnect's `account` {address, chain, walletStateInit, publicKey?} and `proof`
    {timestamp, domain {lengthBytes, value}, payload, signature} out of decoded JSON.

    Raises Refused `proof_malformed` with `extra.field` for a missing or wrongly typed field. Wallets
    send the timestamp as a number or as its decimal string; both are read.
    """
    held, item = _mapping(account, "account"), _mapping(proof, "proof")
    domain = _mapping(item.get("domain"), "proof.domain")
    declared = held.get("publicKey")
    return WalletProof(
        chain=_text(held, "chain", "account"),
        address=_text(held, "address", "account"),
        state_init=_text(held, "walletStateInit", "account"),
        declared_public_key=None if declared is None else _text(held, "publicKey", "account"),
        timestamp_s=_timestamp(item.get("timestamp")),
        domain=_text(domain, "value", "proof.domain"),
        domain_bytes=_whole(domain.get("lengthBytes"), "proof.domain.lengthBytes"),
        challenge=_text(item, "payload", "proof"),
        signature=_text(item, "signature", "proof"),
    )


def check_proof(proof: WalletProof, *, network_id: int, domains: Collection[str], now_s: int) -> CheckedProof:
    """Check everything that needs no signature, in this order, and say what must be verified.

    Raises Refused: `wrong_network`, `invalid_address` (not raw, or not workchain 0),
    `state_init_invalid`, `state_init_mismatch`, `wallet_unknown`, `domain_mismatch` (not in `domains`,
    or another length than said), `proof_expired` (older than 300 s), `proof_from_future` (more than
    60 s ahead), `proof_malformed` (a challenge that is not 1 to 128 bytes of text),
    `signature_invalid` (not 64 bytes of base64).
    """
    if proof.chain != str(network_id):
        raise Refused("the wallet is on another network", code="wrong_network")
    address = _raw_address(proof.address)
    key = wallet_key(proof.state_init, address=address)
    _check_domain(proof, domains)
    _check_age(proof.timestamp_s, now_s)
    return CheckedProof(
        address=address,
        wallet_version=key.version,
        public_key=key.public_key,
        declared_public_key=proof.declared_public_key,
        digest=proof_digest(proof, address=address),
        signature=_signature(proof.signature),
        challenge=proof.challenge,
    )


def confirm_proof(proof: CheckedProof, *, verify: Verifier) -> Address:
    """The address that is now proven; only the challenge is left to be consumed.

    Raises Refused `signature_invalid` and `public_key_mismatch` (the client declared another key
    than the one its wallet holds).
    """
    if not verify(proof.public_key, proof.digest, proof.signature):
        raise Refused("the wallet's signature is wrong", code="signature_invalid")
    declared = proof.declared_public_key
    if declared is not None and declared.lower() != proof.public_key.hex():
        raise Refused("the declared public key is not the wallet's", code="public_key_mismatch")
    return proof.address


def proof_digest(proof: WalletProof, *, address: Address) -> bytes:
    """The 32 bytes a wallet signs: sha256(0xffff "ton-connect" sha256(message))."""
    domain = proof.domain.encode()
    message = b"".join(
        (
            _ITEM_PREFIX,
            struct.pack(">i", address.workchain),
            address.hash,
            struct.pack("<I", len(domain)),
            domain,
            struct.pack("<Q", proof.timestamp_s),
            _challenge(proof.challenge),
        )
    )
    return hashlib.sha256(_SIGNED_PREFIX + hashlib.sha256(message).digest()).digest()


def _raw_address(text: str) -> Address:
    written = read_address(text)
    if written.is_bounceable is not None or written.address.workchain != 0:
        raise Refused("a wallet's address is raw and in workchain 0", code="invalid_address")
    return written.address


def _check_domain(proof: WalletProof, domains: Collection[str]) -> None:
    if proof.domain not in domains or proof.domain_bytes != len(proof.domain.encode()):
        raise Refused("the proof was made for another site", code="domain_mismatch")


def _check_age(timestamp_s: int, now_s: int) -> None:
    if timestamp_s < now_s - MAX_AGE_S:
        raise Refused("the proof is too old; connect again", code="proof_expired")
    if timestamp_s > now_s + MAX_AHEAD_S:
        raise Refused("the proof is from the future; check the clock", code="proof_from_future")


def _challenge(text: str) -> bytes:
    try:
        octets = text.encode()
    except UnicodeEncodeError as error:
        raise _malformed("proof.payload") from error
    if not 1 <= len(octets) <= MAX_TEXT_BYTES:
        raise _malformed("proof.payload")
    return octets


def _signature(text: str) -> bytes:
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("a signature is base64", code="signature_invalid") from error
    if len(octets) != 64:
        raise Refused("a signature is 64 bytes", code="signature_invalid")
    return octets


def _mapping(value: object, field: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _malformed(field)
    return value


def _text(holder: Mapping[str, Any], name: str, path: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str):
        raise _malformed(f"{path}.{name}")
    return value


def _timestamp(value: object) -> int:
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= 20):
            raise _malformed("proof.timestamp")
        value = int(value)
    return _whole(value, "proof.timestamp")


def _whole(value: object, field: str) -> int:
    if type(value) is not int or value < 0:
        raise _malformed(field)
    return value


def _malformed(field: str) -> Refused:
    return Refused(f"{field} is missing or malformed", code="proof_malformed", extra={"field": field})
