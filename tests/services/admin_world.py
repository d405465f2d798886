"""Administrators beside a claim world: all their desks over fakes, their audit a ledger of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.adapters.admin_tokens import HmacAdminTokens
from shared.adapters.bcrypt_passwords import BcryptPasswords
from shared.domain.admins import OWNER_ID, Admin, Role
from shared.domain.budget_plans import plan_budget
from shared.domain.errors import Unavailable
from shared.services import adjust_balances, change_config, decide_claims, manage_admins, moderate_player
from shared.services.adjust_balances import AdjustmentDesk
from shared.services.admin_audit import Actor, AuditTrail, RequestKey
from shared.services.admin_login import AdminGateDesk
from shared.services.change_config import ConfigDesk
from shared.services.commit import Committer
from shared.services.decide_claims import ClaimsDesk
from shared.services.find_players import PlayerViews
from shared.services.hold_budgets import BudgetHolder
from shared.services.keep_admins import AdminKeeper
from shared.services.manage_admins import AdminsDesk
from shared.services.moderate_player import PlayerDesk
from shared.services.read_reports import ReportDesk
from tests.fakes.admin import (
    FakeAdmins,
    FakeConfigStore,
    FakeLoginAttempts,
    FakePlayerSearch,
    FakeProposals,
    FakeRevokedTokens,
)
from tests.fakes.ledger import FakeLedgerStore
from tests.services.claim_world import ClaimWorld

OWNER_EMAIL = "owner@example.org"
PASSWORD = "fake password of the tests"
PASSWORDS = BcryptPasswords(cost=4)
PASSWORD_HASH = PASSWORDS.hash(PASSWORD)
SECRET = "fake-admin-secret-of-the-tests-0123456789"


class AdminWorld:
    """The desks, and the game and claims they look at."""

    def __init__(self, wrap: Any = lambda _name, part: part) -> None:
        self.claim_world = ClaimWorld(wrap=wrap)
        self.game = self.claim_world.game
        self.clock, self.store = self.game.clock, self.game.store
        self.configs: Any = wrap("configs", FakeConfigStore(self.game.configs))
        self.admins: Any = wrap("admins", FakeAdmins())
        self.proposals: Any = wrap("proposals", FakeProposals())
        self.revoked, self.attempts = FakeRevokedTokens(), FakeLoginAttempts()
        self.audit_store: Any = wrap("audit_ledger", FakeLedgerStore())
        self.trail = self._trail()
        self.trail.open_account(OWNER_ID)
        self.gate = self._gate()
        queue = self.claim_world.fake_claims
        self.moderation = PlayerDesk(self.game.committer, self.trail)
        self.search = FakePlayerSearch(self.store, wallets={}, codes=self.game.codes)
        self.players = PlayerViews(self.game.committer, self.search, queue)
        self.config = ConfigDesk(self.configs, self.store, self.trail)
        self.adjustments = AdjustmentDesk(self.moderation, self.proposals)
        self.claims = ClaimsDesk(self.claim_world.claims, queue, self.claim_world.approvals, self.trail)
        self.reports = ReportDesk(self.game.committer, queue, self.trail)
        self.admins_desk = AdminsDesk(self.gate, self.trail)
        self.keeper = AdminKeeper(self.trail, self.revoked, self.attempts, self.clock)

    def _trail(self) -> AuditTrail:
        committer = Committer(
            self.audit_store,
            self.game.configs,
            self.clock,
            BudgetHolder(self.audit_store, plan_budget, self.clock.now_ms),
            self.game.new_attempt,
        )
        claims, proposals = self.claim_world.claims, self.proposals
        return AuditTrail(
            committer,
            {
                change_config.TRACE: change_config.config_trace(self.configs, self.store),
                moderate_player.TRACE: moderate_player.row_trace(self.store),
                adjust_balances.PROPOSED: adjust_balances.proposed_trace(proposals),
                adjust_balances.DECIDED: adjust_balances.decided_trace(proposals, self.game.committer),
                decide_claims.APPROVED: decide_claims.approved_trace(self.claim_world.approvals, claims),
                decide_claims.REJECTED: decide_claims.rejected_trace(claims),
                manage_admins.CREATED: manage_admins.created_trace(self.admins),
                manage_admins.CHANGED: manage_admins.changed_trace(self.admins),
            },
        )

    @contextmanager
    def outcomes_lost(self) -> Iterator[None]:
        """Meanwhile orders are carried out and die before they can write down what became of them."""
        store = self.audit_store
        insert = store.insert_row

        def insert_no_outcome(row: Any) -> bool:
            if row.kind == "outcome":
                raise Unavailable("died", code="x")
            return bool(insert(row))

        store.insert_row = insert_no_outcome
        try:
            yield
        finally:
            del store.insert_row

    def _gate(self) -> AdminGateDesk:
        return AdminGateDesk(
            owner=Admin(id=OWNER_ID, email=OWNER_EMAIL, role="owner", password_hash=PASSWORD_HASH),
            admins=self.admins,
            revoked=self.revoked,
            attempts=self.attempts,
            passwords=PASSWORDS,
            tokens=HmacAdminTokens([SECRET]),
            clock=self.clock,
            new_token_id=self.game.new_attempt,
            record_login=self.trail.record_login,
        )

    def actor(self, role: Role = "owner", *, name: str = "") -> Actor:
        """An administrator of this role with an open audit chain."""
        admin = self.gate.owner
        if role != "owner" or name:
            admin = Admin(f"a-{name or role}", f"{name or role}@example.org", role, PASSWORD_HASH)
            self.admins.insert(admin)
            self.trail.open_account(admin.id)
        return Actor(admin, "request-1", "203.0.113.9")

    def request(self, key: str = "") -> RequestKey:
        return RequestKey(key or self.game.new_attempt(), "f")

    def records(self, admin_id: str = OWNER_ID) -> list[dict[str, Any]]:
        """An administrator's audit rows' answers, in order."""
        rows = self.audit_store.rows_at(admin_id, range(1, 1000))
        return [{"kind": row.kind, **row.answer} for row in rows]
