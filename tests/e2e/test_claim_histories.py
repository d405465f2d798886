"""Random histories of claims in the TVM end with every credit either paid once or returned once."""

from __future__ import annotations

import os
import random  # noqa: TID251 - histories come from a printed seed
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from infra.local.chain_client import ChainClient
from infra.local.clock import read_offset_ms, write_offset_ms
from infra.local.world import World
from shared.domain.claim_message import wallet_transaction
from shared.domain.ton_views import VaultSnapshot
from shared.services import settle_one_claim as settling
from tests.e2e.claim_histories import ClaimHistory
from tests.e2e.history_parts import Providers, SharedStores, funded_wallets
from tests.e2e.history_services import START_CREDITS
from tests.local_claims import advance

IS_FULL = os.environ.get("ARENA_TEST_FULL") == "1"  # noqa: TID251 - the test run's own switch
SEED = os.environ.get("ARENA_TEST_SEED")  # noqa: TID251 - a seed to run again
PLAYERS = 10
BATCHES = 100 if IS_FULL else 10
ROUNDS = 14


@pytest.fixture(scope="module")
def providers(chain: ChainClient, world: World) -> Iterator[Providers]:
    found = Providers(chain, world)
    yield found
    found.close()


def history_of(chain, world, providers, chain_clock, oracle, wallets, chance, stores) -> ClaimHistory:
    return ClaimHistory(
        chain,
        world,
        providers,
        clock_file=chain_clock,
        oracle_seed=bytes(oracle),
        wallets=wallets,
        stores=stores,
        chance=chance,
    )


@pytest.mark.slow
def test_every_claim_ends_paid_once_or_returned_once(
    chain: ChainClient, world: World, providers: Providers, chain_clock: Path, oracle: SigningKey
) -> None:
    seed = int(SEED) if SEED else secrets.randbits(32)
    print(f"seed {seed}: run again with ARENA_TEST_SEED={seed}")
    chance = random.Random(seed)
    wallets = funded_wallets(chain, PLAYERS, chance=chance)
    stores = SharedStores()
    paid = refunded = 0
    began_s = time.monotonic()
    for _ in range(BATCHES):
        history = history_of(chain, world, providers, chain_clock, oracle, wallets, chance, stores)
        try:
            for _ in range(ROUNDS):
                history.step()
        finally:
            history.heal()
        history.finish()
        done = history.check_end()
        paid, refunded = paid + done[0], refunded + done[1]
    spent_s = time.monotonic() - began_s
    print(f"{BATCHES * PLAYERS} histories: {paid} claims paid, {refunded} refunded in {spent_s:.0f} s")
    assert paid > BATCHES
    assert refunded > BATCHES


class MasterchainTimed:
    """A mutant's eyes: the vault's state with the masterchain block's time instead of the shard's."""

    def __init__(self, chain, tvm: ChainClient) -> None:
        self._chain, self._tvm = chain, tvm

    def vault_snapshot(self, recipient: str) -> VaultSnapshot:
        found = self._chain.vault_snapshot(recipient)
        header = self._tvm.call("getBlockHeader", workchain=-1, seqno=found.block_seqno)
        return replace(found, shard_time_s=header["gen_utime"])

    def __getattr__(self, name: str):
        return getattr(self._chain, name)


class OneClaim:
    """A single signed claim and its wallet."""

    def __init__(self, history: ClaimHistory) -> None:
        self.history = history
        history.chance = random.Random(0)
        history.request_signature = history.signing(history.journal).sign_claim
        [self.player] = history.players
        history.ask(self.player)
        [self.claim] = self.player.sendable.values()

    def settle_often(self) -> None:
        for _ in range(3):
            self.history.settle()
            self.history.tvm.head_seqno()

    def send(self) -> None:
        transaction = wallet_transaction(self.claim, now_s=self.history.clock.now_ms() // 1000)
        message = {
            "address": transaction.address,
            "amount": str(transaction.amount_nano),
            "payload": transaction.payload,
        }
        order = {"validUntil": self.history.clock.now_ms() // 1000 + 900, "messages": [message]}
        self.player.wallet.send_transaction(self.history.tvm, order)

    @property
    def is_paid(self) -> bool:
        return self.history.jettons(self.player.wallet) > self.player.units_before

    @property
    def is_refunded(self) -> bool:
        return self.history.game.committer.view_player(self.player.account).balance("AIBA") == START_CREDITS


@pytest.fixture
def one(chain, world, providers, chain_clock, oracle):
    chance = random.Random(secrets.randbits(32))
    wallets = funded_wallets(chain, 1, chance=chance)
    history = history_of(chain, world, providers, chain_clock, oracle, wallets, chance, SharedStores())
    history.secondary = history.chain
    yield OneClaim(history)
    history.heal()


def freeze_shard(chain: ChainClient) -> None:
    chain.control("lag", shard_s=1_000_000)


def test_settling_on_masterchain_time_pays_twice_and_the_real_rule_waits(one, chain, chain_clock):
    freeze_shard(chain)
    advance(chain_clock, seconds=700)
    one.settle_often()
    assert not one.is_refunded
    one.history.chain = one.history.secondary = MasterchainTimed(one.history.chain, chain)
    one.settle_often()
    one.send()
    assert (one.is_refunded, one.is_paid) == (True, True)


def hold_shard_at(chain: ChainClient, chain_clock: Path, shard_time_s: int) -> None:
    """Stop the shard exactly at this second; begun just after a second begins, so that none ticks between."""
    freeze_shard(chain)
    now_ms = int(time.time() * 1000) + read_offset_ms(chain_clock)  # noqa: TID251 - the stack's clock
    ahead_ms = (shard_time_s + 500) * 1000 - now_ms
    write_offset_ms(chain_clock, read_offset_ms(chain_clock) + ahead_ms)
    chain.control("lag", shard_s=500)
    freeze_shard(chain)
    assert chain.control("state")["shard_time_s"] == shard_time_s


def test_settling_in_the_claims_last_second_pays_twice_and_the_real_rule_waits(
    one, chain, chain_clock, monkeypatch
):
    hold_shard_at(chain, chain_clock, one.claim.valid_until_s)
    one.settle_often()
    assert not one.is_refunded
    monkeypatch.setattr(settling, "REFUND_MARGIN_S", -1)  # `>=` instead of `>`
    one.settle_often()
    one.send()
    assert (one.is_refunded, one.is_paid) == (True, True)


def test_even_without_its_margin_the_strict_rule_does_not_pay_twice(one, chain, chain_clock, monkeypatch):
    hold_shard_at(chain, chain_clock, one.claim.valid_until_s)
    monkeypatch.setattr(settling, "REFUND_MARGIN_S", 0)
    one.settle_often()
    one.send()
    assert (one.is_refunded, one.is_paid) == (False, True)
