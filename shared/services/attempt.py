"""One request's working state on its way to a ledger row, and the row it seals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from shared.domain.calendar import MS_PER_HOUR, utc_day
from shared.domain.errors import Refused, ensure
from shared.domain.ledger import (
    Decision,
    Declined,
    Emission,
    Hold,
    Row,
    check_changes,
    check_legs,
    is_client_key,
)
from shared.domain.money import INT64_MAX
from shared.domain.player import Player, money_after

if TYPE_CHECKING:
    from shared.domain.game_config import GameConfig

REFUSALS_PER_HOUR: Final = 30


@dataclass(slots=True)
class Attempt:
    """One request's working state: its view of the player and the holds it owns.

    `sent_seq` is the number of the row it sent last, 0 before the first.
    """

    id: str
    player: Player
    now_ms: int
    emission_block: str | None
    emissions: tuple[Emission, ...] = ()
    holds: tuple[Hold, ...] = ()
    sent_seq: int = 0

    @property
    def may_be_in(self) -> bool:
        """Whether its row may stand though no read shows it yet: nobody else's was seen in that place."""
        return self.sent_seq == self.player.seq + 1


def refusals_this_hour(attempt: Attempt) -> int:
    """Recorded refusals of the account in the hour of the attempt, as the player's document counts them.

    Only those a client asked for: the ration keeps clients from filling the ledger, and an administrator
    or the system neither uses it up nor is stopped by it.
    """
    refusals = attempt.player.state.get("refusals", {})
    return int(refusals.get("count", 0)) if refusals.get("hour") == attempt.now_ms // MS_PER_HOUR else 0


def is_rationed(attempt: Attempt, *, key: str) -> bool:
    """Whether another refusal of a client's request would be one too many this hour."""
    return is_client_key(key, account=attempt.player.id) and refusals_this_hour(attempt) >= REFUSALS_PER_HOUR


def row_of(attempt: Attempt, decision: Decision, *, key: str, fingerprint: str, config: GameConfig) -> Row:
    """The row that would commit the decision at the next seq of the attempt's view.

    Raises Refused `balance_limit`, InvariantBroken for legs, changes or balances that no row may have.
    """
    player = attempt.player
    row = Row(
        account=player.id,
        seq=player.seq + 1,
        key=key,
        fingerprint=fingerprint,
        ok=True,
        kind=decision.kind,
        ts_ms=attempt.now_ms,
        day=utc_day(attempt.now_ms),
        config_revision=config.revision,
        legs=(),
        changes={},
        removals=(),
        holds=(),
        attempt=attempt.id,
        answer={},
        previous_hash=player.head,
    )
    if isinstance(decision, Declined):
        answer = {"code": decision.code, "detail": decision.detail, "extra": dict(decision.extra)}
        return replace(row, ok=False, changes=_counted(attempt, key=key), answer=answer)
    check_legs(decision.legs)
    check_changes(decision.changes)
    row = replace(
        row,
        legs=decision.legs,
        changes=decision.changes,
        removals=decision.removals,
        holds=attempt.holds,
        answer=decision.answer,
        is_open=decision.is_open,
    )
    for amounts in money_after(player, row):
        _check_amounts(amounts)
    return row


def _counted(attempt: Attempt, *, key: str) -> Mapping[str, Any]:
    """What a recorded refusal changes: the client's ration, if a client asked."""
    if not is_client_key(key, account=attempt.player.id):
        return {}
    count = refusals_this_hour(attempt) + 1
    return {"refusals": {"hour": attempt.now_ms // MS_PER_HOUR, "count": count}}


def _check_amounts(amounts: Mapping[str, int]) -> None:
    for currency, amount in amounts.items():
        ensure(amount >= 0, f"{currency} never goes below zero")
        if amount > INT64_MAX:
            raise Refused(
                "The balance would pass its limit", code="balance_limit", extra={"max": str(INT64_MAX)}
            )
