"""The local TON chain's faults and lies, its key, and calls that are none."""

from __future__ import annotations

import pytest

from infra.local.chain_client import ChainClient, ChainError
from infra.local.world import World
from tests.local_claims import Claimant


@pytest.mark.parametrize(("kind", "status"), [("rate_limit", 429), ("server_error", 500)])
def test_an_ordered_fault_strikes_as_often_as_ordered(chain: ChainClient, kind: str, status: int) -> None:
    chain.control("fault", kind=kind, count=2)
    for _ in range(2):
        with pytest.raises(ChainError) as failure:
            chain.head_seqno()
        assert failure.value.status == status
    assert chain.head_seqno() > 0


def test_a_fault_can_be_for_one_method_of_one_provider(chain: ChainClient, world: World) -> None:
    chain.control("fault", kind="server_error", count=1, method="jetton/transfers")
    secondary = ChainClient(chain.url, chain.api_key, provider="secondary")
    assert chain.head_seqno() > 0
    assert secondary.transfers(owner_address=world.vault) is not None
    with pytest.raises(ChainError, match="LITE_SERVER_NETWORK"):
        chain.transfers(owner_address=world.vault)


def test_a_hanging_request_is_never_answered_and_holds_up_nobody_else(chain: ChainClient) -> None:
    impatient = ChainClient(chain.url, chain.api_key, timeout_s=0.2)
    chain.control("fault", kind="hang", count=1)
    with pytest.raises(TimeoutError):
        impatient.head_seqno()
    assert impatient.head_seqno() > 0


def test_a_lie_about_the_head_ends_at_the_first_pinned_read(chain: ChainClient, world: World) -> None:
    chain.control("fault", kind="wrong_head", count=1, blocks=1000)
    with pytest.raises(ChainError, match="NOTREADY"):
        chain.account(world.vault, seqno=chain.head_seqno())


def test_a_lie_about_the_state_shows_an_old_one_under_the_new_blocks_name(player: Claimant) -> None:
    player.claim(seqno=1, units=5)
    pinned = player.chain.head_seqno()
    player.chain.control("fault", kind="wrong_state", count=1, blocks=8)
    assert player.last_seqno(seqno=pinned) == 0
    assert player.last_seqno(seqno=pinned) == 1


def test_a_lie_about_a_result_is_told_by_its_getter_alone(player: Claimant) -> None:
    player.chain.control("fault", kind="wrong_result", method="getLastSeqno", count=1, by=2)
    assert player.jetton_units() == 0
    assert player.last_seqno() == 2
    assert player.last_seqno() == 0


def test_a_lie_about_the_network_is_in_the_block_header(chain: ChainClient) -> None:
    chain.control("fault", kind="wrong_network", count=1, network_id=-3)
    seqno = chain.head_seqno()
    headers = [chain.call("getBlockHeader", workchain=-1, seqno=seqno) for _ in range(2)]
    assert [header["global_id"] for header in headers] == [-3, -239]


def test_a_dropped_message_is_accepted_and_never_runs(player: Claimant) -> None:
    player.chain.control("fault", kind="drop_message", count=1)
    player.claim(seqno=1, units=5)
    assert player.last_seqno() == 0
    player.claim(seqno=1, units=5)
    assert player.last_seqno() == 1


def test_nobody_reads_or_commands_without_the_key(chain: ChainClient) -> None:
    stranger = ChainClient(chain.url, "guessed")
    for ask in (stranger.head_seqno, lambda: stranger.control("state")):
        with pytest.raises(ChainError) as refusal:
            ask()
        assert refusal.value.status == 401


def test_an_account_nobody_deployed_is_told_from_a_getter_that_fails(
    chain: ChainClient, world: World
) -> None:
    empty = "0:" + "ab" * 32
    missing = chain.call("runGetMethod", address=empty, method="seqno", stack=[])
    unknown = chain.call("runGetMethod", address=world.vault, method="noSuchGetter", stack=[])
    assert (missing["exit_code"], unknown["exit_code"]) == (-13, 11)
    assert chain.account(empty)["state"] == "uninitialized"


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("noSuchMethod", {}, "Unknown method"),
        ("getAddressInformation", {"address": "0:12"}, "Incorrect address"),
        ("sendBoc", {"boc": "AAAA"}, "Failed to parse boc"),
        ("getBlockHeader", {"workchain": -1}, "required"),
        ("getTransactions", {"address": "0:" + "0" * 64, "limit": 101}, "limit"),
    ],
)
def test_a_malformed_call_is_a_422(
    chain: ChainClient, method: str, params: dict[str, object], said: str
) -> None:
    with pytest.raises(ChainError, match=said) as refusal:
        chain.call(method, **params)
    assert refusal.value.status == 422
