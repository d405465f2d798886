"""What administrators do: through the real desks and their audit, as the admin function does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pymongo.database import Database

from infra.simulation.answers import OPERATOR, SECOND, Request
from infra.simulation.world import SkewedClock, World
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.adapters.mongo_proposals import MongoProposals
from shared.domain.adjustments import Adjustment
from shared.domain.admins import Admin
from shared.domain.budget_plans import plan_budget
from shared.domain.config_changes import with_economy
from shared.services import adjust_balances, change_config, moderate_player
from shared.services.admin_audit import Actor, Audited, AuditTrail, RequestKey
from shared.services.commit import Committer
from shared.services.hold_budgets import BudgetHolder

WHY: Final = "simulated"


@dataclass(frozen=True, slots=True)
class Administration:
    """The desks of one process, and its view of the administrators' own ledger."""

    trail: AuditTrail
    players: moderate_player.PlayerDesk
    adjustments: adjust_balances.AdjustmentDesk
    config: change_config.ConfigDesk

    @classmethod
    def open(
        cls, world: World, *, committer: Committer, configs: MongoGameConfigs, clock: SkewedClock
    ) -> Administration:
        """The desks over the game's committer; the audit is kept by one of its own."""
        database = cast("Database[dict[str, Any]]", world.database)
        store = audit_store(world)
        holder = BudgetHolder(store, plan_budget, clock.now_ms)
        proposals = MongoProposals(database)
        trail = AuditTrail(
            Committer(store, configs, clock, holder, world.new_id),
            {
                change_config.TRACE: change_config.config_trace(configs, committer.store),
                moderate_player.TRACE: moderate_player.row_trace(committer.store),
                adjust_balances.PROPOSED: adjust_balances.proposed_trace(proposals),
                adjust_balances.DECIDED: adjust_balances.decided_trace(proposals, committer),
            },
        )
        players = moderate_player.PlayerDesk(world.parts.desk_committer_of(committer), trail)
        return cls(
            trail,
            players,
            adjust_balances.AdjustmentDesk(players, proposals),
            change_config.ConfigDesk(configs, committer.store, trail),
        )


def audit_store(world: World) -> MongoLedgerStore:
    """The administrators' ledger."""
    database = cast("Database[dict[str, Any]]", world.database)
    return MongoLedgerStore(database, rows="admin_audit", accounts="admin_heads")


Order = Callable[[Administration, Actor, Request, RequestKey], Audited]


def carry_out(administration: Administration, request: Request) -> Mapping[str, Any]:
    """Do what the administrator of this request asks; raises what the admin function would turn into an answer."""
    who = Admin(request.administrator, f"{request.administrator}@example.org", "owner", "no password here")
    key = RequestKey(request.key, request.fingerprint)
    return ORDERS[request.verb](administration, Actor(who, "simulated", "203.0.113.9"), request, key).answer()


def _adjust(administration: Administration, actor: Actor, request: Request, key: RequestKey) -> Audited:
    direction, currency, amount = request.arguments
    adjustment = Adjustment(request.account, direction, currency, amount, WHY)
    return adjust_balances.adjust_balance(administration.adjustments, actor, key, adjustment)


def _confirm(administration: Administration, actor: Actor, request: Request, key: RequestKey) -> Audited:
    proposal_id, is_confirmed = request.arguments
    return adjust_balances.decide_proposal(
        administration.adjustments, actor, key, proposal_id=proposal_id, is_confirmed=is_confirmed
    )


def _ban(administration: Administration, actor: Actor, request: Request, key: RequestKey) -> Audited:
    scope, until_ms = request.arguments
    return moderate_player.ban_player(
        administration.players,
        actor,
        key,
        account=request.account,
        scope=scope,
        until_ms=until_ms,
        reason=WHY,
    )


def _unban(administration: Administration, actor: Actor, request: Request, key: RequestKey) -> Audited:
    (scope,) = request.arguments
    return moderate_player.unban_player(
        administration.players, actor, key, account=request.account, scope=scope, reason=WHY
    )


def _configure(administration: Administration, actor: Actor, request: Request, key: RequestKey) -> Audited:
    name, value, expected = request.arguments
    order = change_config.ConfigOrder("config.economy", {"changes": {name: value}}, WHY)
    return change_config.change_config(
        administration.config,
        actor,
        order,
        key,
        expected_revision=expected,
        edit=lambda config: with_economy(config, {name: value}),
    )


def _switch(administration: Administration, actor: Actor, request: Request, key: RequestKey) -> Audited:
    name, is_paused = request.arguments
    return change_config.set_switches(
        administration.config, actor, key, switches={name: is_paused}, reason=WHY
    )


ORDERS: Final[Mapping[str, Order]] = {
    "adjust": _adjust,
    "confirm": _confirm,
    "ban": _ban,
    "unban": _unban,
    "configure": _configure,
    "switch": _switch,
}
ADMINISTRATORS: Final = (OPERATOR, SECOND)
