"""The bits the oracle signs: vectors agreed by three independent encoders, and what is refused."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.domain.errors import InvariantBroken
from shared.domain.ton.address import Address, read_address
from shared.domain.ton.boc import read_boc_base64
from shared.domain.ton.claim_payload import (
    REWARD_CLAIM,
    ClaimPayload,
    message_body,
    message_body_base64,
    payload_cell,
    payload_hash,
)

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "claim_payload.json").read_text()
)
PAYLOAD = ClaimPayload(
    vault=Address(0, b"\x01" * 32),
    jetton_master=Address(0, b"\x02" * 32),
    to=Address(0, b"\x03" * 32),
    amount_units=5_000_000_000,
    seqno=1,
    valid_until_s=1_800_000_000,
)
SIGNATURE = bytes(range(64))


def test_all_payload_hashes_agreed_by_three_libraries_come_out_the_same() -> None:
    assert len(VECTORS) == 500
    for vector in VECTORS:
        payload = ClaimPayload(
            vault=read_address(vector["vault"]).address,
            jetton_master=read_address(vector["master"]).address,
            to=read_address(vector["to"]).address,
            amount_units=int(vector["amount"]),
            seqno=int(vector["seqno"]),
            valid_until_s=int(vector["validUntil"]),
        )
        assert payload_hash(payload).hex() == vector["hash"], vector


@pytest.mark.parametrize("field", ["amount_units", "seqno", "valid_until_s"])
@pytest.mark.parametrize("value", [True, 1.0, -1, "1", None, 1 << 120])
def test_a_number_that_is_not_exactly_its_field_is_never_encoded(field: str, value: Any) -> None:
    with pytest.raises(InvariantBroken):
        payload_cell(replace(PAYLOAD, **{field: value}))


@pytest.mark.parametrize(("field", "bits"), [("amount_units", 120), ("seqno", 64), ("valid_until_s", 32)])
def test_each_number_reaches_the_last_value_of_its_field(field: str, bits: int) -> None:
    payload_cell(replace(PAYLOAD, **{field: (1 << bits) - 1}))
    with pytest.raises(InvariantBroken):
        payload_cell(replace(PAYLOAD, **{field: 1 << bits}))


@pytest.mark.parametrize("field", ["vault", "jetton_master", "to"])
def test_an_address_in_words_is_never_encoded(field: str) -> None:
    with pytest.raises(InvariantBroken):
        payload_cell(replace(PAYLOAD, **{field: PAYLOAD.to.raw}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vault", Address(0, b"\x09" * 32)),
        ("jetton_master", Address(-1, b"\x02" * 32)),
        ("to", Address(0, b"\x09" * 32)),
        ("amount_units", 1),
        ("seqno", 2),
        ("valid_until_s", 1_800_000_001),
    ],
)
def test_every_field_changes_what_is_signed(field: str, value: Any) -> None:
    assert payload_hash(replace(PAYLOAD, **{field: value})) != payload_hash(PAYLOAD)


def test_the_widest_payload_still_fits_one_cell_without_references() -> None:
    widest = payload_cell(replace(PAYLOAD, amount_units=(1 << 120) - 1))
    assert widest.bit_length == 1021
    assert widest.references == ()


def test_the_message_carries_the_signature_in_its_only_reference() -> None:
    body = message_body(PAYLOAD, signature=SIGNATURE)
    assert body.bits >> body.bit_length - 32 == REWARD_CLAIM
    assert body.bit_length == 32 + 267 + 4 + 40 + 64 + 32
    [inner] = body.references
    assert (inner.data, inner.bit_length, inner.references) == (SIGNATURE, 512, ())


def test_the_message_as_text_reads_back_as_the_same_cell() -> None:
    text = message_body_base64(PAYLOAD, signature=SIGNATURE)
    assert base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
    assert read_boc_base64(text) == message_body(PAYLOAD, signature=SIGNATURE)


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(65), bytearray(64), "0" * 64, None])
def test_a_signature_is_64_bytes_or_there_is_no_message(signature: Any) -> None:
    with pytest.raises(InvariantBroken):
        message_body(PAYLOAD, signature=signature)
