"""A player's wallet for the local chain: a v4r2 contract that proves its address and sends what TonConnect asks."""

from __future__ import annotations

import base64
import functools
import hashlib
import secrets
import struct
from collections.abc import Mapping
from typing import Any, Final

from nacl.signing import SigningKey
from tonsdk.contract.wallet import WalletV4ContractR2

from infra.local.chain_client import ChainClient
from infra.local.jetton import state_init
from shared.domain.ton.address import Address, read_address
from shared.domain.ton.boc import read_boc, read_boc_base64, write_boc_base64
from shared.domain.ton.cell import Cell, CellBuilder

WALLET_ID: Final = 698983191
PAY_FEES_SEPARATELY_AND_IGNORE_ERRORS: Final = 3
MAX_MESSAGES: Final = 4


class PlayerWallet:
    """One key and its v4r2 contract, deployed by the first message it sends."""

    def __init__(self, seed: bytes | None = None) -> None:
        self._key = SigningKey(secrets.token_bytes(32) if seed is None else seed)
        self._state_init = state_init(code=_v4r2_code(), data=self._initial_data())

    @property
    def public_key_hex(self) -> str:
        return bytes(self._key.verify_key).hex()

    @property
    def account(self) -> Address:
        return Address(0, self._state_init.hash)

    @property
    def address(self) -> str:
        """Raw."""
        return self.account.raw

    @property
    def state_init_base64(self) -> str:
        """TonConnect's `walletStateInit`."""
        return write_boc_base64(self._state_init)

    def tonconnect_account(self, *, network_id: int) -> dict[str, str]:
        """The `account` a wallet hands to a TonConnect client."""
        return {
            "address": self.address,
            "chain": str(network_id),
            "walletStateInit": self.state_init_base64,
            "publicKey": self.public_key_hex,
        }

    def prove(self, *, domain: str, challenge: str, now_s: int) -> dict[str, Any]:
        """The `proof` of a ton_proof reply (TonConnect's ton-proof-item-v2), made at `now_s`."""
        site = domain.encode()
        message = b"".join(
            (
                b"ton-proof-item-v2/",
                struct.pack(">i", self.account.workchain),
                self.account.hash,
                struct.pack("<I", len(site)) + site,
                struct.pack("<Q", now_s),
                challenge.encode(),
            )
        )
        digest = hashlib.sha256(b"\xff\xffton-connect" + hashlib.sha256(message).digest()).digest()
        return {
            "timestamp": now_s,
            "domain": {"lengthBytes": len(site), "value": domain},
            "payload": challenge,
            "signature": base64.b64encode(self._key.sign(digest).signature).decode(),
        }

    def fund(self, chain: ChainClient, *, nano: int) -> None:
        """Give the wallet TON from the owner of the local world."""
        chain.control("fund", address=self.address, nano=str(nano))

    def seqno(self, chain: ChainClient) -> int:
        """The number the next external message must carry; 0 before the wallet is deployed."""
        if chain.account(self.address)["state"] != "active":
            return 0
        return int(chain.get(self.address, "seqno")[0][1], 16)

    def send_transaction(self, chain: ChainClient, transaction: Mapping[str, Any]) -> str:
        """Sign and send a TonConnect transaction object; the external message as base64 BoC.

        Raises ValueError when the object is for another network or wallet, ChainError when the
        chain does not accept the message.
        """
        network_id = chain.control("state")["network_id"]
        if transaction.get("network", str(network_id)) != str(network_id):
            raise ValueError("the transaction is for another network")
        if transaction.get("from", self.address) != self.address:
            raise ValueError("the transaction is for another wallet")
        message = self.external_message(transaction, seqno=self.seqno(chain))
        chain.send(message)
        return write_boc_base64(message)

    def external_message(self, transaction: Mapping[str, Any], *, seqno: int) -> Cell:
        """The signed message; it runs until the transaction's own `validUntil`, whatever clock rules here."""
        messages = transaction["messages"]
        if not 1 <= len(messages) <= MAX_MESSAGES:
            raise ValueError("a v4 wallet sends one to four messages at once")
        unsigned = self._order(messages, valid_until_s=transaction["validUntil"], seqno=seqno)
        signed = CellBuilder().octets(self._key.sign(unsigned.build().hash).signature)
        body = self._order(messages, valid_until_s=transaction["validUntil"], seqno=seqno, builder=signed)
        envelope = CellBuilder().unsigned(0b1000, bits=4).address(self.account).coins(0)
        if seqno == 0:
            envelope.unsigned(0b11, bits=2).reference(self._state_init)
        else:
            envelope.unsigned(0, bits=1)
        return envelope.unsigned(1, bits=1).reference(body.build()).build()

    def _order(
        self, messages: Any, *, valid_until_s: int, seqno: int, builder: CellBuilder | None = None
    ) -> CellBuilder:
        """What is signed: wallet id, valid until, seqno, simple send, then mode and message each."""
        order = CellBuilder() if builder is None else builder
        order.unsigned(WALLET_ID, bits=32).unsigned(valid_until_s, bits=32).unsigned(seqno, bits=32)
        order.unsigned(0, bits=8)
        for message in messages:
            order.unsigned(PAY_FEES_SEPARATELY_AND_IGNORE_ERRORS, bits=8).reference(_internal(message))
        return order

    def _initial_data(self) -> Cell:
        head = CellBuilder().unsigned(0, bits=32).unsigned(WALLET_ID, bits=32)
        return head.octets(bytes(self._key.verify_key)).unsigned(0, bits=1).build()


def _internal(message: Mapping[str, Any]) -> Cell:
    """One TonConnect message as int_msg_info: a raw address is bounceable, a friendly one says itself."""
    written = read_address(message["address"])
    is_bounceable = written.is_bounceable is not False
    header = (
        CellBuilder().unsigned(0b011 if is_bounceable else 0b010, bits=3).unsigned(0, bits=1).no_address()
    )
    header.address(written.address).coins(int(message["amount"]))
    header.unsigned(
        0, bits=1 + 4 + 4 + 64 + 32
    )  # no extra currencies, no fees, no time: the wallet fills them in
    if message.get("stateInit"):
        header.unsigned(0b11, bits=2).reference(read_boc_base64(message["stateInit"]))
    else:
        header.unsigned(0, bits=1)
    if message.get("payload"):
        return header.unsigned(1, bits=1).reference(read_boc_base64(message["payload"])).build()
    return header.unsigned(0, bits=1).build()


@functools.cache
def _v4r2_code() -> Cell:
    """The compiled contract as tonsdk carries it; the keys do not matter for its code."""
    wallet = WalletV4ContractR2(public_key=bytes(32), private_key=bytes(64), wc=0)
    return read_boc(bytes(wallet.create_state_init()["code"].to_boc(has_idx=False)))
