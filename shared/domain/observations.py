"""What the scheduled run saw last, as whole numbers under a name: for whoever watches, never for a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

VAULT: Final = "vault"
SEQNO_ANOMALY: Final = "seqno_anomaly"
PROJECTION: Final = "projection"
AUDIT: Final = "audit"
RUN: Final = "run"
OBSERVED: Final = (VAULT, SEQNO_ANOMALY, PROJECTION, AUDIT, RUN)


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen, and the instant before the looking began: it is never younger than it says."""

    name: str
    seen_ms: int
    facts: Mapping[str, int]
