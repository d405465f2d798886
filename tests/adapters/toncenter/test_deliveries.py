"""Deliveries from toncenter's index and from the wallet's own history: both tell the same, or neither counts."""

from __future__ import annotations

from typing import Any

import pytest
from nacl.signing import SigningKey

from infra.local.chain_client import ChainClient
from infra.local.world import World
from shared.adapters import toncenter_deliveries
from shared.domain.ton.address import MAINNET_ID, bounceable, read_address
from shared.domain.ton.boc import write_boc_base64
from shared.domain.ton.cell import CellBuilder
from tests.adapters.distorting_proxy import DistortingProxy, Document
from tests.adapters.toncenter.lies import MISSING, SOMEONE, UNITS, Connect, changing, named, reason_of
from tests.local_claims import Claimant


@pytest.fixture(scope="module")
def paid(chain: ChainClient, world: World, oracle: SigningKey) -> list[Claimant]:
    """Three players who were paid, the first of them twice."""
    claimants = [Claimant.funded(chain, world, oracle) for _ in range(3)]
    for claimant in claimants:
        claimant.claim(seqno=1, units=UNITS)
    claimants[0].claim(seqno=2, units=2 * UNITS)
    return claimants


def test_the_index_and_the_wallets_own_history_tell_the_same(
    connect: Connect, proxy: DistortingProxy, paid: list[Claimant]
) -> None:
    adapter = connect()
    indexed = list(adapter.deliveries(since_s=0))
    assert {(paid[0].wallet.address, 1, UNITS), (paid[0].wallet.address, 2, 2 * UNITS)} <= {
        (found.recipient, found.query_id, found.amount_units) for found in indexed
    }
    proxy.change = changing("jetton/transfers", "jetton_transfers", MISSING)
    assert list(adapter.deliveries(since_s=0)) == list(reversed(indexed))


