"""ports.chain.Chain: one contract for the fake and for toncenter's adapter over the real TVM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pytest
from nacl.signing import SigningKey

from infra.local.chain_client import ChainClient
from infra.local.world import UNITS_PER_CREDIT, World
from shared.adapters.toncenter import TonCenter
from shared.adapters.toncenter_chain import ToncenterChain
from shared.domain.errors import InvariantBroken
from shared.domain.ton_views import VaultAccount
from shared.ports.chain import Chain
from tests.fakes.chain import FakeChain
from tests.local_claims import Claimant, advance

UNITS = 7 * UNITS_PER_CREDIT


class Scene(Protocol):
    """A chain with a vault, a recipient nobody has paid yet, and what a test may make happen."""

    recipient: str

    @property
    def chain(self) -> Chain: ...

    def execute_claim(self, *, seqno: int, units: int) -> None: ...

    def advance(self, *, seconds: int) -> None: ...


@dataclass(frozen=True, slots=True)
class FakeScene:
    chain: FakeChain
    recipient: str

    def execute_claim(self, *, seqno: int, units: int) -> None:
        self.chain.execute_claim(self.recipient, seqno=seqno, units=units)

    def advance(self, *, seconds: int) -> None:
        self.chain.advance(seconds=seconds)


@dataclass(frozen=True, slots=True)
class TvmScene:
    chain: ToncenterChain
    claimant: Claimant
    clock: Path

    @property
    def recipient(self) -> str:
        return self.claimant.wallet.address

    def execute_claim(self, *, seqno: int, units: int) -> None:
        self.claimant.claim(seqno=seqno, units=units)
        self.advance(seconds=3)

    def advance(self, *, seconds: int) -> None:
        advance(self.clock, seconds=seconds)


@pytest.fixture
def tvm_scene(chain: ChainClient, world: World, oracle: SigningKey, chain_clock: Path) -> Iterator[TvmScene]:
    provider = TonCenter(
        url=chain.provider_url, api_key=chain.api_key, jitter=lambda: 0.5, on_outcome=lambda _: None
    )
    adapter = ToncenterChain(provider, vault=world.vault, jetton_master=world.jetton_master)
    yield TvmScene(adapter, Claimant.funded(chain, world, oracle), chain_clock)
    provider.close()


@pytest.fixture
def fake_scene() -> FakeScene:
    account = VaultAccount(
        block_seqno=1000,
        shard_time_s=1_800_000_000,
        code_hash="ab" * 32,
        ton_nano=500_000_000,
        jetton_units=1_000 * UNITS_PER_CREDIT,
        jetton_master="0:" + "22" * 32,
        jetton_wallet="0:" + "33" * 32,
        owner="0:" + "44" * 32,
        public_key="55" * 32,
        is_paused=False,
        claim_cap_units=UNITS,
        day_cap_units=100 * UNITS,
        day_spent_units=0,
        recipients=0,
        network_id=-239,
        previous_key_until_s=0,
    )
    return FakeScene(FakeChain(account), "0:" + "66" * 32)


@pytest.fixture(params=["fake", "toncenter"])
def scene(request: pytest.FixtureRequest) -> Scene:
    found: Scene = request.getfixturevalue("fake_scene" if request.param == "fake" else "tvm_scene")
    return found


def test_a_chain_names_its_network(scene: Scene) -> None:
    assert scene.chain.network_id() == scene.chain.vault_account().network_id == -239


def test_a_recipient_nobody_paid_is_at_seqno_zero(scene: Scene) -> None:
    assert scene.chain.vault_snapshot(scene.recipient).last_seqno == 0


def test_an_executed_claim_raises_the_seqno_in_a_later_state(scene: Scene) -> None:
    before = scene.chain.vault_snapshot(scene.recipient)
    scene.execute_claim(seqno=1, units=UNITS)
    after = scene.chain.vault_snapshot(scene.recipient)
    assert after.last_seqno == 1
    assert after.block_seqno > before.block_seqno
    assert after.logical_time > before.logical_time
    assert after.shard_time_s >= before.shard_time_s
    assert after.code_hash == before.code_hash == scene.chain.vault_account().code_hash


def test_time_passes_without_changing_the_vaults_state(scene: Scene) -> None:
    before = scene.chain.vault_snapshot(scene.recipient)
    scene.advance(seconds=100)
    after = scene.chain.vault_snapshot(scene.recipient)
    assert after.shard_time_s >= before.shard_time_s + 100
    assert replace(after, block_seqno=0, shard_time_s=0) == replace(before, block_seqno=0, shard_time_s=0)


def test_an_executed_claim_is_delivered_and_listed_once(scene: Scene) -> None:
    since_s = scene.chain.vault_snapshot(scene.recipient).shard_time_s
    scene.execute_claim(seqno=1, units=UNITS)
    [delivery] = [
        found for found in scene.chain.deliveries(since_s=since_s) if found.recipient == scene.recipient
    ]
    assert (delivery.query_id, delivery.amount_units, delivery.is_aborted) == (1, UNITS, False)
    assert delivery.time_s >= since_s
    assert delivery.transaction_hash


def test_deliveries_before_the_time_asked_for_are_left_out(scene: Scene) -> None:
    scene.execute_claim(seqno=1, units=UNITS)
    scene.advance(seconds=100)
    later_s = scene.chain.vault_snapshot(scene.recipient).shard_time_s
    assert list(scene.chain.deliveries(since_s=later_s)) == []


def test_deliveries_after_the_last_instant_asked_for_are_left_out(scene: Scene) -> None:
    since_s = scene.chain.vault_snapshot(scene.recipient).shard_time_s
    scene.execute_claim(seqno=1, units=UNITS)
    [first] = [each for each in scene.chain.deliveries(since_s=since_s) if each.recipient == scene.recipient]
    scene.advance(seconds=100)
    scene.execute_claim(seqno=2, units=UNITS)
    until_s = first.time_s
    between = scene.chain.deliveries(since_s=since_s, until_s=until_s)
    assert [each.query_id for each in between if each.recipient == scene.recipient] == [1]
    assert list(scene.chain.deliveries(since_s=until_s + 1_000, until_s=until_s + 2_000)) == []


def test_the_account_follows_an_executed_claim(scene: Scene) -> None:
    before = scene.chain.vault_account()
    scene.execute_claim(seqno=1, units=UNITS)
    after = scene.chain.vault_account()
    assert after.jetton_units == before.jetton_units - UNITS
    assert after.recipients == before.recipients + 1
    is_same_day = before.shard_time_s // 86_400 == after.shard_time_s // 86_400
    assert after.day_spent_units == (before.day_spent_units if is_same_day else 0) + UNITS
    assert after.block_seqno > before.block_seqno


@pytest.mark.parametrize(
    "recipient", ["", "0:11", "EQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAM9c", "0:" + "AB" * 32]
)
def test_a_recipient_that_is_not_in_canonical_form_is_our_mistake(scene: Scene, recipient: str) -> None:
    with pytest.raises(InvariantBroken):
        scene.chain.vault_snapshot(recipient)
