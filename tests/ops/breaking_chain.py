"""A running local stack whose chain, providers or vault turn bad, and right again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from infra.local.chain_client import ChainClient
from infra.local.stack import Stack
from infra.local.world import owner_order
from infra.ops.preflight.stage import StageUnderCheck
from infra.vault.messages import ORDER_NANOTON, VaultSetup, set_paused, vault_state_init
from shared.adapters.mongo_claims import MongoClaimStore
from shared.domain.claims import Claim, ClaimTerms
from shared.domain.ton.address import read_address
from shared.domain.ton.boc import write_boc_base64
from shared.domain.ton.cell import Cell
from tests.ops.breaking_stage import Breakage, setting


def fault(**order: Any) -> Breakage:
    """A provider is told to misbehave."""

    @contextmanager
    def broken(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
        control = chain_of(stack)
        control.control("fault", **order)
        yield stage
        control.control("clear_faults")

    return broken


@contextmanager
def shard_behind_the_clock(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    """Time never runs backwards on the chain: the clock runs ahead of it instead."""
    chain_of(stack).control("lag", shard_s=900)
    stack.advance_clock(600)
    yield stage
    chain_of(stack).control("lag", shard_s=2)


def chain_of(stack: Stack) -> ChainClient:
    return ChainClient(stack.urls["chain"], stack.settings["TON_API_KEY"])


def other_vault(change: Callable[[Cell], Cell] = lambda data: data) -> Breakage:
    """A new vault, whose owner sent it a hundredth of a TON and set no jetton wallet, is the configured one."""

    @contextmanager
    def broken(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
        control = chain_of(stack)
        assert stack.world is not None
        owner = read_address(stack.world.owner).address
        setup = VaultSetup(
            owner=owner,
            guardian=owner,
            jetton_master=read_address(stack.world.jetton_master).address,
            oracle_key=bytes.fromhex(stack.world.oracle_public_key_hex),
            network_id=stack.world.network_id,
            per_claim_cap_units=1,
            per_day_cap_units=1,
        )
        state_init = vault_state_init(setup)
        code, data = state_init.references
        init = Cell(state_init.bits, state_init.bit_length, (code, change(data)))
        deployed = control.control("deploy", state_init=write_boc_base64(init), nano="10000000")
        with setting("ARENA_VAULT_ADDRESS", deployed["address"])(stage, stack) as changed:
            yield changed

    return broken


def with_many_recipients(data: Cell) -> Cell:
    """recipients:uint32 stands before the map's one bit at the end of the vault's data."""
    return Cell(data.bits | (15_000 << 1), data.bit_length, data.references)


@contextmanager
def paused_vault(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    control = chain_of(stack)
    for is_paused in (True, False):
        assert stack.world is not None
        owner_order(control, to=stack.world.vault, nano=ORDER_NANOTON, body=set_paused(is_paused=is_paused))
        if is_paused:
            yield stage


@contextmanager
def huge_open_claim(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    terms = ClaimTerms(
        id="c" + "0" * 24,
        account="tg1",
        network=-239,
        vault=stack.settings["ARENA_VAULT_ADDRESS"],
        jetton_master=stack.settings["AIBA_JETTON_MASTER"],
        recipient="0:" + "11" * 32,
        credits=10**8,
        units=10**17,
        seqno=1,
        previous_row=0,
        created_ms=stage.now_ms(),
    )
    with stage.database() as database:
        MongoClaimStore(database).insert(Claim(terms, row_seq=1, state="reserved"))
        yield stage
        database["claims"].delete_one({"_id": terms.id})
