"""Linking wallets: one wallet one player, cool-downs, relinking, unlinking, and names nobody stands behind."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import Any

import pytest

from infra.local.player_wallet import PlayerWallet
from shared.adapters.ed25519 import verify
from shared.domain.errors import ArenaError, Refused
from shared.domain.ton.ton_proof import WalletProof, read_wallet_proof
from shared.services.link_wallet import WalletDesk, create_challenge, link_wallet, unlink_wallet
from tests.fakes.wallets import FakeChallenges, FakeWalletNames
from tests.services.claim_world import VAULT, ClaimWorld
from tests.services.interrupted_parts import WAYS, Interruption, Killed

DOMAIN = "play.arena.example"
DAY_S = 24 * 3600
WALLETS = [PlayerWallet(bytes([number]) * 32) for number in range(4)]


class WalletWorld:
    """Players before their first wallet; parts may be interrupted."""

    def __init__(self, *, store: Any = None) -> None:
        self.interruption = Interruption()
        wrap = self.interruption.wrap
        self.claims = ClaimWorld(store=store, wrap=wrap)
        self.names = self.claims.names = FakeWalletNames()
        self.desk = WalletDesk(
            committer=self.claims.committer,
            names=wrap("names", self.names),
            challenges=wrap("challenges", FakeChallenges()),
            clock=self.claims.clock,
            verify=verify,
            domains=(DOMAIN,),
            network_id=VAULT.network,
            new_nonce=self.claims.game.new_code,
        )
        self._keys = itertools.count()
        self.ann, self.bob = self.claims.game.register(1), self.claims.game.register(2)

    def proof(self, account: str, wallet: PlayerWallet, *, challenge: str | None = None) -> WalletProof:
        nonce = challenge or create_challenge(self.desk, account=account).nonce
        proof = wallet.prove(domain=DOMAIN, challenge=nonce, now_s=self.claims.clock.now_ms() // 1000)
        return read_wallet_proof(account=wallet.tonconnect_account(network_id=VAULT.network), proof=proof)

    def link(self, account: str, number: int, *, key: str | None = None, proof: WalletProof | None = None):
        proof = proof or self.proof(account, WALLETS[number])
        key = key or f"link-{next(self._keys)}"
        return link_wallet(self.desk, account=account, proof=proof, key=key, fingerprint="f").answer()

    def unlink(self, account: str, *, key: str | None = None):
        key = key or f"unlink-{next(self._keys)}"
        return unlink_wallet(self.desk, account=account, key=key, fingerprint="f").answer()

    def wallet_of(self, account: str) -> str | None:
        return self.claims.committer.view_player(account).state.get("wallet", {}).get("address")

    def owner(self, number: int) -> str | None:
        return self.names.owner(f"{VAULT.network}:{WALLETS[number].address}")

    def refused(self, step, *given, **named) -> str:
        with pytest.raises(Refused) as refused:
            step(*given, **named)
        return refused.value.code


@pytest.fixture
def world() -> WalletWorld:
    return WalletWorld()


def test_a_proven_wallet_is_linked_in_its_canonical_form(world):
    answer = world.link(world.ann, 0)
    assert answer["address"] == WALLETS[0].address == world.wallet_of(world.ann)
    assert (answer["version"], answer["network"]) == ("v4r2", "-3")
    assert world.owner(0) == world.ann


def test_a_challenge_is_good_for_one_proof_of_its_own_player(world):
    challenge = create_challenge(world.desk, account=world.ann).nonce
    stolen = world.proof(world.bob, WALLETS[0], challenge=challenge)
    assert world.refused(world.link, world.bob, 0, proof=stolen) == "challenge_unknown"
    world.link(world.ann, 0, proof=stolen)
    assert world.refused(world.link, world.ann, 0, proof=stolen) == "challenge_unknown"


def test_a_challenge_expires(world):
    challenge = create_challenge(world.desk, account=world.ann).nonce
    world.claims.clock.advance(seconds=601)
    proof = world.proof(world.ann, WALLETS[0], challenge=challenge)
    assert world.refused(world.link, world.ann, 0, proof=proof) == "challenge_unknown"
    assert world.owner(0) is None


def test_a_wrong_proof_uses_no_challenge_up(world):
    challenge = create_challenge(world.desk, account=world.ann).nonce
    good = world.proof(world.ann, WALLETS[0], challenge=challenge)
    other = world.proof(world.ann, WALLETS[1], challenge=challenge)
    forged = WalletProof(**{**{n: getattr(good, n) for n in good.__slots__}, "signature": other.signature})
    assert world.refused(world.link, world.ann, 0, proof=forged) == "signature_invalid"
    assert world.link(world.ann, 0, proof=good)["address"] == WALLETS[0].address


def test_the_same_key_is_answered_by_its_row_and_needs_no_second_challenge(world):
    proof = world.proof(world.ann, WALLETS[0])
    first = world.link(world.ann, 0, key="k", proof=proof)
    assert world.link(world.ann, 0, key="k", proof=proof) == first


def test_a_wallet_another_player_has_is_refused_and_recorded_nowhere(world):
    world.link(world.ann, 0)
    assert world.refused(world.link, world.bob, 0, key="k") == "wallet_taken"
    assert world.wallet_of(world.bob) is None
    assert world.link(world.bob, 1, key="k")["address"] == WALLETS[1].address


def test_linking_the_same_wallet_again_restarts_no_cool_down(world):
    first = world.link(world.ann, 0)
    world.claims.clock.advance(seconds=3600)
    again = world.link(world.ann, 0)
    assert (again["linkedAt"], again["claimsFrom"]) == (first["linkedAt"], first["claimsFrom"])


def test_a_first_claim_waits_for_the_cool_down_to_the_second(world):
    world.claims.game.give(world.ann, "AIBA", 1_000)
    world.link(world.ann, 0)
    world.claims.advance(seconds=DAY_S - 1)
    assert world.refused(world.claims.ask, world.ann, key="early") == "wallet_cooldown"
    world.claims.advance(seconds=1)
    assert world.claims.ask(world.ann, key="due").claim.state == "signed"


def test_relinking_waits_for_the_cool_down_and_begins_a_new_one(world):
    world.link(world.ann, 0)
    assert world.refused(world.link, world.ann, 1) == "wallet_cooldown"
    world.claims.clock.advance(seconds=DAY_S)
    world.link(world.ann, 1)
    assert (world.wallet_of(world.ann), world.owner(0), world.owner(1)) == (
        WALLETS[1].address,
        None,
        world.ann,
    )
    world.claims.game.give(world.ann, "AIBA", 1_000)
    assert world.refused(world.claims.ask, world.ann) == "wallet_cooldown"


def test_unlinking_and_linking_again_cannot_escape_the_cool_down(world):
    world.link(world.ann, 0)
    world.unlink(world.ann)
    assert world.refused(world.link, world.ann, 1) == "wallet_cooldown"


def test_an_unlinked_wallet_may_be_linked_by_another_player(world):
    world.link(world.ann, 0)
    assert world.unlink(world.ann)["address"] == WALLETS[0].address
    assert world.link(world.bob, 0)["address"] == WALLETS[0].address
    assert world.refused(world.unlink, world.ann) == "wallet_required"


@pytest.fixture
def claiming(world):
    world.claims.game.give(world.ann, "AIBA", 1_000)
    world.link(world.ann, 0)
    world.claims.clock.advance(seconds=DAY_S)
    world.claims.fake_chain.advance(seconds=DAY_S)
    return world.claims.ask(world.ann).claim


def test_no_wallet_changes_while_a_claim_is_open(world, claiming):
    assert world.refused(world.link, world.ann, 1) == "claim_open"
    assert world.refused(world.unlink, world.ann) == "claim_open"
    assert world.wallet_of(world.ann) == WALLETS[0].address


def test_a_wallet_that_went_round_claims_on_from_the_chains_seqno(world, claiming):
    claims = world.claims
    claims.execute(claiming)
    claims.settle()
    world.unlink(world.ann)
    world.link(world.bob, 0)
    claims.game.give(world.bob, "AIBA", 1_000)
    claims.advance(seconds=DAY_S)
    theirs = claims.ask(world.bob).claim
    assert theirs.terms.seqno == 2
    claims.execute(theirs)
    claims.settle()
    world.unlink(world.bob)
    claims.advance(seconds=DAY_S)
    world.link(world.ann, 0)
    claims.advance(seconds=DAY_S)
    assert claims.ask(world.ann, key="k3").claim.terms.seqno == 3


def test_a_wallet_left_for_another_and_taken_up_again_claims_on_from_the_chains_seqno(world, claiming):
    claims = world.claims
    claims.execute(claiming)
    claims.settle()
    world.link(world.ann, 1)
    world.link(world.bob, 0)
    claims.fake_chain.last_seqnos[WALLETS[0].address] = 5
    claims.advance(seconds=DAY_S)
    world.unlink(world.bob)
    world.link(world.ann, 0)
    claims.advance(seconds=DAY_S)
    assert claims.ask(world.ann, key="k2").claim.terms.seqno == 6


def test_a_replayed_unlink_never_frees_a_wallet_linked_again(world):
    world.claims.game.configure(wallet_cooldown_hours=0)
    world.link(world.ann, 0)
    world.unlink(world.ann, key="u")
    world.link(world.ann, 0)
    world.unlink(world.ann, key="u")
    assert world.owner(0) == world.ann
    assert world.refused(world.link, world.bob, 0) == "wallet_taken"


def test_an_unlink_that_sleeps_never_frees_a_wallet_linked_meanwhile(world):
    world.claims.game.configure(wallet_cooldown_hours=0)
    world.link(world.ann, 0)
    release = world.names.release

    def release_late(*given, **named):
        world.names.release = release
        world.link(world.ann, 0)
        release(*given, **named)

    world.names.release = release_late
    world.unlink(world.ann)
    assert (world.wallet_of(world.ann), world.owner(0)) == (WALLETS[0].address, world.ann)


def minutes_pass(world, minutes: int) -> None:
    for _ in range(minutes):
        world.claims.clock.advance(seconds=60)
        world.claims.clean()


def test_a_refused_links_name_is_freed_after_five_minutes(world):
    world.link(world.ann, 0)
    world.refused(world.link, world.ann, 1)
    minutes_pass(world, 4)
    assert world.owner(1) == world.ann
    minutes_pass(world, 2)
    assert (world.owner(0), world.owner(1)) == (world.ann, None)


def test_a_name_in_use_is_never_freed(world):
    world.link(world.ann, 0)
    minutes_pass(world, 20)
    assert world.owner(0) == world.ann


def test_a_half_made_link_before_an_unlink_leaves_no_name_for_ever(world):
    world.link(world.ann, 0)
    world.names.take(f"{VAULT.network}:{WALLETS[0].address}", world.ann, ticket="crashed", now_ms=1)
    minutes_pass(world, 10)
    world.unlink(world.ann)
    assert world.owner(0) == world.ann
    minutes_pass(world, 10)
    assert world.owner(0) is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("step", ["link", "relink", "unlink"])
def test_a_step_interrupted_anywhere_leaves_rows_and_names_agreeing(way, step):
    for at in range(1, 60):
        world = WalletWorld()
        world.claims.game.configure(wallet_cooldown_hours=0)
        if step != "link":
            world.link(world.ann, 0)
            minutes_pass(world, 8)
        number = 1 if step == "relink" else 0
        proof = world.proof(world.ann, WALLETS[number])
        world.interruption.arm(at, way)
        with suppress(ArenaError, Killed):
            world.unlink(world.ann) if step == "unlink" else world.link(world.ann, number, proof=proof)
        hit = world.interruption.hit
        world.interruption.disarm()
        linked = world.wallet_of(world.ann)
        for index in (0, 1):
            if WALLETS[index].address == linked:
                assert world.owner(index) == world.ann, f"the wallet lost its name at {hit}"
        minutes_pass(world, 8)
        held = [index for index in (0, 1) if world.owner(index) is not None]
        assert held == [index for index in (0, 1) if WALLETS[index].address == linked], hit
        if not hit:
            return
    pytest.fail("the step never ends")
