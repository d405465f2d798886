"""Wallet names that no account stands behind: what a crashed or refused link left is freed after five minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.calendar import MS_PER_SECOND
from shared.services.due_pages import DueItems
from shared.services.link_wallet import wallet_name

if TYPE_CHECKING:
    from shared.ports.clock import Clock
    from shared.ports.wallets import WalletName, WalletNames
    from shared.ports.watermarks import Watermarks
    from shared.services.commit import Committer

WATERMARK: Final = "wallet_names"
DISAGREES_FOR_MS: Final = 5 * 60 * MS_PER_SECOND
"""Far longer than any request lives, and than clocks differ: a link has its row by then, or never will."""

RUN_FOR_MS: Final = 20 * MS_PER_SECOND


@dataclass(frozen=True, slots=True)
class NameKeeper:
    """What looking after wallet names needs."""

    committer: Committer
    names: WalletNames
    watermarks: Watermarks
    clock: Clock


@dataclass(slots=True)
class NameTally:
    """How many names one run looked at and freed."""

    looked_at: int = 0
    released: int = 0


def release_unused_names(keeper: NameKeeper, *, run_for_ms: int = RUN_FOR_MS) -> NameTally:
    """Look once at each name five minutes after it was last taken; free it unless its account has the wallet.

    Every taking renews the instant, so none is missed; an unlinked wallet's name is freed by its own row.
    What there is no time for is left for the next run.
    """
    tally = NameTally()
    until_ms = keeper.clock.now_ms() - DISAGREES_FOR_MS
    due = DueItems(
        WATERMARK,
        keeper.names.taken_between,
        lambda found: found.taken_ms,
        keeper.watermarks,
        keeper.clock,
    )
    for page in due.pages(first_ms=0, until_ms=until_ms, final_ms=until_ms, run_for_ms=run_for_ms):
        for found in page.items:
            tally.looked_at += 1
            if not _is_used(keeper, found):
                now_ms = keeper.clock.now_ms()
                keeper.names.release(found.name, found.account, ticket=found.ticket, now_ms=now_ms)
                tally.released += 1
    return tally


def _is_used(keeper: NameKeeper, found: WalletName) -> bool:
    wallet = keeper.committer.view_player(found.account).state.get("wallet")
    return wallet is not None and wallet_name(wallet) == found.name
