"""Reading claims and the vault; nothing here changes money."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from shared.domain.cursors import cursor_int, read_cursor, write_cursor
from shared.domain.money import INT64_MAX
from shared.services.request_claim import ClaimDesk, ClaimProgress, read_claim

if TYPE_CHECKING:
    from shared.domain.claims import Claim
    from shared.domain.ton_views import VaultAccount

CLAIMS: Final = "claims"


@dataclass(frozen=True, slots=True)
class ClaimsPage:
    """Claims, newest first, and where the next page begins (None: nowhere)."""

    claims: list[Claim]
    next_cursor: str | None


def claims_page(desk: ClaimDesk, *, account: str, limit: int, cursor: str | None) -> ClaimsPage:
    """At most `limit` claims of the account before the cursor, which holds the row seq of the last one seen.

    A player has few claims (three a day at most by default), so they are read by account and sorted here.
    Raises Refused `invalid_cursor`.
    """
    before = None if cursor is None else cursor_int(read_cursor(CLAIMS, cursor), "seq", low=1, high=INT64_MAX)
    claims = sorted(desk.claims.of_account(account), key=lambda claim: -claim.row_seq)
    if before is not None:
        claims = [claim for claim in claims if claim.row_seq < before]
    page = claims[:limit]
    has_more = len(claims) > limit
    return ClaimsPage(page, write_cursor(CLAIMS, {"seq": page[-1].row_seq}) if has_more else None)


def report_sent(desk: ClaimDesk, *, account: str, claim_id: str, boc: str) -> ClaimProgress:
    """Keep the client's word for what its wallet sent, for people to look at; it decides nothing."""
    claim = read_claim(desk, account=account, claim_id=claim_id)
    if claim.wallet_report != boc:
        noted = replace(claim, wallet_report=boc, revision=claim.revision + 1)
        if desk.claims.replace(noted, expected_revision=claim.revision):
            claim = noted
    return ClaimProgress(claim, is_replay=True)


def vault_account(desk: ClaimDesk) -> VaultAccount:
    """The vault at one pinned block."""
    return desk.chain.vault_account()
