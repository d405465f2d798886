"""An administrator's request may die at any operation: the same key finishes it, or the janitor tells the truth.

Every scenario is run once per store operation, which fails before or after it took effect.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.adjustments import Adjustment
from shared.domain.config_changes import with_economy
from shared.domain.errors import OutcomeUnknown, Refused, Unavailable
from shared.domain.ledger import GENESIS
from shared.services.adjust_balances import adjust_balance, decide_proposal
from shared.services.admin_audit import complete_admin_intents
from shared.services.change_config import ConfigOrder, change_config, set_switches
from shared.services.decide_claims import approve_claim, reject_claim
from shared.services.manage_admins import AdminWish, change_admin, create_admin
from shared.services.moderate_player import ban_player
from tests.services.admin_world import AdminWorld


class Fuse:
    """Counts operations of all stores and breaks the one it is set to; 0 never breaks."""

    def __init__(self) -> None:
        self.at, self.count, self.is_after = 0, 0, False

    def wrap(self, _name: str, part: Any) -> Any:
        return Fused(part, self)

    def run(self, operation: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self.count += 1
        if self.count != self.at:
            return operation(*arguments, **named)
        if self.is_after:
            operation(*arguments, **named)
        raise OutcomeUnknown("died", code="database_unavailable")


class Fused:
    """A store whose every method passes the fuse; anything else is the store's own."""

    def __init__(self, part: Any, fuse: Fuse) -> None:
        self._part, self._fuse = part, fuse

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._part, name)
        if not callable(value):
            return value
        return lambda *arguments, **named: self._fuse.run(value, *arguments, **named)


class Scene:
    """A player with a claim that waits, administrators, and one proposal."""

    def __init__(self) -> None:
        self.fuse = Fuse()
        self.world = AdminWorld(wrap=self.fuse.wrap)
        self.claims = self.world.claim_world
        self.ann = self.claims.player(credits=5_000)
        self.claims.game.configure(claim_approval_above_aiba=100, admin_daily_aiba=20_000)
        self.revision = self.claims.configs.config.revision
        self.claim = self.claims.ask(self.ann, 500).claim.terms.id
        self.owner, self.second = self.world.actor(), self.world.actor("owner", name="second")
        wanted = Adjustment(self.ann, "credit", "AIBA", 6_000, "x")
        self.proposal = adjust_balance(
            self.world.adjustments, self.second, self.world.request(), wanted
        ).answer()["id"]
        self.request = self.world.request("k")

    @property
    def balance(self) -> int:
        return self.world.game.committer.read_player(self.ann).balance("AIBA")

    def adjust(self) -> Any:
        wanted = Adjustment(self.ann, "credit", "AIBA", 400, "x")
        return adjust_balance(self.world.adjustments, self.owner, self.request, wanted)

    def debit(self) -> Any:
        wanted = Adjustment(self.ann, "debit", "AIBA", 5_000, "x")
        return adjust_balance(self.world.adjustments, self.owner, self.request, wanted)

    def confirm(self) -> Any:
        return decide_proposal(
            self.world.adjustments, self.owner, self.request, proposal_id=self.proposal, is_confirmed=True
        )

    def ban(self) -> Any:
        return ban_player(
            self.world.moderation,
            self.owner,
            self.request,
            account=self.ann,
            scope="all",
            until_ms=0,
            reason="x",
        )

    def configure(self) -> Any:
        return change_config(
            self.world.config,
            self.owner,
            ConfigOrder("config.economy", {}, "x"),
            self.request,
            expected_revision=self.revision,
            edit=lambda config: with_economy(config, {"claimMaxAibaPerDay": 700}),
        )

    def pause(self) -> Any:
        return set_switches(
            self.world.config, self.owner, self.request, switches={"claims": True}, reason="x"
        )

    def approve(self) -> Any:
        return approve_claim(self.world.claims, self.owner, self.request, claim_id=self.claim)

    def reject(self) -> Any:
        return reject_claim(self.world.claims, self.owner, self.request, claim_id=self.claim, reason="odd")

    def create(self) -> Any:
        return create_admin(
            self.world.admins_desk,
            self.owner,
            self.request,
            email="new@example.org",
            role="viewer",
            password="a fake password",
        )

    def change(self) -> Any:
        wish = AdminWish(role="viewer")
        return change_admin(self.world.admins_desk, self.owner, self.request, admin_id="a-second", wish=wish)


