"""TON account addresses: strict reading of every written form, and the one canonical spelling.

Raw form `<workchain>:<64 hex>` and the 48-character friendly form (tag, workchain, hash, CRC-16/XMODEM)
are those of TEP-2. Only workchains 0 and -1 exist.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from shared.domain.errors import Refused, ensure

MAINNET_ID: Final = -239
TESTNET_ID: Final = -3

_BOUNCEABLE: Final = 0x11
_NON_BOUNCEABLE: Final = 0x51
_TEST_ONLY: Final = 0x80
_RAW = re.compile(r"(0|-1):([0-9a-fA-F]{64})\Z", re.ASCII)
_FRIENDLY = re.compile(r"(?:[A-Za-z0-9+/]{48}|[A-Za-z0-9_-]{48})\Z", re.ASCII)
_URL_SAFE = str.maketrans("-_", "+/")
_WORKCHAIN_OF_BYTE: Final = {0x00: 0, 0xFF: -1}


@dataclass(frozen=True, slots=True)
class Address:
    """One account: `workchain` 0 or -1 and the 32 bytes of its state init's hash."""

    workchain: int
    hash: bytes

    def __post_init__(self) -> None:
        ensure(type(self.workchain) is int and self.workchain in (0, -1), "a workchain is 0 or -1")
        ensure(type(self.hash) is bytes and len(self.hash) == 32, "an account's hash is 32 bytes")

    @property
    def raw(self) -> str:
        """The canonical spelling, the only one we store: `0:<64 lower-case hex>`."""
        return f"{self.workchain}:{self.hash.hex()}"


@dataclass(frozen=True, slots=True)
class WrittenAddress:
    """An address with the wishes its friendly form carries; a raw form carries none (None, False)."""

    address: Address
    is_bounceable: bool | None
    is_test_only: bool


def read_address(text: object) -> WrittenAddress:
    """Read a raw or friendly address without judging its network.

    Raises Refused `invalid_address`: not a string, wrong length or alphabet, both base64 alphabets
    mixed, unknown tag or workchain, wrong checksum.
    """
    if not isinstance(text, str):
        raise _invalid("an address is a string")
    raw = _RAW.match(text)
    if raw is not None:
        return WrittenAddress(Address(int(raw[1]), bytes.fromhex(raw[2])), None, is_test_only=False)
    if _FRIENDLY.match(text) is None:
        raise _invalid("an address is <workchain>:<64 hex> or 48 characters of base64")
    return _read_friendly(base64.b64decode(text.translate(_URL_SAFE), validate=True))


def parse_address(text: object, *, network_id: int) -> Address:
    """Read an address meant for the network `network_id` (-239 mainnet, -3 testnet).

    Raises Refused `invalid_address` as `read_address` does, and `wrong_network` for an address that
    says of itself that it is for test networks only where this is not one. Testnet takes both kinds,
    because wallets there write both.
    """
    written = read_address(text)
    if written.is_test_only and network_id == MAINNET_ID:
        raise Refused("this address is for test networks only", code="wrong_network")
    return written.address


def stored_address(raw: str) -> Address:
    """Take back an address we wrote ourselves: `raw` is canonical already, or InvariantBroken."""
    ensure(_RAW.match(raw) and raw == raw.lower(), "addresses are stored in their canonical raw form")
    workchain, digest = raw.split(":")
    return Address(int(workchain), bytes.fromhex(digest))


def bounceable(address: Address, *, network_id: int) -> str:
    """The friendly URL-safe form for contracts: a message that fails there returns its coins."""
    return _friendly(address, _BOUNCEABLE, network_id)


def non_bounceable(address: Address, *, network_id: int) -> str:
    """The friendly URL-safe form for people's wallets, which may not be deployed yet."""
    return _friendly(address, _NON_BOUNCEABLE, network_id)


def _read_friendly(octets: bytes) -> WrittenAddress:
    if binascii.crc_hqx(octets[:34], 0) != int.from_bytes(octets[34:], "big"):
        raise _invalid("the address's checksum is wrong")
    tag = octets[0] & ~_TEST_ONLY
    if tag not in (_BOUNCEABLE, _NON_BOUNCEABLE):
        raise _invalid("the address's tag is unknown")
    workchain = _WORKCHAIN_OF_BYTE.get(octets[1])
    if workchain is None:
        raise _invalid("the address's workchain is neither 0 nor -1")
    return WrittenAddress(
        Address(workchain, octets[2:34]),
        is_bounceable=tag == _BOUNCEABLE,
        is_test_only=bool(octets[0] & _TEST_ONLY),
    )


def _friendly(address: Address, tag: int, network_id: int) -> str:
    marked = tag if network_id == MAINNET_ID else tag | _TEST_ONLY
    octets = bytes((marked, address.workchain & 0xFF)) + address.hash
    return base64.urlsafe_b64encode(octets + binascii.crc_hqx(octets, 0).to_bytes(2, "big")).decode()


def _invalid(detail: str) -> Refused:
    return Refused(detail, code="invalid_address")
