"""toncenter's adapter: what it reads, from one pinned block, of vaults and of what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.chain_client import ChainClient
from infra.local.jetton import minter_state_init
from infra.local.world import World
from infra.vault.code import CODE_HASH
from infra.vault.messages import DEPLOY_NANOTON, VaultSetup, vault_state_init
from shared.adapters.toncenter import TonCenter
from shared.domain.errors import InvariantBroken
from shared.domain.ton.address import read_address
from shared.domain.ton.boc import write_boc_base64
from tests.adapters.distorting_proxy import DistortingProxy
from tests.adapters.toncenter.lies import MISSING, OTHER_BLOCK, SOMEONE, Connect, changing, reason_of
from tests.local_claims import advance


def test_the_code_hash_is_that_of_the_pinned_contract(connect: Connect) -> None:
    assert connect().vault_snapshot(SOMEONE).code_hash == CODE_HASH


def test_the_account_is_the_worlds_vault(connect: Connect, world: World) -> None:
    account = connect().vault_account()
    assert account.jetton_master == world.jetton_master
    assert account.jetton_wallet == world.vault_jetton_wallet
    assert account.owner == world.owner
    assert account.public_key == world.oracle_public_key_hex
    assert account.code_hash == CODE_HASH
    assert account.network_id == world.network_id
    assert account.jetton_units > 0
    assert account.ton_nano > 0
    assert (account.is_paused, account.previous_key_until_s) == (False, 0)
    assert account.claim_cap_units < account.day_cap_units


def test_the_time_of_a_state_is_its_shards_own(
    connect: Connect, chain: ChainClient, chain_clock: Path
) -> None:
    chain.control("lag", shard_s=90)
    advance(chain_clock, seconds=200)
    state = chain.control("state")
    snapshot = connect().vault_snapshot(SOMEONE)
    chain.control("lag", shard_s=2)
    assert state["shard_time_s"] <= snapshot.shard_time_s < state["master_time_s"] - 60


def test_every_question_after_the_head_is_pinned_to_it(connect: Connect, chain: ChainClient) -> None:
    """Reads without a seqno are ten blocks stale here; a pinned read does not notice."""
    chain.control("lag", unpinned_blocks=10)
    snapshot = connect().vault_snapshot(SOMEONE)
    chain.control("lag", unpinned_blocks=0)
    assert snapshot.block_seqno >= chain.head_seqno() - 3


@pytest.fixture(scope="module")
def unfinished_vault(chain: ChainClient, world: World) -> str:
    """A vault whose owner has not set its jetton wallet yet."""
    owner = read_address(world.owner).address
    setup = VaultSetup(
        owner=owner,
        guardian=owner,
        jetton_master=read_address(world.jetton_master).address,
        oracle_key=b"\x07" * 32,
        network_id=world.network_id,
        per_claim_cap_units=1,
        per_day_cap_units=2,
    )
    init = write_boc_base64(vault_state_init(setup))
    deployed = chain.control("deploy", state_init=init, nano=str(DEPLOY_NANOTON))
    return read_address(deployed["address"]).address.raw


def test_a_vault_without_jetton_wallet_says_so(connect: Connect, unfinished_vault: str) -> None:
    account = connect(vault=unfinished_vault).vault_account()
    assert (account.jetton_wallet, account.jetton_units) == ("", 0)


def test_a_vault_without_jetton_wallet_has_no_history_of_it(
    connect: Connect, proxy: DistortingProxy, unfinished_vault: str
) -> None:
    adapter = connect(vault=unfinished_vault)
    assert list(adapter.deliveries(since_s=0)) == []
    proxy.change = changing("jetton/transfers", "jetton_transfers", MISSING)
    assert reason_of(lambda: adapter.deliveries(since_s=0)) == "no_jetton_wallet"


def test_a_contract_that_is_no_vault_gives_no_answer(
    connect: Connect, chain: ChainClient, world: World
) -> None:
    init = minter_state_init(owner=read_address(SOMEONE).address)
    other = chain.control("deploy", state_init=write_boc_base64(init), nano="200000000")["address"]
    adapter = connect(vault=read_address(other).address.raw)
    assert reason_of(lambda: adapter.vault_snapshot(SOMEONE)).startswith("exit_")
    assert reason_of(adapter.vault_account).startswith("exit_")


def test_an_account_that_does_not_exist_gives_no_answer(connect: Connect) -> None:
    assert reason_of(lambda: connect(vault="0:" + "77" * 32).vault_snapshot(SOMEONE)) == "account_not_active"


@pytest.mark.parametrize("suffix", ["/", "/api/v2", "/api/v2/", "/api/v2/jsonRPC"])
def test_a_providers_url_may_be_written_in_every_usual_way(
    connect: Connect, proxy: DistortingProxy, suffix: str
) -> None:
    assert connect(url=proxy.url + suffix).network_id() == -239


@pytest.mark.parametrize("url", ["", "toncenter.com", "ftp://toncenter.com", "https://"])
def test_a_url_that_is_none_is_our_mistake(connect: Connect, url: str) -> None:
    with pytest.raises(InvariantBroken):
        TonCenter(url=url, api_key=None, jitter=lambda: 0.0, on_outcome=lambda _: None)


def test_the_network_is_asked_for_once_and_only_remembered_when_known(
    connect: Connect, proxy: DistortingProxy
) -> None:
    adapter = connect()
    proxy.change = changing("getBlockHeader", "result.global_id", MISSING)
    assert reason_of(adapter.network_id) == "no_global_id"
    proxy.change = changing("getBlockHeader", "result.id", OTHER_BLOCK)
    assert reason_of(adapter.network_id) == "another_block"
    proxy.change = changing("getBlockHeader", "result.global_id", -3)
    assert adapter.network_id() == -3
    proxy.methods.clear()
    assert adapter.network_id() == -3
    assert proxy.methods == []
