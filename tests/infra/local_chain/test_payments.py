"""The local TON chain pays what a vault signs, takes a bounce back, and lists what was delivered."""

from __future__ import annotations

from pathlib import Path

import pytest
from nacl.signing import SigningKey, VerifyKey
from tonsdk.contract.token.ft import JettonWallet

from infra.local.chain_client import ChainClient, ChainError
from infra.local.jetton import state_init
from infra.local.player_wallet import PlayerWallet
from infra.local.world import World
from infra.vault.code import CODE_HASH
from shared.domain.ton.address import read_address
from shared.domain.ton.boc import read_boc, read_boc_base64, write_boc_base64
from shared.domain.ton.cell import CellBuilder
from shared.domain.ton.ton_proof import check_proof, read_wallet_proof
from tests.infra.local_chain.another_chain import another_chain, now_s
from tests.local_claims import TON, Claimant, advance


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
