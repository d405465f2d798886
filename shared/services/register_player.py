"""A Telegram user becomes a player: one account, one alias, one referral code, exactly once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from shared.domain.aliases import alias_of
from shared.domain.calendar import MS_PER_SECOND
from shared.domain.errors import Unavailable
from shared.domain.ledger import SYSTEM_FINGERPRINT, Accepted, system_key

if TYPE_CHECKING:
    from shared.domain.player import Player
    from shared.ports.referrals import ReferralCodes
    from shared.services.commit import Committer, DecisionContext

CODE_TRIES: Final = 8
CODE_GOOD_FOR_MS: Final = 2 * 60 * MS_PER_SECOND
"""A registration that slept longer starts anew: a code without a row is freed after five minutes."""


def account_of(telegram_id: int) -> str:
    """The account of a Telegram user; it appears in keys and row ids, never to another player."""
    return f"tg{telegram_id}"


def register_player(
    telegram_id: int, *, committer: Committer, codes: ReferralCodes, new_code: Callable[[], str]
) -> Player:
    """The user's player, created and named at the first call; any crash in between is made good by the next.

    `new_code` answers ten random hex digits. Raises Unavailable when the store did not answer, and
    `logins_paused` while an administrator has stopped new sessions.
    """
    if committer.configs.current().paused.logins:
        raise Unavailable("Signing in is paused", code="logins_paused")
    account = account_of(telegram_id)
    player = committer.store.read_player(account)
    if player is not None and "alias" in player.state:
        return player
    if player is None:
        committer.store.create_player(account, now_ms=committer.clock.now_ms())
    taken_ms = committer.clock.now_ms()
    code = _take_code(account, codes=codes, new_code=new_code, now_ms=taken_ms)

    def decide(context: DecisionContext) -> Accepted:
        if context.now_ms - taken_ms > CODE_GOOD_FOR_MS:
            raise Unavailable("Signing in took too long", code="code_expired")
        alias = alias_of(context.player.id)
        return Accepted("register", answer={"alias": alias}, changes={"alias": alias, "referralCode": code})

    key = system_key(account, "register")
    committer.commit(account=account, key=key, fingerprint=SYSTEM_FINGERPRINT, decide=decide, scope=None)
    return committer.read_player(account)


def _take_code(account: str, *, codes: ReferralCodes, new_code: Callable[[], str], now_ms: int) -> str:
    """A code nobody else owns; the name is inserted before the row that relies on it."""
    for _ in range(CODE_TRIES):
        code = new_code()
        if codes.take(code, account, now_ms=now_ms) == account:
            return code
    raise Unavailable("No free referral code was found", code="code_busy")
