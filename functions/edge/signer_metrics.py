"""What one call of the signer says to whoever watches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from functions.edge.metrics import emit, emit_split
from shared.domain import metrics_catalogue as catalogue

_NOT_A_REFUSAL: Final = frozenset({"approved", "all"})
"""Waiting for an administrator's approval is the policy at work, not a refusal."""
_SUSPICIOUS: Final = frozenset({"claim_unknown", "invalid_request"})
"""The claim function never asks for these: somebody else does."""


def measure_decision(outcome: str, answer: Mapping[str, Any] | None) -> None:
    """Emit how a call ended: `answer` is the signer's, or None when it ended in the error `outcome`."""
    rule = str(answer["rule"]) if answer is not None else outcome
    is_no = answer is not None and answer["state"] != "signed" and rule not in _NOT_A_REFUSAL
    emit(
        {
            catalogue.SIGNER_REFUSALS: int(is_no or outcome in _SUSPICIOUS),
            catalogue.KMS_ERRORS: int(outcome.startswith("kms_") or outcome == "signature_invalid"),
            catalogue.DATABASE_UNAVAILABLE: int(outcome == "database_unavailable"),
        }
    )
    emit_split(catalogue.SIGNER_DECISIONS, {rule: 1})
