"""toncenter's adapter against a provider that lies: a value is right or there is none."""

from __future__ import annotations

from typing import Any

import pytest
from nacl.signing import SigningKey

from infra.local.chain_client import ChainClient
from infra.local.world import World
from shared.domain.ton.address import read_address
from shared.domain.ton.boc import write_boc_base64
from shared.domain.ton.cell import CellBuilder
from tests.adapters.distorting_proxy import DistortingProxy, Document
from tests.adapters.toncenter.lies import (
    MISSING,
    OTHER_BLOCK,
    OTHER_DIGEST,
    SOMEONE,
    UNITS,
    Connect,
    changing,
    named,
    reason_of,
)
from tests.local_claims import Claimant

OTHER_STATE = {"lt": "1", "hash": OTHER_DIGEST}

SOMEONES_SLICE = [
    "cell",
    {"bytes": write_boc_base64(CellBuilder().address(read_address(SOMEONE).address).build())},
]

SNAPSHOT_LIES: list[tuple[str, str, Any]] = [
    ("getMasterchainInfo", "ok", False),
    ("getMasterchainInfo", "ok", "true"),
    ("getMasterchainInfo", "result", MISSING),
    ("getMasterchainInfo", "result", None),
    ("getMasterchainInfo", "result.last", MISSING),
    ("getMasterchainInfo", "result.last.seqno", "17"),
    ("getMasterchainInfo", "result.last.seqno", True),
    ("getMasterchainInfo", "result.last.seqno", 0),
    ("getMasterchainInfo", "result.last.seqno", 10**6),
    ("getMasterchainInfo", "result.last.workchain", 0),
    ("getMasterchainInfo", "result.last.root_hash", OTHER_DIGEST),
    ("getMasterchainInfo", "result.last.file_hash", ""),
    ("getAddressInformation", "ok", False),
    ("getAddressInformation", "result.state", "uninitialized"),
    ("getAddressInformation", "result.state", "frozen"),
    ("getAddressInformation", "result.state", MISSING),
    ("getAddressInformation", "result.block_id", OTHER_BLOCK),
    ("getAddressInformation", "result.block_id", MISSING),
    ("getAddressInformation", "result.block_id.seqno", 1),
    ("getAddressInformation", "result.sync_utime", MISSING),
    ("getAddressInformation", "result.sync_utime", 0),
    ("getAddressInformation", "result.sync_utime", 2**32),
    ("getAddressInformation", "result.sync_utime", "1800000000"),
    ("getAddressInformation", "result.sync_utime", 1.8e9),
    ("getAddressInformation", "result.sync_utime", True),
    ("getAddressInformation", "result.code", ""),
    ("getAddressInformation", "result.code", "te6c"),
    ("getAddressInformation", "result.code", MISSING),
    ("getAddressInformation", "result.last_transaction_id", OTHER_STATE),
    ("getAddressInformation", "result.last_transaction_id.lt", MISSING),
    ("getAddressInformation", "result.last_transaction_id.lt", 5),
    ("getAddressInformation", "result.last_transaction_id.hash", "AAAA"),
    ("getAddressInformation", "result.balance", "-1"),
    ("runGetMethod", "ok", False),
    ("runGetMethod", "result", []),
    ("runGetMethod", "result.exit_code", -13),
    ("runGetMethod", "result.exit_code", 11),
    ("runGetMethod", "result.exit_code", "0"),
    ("runGetMethod", "result.exit_code", False),
    ("runGetMethod", "result.exit_code", MISSING),
    ("runGetMethod", "result.block_id", OTHER_BLOCK),
    ("runGetMethod", "result.block_id", MISSING),
    ("runGetMethod", "result.last_transaction_id", OTHER_STATE),
    ("runGetMethod", "result.last_transaction_id", MISSING),
    ("runGetMethod", "result.last_transaction_id.hash", OTHER_DIGEST),
    ("runGetMethod", "result.stack", []),
    ("runGetMethod", "result.stack", [["num", "0x1"], ["num", "0x1"]]),
    ("runGetMethod", "result.stack", {}),
    ("runGetMethod", "result.stack", [["num", "1"]]),
    ("runGetMethod", "result.stack", [["num", 1]]),
    ("runGetMethod", "result.stack", [["num", "NaN"]]),
    ("runGetMethod", "result.stack", [["num", "-0x1"]]),
    ("runGetMethod", "result.stack", [["num", "0x1" + "0" * 16]]),
    ("runGetMethod", "result.stack", [["num", "0x7" + "f" * 15]]),
    ("runGetMethod", "result.stack", [["num", "0x" + "f" * 100_000]]),
    ("runGetMethod", "result.stack", [["num"]]),
    ("runGetMethod", "result.stack", ["num"]),
    ("runGetMethod", "result.stack", [SOMEONES_SLICE]),
]