def _claims_cap(scene: Scene) -> int:
    shards = scene.world.store.shards.values()
    return sum(shard.cap for shard in shards if shard.id.startswith("claims:"))


SCENARIOS: dict[str, Callable[[Scene], Any]] = {
    # what must be seen exactly once afterwards, and is seen never before
    "adjust": lambda scene: scene.balance == 4_900,
    "debit": lambda scene: (
        scene.world.game.committer.read_player(scene.ann).state.get("debt") == {"AIBA": 500}
    ),
    "confirm": lambda scene: scene.balance == 10_500,
    "ban": lambda scene: "all" in scene.world.game.committer.read_player(scene.ann).state.get("bans", {}),
    "configure": lambda scene: (
        scene.world.configs.latest().revision == scene.revision + 1 and _claims_cap(scene) == 700
    ),
    "pause": lambda scene: (
        scene.world.configs.latest().paused.claims
        and scene.world.configs.latest().revision == scene.revision + 1
    ),
    "approve": lambda scene: (
        scene.claims.approvals.read(scene.claim) is not None
        and scene.claims.claims.read(scene.claim).state == "approved"
    ),
    "reject": lambda scene: scene.claims.claims.read(scene.claim).state == "rejected",
    "create": lambda scene: scene.world.admins.by_email("new@example.org") is not None,
    "change": lambda scene: (
        (scene.world.admins.read("a-second").role, scene.world.admins.read("a-second").generation)
        == ("viewer", 2)
    ),
}


def operations_of(name: str) -> int:
    scene = Scene()
    before = scene.fuse.count
    getattr(scene, name)().answer()
    return scene.fuse.count - before


def crash(name: str, *, at: int, is_after: bool) -> Scene:
    """A scene in which the request died at its `at`-th operation."""
    scene = Scene()
    assert not SCENARIOS[name](scene)
    scene.fuse.at, scene.fuse.is_after = scene.fuse.count + at, is_after
    with contextlib.suppress(Unavailable):
        getattr(scene, name)().answer()
    scene.fuse.at = 0
    return scene


def assert_whole(scene: Scene) -> list[dict[str, Any]]:
    """The chain is unbroken, every intent has one outcome, and none is open."""
    rows = scene.world.audit_store.rows_at("owner", range(1, 99))
    assert [row.previous_hash for row in rows] == [GENESIS, *(row.hash for row in rows[:-1])][: len(rows)]
    assert [row for row in scene.world.audit_store.open_rows(limit=9) if row.account == "owner"] == []
    records = scene.world.records()
    intents = [record for record in records if record["kind"] == "intent"]
    assert len(records) == 2 * len(intents) <= 2
    return records


IS_FULL = os.environ.get("ARENA_TEST_FULL") == "1"  # noqa: TID251 - the test run's own switch


def crashes_of(name: str) -> list[tuple[int, bool]]:
    """Every operation, before and after; a quarter of them, another one each time, unless in full."""
    every = list(itertools.product(range(1, operations_of(name) + 1), (False, True)))
    start = 0 if IS_FULL else secrets.randbelow(4)
    print(f"{name}: crashes {start}, {start + 4}, ... of {len(every)}")
    return every if IS_FULL else every[start::4]


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_same_key_finishes_what_died(name: str) -> None:
    for at, is_after in crashes_of(name):
        scene = crash(name, at=at, is_after=is_after)
        getattr(scene, name)().answer()
        assert SCENARIOS[name](scene), (at, is_after)
        assert assert_whole(scene)[1]["result"] == "done"
        getattr(scene, name)().answer()
        assert SCENARIOS[name](scene), (at, is_after)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_janitor_tells_the_truth_about_what_died(name: str) -> None:
    for at, is_after in crashes_of(name):
        scene = crash(name, at=at, is_after=is_after)
        scene.world.clock.advance(seconds=301)
        complete_admin_intents(scene.world.trail)
        records = assert_whole(scene)
        has_happened = SCENARIOS[name](scene)
        assert has_happened == bool(records and records[1]["result"] == "done"), (at, is_after)
        if records and not has_happened:
            assert_never_begun_again(scene, name)


def assert_never_begun_again(scene: Scene, name: str) -> None:
    with pytest.raises(Refused, match="never carried out"):
        getattr(scene, name)().answer()
    assert not SCENARIOS[name](scene)
