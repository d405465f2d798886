"""Addresses: every written form read strictly, one canonical spelling, other libraries as judges."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytoniq_core import Address as PytoniqAddress
from tonsdk.utils import Address as TonsdkAddress

from shared.domain.errors import InvariantBroken, Refused
from shared.domain.ton.address import (
    MAINNET_ID,
    TESTNET_ID,
    Address,
    bounceable,
    non_bounceable,
    parse_address,
    read_address,
    stored_address,
)

ADDRESSES = st.builds(Address, st.sampled_from([0, -1]), st.binary(min_size=32, max_size=32))
SOMEONE = Address(0, bytes(range(32)))


def friendly(*, tag: int = 0x11, workchain: int = 0, body: bytes = SOMEONE.hash, crc_xor: int = 0) -> str:
    octets = bytes((tag, workchain)) + body
    checksum = binascii.crc_hqx(octets, 0) ^ crc_xor
    return base64.urlsafe_b64encode(octets + checksum.to_bytes(2, "big")).decode()


@given(ADDRESSES, st.sampled_from([MAINNET_ID, TESTNET_ID]))
def test_every_form_of_an_address_reads_back_as_itself(address: Address, network_id: int) -> None:
    forms = [address.raw, address.raw.upper()]
    for encode in (bounceable, non_bounceable):
        text = encode(address, network_id=network_id)
        forms += [text, text.replace("-", "+").replace("_", "/")]
    for form in forms:
        assert parse_address(form, network_id=network_id) == address


@given(ADDRESSES)
def test_two_other_libraries_write_the_same_friendly_forms(address: Address) -> None:
    theirs, others = TonsdkAddress(address.raw), PytoniqAddress(address.raw)
    for encode, is_bounceable in ((bounceable, True), (non_bounceable, False)):
        for network_id, is_test in ((MAINNET_ID, False), (TESTNET_ID, True)):
            ours = encode(address, network_id=network_id)
            assert ours == theirs.to_string(True, True, is_bounceable, is_test)
            assert ours == others.to_str(
                is_user_friendly=True, is_url_safe=True, is_bounceable=is_bounceable, is_test_only=is_test
            )


def test_a_friendly_form_says_how_it_wants_to_be_treated() -> None:
    wallet = read_address(non_bounceable(SOMEONE, network_id=TESTNET_ID))
    contract = read_address(bounceable(SOMEONE, network_id=MAINNET_ID))
    plain = read_address(SOMEONE.raw)
    assert (wallet.is_bounceable, wallet.is_test_only) == (False, True)
    assert (contract.is_bounceable, contract.is_test_only) == (True, False)
    assert (plain.is_bounceable, plain.is_test_only) == (None, False)


def test_a_test_network_address_is_refused_on_mainnet_and_taken_on_testnet() -> None:
    text = non_bounceable(SOMEONE, network_id=TESTNET_ID)
    with pytest.raises(Refused) as refusal:
        parse_address(text, network_id=MAINNET_ID)
    assert refusal.value.code == "wrong_network"
    assert parse_address(text, network_id=TESTNET_ID) == SOMEONE


MALFORMED: dict[str, Any] = {
    "nothing": "",
    "not a string": 17,
    "bytes": SOMEONE.raw.encode(),
    "null": None,
    "hash alone": SOMEONE.hash.hex(),
    "63 digits": SOMEONE.raw[:-1],
    "65 digits": SOMEONE.raw + "0",
    "not hex": SOMEONE.raw[:-1] + "g",
    "digits of another script": "0:" + "١" * 64,
    "workchain 1": "1:" + SOMEONE.hash.hex(),
    "workchain 300": "300:" + SOMEONE.hash.hex(),
    "workchain -0": "-0:" + SOMEONE.hash.hex(),
    "workchain 00": "00:" + SOMEONE.hash.hex(),
    "workchain missing": ":" + SOMEONE.hash.hex(),
    "plus sign": "+0:" + SOMEONE.hash.hex(),
    "two colons": "0:0:" + SOMEONE.hash.hex(),
    "leading blank": " " + SOMEONE.raw,
    "trailing newline": SOMEONE.raw + "\n",
    "0x in the hash": "0:0x" + SOMEONE.hash.hex()[2:],
    "friendly too short": friendly()[:-1],
    "friendly too long": friendly() + "A",
    "friendly with newline": friendly() + "\n",
    "friendly padded": friendly()[:-1] + "=",
    "friendly checksum": friendly(crc_xor=1),
    "friendly tag": friendly(tag=0x12),
    "friendly tag zero": friendly(tag=0),
    "friendly workchain 1": friendly(workchain=1),
    "friendly workchain 254": friendly(workchain=0xFE),
    "friendly outside the alphabet": "!" + friendly()[1:],
    "both alphabets": friendly(body=b"\xfb\xff" * 16)[:-6].replace("_", "/", 1)
    + friendly(body=b"\xfb\xff" * 16)[-6:],
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_address_is_refused(text: Any) -> None:
    with pytest.raises(Refused) as refusal:
        parse_address(text, network_id=TESTNET_ID)
    assert refusal.value.code == "invalid_address"


@given(ADDRESSES, st.integers(0, 47), st.integers(0, 5))
def test_one_changed_bit_of_a_friendly_form_never_reads_as_an_address(
    address: Address, position: int, bit: int
) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = bounceable(address, network_id=MAINNET_ID)
    changed = alphabet[alphabet.index(text[position]) ^ 1 << bit]
    with pytest.raises(Refused):
        read_address(text[:position] + changed + text[position + 1 :])


@pytest.mark.parametrize(
    ("workchain", "octets"), [(1, bytes(32)), (True, bytes(32)), (0, bytes(31)), (0, "0" * 32)]
)
def test_an_address_outside_ton_cannot_be_made(workchain: Any, octets: Any) -> None:
    with pytest.raises(InvariantBroken):
        Address(workchain, octets)


def test_an_address_we_stored_is_canonical_or_something_is_broken() -> None:
    assert stored_address(SOMEONE.raw) == SOMEONE
    for other in ("", "0:11", SOMEONE.raw.upper(), bounceable(SOMEONE, network_id=MAINNET_ID)):
        with pytest.raises(InvariantBroken):
            stored_address(other)
