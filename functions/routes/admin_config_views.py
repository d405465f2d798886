"""How the configuration looks to administrators, and the typed change of its economy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from functions.edge.models import Amount, RequestBody, Time, View, utc_text
from functions.routes.admin_forms import Document, FieldChangeView, Reason
from shared.domain.config_changes import ConfigRevision
from shared.domain.config_documents import economy_document
from shared.domain.game_config import Economy, GameConfig
from shared.domain.modes import mode_document

Window = Annotated[list[int], Field(min_length=2, max_length=2, description="[startHour, endHour], UTC")]
ArenaCaps = Annotated[dict[str, Amount], Field(description="Arena to its own cap")]


class EconomyPatch(RequestBody):
    """The fields to change; what is not sent stays. Bounds are the domain's, told field by field."""

    daily_cap_aiba: Amount = "0"
    daily_cap_neur: Amount = "0"
    daily_cap_aiba_by_arena: ArenaCaps = {}  # noqa: RUF012 - pydantic copies it, and it is never read
    daily_cap_neur_by_arena: ArenaCaps = {}  # noqa: RUF012 - as above
    base_reward_aiba_per_score: int = 0
    base_reward_neur_per_score: int = 0
    emission_start_hour_utc: int = 0
    emission_end_hour_utc: int = 0
    emission_windows_utc: dict[str, Window] = {}  # noqa: RUF012 - as above
    train_neur_cost: Amount = "0"
    repair_neur_cost: Amount = "0"
    upgrade_aiba_cost: Amount = "0"
    combine_neur_cost: Amount = "0"
    daily_reward_neur: Amount = "0"
    referral_reward_neur_referrer: Amount = "0"
    referral_reward_neur_referee: Amount = "0"
    referral_reward_aiba_referrer: Amount = "0"
    referral_reward_aiba_referee: Amount = "0"
    star_reward_per_battle: Amount = "0"
    diamond_reward_first_win: Amount = "0"
    battle_max_energy: int = 0
    battle_energy_regen_seconds_per_energy: int = 0
    claim_min_aiba: Amount = "0"
    claim_max_aiba: Amount = "0"
    claim_max_per_player_per_day: int = 0
    claim_max_aiba_per_player_per_day: Amount = "0"
    claim_max_aiba_per_hour: Amount = "0"
    claim_max_aiba_per_day: Amount = "0"
    claim_approval_above_aiba: Amount = "0"
    admin_daily_aiba: Amount = "0"
    wallet_cooldown_hours: int = 0
    budget_shards: int = 0

    def changes(self) -> dict[str, Any]:
        """Wire names to values as the domain reads them: amounts as whole numbers."""
        sent = self.model_dump(exclude_unset=True, by_alias=True)
        return {name: _number(value) for name, value in sent.items()}


AMOUNTS: Final = frozenset(
    name for name, field in EconomyPatch.model_fields.items() if field.annotation is str
)


class EconomyChangeBody(RequestBody):
    """A change of the economy and why."""

    changes: EconomyPatch
    reason: Reason


class DryRunBody(RequestBody):
    """A change that is only looked at."""

    changes: EconomyPatch


class ConfigView(View):
    """One revision whole. `economy` has amounts as decimal strings, `limits` overrides by policy."""

    revision: int
    economy: Document
    modes: Document
    limits: dict[str, int]
    paused: dict[str, bool]


class RevisionView(View):
    """Who made a revision, when and why."""

    revision: int
    by: str
    at: Time
    reason: str
    audit_record: str


class RevisionPage(View):
    """Revisions, newest first."""

    items: list[RevisionView]
    next_cursor: str | None


class RevisionDetail(View):
    """One revision, and what it changed in the one before it."""

    about: RevisionView
    config: ConfigView
    changes: list[FieldChangeView]


class BudgetView(View):
    """A running budget after its cap changed: `cap` is above `wanted` by what was spent already."""

    group: str
    wanted: Amount
    cap: Amount
    available: Amount


class ConfigChangeView(View):
    """What a change did."""

    revision: int
    changes: list[FieldChangeView]
    budgets: list[BudgetView]
    paused: dict[str, bool]


class ProjectionView(View):
    """A day under one configuration, at the pace of the last 24 hours."""

    battles: int
    wanted: dict[str, Amount]
    emitted: dict[str, Amount]
    caps: dict[str, Amount]
    sunk: dict[str, Amount]
    mean_aiba_per_battle_bps: int


class DryRunView(View):
    """Both configurations over the same real rows."""

    changes: list[FieldChangeView]
    basis: dict[str, int]
    before: ProjectionView
    after: ProjectionView


def config_view(config: GameConfig) -> ConfigView:
    """A configuration for administrators."""
    paused = {name: getattr(config.paused, name) for name in type(config.paused).__dataclass_fields__}
    return ConfigView(
        revision=config.revision,
        economy=_economy(config.economy),
        modes={key: mode_document(mode) for key, mode in config.modes.items()},
        limits=dict(config.limits),
        paused=paused,
    )


def revision_view(revision: ConfigRevision) -> RevisionView:
    """Who made it."""
    return RevisionView(
        revision=revision.config.revision,
        by=revision.by,
        at=utc_text(revision.at_ms),
        reason=revision.reason,
        audit_record=revision.intent,
    )


def _economy(economy: Economy) -> dict[str, Any]:
    document = economy_document(economy)
    aliases = {str(field.alias): name for name, field in EconomyPatch.model_fields.items()}
    for alias, value in document.items():
        if aliases[alias] in AMOUNTS:
            document[alias] = str(value)
        elif alias.endswith("ByArena"):
            document[alias] = {arena: str(cap) for arena, cap in value.items()}
    return document


def _number(value: Any) -> Any:
    if isinstance(value, str):
        return int(value)
    if isinstance(value, Mapping):
        return {name: _number(entry) for name, entry in value.items()}
    return value
