"""No claim is both paid and given back, whoever signs, refunds, settles or sends when."""

from __future__ import annotations

from typing import Any

import pytest

from tests.model.signing import SigningRules, check_signing

TWO_SIGNERS = ["signer", "signer", "refunder", "settler"]
TWO_SETTLERS = ["signer", "refunder", "settler", "settler"]


@pytest.mark.parametrize("roles", [TWO_SIGNERS, TWO_SETTLERS], ids=["two signers", "two settlers"])
def test_a_claim_is_paid_or_refunded_never_both(roles):
    exploration = check_signing(roles)
    print(exploration)
    assert exploration.violation is None, str(exploration)


@pytest.mark.parametrize("rule", SigningRules.__dataclass_fields__)
def test_without_this_rule_a_claim_is_paid_and_refunded(rule):
    without: dict[str, Any] = {rule: False}
    exploration = check_signing(TWO_SIGNERS, rules=SigningRules(**without))
    print(f"without {rule}: {exploration}")
    assert exploration.violation == "paid on the chain and refunded"
