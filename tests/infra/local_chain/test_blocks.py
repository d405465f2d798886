"""The local TON chain's blocks and time: pinned reads, lags, a stalled chain, messages held back."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.chain_client import ChainClient, ChainError
from infra.local.world import World
from tests.infra.local_chain.another_chain import another_chain, now_s
from tests.local_claims import Claimant, advance


def test_the_masterchain_follows_the_stacks_clock(chain: ChainClient, chain_clock: Path) -> None:
    advance(chain_clock, seconds=100)
    header = chain.call("getBlockHeader", workchain=-1, seqno=chain.head_seqno())
    assert header["gen_utime"] in (now_s(chain_clock), now_s(chain_clock) - 1)


def test_the_shards_time_lags_the_masterchains_by_the_set_amount(
    chain: ChainClient, world: World, chain_clock: Path
) -> None:
    chain.control("lag", shard_s=90)
    advance(chain_clock, seconds=200)
    pinned = chain.head_seqno()
    header = chain.call("getBlockHeader", workchain=-1, seqno=pinned)
    (shard,) = chain.call("getShards", seqno=pinned)["shards"]
    shard_header = chain.call("getBlockHeader", workchain=0, seqno=shard["seqno"])
    account_time_s = chain.account(world.vault, seqno=pinned)["sync_utime"]
    assert header["gen_utime"] - account_time_s == 90
    assert shard_header["gen_utime"] == account_time_s


def test_the_shards_time_never_falls_when_its_lag_grows(chain: ChainClient) -> None:
    before = chain.control("state")["shard_time_s"]
    assert chain.control("lag", shard_s=500)["shard_time_s"] >= before


def test_pinned_reads_of_one_block_stay_equal_whatever_happens_later(player: Claimant) -> None:
    player.claim(seqno=1, units=5)
    chain, vault, pinned = player.chain, player.world.vault, player.chain.head_seqno()
    before = (chain.account(vault, seqno=pinned), player.last_seqno(seqno=pinned))
    player.claim(seqno=2, units=5)
    assert (chain.account(vault, seqno=pinned), player.last_seqno(seqno=pinned)) == before
    assert player.last_seqno() == 2


def test_both_kinds_of_pinned_read_name_the_same_block_and_transaction(
    chain: ChainClient, world: World
) -> None:
    pinned = chain.head_seqno()
    account = chain.account(world.vault, seqno=pinned)
    result = chain.call("runGetMethod", address=world.vault, method="getVaultState", stack=[], seqno=pinned)
    assert account["block_id"] == result["block_id"]
    assert account["block_id"]["seqno"] == pinned
    assert account["last_transaction_id"] == result["last_transaction_id"]
    assert int(account["last_transaction_id"]["lt"]) > 0


def test_an_unpinned_read_differs_under_lag(player: Claimant) -> None:
    player.claim(seqno=1, units=5)
    player.chain.control("lag", unpinned_blocks=8)
    assert player.last_seqno() == 0
    assert player.last_seqno(seqno=player.chain.head_seqno()) == 1


def test_a_lagging_provider_shows_an_older_head_and_nothing_newer(player: Claimant) -> None:
    secondary = ChainClient(player.chain.url, player.chain.api_key, provider="secondary")
    player.claim(seqno=1, units=5)
    secondary.control("lag", head_blocks=8)
    newest = player.chain.head_seqno()
    assert secondary.head_seqno() <= newest - 7
    with pytest.raises(ChainError, match="NOTREADY"):
        secondary.account(player.world.vault, seqno=newest)
    assert secondary.transfers(owner_address=player.world.vault, start_utime=0, sort="asc", limit=1000) == [
        row
        for row in player.chain.transfers(owner_address=player.world.vault, sort="asc", limit=1000)
        if row["destination"].lower() != player.wallet.address
    ]


def test_a_block_is_readable_until_enough_others_followed(tmp_path: Path) -> None:
    with another_chain(tmp_path, "--kept-blocks=20") as chain:
        owner, pinned = chain.control("state")["owner"], chain.head_seqno()
        balance = chain.account(owner, seqno=pinned)["balance"]
        while chain.head_seqno() < pinned + 19:
            assert chain.account(owner, seqno=pinned)["balance"] == balance
            chain.control("fund", address=f"0:{'ab' * 32}", nano="1000000")
        with pytest.raises(ChainError, match="not in db"):
            chain.account(owner, seqno=chain.head_seqno() - 20)
        assert chain.account(owner, seqno=chain.head_seqno() - 19)["state"] == "active"


def test_a_stalled_chain_makes_no_blocks_and_runs_what_it_held_when_it_goes_on(
    player: Claimant, chain_clock: Path
) -> None:
    player.chain.control("stall")
    head = player.chain.head_seqno()
    player.claim(seqno=1, units=5)
    advance(chain_clock, seconds=30)
    assert player.chain.head_seqno() == head
    assert player.last_seqno() == 0
    player.chain.control("stall", stalled=False)
    assert player.jetton_units() == 5


def test_a_delayed_message_waits_for_its_flush(player: Claimant) -> None:
    player.chain.control("delay")
    player.claim(seqno=1, units=5)
    assert player.chain.control("state")["pending"] == 1
    assert player.jetton_units() == 0
    player.chain.control("flush")
    assert player.jetton_units() == 5


def test_a_clock_that_cannot_be_read_stops_the_chain_rather_than_guessing(
    chain: ChainClient, chain_clock: Path
) -> None:
    kept = chain_clock.read_text()
    chain_clock.write_text("soon")
    with pytest.raises(ChainError, match="clock file"):
        chain.head_seqno()
    chain_clock.write_text(kept)
    assert chain.head_seqno() > 0
