"""What is written while a backup rests never leaves half of itself in the restored copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.ops.backup.archive import Manifest, load_manifest
from infra.ops.backup.export import export_database
from infra.ops.backup.restore import restore_database
from infra.ops.backup.tails import Tails, cut_tails
from infra.ops.verify_ledger import verify_database
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.domain.admins import Admin
from shared.domain.budget_plans import plan_budget
from shared.services.admin_audit import Actor, AuditTrail, RequestKey
from shared.services.commit import Committer
from shared.services.finish_transfer import finish_transfer
from shared.services.hold_budgets import BudgetHolder
from shared.services.moderate_player import TRACE, PlayerDesk, ban_player, note_player, row_trace
from shared.services.use_referral import use_referral
from tests.services.audited_world import WALLET


class Scene:
    """A living game whose backup is interrupted at a chosen row, and the copy it becomes."""

    def __init__(self, world: Any, database: Any, copy: Any, folder: Path, uri: str) -> None:
        self.world, self.database, self.copy, self.folder, self.uri = world, database, copy, folder, uri
        self.world.clock.advance(seconds=7200)
        self.began_ms = self.world.clock.now_ms()

    def export(self, *, until: tuple[str, str] = ("", "")) -> Manifest:
        def stop(collection: str, _: int) -> None:
            manifest = load_manifest(self.folder)
            assert manifest is not None
            if (collection, manifest.chunks[collection][-1].last_id) == until:
                raise KeyboardInterrupt

        clock = self.world.clock
        return export_database(
            self.database, self.folder, now_ms=clock.now_ms, progress=stop, chunk_documents=1
        )

    def export_until(self, collection: str, last_id: str) -> None:
        with pytest.raises(KeyboardInterrupt):
            self.export(until=(collection, last_id))

    def play(self, account: str, *, until_seq: int) -> None:
        while (seq := self.world.committer.read_player(account).seq) < until_seq:
            self.world.clock.advance(seconds=3600)
            self.world.battle(account, f"more-{seq}").answer()

    def refer(self, account: str, *, code_of: str) -> None:
        code = self.world.committer.read_player(code_of).state["referralCode"]
        parts = {"committer": self.world.committer, "codes": self.world.codes}
        use_referral(account, code, key="ref", fingerprint="f", **parts).answer()

    def restore(self) -> Tails:
        restore_database(self.folder, self.export(), self.copy, progress=lambda *_: None)
        return cut_tails(self.copy, began_ms=self.began_ms)

    @property
    def violations(self) -> list[str]:
        found = verify_database(self.uri, self.copy.name, now_ms=self.world.clock.now_ms() + 3_600_000)
        return [violation.describe() for violation in found.violations]


@pytest.fixture
def scene(world: Any, mongo_database: Any, scratch: Any, mongo_uri: str, tmp_path: Path) -> Scene:
    for telegram_id in (0, 3):
        world.change(world.player_with_starter(telegram_id), wallet=WALLET)
    return Scene(world, mongo_database, scratch, tmp_path / "b", mongo_uri)


def test_a_row_whose_number_was_passed_before_it_was_written_leaves_no_gap(scene: Scene) -> None:
    scene.play("tg1", until_seq=12)
    scene.export_until("ledger", "tg1:2")
    scene.play("tg1", until_seq=21)
    assert scene.restore() == Tails(left_out=2, reopened=0)
    assert scene.violations == []
    assert scene.copy["ledger"].count_documents({"acct": "tg1"}) == 12


def test_a_transfer_paid_behind_the_cursor_waits_again_and_is_paid_once(scene: Scene) -> None:
    scene.export_until("ledger", "tg1:1")
    scene.refer("tg3", code_of="tg0")
    assert scene.restore() == Tails(left_out=0, reopened=1)
    store = MongoLedgerStore(scene.copy)
    [row] = [row for row in store.open_rows(limit=9) if row.account == "tg3"]
    committer = Committer(
        store, scene.world.configs, scene.world.clock, scene.world.committer.holder, scene.world.new_attempt
    )
    finish_transfer(row, committer=committer)
    assert scene.violations == []


def test_money_that_arrived_from_behind_the_cursor_goes_with_the_row_that_sent_it(scene: Scene) -> None:
    scene.export_until("ledger", "tg1:1")
    scene.refer("tg0", code_of="tg3")
    scene.play("tg3", until_seq=scene.world.committer.read_player("tg3").seq + 1)
    assert scene.restore() == Tails(left_out=2, reopened=0)
    assert scene.violations == []


def test_who_came_after_the_players_were_copied_is_there_with_every_row(scene: Scene) -> None:
    scene.export_until("ledger", "tg1:1")
    scene.world.player_with_starter(5)
    assert scene.restore() == Tails(left_out=0, reopened=0, remade=1)
    assert scene.violations == []
    assert scene.copy["ledger"].count_documents({"acct": "tg5"}) > 0


def test_a_gap_that_a_player_counts_is_damage_and_stays_to_be_found(scene: Scene) -> None:
    scene.play("tg1", until_seq=12)
    scene.database["ledger"].delete_one({"_id": "tg1:11"})
    assert scene.restore() == Tails(left_out=0, reopened=0)
    assert any("tg1:11: there is no such row" in violation for violation in scene.violations)


class Office:
    """The owner's audit and moderation over a database."""

    def __init__(self, scene: Scene, database: Any) -> None:
        self.audit = self._committer(
            scene, MongoLedgerStore(database, rows="admin_audit", accounts="admin_heads")
        )
        self.game = self._committer(scene, MongoLedgerStore(database))
        trail = AuditTrail(self.audit, {TRACE: row_trace(self.game.store)})
        trail.open_account("owner")
        self.desk = PlayerDesk(self.game, trail)
        owner = Admin(id="owner", email="owner@example.org", role="owner", password_hash="fake")
        self.actor = Actor(owner, "r", "a")

    @staticmethod
    def _committer(scene: Scene, store: Any) -> Committer:
        clock = scene.world.clock
        holder = BudgetHolder(store, plan_budget, clock.now_ms)
        return Committer(store, scene.world.configs, clock, holder, scene.world.new_attempt)

    def note(self, key: str, account: str = "tg3") -> None:
        request = RequestKey(key, "f")
        note_player(self.desk, self.actor, request, account=account, text="odd").answer()

    def ban(self, account: str) -> Any:
        request = RequestKey("ban", "f")
        more = {"account": account, "scope": "all", "until_ms": 0, "reason": "odd"}
        ban_player(self.desk, self.actor, request, **more).answer()
        return self.game.read_player(account).state.get("bans", {})


def test_an_administrator_of_a_restored_copy_can_still_act(scene: Scene) -> None:
    office = Office(scene, scene.database)
    for number in range(6):
        office.note(f"k{number}")
    scene.export_until("admin_audit", "owner:2")
    for number in range(6, 10):
        office.note(f"k{number}")
    assert scene.restore().left_out == 1
    assert "all" in Office(scene, scene.copy).ban("tg3")


def test_an_order_in_a_restored_copy_is_never_taken_for_one_that_was_given_during_the_backup(
    scene: Scene,
) -> None:
    office = Office(scene, scene.database)
    office.note("k1")
    scene.export_until("ledger", "tg1:1")
    office.note("k2")
    scene.restore()
    assert "all" in Office(scene, scene.copy).ban("tg3")
