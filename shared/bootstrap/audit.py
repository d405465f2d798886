"""The administrators' audit: a ledger of its own, and how to find out whether what it announces happened."""

from __future__ import annotations

from shared.bootstrap.stores import Stores, new_id
from shared.services import adjust_balances, change_config, decide_claims, manage_admins, moderate_player
from shared.services.admin_audit import AuditTrail
from shared.services.commit import Committer
from shared.services.hold_budgets import BudgetHolder
from shared.services.keep_admins import AdminKeeper


def audit_trail(stores: Stores) -> AuditTrail:
    """The audit over `admin_audit` and `admin_heads`; the admin function writes it, settle completes it."""
    from shared.adapters.mongo_admins import MongoAdmins
    from shared.adapters.mongo_claims import MongoApprovalStore, MongoClaimStore
    from shared.adapters.mongo_ledger import MongoLedgerStore
    from shared.adapters.mongo_proposals import MongoProposals
    from shared.adapters.system_clock import uptime_ms
    from shared.domain.budget_plans import plan_budget

    store = MongoLedgerStore(stores.database, rows="admin_audit", accounts="admin_heads")
    committer = Committer(
        store=store,
        configs=stores.configs,
        clock=stores.clock,
        holder=BudgetHolder(store, plan_budget, uptime_ms),
        new_attempt=new_id,
    )
    claims, admins = MongoClaimStore(stores.database), MongoAdmins(stores.database)
    proposals = MongoProposals(stores.database)
    game = stores.committer
    return AuditTrail(
        committer,
        {
            change_config.TRACE: change_config.config_trace(stores.configs, game.store),
            moderate_player.TRACE: moderate_player.row_trace(game.store),
            adjust_balances.PROPOSED: adjust_balances.proposed_trace(proposals),
            adjust_balances.DECIDED: adjust_balances.decided_trace(proposals, game),
            decide_claims.APPROVED: decide_claims.approved_trace(MongoApprovalStore(stores.database), claims),
            decide_claims.REJECTED: decide_claims.rejected_trace(claims),
            manage_admins.CREATED: manage_admins.created_trace(admins),
            manage_admins.CHANGED: manage_admins.changed_trace(admins),
        },
    )


def admin_keeper(stores: Stores) -> AdminKeeper:
    """What settle does behind the administrators."""
    from shared.adapters.mongo_admins import MongoLoginAttempts, MongoRevokedTokens

    return AdminKeeper(
        audit_trail(stores),
        MongoRevokedTokens(stores.database),
        MongoLoginAttempts(stores.database),
        stores.clock,
    )
