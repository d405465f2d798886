"""Open claims as numbers: how many wait in which state, for how much, and how long the oldest has waited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from shared.domain.calendar import MS_PER_SECOND
from shared.domain.claims import OPEN_STATES
from shared.wiring import gauge

if TYPE_CHECKING:
    from shared.domain.claims import Claim
    from shared.wiring import MetricSample

OPEN_CLAIMS_COUNTED_MAX: Final = 2_000
"""They are found by the sparse index of open ones, however many are settled; so many fit one operation's time.

Reading them took the embedded store 0.15 s, 1.3 s on a machine with five times the work it can do, and 10,000
then took 6 s. A rule of docs/monitoring.md rings when there are more.
"""


def measure_claims(claims: Sequence[Claim], *, oldest_ms: int | None, now_ms: int) -> Iterator[MetricSample]:
    """Every open state has its sample, zeros too; without open claims the oldest has waited 0 s."""
    by_state = Counter(claim.state for claim in claims)
    for state in OPEN_STATES:
        labels = {"state": state}
        yield gauge("arena_open_claims", "Claims that are not settled, by state.", by_state[state], labels)
    credits = sum(claim.terms.credits for claim in claims)
    yield gauge("arena_open_claim_credits", "AIBA in escrow for open claims.", credits)
    units = sum(claim.terms.units for claim in claims)
    yield gauge("arena_open_claim_units", "Jetton units that open claims may still take.", units)
    age_ms = 0 if oldest_ms is None else now_ms - oldest_ms
    yield gauge("arena_oldest_open_claim_seconds", "Age of the oldest open claim.", age_ms / MS_PER_SECOND)
