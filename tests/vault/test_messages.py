"""The operator's messages, built in Python, are understood by the contract in the TVM and by nobody else."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from infra.vault import messages
from infra.vault.messages import VaultSetup, vault_address, vault_state_init
from shared.domain.errors import InvariantBroken, Refused
from shared.domain.ton.address import Address, read_address
from shared.domain.ton.boc import write_boc_base64
from shared.domain.ton.cell import Cell
from tests.vault.conftest import run_tvm

KEY = bytes(range(1, 33))  # a fake key; nothing is signed with it
NEW_KEY = bytes(range(2, 34))
NOBODY = Address(0, bytes(32))


@cache
def accounts(vault: str = NOBODY.raw) -> dict[str, Address]:
    (found,) = run_tvm("accounts", vault)
    return {name: read_address(raw).address for name, raw in found.items()}


def setup() -> VaultSetup:
    known = accounts()
    return VaultSetup(
        owner=known["owner"],
        guardian=known["guardian"],
        jetton_master=known["master"],
        oracle_key=KEY,
        network_id=-239,
        per_claim_cap_units=10**12,
        per_day_cap_units=10**13,
        is_paused=True,
    )


@cache
def outcomes() -> list[dict[str, Any]]:
    """What the contract did with each order, one after another."""
    known = accounts(vault_address(setup()).raw)
    order = messages.ORDER_NANOTON
    steps: list[tuple[str, Cell, int]] = [
        ("owner", messages.set_jetton_wallet(known["vaultWallet"]), order),
        ("owner", messages.set_paused(is_paused=False), order),
        ("guardian", messages.set_paused(is_paused=True), order),
        ("owner", messages.set_oracle(NEW_KEY, grace_s=600), order),
        ("owner", messages.set_caps(per_claim_units=5, per_day_units=50), order),
        ("owner", messages.set_guardian(known["alice"]), order),
        ("owner", messages.top_up(), 10**9),
        (
            "owner",
            messages.withdraw_jettons(amount_units=300, to=known["bob"], query_id=1),
            messages.WITHDRAW_JETTONS_NANOTON,
        ),
        ("owner", messages.withdraw_ton(amount_nanoton=10**9, to=known["bob"]), order),
        ("owner", messages.propose_owner(known["bob"]), order),
        ("bob", messages.accept_owner(), order),
    ]
    given = {
        "stateInit": write_boc_base64(vault_state_init(setup())),
        "steps": [
            {"from": sender, "body": write_boc_base64(body), "nanoton": nanoton}
            for sender, body, nanoton in steps
        ],
    }
    return run_tvm("follow", given=json.dumps(given))


def test_the_contract_accepts_every_order_in_turn() -> None:
    assert [(each["exit"], each["aborted"]) for each in outcomes()] == [(0, False)] * 11


def test_the_address_is_the_one_the_chain_gives() -> None:
    assert outcomes()[0]["address"] == vault_address(setup()).raw


def test_a_vault_is_born_as_its_setup_says() -> None:
    state = outcomes()[0]["state"]
    assert state["paused"] is True
    assert state["networkId"] == -239
    assert (int(state["perClaimCap"]), int(state["perDayCap"])) == (10**12, 10**13)
    assert outcomes()[0]["oracle"] == KEY.hex()


def test_each_order_has_its_effect() -> None:
    known, done = accounts(vault_address(setup()).raw), outcomes()
    assert [done[step]["state"]["paused"] for step in (1, 2)] == [False, True]
    assert done[3]["oracle"] == NEW_KEY.hex()
    assert done[3]["state"]["previousUntil"] == 1_800_000_600
    assert [int(done[4]["state"][cap]) for cap in ("perClaimCap", "perDayCap")] == [5, 50]
    assert done[5]["guardian"] == known["alice"].raw
    assert int(done[6]["balance"]) > int(done[5]["balance"]) + 999_000_000
    assert int(done[7]["bobJettons"]) == 300
    assert int(done[8]["balance"]) < int(done[7]["balance"]) - 980_000_000
    assert (done[9]["owner"], done[9]["pending"]) == (known["owner"].raw, known["bob"].raw)
    assert (done[10]["owner"], done[10]["pending"]) == (known["bob"].raw, None)


def test_the_paused_flag_changes_the_address() -> None:
    assert vault_address(setup()) != vault_address(replace(setup(), is_paused=False))


@pytest.mark.parametrize(
    "weak",
    [
        bytes(32),
        bytes(31) + b"\x80",
        b"\x01" + bytes(31),
        b"\xec" + b"\xff" * 30 + b"\x7f",
        b"\xed" + b"\xff" * 31,
        b"\xee" + b"\xff" * 30 + b"\x7f",
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
    ],
    ids=bytes.hex,
)
def test_a_key_under_which_anybody_can_sign_is_refused(weak: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        messages.set_oracle(weak, grace_s=0)
    assert refusal.value.code == "weak_oracle_key"
    with pytest.raises(Refused):
        vault_state_init(replace(setup(), oracle_key=weak))


def test_a_grace_the_vault_would_cut_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        messages.set_oracle(NEW_KEY, grace_s=3_601)
    assert refusal.value.code == "grace_too_long"


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)], ids=len)
def test_a_key_of_another_length_is_never_written(key: bytes) -> None:
    with pytest.raises(InvariantBroken):
        messages.set_oracle(key, grace_s=0)


@pytest.mark.parametrize("amount", [-1, 2**120, 1.5, True])
def test_an_amount_that_is_no_coins_is_never_written(amount: Any) -> None:
    with pytest.raises(InvariantBroken):
        messages.withdraw_ton(amount_nanoton=amount, to=NOBODY)
