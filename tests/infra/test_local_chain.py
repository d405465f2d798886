"""The local TON chain behaves where it matters as the network does: blocks, shard time, bounces, providers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nacl.signing import SigningKey, VerifyKey
from tonsdk.contract.token.ft import JettonWallet

from infra.local.chain_client import ChainClient, ChainError
from infra.local.clock import stack_now_ms
from infra.local.endpoint_process import PROJECT_ROOT, start_endpoint, stop_endpoint
from infra.local.jetton import state_init
from infra.local.player_wallet import PlayerWallet
from infra.local.world import World, create_world
from infra.vault.code import CODE_HASH
from shared.domain.ton.address import read_address
from shared.domain.ton.boc import read_boc, read_boc_base64, write_boc_base64
from shared.domain.ton.cell import CellBuilder
from shared.domain.ton.ton_proof import check_proof, read_wallet_proof
from tests.local_claims import TON, Claimant, advance

SHARD_LAG_S = 2


@pytest.fixture(autouse=True)
def calm(chain: ChainClient) -> Iterator[None]:
    """Leave the module's chain without faults, lags and held messages."""
    yield
    chain.control("clear_faults")
    chain.control("stall", stalled=False)
    chain.control("delay", delayed=False)
    for provider in ("primary", "secondary"):
        chain.control("lag", provider=provider, shard_s=SHARD_LAG_S, head_blocks=0, unpinned_blocks=0)


@pytest.fixture
def player(chain: ChainClient, world: World, oracle: SigningKey) -> Claimant:
    return Claimant.funded(chain, world, oracle)


def now_s(clock: Path) -> int:
    return stack_now_ms(clock) // 1000


def is_gone_within(seconds: float, chain: ChainClient) -> bool:
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        try:
            chain.head_seqno()
        except OSError:
            return True
        time.sleep(0.1)
    return False


@contextmanager
def another_chain(folder: Path, *arguments: str) -> Iterator[ChainClient]:
    endpoint = start_endpoint(
        "infra.local.chain_endpoint", "--api-key=fake", *arguments, log=folder / "stderr.log"
    )
    try:
        yield ChainClient(endpoint.url, api_key="fake")
    finally:
        stop_endpoint(endpoint)


# --- a world that pays


def test_a_signed_claim_pays_the_player(player: Claimant) -> None:
    player.claim(seqno=1, units=5)
    player.claim(seqno=2, units=7)
    assert (player.jetton_units(), player.last_seqno()) == (12, 2)


def test_the_vault_runs_the_pinned_code(chain: ChainClient, world: World) -> None:
    account = chain.account(world.vault)
    assert account["state"] == "active"
    assert read_boc_base64(account["code"]).hash.hex() == CODE_HASH


def test_a_world_names_every_setting_its_functions_need(world: World, oracle: SigningKey) -> None:
    settings = world.settings()
    assert settings["ORACLE_PUBLIC_KEY_HEX"] == bytes(oracle.verify_key).hex()
    assert settings["AIBA_UNITS_PER_CREDIT"] == "1000000000"
    assert set(settings) == {
        "TON_NETWORK",
        "TON_PROVIDER_URL",
        "ARENA_VAULT_ADDRESS",
        "AIBA_JETTON_MASTER",
        "ORACLE_PUBLIC_KEY_HEX",
        "AIBA_UNITS_PER_CREDIT",
    }


def test_a_restarted_chain_is_a_new_world(world: World, tmp_path: Path) -> None:
    with another_chain(tmp_path) as chain:
        assert chain.account(world.vault)["state"] == "uninitialized"


def test_a_chain_of_another_network_says_so_everywhere(tmp_path: Path, oracle: SigningKey) -> None:
    with another_chain(tmp_path, "--network-id=-3") as chain:
        world = create_world(chain, oracle_public_key=bytes(oracle.verify_key))
        header = chain.call("getBlockHeader", workchain=-1, seqno=chain.head_seqno())
        player = Claimant.funded(chain, world, oracle)
        player.claim(seqno=1, units=5)  # the vault compares its network id with the chain's parameter 19
        assert (header["global_id"], world.network_id, player.jetton_units()) == (-3, -3, 5)


