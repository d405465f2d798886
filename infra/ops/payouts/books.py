"""What the ledger knows of claims and corrections, read from its rows, and whose the paid wallets are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final

from pymongo.database import Database

from infra.ops.payouts.compare import BookedClaim, Books, Holder, Outcome
from shared.adapters.mongo_ledger_scan import MongoLedgerScan
from shared.adapters.mongo_signing import MongoSigningJournal
from shared.adapters.mongo_wallets import MongoWalletNames
from shared.domain.adjustments import ADJUST_KIND
from shared.domain.claims import CLAIM_KIND, CONFIRM_KIND, REFUND_KIND, ClaimTerms, seqno_field, terms_from

_KINDS: Final = (CLAIM_KIND, CONFIRM_KIND, REFUND_KIND, ADJUST_KIND)
_END_MS: Final = 1 << 62
_OUTCOMES: Final[Mapping[str, Outcome]] = {CONFIRM_KIND: "confirmed", REFUND_KIND: "refunded"}


def read_books(
    database: Database[dict[str, Any]], *, from_ms: int, wallets: Collection[str], network: int, vault: str
) -> Books:
    """Rows from `from_ms` on. Raises Unavailable, InvariantBroken where the database refuses to be read."""
    terms: dict[str, ClaimTerms] = {}
    ends: dict[str, tuple[Outcome, int]] = {}
    debits: dict[tuple[str, str], int] = defaultdict(int)
    scan = MongoLedgerScan(database)
    for row in scan.rows_of_kinds(_KINDS, from_ms=from_ms, until_ms=_END_MS):
        if not row["ok"]:
            continue
        if row["kind"] == CLAIM_KIND:
            found = terms_from(row["set"]["claim.open"])
            terms[found.id] = found
        elif row["kind"] == ADJUST_KIND:
            debits[row["acct"], row["res"]["reason"]] -= int(row["res"]["asked"])
        else:
            ends[row["res"]["claimId"]] = _OUTCOMES[row["kind"]], int(row["ts"])
    journal = MongoSigningJournal(database)
    claims = [_booked(each, ends.get(claim_id), journal) for claim_id, each in terms.items()]
    return Books(claims, debits, _holders(database, scan, wallets, network=network, vault=vault))


def _booked(terms: ClaimTerms, end: tuple[Outcome, int] | None, journal: MongoSigningJournal) -> BookedClaim:
    if end is not None:
        return BookedClaim(terms, end[0], settled_ms=end[1])
    entry = journal.read(terms.journal_id)
    is_signed = entry is not None and entry.claim_id == terms.id and entry.state != "void"
    return BookedClaim(terms, "open", is_signed=is_signed)


def _holders(
    database: Database[dict[str, Any]],
    scan: MongoLedgerScan,
    wallets: Collection[str],
    *,
    network: int,
    vault: str,
) -> dict[str, Holder]:
    names = MongoWalletNames(database)
    accounts = {wallet: names.owner(f"{network}:{wallet}") for wallet in wallets}
    players = {
        str(player["_id"]): player
        for player in scan.players_with_ids({account for account in accounts.values() if account})
    }
    found = {}
    for wallet, account in accounts.items():
        if account is not None and account in players:
            known = players[account].get("vaultSeqno", {}).get(seqno_field(vault, wallet))
            found[wallet] = Holder(account, None if known is None else int(known))
    return found