@pytest.mark.parametrize(("method", "path", "value"), SNAPSHOT_LIES, ids=named)
def test_an_answer_with_one_wrong_field_decides_nothing(
    connect: Connect, proxy: DistortingProxy, outcomes: list[str], method: str, path: str, value: Any
) -> None:
    adapter = connect()
    proxy.change = changing(method, path, value)
    reason = reason_of(lambda: adapter.vault_snapshot(SOMEONE))
    assert reason in outcomes, "what a snapshot fails of is in the error rate"


ACCOUNT_LIES: list[tuple[str, str, Any]] = [
    *SNAPSHOT_LIES[:33],
    ("runGetMethod", "result.exit_code", -13),
    ("runGetMethod", "result.block_id", OTHER_BLOCK),
    ("runGetMethod", "result.last_transaction_id", OTHER_STATE),
    ("runGetMethod", "result.stack", [SOMEONES_SLICE]),
    ("runGetMethod", "result.stack", [["num", "0x1"]] * 8),
    ("runGetMethod", "result.stack", [["num", "0x1"]] * 7),
    ("getVaultState", "result.stack.0", ["num", "0x1"]),
    ("getVaultState", "result.stack.8", ["num", "0x1"]),
    ("getOraclePublicKey", "result.stack", [["num", "-0x1"]]),
    ("getOraclePublicKey", "result.stack", [["num", "0x1" + "0" * 64]]),
    ("getJettonMaster", "result.stack", []),
    ("owner", "result.stack", []),
    ("getVaultJettonWallet", "result.exit_code", 11),
    ("getVaultJettonWallet", "result.exit_code", -13),
    ("get_wallet_data", "result.exit_code", -13),
    ("get_wallet_data", "result.stack.0", ["num", "-0x1"]),
    ("get_wallet_data", "result.stack.3", MISSING),
]


@pytest.mark.parametrize(("method", "path", "value"), ACCOUNT_LIES, ids=named)
def test_an_account_with_one_wrong_field_is_not_shown(
    connect: Connect, proxy: DistortingProxy, method: str, path: str, value: Any
) -> None:
    adapter = connect()
    proxy.change = changing(method, path, value)
    reason_of(adapter.vault_account)


@pytest.mark.parametrize(
    ("at", "reason"), [(1, "jetton_wallet_of_another_owner"), (2, "jetton_wallet_of_another_master")]
)
def test_an_inventory_in_somebody_elses_wallet_is_not_ours(
    connect: Connect, proxy: DistortingProxy, at: int, reason: str
) -> None:
    def change(method: str, document: Document) -> None:
        stack = document.get("result", {}).get("stack", [])
        if method == "runGetMethod" and len(stack) == 4:
            stack[at] = SOMEONES_SLICE

    adapter = connect()
    proxy.change = change
    assert reason_of(adapter.vault_account) == reason


@pytest.mark.parametrize("method", ["getAddressInformation", "runGetMethod"])
def test_an_older_state_under_the_pinned_blocks_name_is_noticed(
    connect: Connect, chain: ChainClient, world: World, oracle: SigningKey, method: str
) -> None:
    claimant = Claimant.funded(chain, world, oracle)
    for _ in range(20):  # a block each: the older state has the vault already, but not its claim
        claimant.wallet.fund(chain, nano=1)
    claimant.claim(seqno=1, units=UNITS)
    chain.control("fault", kind="wrong_state", count=1, method=method, blocks=20)
    adapter = connect()
    assert reason_of(lambda: adapter.vault_snapshot(claimant.wallet.address)) == "another_state"
    assert adapter.vault_snapshot(claimant.wallet.address).last_seqno == 1
