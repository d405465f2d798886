"""Claims the vault refuses, as toncenter shows them from the real TVM; and exit codes with their reasons."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from infra.local.chain_client import ChainClient
from infra.local.world import UNITS_PER_CREDIT, World
from shared.adapters.toncenter import TonCenter
from shared.adapters.toncenter_chain import ToncenterChain
from shared.domain.errors import Refused
from shared.domain.ton.address import bounceable, read_address
from shared.domain.ton.boc import MAGIC, MAX_CELLS, read_boc_base64, write_boc_base64
from shared.domain.ton.cell import Cell, CellBuilder
from shared.domain.ton.claim_payload import REWARD_CLAIM
from shared.domain.ton.transaction import transaction_end
from shared.domain.vault_refusals import REASON_OF_EXIT_CODE, refusal_reason
from tests.local_claims import Claimant

ERRORS = Path(__file__).parents[2] / "infra/vault/errors.tolk"
NOT_FOR_CLAIMS = {1008, 1011, 1012, 1013, 1014}
"""Codes that only orders of the owner, withdrawals or bounces end with."""


@pytest.fixture(scope="module")
def toncenter(chain: ChainClient, world: World) -> Iterator[ToncenterChain]:
    provider = TonCenter(
        url=chain.provider_url, api_key=chain.api_key, jitter=lambda: 0.5, on_outcome=lambda _: None
    )
    yield ToncenterChain(provider, vault=world.vault, jetton_master=world.jetton_master)
    provider.close()


@pytest.fixture
def player(chain: ChainClient, world: World, oracle: SigningKey) -> Claimant:
    return Claimant.funded(chain, world, oracle)


def body_hash(transaction) -> str:
    return read_boc_base64(transaction["messages"][0]["payload"]).hash.hex()


def now_s(player: Claimant) -> int:
    return int(player.chain.control("state")["shard_time_s"])


def send(player: Claimant, *, seqno: int = 1, valid_s: int = 600, nano: int = 100_000_000):
    at_s = now_s(player)
    transaction = player.transaction(
        seqno=seqno, units=UNITS_PER_CREDIT, valid_until_s=at_s + valid_s, wallet_until_s=at_s + 900
    )
    transaction["messages"][0]["amount"] = str(nano)
    player.wallet.send_transaction(player.chain, transaction)
    return transaction


@pytest.mark.parametrize(
    ("order", "exit_code"),
    [
        ({"seqno": 2}, 17654),
        ({"valid_s": -1}, 24383),
        ({"valid_s": 4_000}, 1002),
        ({"nano": 79_000_000}, 1005),
    ],
)
def test_a_refused_claim_is_seen_with_its_exit_code(toncenter, player, order, exit_code):
    since_s = now_s(player)
    transaction = send(player, **order)
    found = {each.body_hash: each for each in toncenter.rejections(since_s=since_s)}
    rejection = found[body_hash(transaction)]
    assert rejection.exit_code == exit_code
    assert rejection.time_s >= since_s
    assert rejection.transaction_hash


def test_a_claim_without_coins_for_gas_never_ran(toncenter, player):
    transaction = send(player, nano=100)
    [rejection] = [
        each for each in toncenter.rejections(since_s=0) if each.body_hash == body_hash(transaction)
    ]
    assert rejection.exit_code in (None, -14)
    assert refusal_reason(rejection.exit_code) == "too_few_coins_attached"


def test_a_paid_claim_is_no_refusal_and_older_ones_are_left_out(toncenter, player):
    refused = send(player, seqno=2)
    paid = send(player)
    hashes = [each.body_hash for each in toncenter.rejections(since_s=0)]
    assert body_hash(refused) in hashes
    assert body_hash(paid) not in hashes
    assert toncenter.rejections(since_s=now_s(player) + 1) == []


def tree(opcode: int, *, cells: int) -> Cell:
    """A body of so many different cells, as flat as it can be: few coins send it."""
    built: dict[int, Cell] = {}
    for number in range(cells - 1, -1, -1):
        builder = CellBuilder().unsigned(opcode, bits=32).unsigned(number, bits=32)
        for child in range(4 * number + 1, min(4 * number + 5, cells)):
            builder.reference(built[child])
        built[number] = builder.build()
    return built[0]


def library_body() -> str:
    """A word and a reference to a library cell, which is no ordinary one."""
    cells = bytes((1, 8)) + b"junk" + bytes((1,)) + bytes((8, 66)) + b"\x02" + bytes(32)
    return base64.b64encode(MAGIC + bytes((1, 1, 2, 1, 0, len(cells), 0)) + cells).decode()


@pytest.mark.parametrize(
    "body",
    [
        library_body(),
        write_boc_base64(tree(REWARD_CLAIM, cells=500)),
        write_boc_base64(tree(REWARD_CLAIM, cells=MAX_CELLS)),
    ],
    ids=["an exotic cell", "a long claim", "a claim too large to be read"],
)
def test_a_strangers_message_hides_no_players_refusal(toncenter, chain, world, player, body):
    refused = send(player, seqno=2)
    to = bounceable(read_address(world.vault).address, network_id=world.network_id)
    chain.control("owner_send", to=to, nano="500000000", body=body)
    assert body_hash(refused) in [each.body_hash for each in toncenter.rejections(since_s=0)]


def test_every_exit_code_of_the_contract_that_a_claim_can_meet_has_a_reason():
    declared = {int(code) for code in re.findall(r"const ERR_\w+ = (\d+)", ERRORS.read_text())}
    assert set(REASON_OF_EXIT_CODE) == declared - NOT_FOR_CLAIMS


@pytest.mark.parametrize("bits", [0, 3, 4, 100, 1023])
def test_what_is_no_transaction_is_refused(bits):
    for cell in (
        CellBuilder().unsigned(0, bits=bits).build(),
        CellBuilder().unsigned((1 << bits) - 1, bits=bits).build(),
    ):
        with pytest.raises(Refused):
            transaction_end(cell)
