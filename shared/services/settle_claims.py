"""Bringing claims to their end: every open one is looked at, and none keeps the others from theirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared.domain.calendar import MS_PER_SECOND
from shared.domain.claims import Claim, check_promised
from shared.domain.errors import ArenaError, InvariantBroken, Unavailable
from shared.services.chain_sightings import ChainSightings
from shared.services.open_claim_pages import WATERMARK, open_pages
from shared.services.promised_claims import promising_rows, row_of
from shared.services.settle_one_claim import settle_one

if TYPE_CHECKING:
    from shared.domain.ledger import Row
    from shared.ports.claims import OpenPage
    from shared.services.settlement import Outcome, Settlement

RUN_FOR_MS: Final = 40 * MS_PER_SECOND


@dataclass(slots=True)
class SettleTally:
    """What one run did, for its log line and metrics.

    `postponed` claims of the last page were left for the next run because this one had no time, and more
    may wait behind them; `broken` ones broke a rule of ours. `reasons` counts why nothing was decided.
    `oldest_open_ms` is the age, when the run began, of the claim that has been open longest.
    """

    looked_at: int = 0
    confirmed: int = 0
    refunded: int = 0
    waiting: int = 0
    undecided: int = 0
    anomalies: int = 0
    broken: int = 0
    postponed: int = 0
    oldest_open_ms: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def settle_claims(settlement: Settlement, *, run_for_ms: int = RUN_FOR_MS) -> SettleTally:
    """Look at every open claim once while there is time; any doubt leaves it for another run.

    A provider that does not answer, lies or lags means no decision. A claim that breaks a rule of ours
    does not keep the others from being settled; InvariantBroken `claims_unsettled` is raised at the end.
    """
    tally = SettleTally()
    started_ms = settlement.clock.now_ms()
    tally.oldest_open_ms = started_ms - (settlement.claims.oldest_open_ms() or started_ms)
    sightings = ChainSightings(settlement.chain, now_s=started_ms // MS_PER_SECOND)
    for page in open_pages(settlement.claims, settlement.watermarks):
        _settle_page(settlement, sightings, page, tally, until_ms=started_ms + run_for_ms)
        if tally.postponed:
            break
    settlement.report("settle", {"tally": tally})
    ensure_settled(tally)
    return tally


def ensure_settled(tally: SettleTally) -> None:
    """Raise InvariantBroken `claims_unsettled` when a claim broke a rule: the run is then counted as failed."""
    if tally.broken:
        raise InvariantBroken(
            f"every open claim can be settled; {tally.broken} broke", code="claims_unsettled"
        )


def _settle_page(
    settlement: Settlement, sightings: ChainSightings, page: OpenPage, tally: SettleTally, *, until_ms: int
) -> None:
    """One claim after the other until `until_ms`; with the first one left the next run begins."""
    for name in page.unreadable:
        settlement.report("claim_unsettled", {"claim": name, "code": "claim_unreadable"})
        tally.broken += 1
    rows = promising_rows(settlement.committer.store, page.claims)
    for index, claim in enumerate(page.claims):
        if settlement.clock.now_ms() > until_ms:
            tally.postponed = len(page.claims) - index
            settlement.watermarks.write(WATERMARK, claim.terms.created_ms)
            return
        tally.looked_at += 1
        outcome = _settle_apart(settlement, sightings, claim, rows.get(row_of(claim)), tally)
        setattr(tally, outcome, getattr(tally, outcome) + 1)


def _settle_apart(
    settlement: Settlement, sightings: ChainSightings, claim: Claim, row: Row | None, tally: SettleTally
) -> Outcome:
    try:
        check_promised(claim, row)
        return settle_one(settlement, sightings, claim)
    except Unavailable as error:
        tally.reasons[error.code] = tally.reasons.get(error.code, 0) + 1
        return "undecided"
    except ArenaError as error:
        settlement.report("claim_unsettled", {"claim": claim.terms.id, "code": error.code})
        return "broken"
