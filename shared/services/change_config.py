"""The configuration changes: one revision at a time, by a named administrator, for a reason, and back again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from shared.domain.admin_records import Change, Intent, Order
from shared.domain.config_changes import (
    ConfigRevision,
    difference_documents,
    rolled_back,
    with_switches,
)
from shared.domain.errors import Refused, Unavailable
from shared.domain.game_config import GameConfig
from shared.services.admin_audit import Actor, Audited, AuditTrail, RequestKey, Trace, carry_out
from shared.services.resize_budgets import resize_budgets

if TYPE_CHECKING:
    from shared.ports.admin import ConfigStore
    from shared.ports.ledger import LedgerStore

TRACE: Final = "config"
TRACED_AT_ONCE: Final = 50
TRACED_BEFORE_MS: Final = 600_000
"""Clocks differ, and an intent may act two minutes after it was written: ten are enough for both."""
TRIES: Final = 8

Edit = Callable[[GameConfig], GameConfig]


@dataclass(frozen=True, slots=True)
class ConfigDesk:
    """What changing the configuration needs."""

    configs: ConfigStore
    store: LedgerStore
    trail: AuditTrail


@dataclass(frozen=True, slots=True)
class ConfigOrder:
    """What to change: an action of the table, its parameters for the audit, and why."""

    action: str
    parameters: Mapping[str, Any]
    reason: str


def change_config(
    desk: ConfigDesk,
    actor: Actor,
    order: ConfigOrder,
    request: RequestKey,
    *,
    expected_revision: int,
    edit: Edit,
) -> Audited:
    """Make the next revision out of the expected one.

    The answer has `revision`, `changes` and the `budgets` that were resized. Refused `revision_conflict`
    when another revision is current, `config_unchanged` when `edit` changes nothing.
    """
    parameters = {**order.parameters, "expectedRevision": expected_revision, "reason": order.reason}

    def act(intent: Intent) -> Change:
        made = _next_revision(desk, intent, order, expected_revision=expected_revision, edit=edit)
        return _applied(made, configs=desk.configs, store=desk.store)

    written = Order(order.action, "config", parameters, f"{TRACE}:")
    return carry_out(desk.trail, actor, written, request, act)


def roll_back(
    desk: ConfigDesk, actor: Actor, request: RequestKey, *, to: int, expected_revision: int, reason: str
) -> Audited:
    """A new revision with the economy, modes and limits of an earlier one. Refused `revision_unknown`."""

    def edit(config: GameConfig) -> GameConfig:
        former = desk.configs.revisions([to])
        if not former:
            raise Refused("There is no such revision", code="revision_unknown", extra={"revision": to})
        return rolled_back(config, former[0].config)

    order = ConfigOrder("config.rollback", {"to": to}, reason)
    return change_config(desk, actor, order, request, expected_revision=expected_revision, edit=edit)


def set_switches(
    desk: ConfigDesk,
    actor: Actor,
    request: RequestKey,
    *,
    switches: Mapping[str, bool],
    reason: str,
) -> Audited:
    """Pause or resume at once, whatever revision is current: in an emergency nobody looks it up.

    Every instance follows within the 3 s a configuration may be old.
    """
    action = "game.pause" if all(switches.values()) else "game.resume"
    order = ConfigOrder(action, {"switches": dict(switches)}, reason)

    def act(intent: Intent) -> Change:
        made = _revision_of(desk.configs, intent)
        for _ in range(TRIES):
            if made is not None:
                return _applied(made, configs=desk.configs, store=desk.store)
            config = desk.configs.latest()
            paused = with_switches(config, switches)
            if paused == config:
                return Change(_answer(config, [], []))
            made = _try_next(desk, intent, order, base=config, config=paused)
        raise Unavailable("The configuration changes too fast", code="config_busy")

    written = Order(action, "config", {**order.parameters, "reason": reason}, f"{TRACE}:")
    return carry_out(desk.trail, actor, written, request, act)


def config_trace(configs: ConfigStore, store: LedgerStore) -> Trace:
    """Whether a revision was made by the intent; its budgets are resized then, if need be."""

    def has_happened(_name: str, intent: Intent) -> bool:
        made = _revision_of(configs, intent)
        if made is not None:
            _applied(made, configs=configs, store=store)
        return made is not None

    return has_happened


def _revision_of(configs: ConfigStore, intent: Intent) -> ConfigRevision | None:
    """The revision that the intent made; looked for back to when nobody had announced it yet."""
    top = configs.latest().revision
    while top > 0:
        page = configs.revisions(range(max(1, top - TRACED_AT_ONCE + 1), top + 1))
        made = next((revision for revision in page if revision.intent == intent.id), None)
        newest_ms = max((revision.at_ms for revision in page), default=0)
        if made is not None or newest_ms < intent.at_ms - TRACED_BEFORE_MS:
            return made
        top -= TRACED_AT_ONCE
    return None


def _next_revision(
    desk: ConfigDesk, intent: Intent, order: ConfigOrder, *, expected_revision: int, edit: Edit
) -> ConfigRevision:
    base = desk.configs.latest()
    if base.revision == expected_revision:
        config = edit(base)
        if config == base:
            raise Refused("This changes nothing", code="config_unchanged")
        made = _try_next(desk, intent, order, base=base, config=config)
        if made is not None:
            return made
    # A copy of this request may have been faster: then the revision is ours all the same.
    made = _revision_of(desk.configs, intent)
    if made is None:
        latest = desk.configs.latest().revision
        raise Refused(
            "Somebody changed the configuration meanwhile: look again",
            code="revision_conflict",
            extra={"revision": latest},
        )
    return made


def _try_next(
    desk: ConfigDesk, intent: Intent, order: ConfigOrder, *, base: GameConfig, config: GameConfig
) -> ConfigRevision | None:
    made = ConfigRevision(
        replace(config, revision=base.revision + 1),
        by=intent.admin_id,
        at_ms=intent.at_ms,
        reason=order.reason,
        intent=intent.id,
    )
    if desk.configs.replace_by(made, expected_revision=base.revision):
        return made
    return _revision_of(desk.configs, intent)


def _applied(made: ConfigRevision, *, configs: ConfigStore, store: LedgerStore) -> Change:
    """Today's budgets follow; a request that died before is continued here by the same key."""
    config = made.config
    [base] = configs.revisions([config.revision - 1])
    changes = difference_documents(base.config, config)
    budgets = resize_budgets(base.config, config, store=store, now_ms=made.at_ms, latest=configs.latest)
    documents = [{name: str(value) for name, value in asdict(budget).items()} for budget in budgets]
    return Change(
        _answer(config, changes, documents),
        before={"revision": base.config.revision},
        after={"revision": config.revision, "changes": changes},
    )


def _answer(
    config: GameConfig, changes: list[dict[str, Any]], budgets: list[dict[str, str]]
) -> dict[str, Any]:
    paused = {name: getattr(config.paused, name) for name in type(config.paused).__dataclass_fields__}
    return {"revision": config.revision, "changes": changes, "budgets": budgets, "paused": paused}
