"""Why a refund may rest on nothing but the shard time of the vault's own state: the other clocks pay twice.

A settler here is only the rule it decides by. A rule is wrong when it refunds a claim that the
chain also pays.
"""

from __future__ import annotations

import os
import random  # noqa: TID251 - histories come from a printed seed
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from infra.local.chain_client import ChainClient, ChainError
from infra.local.world import World
from tests.local_claims import Claimant, advance

IS_FULL = os.environ.get("ARENA_TEST_FULL") == "1"  # noqa: TID251 - the test run's own switch
HISTORIES = 250 if IS_FULL else 25
FROZEN_LAG_S = 100_000


@dataclass(frozen=True, slots=True)
class Reading:
    """What a settler can know at one moment about one claim."""

    masterchain_time_s: int
    shard_time_s: int
    is_executed: bool
    is_executed_unpinned: bool


Rule = Callable[[Reading, int], bool]


def strict_shard_time(reading: Reading, valid_until_s: int) -> bool:
    return not reading.is_executed and reading.shard_time_s > valid_until_s


def lenient_shard_time(reading: Reading, valid_until_s: int) -> bool:
    return not reading.is_executed and reading.shard_time_s >= valid_until_s


def masterchain_time(reading: Reading, valid_until_s: int) -> bool:
    return not reading.is_executed and reading.masterchain_time_s > valid_until_s + 60


def unpinned_state(reading: Reading, valid_until_s: int) -> bool:
    return not reading.is_executed_unpinned and reading.shard_time_s > valid_until_s


@pytest.fixture
def player(chain: ChainClient, world: World, oracle: SigningKey) -> Iterator[Claimant]:
    yield Claimant.funded(chain, world, oracle)
    chain.control("lag", shard_s=2, unpinned_blocks=0)


def read(player: Claimant, *, seqno: int) -> Reading:
    chain, pinned = player.chain, player.chain.head_seqno()
    account = chain.account(player.world.vault, seqno=pinned)
    header = chain.call("getBlockHeader", workchain=-1, seqno=pinned)
    return Reading(
        masterchain_time_s=header["gen_utime"],
        shard_time_s=account["sync_utime"],
        is_executed=player.last_seqno(seqno=pinned) >= seqno,
        is_executed_unpinned=player.last_seqno() >= seqno,
    )


def freeze_shard(chain: ChainClient) -> int:
    """Hold the shard's time where it is, while the masterchain's goes on."""
    return int(chain.control("lag", shard_s=FROZEN_LAG_S)["shard_time_s"])


def is_paid(player: Claimant, *, units: int) -> bool:
    player.chain.control("lag", unpinned_blocks=0)
    return player.jetton_units() == units


def test_settling_on_masterchain_time_pays_twice(player: Claimant, chain_clock: Path) -> None:
    valid_until_s = freeze_shard(player.chain) + 30
    transaction = player.transaction(seqno=1, units=5, valid_until_s=valid_until_s)
    advance(chain_clock, seconds=200)
    reading = read(player, seqno=1)
    player.wallet.send_transaction(player.chain, transaction)
    assert masterchain_time(reading, valid_until_s)
    assert not strict_shard_time(reading, valid_until_s)
    assert is_paid(player, units=5)


def test_settling_in_the_last_second_of_a_claim_pays_twice(player: Claimant) -> None:
    valid_until_s = freeze_shard(player.chain)
    transaction = player.transaction(seqno=1, units=5, valid_until_s=valid_until_s)
    reading = read(player, seqno=1)
    player.wallet.send_transaction(player.chain, transaction)
    assert lenient_shard_time(reading, valid_until_s)
    assert not strict_shard_time(reading, valid_until_s)
    assert is_paid(player, units=5)


def test_settling_on_an_unpinned_read_of_a_lagging_server_pays_twice(
    player: Claimant, chain_clock: Path
) -> None:
    player.claim(seqno=1, units=5)
    valid_until_s = player.chain.control("state")["shard_time_s"] + 600
    advance(chain_clock, seconds=700)
    player.chain.head_seqno()  # a block after the claim's time
    player.chain.control("lag", unpinned_blocks=10)
    reading = read(player, seqno=1)
    assert unpinned_state(reading, valid_until_s)
    assert not strict_shard_time(reading, valid_until_s)
    assert is_paid(player, units=5)


def test_a_claim_past_its_time_in_the_shard_can_never_run(player: Claimant, chain_clock: Path) -> None:
    valid_until_s = player.chain.control("state")["shard_time_s"] + 30
    transaction = player.transaction(
        seqno=1, units=5, valid_until_s=valid_until_s, wallet_until_s=valid_until_s + 900
    )
    advance(chain_clock, seconds=60)
    assert strict_shard_time(read(player, seqno=1), valid_until_s)
    player.wallet.send_transaction(player.chain, transaction)
    assert is_paid(player, units=0)


def test_the_strict_rule_never_refunds_a_claim_that_is_paid(player: Claimant, chain_clock: Path) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    violations = dict.fromkeys((strict_shard_time, lenient_shard_time, masterchain_time), 0)
    paid_seqno = 0
    for _ in range(HISTORIES):
        refunded, is_done = one_history(player, chain_clock, chance, seqno=paid_seqno + 1)
        paid_seqno += is_done
        for rule in refunded:
            violations[rule] += is_done
    print({rule.__name__: count for rule, count in violations.items()})
    assert violations[strict_shard_time] == 0


def one_history(
    player: Claimant, clock: Path, chance: random.Random, *, seqno: int
) -> tuple[set[Rule], bool]:
    """Let time, lag and one sending happen at random; which rules refunded, and whether it was paid."""
    chain = player.chain
    valid_until_s = chain.control("state")["shard_time_s"] + chance.choice((0, 0, 1, 10, 60, 120))
    transaction = player.transaction(
        seqno=seqno, units=1, valid_until_s=valid_until_s, wallet_until_s=valid_until_s + 900
    )
    sending_step = chance.randrange(8)
    refunded: set[Rule] = set()
    for step in range(8):
        if chance.random() < 0.4:
            chain.control("lag", shard_s=chance.choice((0, 5, 60, 200, 400)))
        advance(clock, seconds=chance.choice((0, 0, 1, 5, 30, 90)))
        reading = read(player, seqno=seqno)
        for rule in (strict_shard_time, lenient_shard_time, masterchain_time):
            if rule(reading, valid_until_s):
                refunded.add(rule)
        if step == sending_step:
            send_if_possible(player, transaction)
    return refunded, player.last_seqno() >= seqno


def send_if_possible(player: Claimant, transaction: dict[str, object]) -> None:
    """When even the wallet message's own time is over, nothing is sent."""
    with suppress(ChainError):
        player.wallet.send_transaction(player.chain, transaction)
