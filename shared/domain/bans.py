"""Bans: which actions of a player are stopped, until when and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from shared.domain.calendar import iso_time
from shared.domain.errors import Refused

if TYPE_CHECKING:
    from shared.domain.player import Player

BANNED: Final = "banned"
BanScope = Literal["battle", "withdraw", "all"]
"""What a ban stops; an action names its own scope and `all` stops every one of them."""


def check_not_banned(player: Player, scope: BanScope, *, now_ms: int) -> None:
    """Raise Refused `banned` when a ban of this scope, or of `all`, is in force.

    A ban lives in `state["bans"][scope]` as {until (ms, 0 = for good), reason, by, since}, set by an
    administrator's ledger row. The refusal is never recorded: lifting the ban lets the same key pass.
    """
    bans = player.state.get("bans", {})
    for banned in dict.fromkeys((scope, "all")):
        ban = bans.get(banned)
        if ban is None or 0 < int(ban["until"]) <= now_ms:
            continue
        extra = {"scope": banned, "reason": ban.get("reason", "")}
        if ban["until"]:
            extra["until"] = iso_time(int(ban["until"]))
        raise Refused("This account may not do that", code=BANNED, extra=extra)


def standing_bans(player: Player, *, now_ms: int) -> list[dict[str, str]]:
    """The bans in force, as the player is told of them: scope, reason and, unless for good, until when."""
    told: list[dict[str, str]] = []
    for scope, ban in sorted(player.state.get("bans", {}).items()):
        until_ms = int(ban["until"])
        if until_ms and until_ms <= now_ms:
            continue
        told.append({"scope": scope, "reason": ban.get("reason", "")})
        if until_ms:
            told[-1]["until"] = iso_time(until_ms)
    return told