def test_the_server_ends_within_a_second_even_with_a_hanging_request(tmp_path: Path) -> None:
    endpoint = start_endpoint("infra.local.chain_endpoint", "--api-key=fake", log=tmp_path / "stderr.log")
    chain = ChainClient(endpoint.url, api_key="fake", timeout_s=0.2)
    chain.control("fault", kind="hang", count=1)
    with pytest.raises(TimeoutError):
        chain.head_seqno()
    started_s = time.monotonic()
    endpoint.process.terminate()
    assert endpoint.process.wait(5) == 0
    assert time.monotonic() - started_s < 10
    stop_endpoint(endpoint)


def test_the_server_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    starter = (
        "import sys, time; from infra.local.endpoint_process import start_endpoint;"
        "print(start_endpoint('infra.local.chain_endpoint', '--api-key=fake').url, flush=True);"
        "time.sleep(600)"
    )
    with (tmp_path / "stderr.log").open("ab") as stderr:
        parent = subprocess.Popen(
            [sys.executable, "-c", starter],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=PROJECT_ROOT,
        )
    with parent:
        assert parent.stdout is not None
        chain = ChainClient(parent.stdout.readline().strip(), api_key="fake")
        assert chain.head_seqno() > 0
        parent.kill()
    assert is_gone_within(5, chain)


def test_a_server_without_a_key_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="before it was ready"):
        start_endpoint("infra.local.chain_endpoint", log=tmp_path / "stderr.log")
    assert "--api-key is required" in (tmp_path / "stderr.log").read_text()


# --- the player's wallet


def test_the_wallets_proof_is_a_ton_proof() -> None:
    wallet = PlayerWallet()
    proof = read_wallet_proof(
        account=wallet.tonconnect_account(network_id=-239),
        proof=wallet.prove(domain="arena.example", challenge="c" * 32, now_s=1000),
    )
    checked = check_proof(proof, network_id=-239, domains={"arena.example"}, now_s=1000)
    VerifyKey(checked.public_key).verify(checked.digest, checked.signature)
    assert (checked.address.raw, checked.wallet_version) == (wallet.address, "v4r2")


def test_the_wallet_refuses_a_transaction_of_another_network_or_wallet(player: Claimant) -> None:
    transaction = player.transaction(seqno=1, units=5, valid_until_s=2**31)
    for change in ({"network": "-3"}, {"from": "0:" + "0" * 64}):
        with pytest.raises(ValueError, match="another"):
            player.wallet.send_transaction(player.chain, {**transaction, **change})


def test_a_wallet_message_after_its_time_is_not_accepted(player: Claimant) -> None:
    transaction = player.transaction(seqno=1, units=5, valid_until_s=2**31, wallet_until_s=1)
    with pytest.raises(ChainError, match="not accepted"):
        player.wallet.send_transaction(player.chain, transaction)


def test_a_refused_claim_returns_its_coins_to_the_player(player: Claimant) -> None:
    player.claim(seqno=7, units=5)
    balance = int(player.chain.account(player.wallet.address)["balance"])
    assert player.jetton_units() == 0
    assert balance > 5 * TON - 20_000_000


# --- blocks and time


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


# --- bounces and deliveries


def test_a_bounced_claim_is_seen_executed_before_it_is_rolled_back(player: Claimant) -> None:
    chain, world = player.chain, player.world
    chain.control("break_contract", address=world.vault_jetton_wallet)
    chain.control("delay")
    player.claim(seqno=1, units=5)
    chain.control("flush", transactions=3)  # wallet, vault, the vault's jetton wallet which fails
    assert player.last_seqno() == 1
    chain.control("flush")
    assert player.last_seqno() == 0
    chain.control("mend_contract", address=world.vault_jetton_wallet)
    chain.control("delay", delayed=False)
    player.claim(seqno=1, units=5)
    assert (player.jetton_units(), player.last_seqno()) == (5, 1)
    rows = chain.transfers(owner_address=world.vault, direction="out", limit=2)
    assert [row["transaction_aborted"] for row in rows] == [False, True]


