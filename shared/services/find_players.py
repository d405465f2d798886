"""Players as administrators see them: found by whatever is known of them, and one of them whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.domain.calendar import iso_time
from shared.domain.errors import Refused
from shared.domain.moderation import bans_of, notes_of
from shared.domain.money import CURRENCIES
from shared.domain.ton.address import read_address
from shared.services.decide_claims import claim_answer
from shared.services.read_history import read_battles, read_ledger
from shared.services.read_player_view import read_brokers
from shared.services.register_player import account_of

if TYPE_CHECKING:
    from shared.domain.player import Player
    from shared.ports.admin import PlayerSearch
    from shared.ports.claims import ClaimStore
    from shared.services.commit import Committer

FOUND_MAX: Final = 50
SHOWN_ROWS: Final = 20
SHOWN_CLAIMS: Final = 20

SearchBy = Literal["id", "telegram", "alias", "wallet", "referralCode"]


@dataclass(frozen=True, slots=True)
class PlayerViews:
    """What looking at players needs."""

    committer: Committer
    search: PlayerSearch
    claims: ClaimStore


def find_players(views: PlayerViews, *, by: SearchBy, text: str) -> list[dict[str, Any]]:
    """Exact matches, at most 50: an alias is shared by thousands, the rest names one.

    Raises Refused `invalid_address` for a wallet that is none, `invalid_search` for a Telegram id that
    is no number.
    """
    found = []
    for account in _accounts(views, by=by, text=text):
        player = views.committer.store.read_player(account)
        if player is not None:
            found.append(_summary(views.committer.roll_forward(player)))
    return found


def read_player_page(views: PlayerViews, account: str) -> dict[str, Any]:
    """Everything about one player at a glance. Raises Refused `player_unknown`."""
    player = views.committer.read_player(account)
    claims = sorted(views.claims.of_account(account), key=lambda claim: -claim.row_seq)[:SHOWN_CLAIMS]
    return {
        **_summary(player),
        "seq": player.seq,
        "head": player.head,
        "lastRowAt": iso_time(player.ts_ms),
        "referralCode": str(player.state.get("referralCode", "")),
        "wallet": str(player.state.get("wallet", {}).get("address", "")),
        "brokers": read_brokers(account, committer=views.committer),
        "ledger": read_ledger(account, limit=SHOWN_ROWS, cursor=None, committer=views.committer).items,
        "battles": read_battles(account, limit=SHOWN_ROWS, cursor=None, committer=views.committer).items,
        "claims": [claim_answer(claim) for claim in claims],
        "bans": bans_of(player),
        "notes": notes_of(player),
    }


def _accounts(views: PlayerViews, *, by: SearchBy, text: str) -> list[str]:
    if by == "id":
        return [text]
    if by == "telegram":
        if not (text.isascii() and text.isdigit()):
            raise Refused("A Telegram id is a number", code="invalid_search", extra={"field": "text"})
        return [account_of(int(text))]
    if by == "alias":
        return views.search.with_alias(text, limit=FOUND_MAX)
    if by == "wallet":
        return views.search.with_wallet(read_address(text).address.raw)
    return views.search.with_referral_code(text.lower())


def _summary(player: Player) -> dict[str, Any]:
    debts = player.state.get("debt", {})
    return {
        "id": player.id,
        "alias": str(player.state.get("alias", "")),
        "balances": {name: str(player.balance(name)) for name in CURRENCIES},
        "escrow": {name: str(amount) for name, amount in sorted(player.escrow.items()) if amount},
        "debt": {name: str(amount) for name, amount in sorted(debts.items()) if amount},
        "isBanned": bool(player.state.get("bans", {})),
    }
