"""What administrators write on a player besides money: bans of players and brokers, and notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from shared.domain.brokers import broker_path
from shared.domain.calendar import iso_time
from shared.domain.errors import Refused
from shared.domain.ledger import Accepted, Decision, Declined

if TYPE_CHECKING:
    from shared.domain.bans import BanScope
    from shared.domain.player import Player

BAN_KIND: Final = "ban"
UNBAN_KIND: Final = "unban"
NOTE_KIND: Final = "note"
NOTES_KEPT: Final = 20
"""Older notes stay in the ledger's rows; the document keeps the newest at hand."""


def check_until(until_ms: int, *, now_ms: int) -> None:
    """Raise Refused `invalid_until` for a ban that would be over already; 0 is for good."""
    if until_ms and until_ms <= now_ms:
        raise Refused("A ban ends in the future", code="invalid_until", extra={"field": "until"})


def decide_ban(
    player: Player, scope: BanScope, *, until_ms: int, reason: str, by: str, now_ms: int
) -> Decision:
    """A ban of this scope, in the place of one that stands already."""
    ban = {"until": until_ms, "reason": reason, "by": by, "since": now_ms}
    former = player.state.get("bans", {}).get(scope)
    return Accepted(
        BAN_KIND,
        {"scope": scope, "before": _told(former), "after": _told(ban)},
        changes={f"bans.{scope}": ban},
    )


def decide_unban(player: Player, scope: BanScope, *, reason: str, by: str) -> Decision:
    """The end of a ban; Declined `not_banned`."""
    former = player.state.get("bans", {}).get(scope)
    if former is None:
        return Declined(UNBAN_KIND, "not_banned", "There is no such ban", {"scope": scope})
    answer = {"scope": scope, "before": _told(former), "after": {}, "by": by, "reason": reason}
    return Accepted(UNBAN_KIND, answer, removals=(f"bans.{scope}",))


def decide_broker_ban(player: Player, broker_id: str, *, until_ms: int, reason: str, by: str) -> Decision:
    """A ban of one broker; Declined `broker_not_found`."""
    broker = player.state.get("brokers", {}).get(broker_id)
    if broker is None:
        return _no_broker(broker_id)
    ban = {"until": until_ms, "reason": reason}  # what brokers.Ban keeps; who and when is the row's
    return Accepted(
        BAN_KIND,
        {"brokerId": broker_id, "before": _told(broker.get("ban")), "after": _told(ban), "by": by},
        changes={f"{broker_path(broker_id)}.ban": ban},
    )


def decide_broker_unban(player: Player, broker_id: str, *, reason: str, by: str) -> Decision:
    """The end of a broker's ban; Declined `broker_not_found` or `not_banned`."""
    broker = player.state.get("brokers", {}).get(broker_id)
    if broker is None:
        return _no_broker(broker_id)
    if "ban" not in broker:
        return Declined(UNBAN_KIND, "not_banned", "There is no such ban", {"brokerId": broker_id})
    answer = {
        "brokerId": broker_id,
        "before": _told(broker["ban"]),
        "after": {},
        "by": by,
        "reason": reason,
    }
    return Accepted(UNBAN_KIND, answer, removals=(f"{broker_path(broker_id)}.ban",))


def decide_note(player: Player, text: str, *, by: str, now_ms: int) -> Decision:
    """One more note; the newest first."""
    note = {"text": text, "by": by, "at": now_ms}
    notes = [note, *player.state.get("notes", [])][:NOTES_KEPT]
    answer = {"before": {}, "after": {"text": text, "by": by, "at": iso_time(now_ms)}}
    return Accepted(NOTE_KIND, answer, changes={"notes": notes})


def notes_of(player: Player) -> list[dict[str, str]]:
    """The newest notes, as administrators read them."""
    return [
        {"text": note["text"], "by": note["by"], "at": iso_time(int(note["at"]))}
        for note in player.state.get("notes", [])
    ]


def bans_of(player: Player) -> list[dict[str, str]]:
    """Every ban of the player that is written down, whether or not it is over."""
    return [{"scope": scope, **_told(ban)} for scope, ban in sorted(player.state.get("bans", {}).items())]


def _told(ban: Mapping[str, Any] | None) -> dict[str, str]:
    if ban is None:
        return {}
    told = {"reason": str(ban.get("reason", "")), "by": str(ban.get("by", ""))}
    if ban.get("until"):
        told["until"] = iso_time(int(ban["until"]))
    if ban.get("since"):
        told["since"] = iso_time(int(ban["since"]))
    return told


def _no_broker(broker_id: str) -> Declined:
    return Declined(BAN_KIND, "broker_not_found", "The player has no such broker", {"brokerId": broker_id})