def test_v3_lists_exactly_the_delivered_transfers(player: Claimant) -> None:
    other = Claimant.funded(player.chain, player.world, player.oracle)
    player.claim(seqno=1, units=5)
    other.claim(seqno=1, units=6)
    player.claim(seqno=2, units=7)
    player.claim(seqno=9, units=8)  # refused by the vault: nothing leaves
    rows = player.chain.transfers(owner_address=player.world.vault, direction="out", limit=3, sort="desc")
    told = [(row["destination"].lower(), row["query_id"], row["amount"]) for row in rows]
    mine, others = player.wallet.address, other.wallet.address
    assert told == [(mine, "2", "7"), (others, "1", "6"), (mine, "1", "5")]
    assert {row["transaction_aborted"] for row in rows} == {False}
    assert {row["source"].lower() for row in rows} == {player.world.vault}
    assert {row["source_wallet"].lower() for row in rows} == {player.world.vault_jetton_wallet}
    assert {row["jetton_master"].lower() for row in rows} == {player.world.jetton_master}


def test_v3_does_not_list_a_wallet_its_master_does_not_know(chain: ChainClient, world: World) -> None:
    owner, master = read_address(world.owner).address, read_address(world.jetton_master).address
    code = read_boc(bytes.fromhex(JettonWallet.code))
    # Genuine code, but a forged balance; the empty cell in place of the code moves it to another address.
    data = CellBuilder().coins(100).address(owner).address(master).reference(CellBuilder().build())
    forged = state_init(code=code, data=data.build())
    wallet = chain.control("deploy", state_init=write_boc_base64(forged), nano=str(TON))["address"]
    transfer = CellBuilder().unsigned(0x0F8A7EA5, bits=32).unsigned(1, bits=64).coins(5).address(owner)
    transfer.address(owner).unsigned(0, bits=1).coins(0).unsigned(0, bits=1)
    chain.control("owner_send", to=wallet, nano=str(TON), body=write_boc_base64(transfer.build()))
    assert int(chain.get(wallet, "get_wallet_data")[0][1], 16) == 95
    assert chain.transfers(owner_address=world.owner, direction="out") == []


def test_v3_filters_by_owner_direction_time_and_page(player: Claimant, chain_clock: Path) -> None:
    player.claim(seqno=1, units=5)
    advance(chain_clock, seconds=60)
    player.claim(seqno=2, units=6)
    query = {"owner_address": player.wallet.address, "direction": "in"}
    ids = [row["query_id"] for row in player.chain.transfers(**query)]
    late = player.chain.transfers(**query, start_utime=now_s(chain_clock) - 30)
    page = player.chain.transfers(**query, limit=1, offset=1)
    assert ids == ["2", "1"]
    assert [row["query_id"] for row in late] == ["2"]
    assert [row["query_id"] for row in page] == ["1"]
    assert player.chain.transfers(owner_address=player.wallet.address, direction="out") == []


def test_v2_transactions_of_the_vaults_jetton_wallet_carry_the_transfer(player: Claimant) -> None:
    player.claim(seqno=1, units=5)
    rows = player.chain.call("getTransactions", address=player.world.vault_jetton_wallet, limit=2)
    transfer = next(row for row in rows if row["out_msgs"])
    body = read_boc_base64(transfer["in_msg"]["msg_data"]["body"])
    head = body.bits >> body.bit_length - 96
    assert (head >> 64, head & 2**64 - 1) == (0x0F8A7EA5, 1)
    older = player.chain.call(
        "getTransactions",
        address=player.world.vault_jetton_wallet,
        to_lt=transfer["transaction_id"]["lt"],
    )
    assert transfer["transaction_id"] not in [row["transaction_id"] for row in older]


# --- faults, errors and the key


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
