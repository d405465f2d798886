"""The private signer function: no HTTP, invoked by the claim function's role alone, told a claim's id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from functions.edge.private_entry import private_handler
from functions.edge.request_log import claim_pseudonym
from functions.edge.signer_metrics import measure_decision
from shared.bootstrap.signer import signer_parts
from shared.domain.errors import Refused

if TYPE_CHECKING:
    from shared.ports.claims import SignerAnswer

_CLAIM_ID: Final = re.compile(r"c[0-9a-f]{24}\Z", re.ASCII)


def sign(event: Mapping[str, Any]) -> dict[str, Any]:
    """{claimId} to {state, rule, code, isFinal}; anything else in the event is refused, not ignored."""
    claim_id = event.get("claimId")
    if set(event) != {"claimId"} or not isinstance(claim_id, str) or _CLAIM_ID.match(claim_id) is None:
        raise Refused("The signer is told a claim's id and nothing else", code="invalid_request")
    signing = signer_parts().signing
    if signing is None:
        raise Refused("No vault is configured", code="claims_not_configured")
    return _document(signing.sign_claim(claim_id))


def about(event: Mapping[str, Any]) -> dict[str, str]:
    """The claim as a pseudonym, which the claim function's line has too; nothing for what is no claim's id."""
    claim_id = event.get("claimId")
    if not isinstance(claim_id, str) or _CLAIM_ID.match(claim_id) is None:
        return {}
    return {"claim": claim_pseudonym(claim_id)}


def _document(answer: SignerAnswer) -> dict[str, Any]:
    return {"state": answer.state, "rule": answer.rule, "code": answer.code, "isFinal": answer.is_final}


handler = private_handler(
    "signer", sign, wiring=signer_parts, forget=signer_parts.forget, measure=measure_decision, about=about
)