def test_every_page_is_read_from_both(
    connect: Connect, proxy: DistortingProxy, paid: list[Claimant], monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = connect()
    whole = list(adapter.deliveries(since_s=0))
    monkeypatch.setattr(toncenter_deliveries, "INDEX_PAGE", 2)
    monkeypatch.setattr(toncenter_deliveries, "TRANSACTIONS_PAGE", 2)
    proxy.methods.clear()
    assert list(adapter.deliveries(since_s=0)) == whole
    assert len(proxy.methods) == len(whole) // 2 + 1
    proxy.change = changing("jetton/transfers", "jetton_transfers", MISSING)
    assert list(adapter.deliveries(since_s=0)) == list(reversed(whole))


def test_the_wallets_history_ends_at_the_time_asked_for(
    connect: Connect, proxy: DistortingProxy, paid: list[Claimant]
) -> None:
    adapter = connect()
    proxy.change = changing("jetton/transfers", "jetton_transfers", MISSING)
    last_s = max(found.time_s for found in adapter.deliveries(since_s=0))
    assert all(found.time_s >= last_s for found in adapter.deliveries(since_s=last_s))
    assert list(adapter.deliveries(since_s=last_s + 1)) == []


def test_the_wallets_history_tells_nothing_after_the_last_instant_asked_for(
    connect: Connect, proxy: DistortingProxy, paid: list[Claimant]
) -> None:
    adapter = connect()
    whole = list(adapter.deliveries(since_s=0))
    until_s = whole[-1].time_s
    assert list(adapter.deliveries(since_s=0, until_s=until_s)) == whole
    earlier = [found for found in whole if found.time_s < until_s]
    assert list(adapter.deliveries(since_s=0, until_s=until_s - 1)) == earlier
    proxy.change = changing("jetton/transfers", "jetton_transfers.0.transaction_now", until_s + 1)
    assert list(adapter.deliveries(since_s=0, until_s=until_s - 1)) == list(reversed(earlier))


def test_a_transfer_that_failed_is_listed_as_aborted_by_both(
    connect: Connect, proxy: DistortingProxy, chain: ChainClient, world: World, oracle: SigningKey
) -> None:
    claimant = Claimant.funded(chain, world, oracle)
    chain.control("break_contract", address=world.vault_jetton_wallet)
    claimant.claim(seqno=1, units=UNITS)
    chain.control("mend_contract", address=world.vault_jetton_wallet)
    adapter = connect()
    for change in (lambda method, document: None, changing("jetton/transfers", "jetton_transfers", MISSING)):
        proxy.change = change
        mine = [
            found for found in adapter.deliveries(since_s=0) if found.recipient == claimant.wallet.address
        ]
        assert [found.is_aborted for found in mine] == [True]
    assert adapter.vault_snapshot(claimant.wallet.address).last_seqno == 0


INDEX_LIES: list[tuple[str, Any]] = [
    ("source", SOMEONE),
    ("source", MISSING),
    ("jetton_master", SOMEONE),
    ("destination", "0:11"),
    ("destination", None),
    ("amount", "1.5"),
    ("amount", 5),
    ("amount", "-5"),
    ("query_id", "0x1"),
    ("query_id", MISSING),
    ("transaction_aborted", "false"),
    ("transaction_aborted", MISSING),
    ("transaction_now", -1),
    ("transaction_now", 2**32),
    ("transaction_now", "1800000000"),
    ("transaction_hash", "AAAA"),
]


@pytest.mark.parametrize(("name", "value"), INDEX_LIES, ids=named)
def test_a_wrong_row_of_the_index_sends_us_to_the_wallets_history(
    connect: Connect, proxy: DistortingProxy, paid: list[Claimant], name: str, value: Any
) -> None:
    adapter = connect()
    right = list(adapter.deliveries(since_s=0))
    proxy.change = changing("jetton/transfers", f"jetton_transfers.0.{name}", value)
    proxy.methods.clear()
    assert list(adapter.deliveries(since_s=0)) == list(reversed(right))
    assert "getTransactions" in proxy.methods


HISTORY_LIES: list[tuple[str, Any]] = [
    ("result", {}),
    ("result.0.transaction_id", MISSING),
    ("result.0.utime", "1800000000"),
    ("result.0.in_msg", MISSING),
    ("result.0.in_msg.source", "EQnobody"),
    ("result.0.in_msg.msg_data", {"@type": "msg.dataText", "text": "aGk="}),
    ("result.0.in_msg.msg_data.body", "te6c"),
    ("result.0.out_msgs", None),
]


@pytest.mark.parametrize(("path", "value"), HISTORY_LIES, ids=named)
def test_a_wrong_history_as_well_leaves_no_answer(
    connect: Connect, proxy: DistortingProxy, paid: list[Claimant], path: str, value: Any
) -> None:
    paid[1].claim(seqno=paid[1].last_seqno() + 1, units=UNITS)
    adapter = connect()

    def change(method: str, document: Document) -> None:
        changing("jetton/transfers", "jetton_transfers", MISSING)(method, document)
        changing("getTransactions", path, value)(method, document)

    proxy.change = change
    reason_of(lambda: adapter.deliveries(since_s=0))


def test_messages_of_others_to_the_wallet_are_not_deliveries(
    connect: Connect, proxy: DistortingProxy, paid: list[Claimant], chain: ChainClient, world: World
) -> None:
    """Anybody may send anything to the vault's jetton wallet, also something that looks like an order."""
    adapter = connect()
    before = adapter.deliveries(since_s=0)
    order = CellBuilder().unsigned(toncenter_deliveries.TRANSFER, bits=32).unsigned(9, bits=64).coins(UNITS)
    forged = order.address(read_address(SOMEONE).address).build()
    to = bounceable(read_address(world.vault_jetton_wallet).address, network_id=MAINNET_ID)
    chain.control("owner_send", to=to, nano="50000000", body=write_boc_base64(forged))
    assert adapter.deliveries(since_s=0) == before
    proxy.change = changing("jetton/transfers", "jetton_transfers", MISSING)
    assert list(adapter.deliveries(since_s=0)) == list(reversed(before))
