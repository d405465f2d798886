"""What settling claims needs, and how looking at one of them may end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from shared.domain.claims import VaultIdentity
    from shared.ports.chain import Chain
    from shared.ports.claims import ClaimStore
    from shared.ports.clock import Clock
    from shared.ports.observations import Observations
    from shared.ports.signing import SigningJournal
    from shared.ports.watermarks import Watermarks
    from shared.services.commit import Committer

Report = Callable[[str, Mapping[str, Any]], None]
"""Called with a metric's name and its facts; the edge turns it into logs, metrics and alarms."""
Outcome = Literal["confirmed", "refunded", "waiting", "undecided", "anomalies", "broken"]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling needs. `secondary` is an independent provider; None means reading twice, 60 s apart.

    `pause_claims` stops every new signature; it is called when the chain shows a seqno nobody signed.
    `vault` is the one that `chain` and `secondary` show.
    """

    committer: Committer
    claims: ClaimStore
    journal: SigningJournal
    chain: Chain
    secondary: Chain | None
    expected_code_hash: str
    clock: Clock
    pause_claims: Callable[[], None]
    report: Report
    vault: VaultIdentity
    observations: Observations
    watermarks: Watermarks
