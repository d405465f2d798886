"""Judging one function's environment, and refusing to run on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.config.deployment import is_production
from shared.config.loading import problems_of
from shared.config.parts import Values
from shared.domain.errors import InvariantBroken, ensure
from shared.readiness.rules import RULES, ReadKmsPublicKey, Severity, Situation


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule: which settings break it and what to do. Never a value."""

    rule: str
    severity: Severity
    function: str
    settings: tuple[str, ...]
    remedy: str

    def describe(self) -> str:
        """One line for people and logs."""
        return f"{', '.join(self.settings)}: {self.remedy} [{self.rule}]"


class ProductionNotReady(InvariantBroken):
    """Production rules are broken; `findings` has every one of them."""

    code = "PROD_READINESS_FAILED"

    def __init__(self, findings: Sequence[Finding]) -> None:
        listed = "; ".join(finding.describe() for finding in findings)
        super().__init__(f"{self.code} {findings[0].function}: {listed}")
        self.findings = tuple(findings)


def check(
    function: str,
    environment: Mapping[str, str],
    *,
    read_kms_public_key: ReadKmsPublicKey | None = None,
) -> list[Finding]:
    """Every rule this function breaks, errors and warnings, in the order of the rules.

    Outside production only the rules that always bind are judged, and the form of what is set.
    Without `read_kms_public_key` a key in KMS is not compared.
    """
    situation = Situation(Values(environment), read_kms_public_key)
    is_strict = is_production(environment)
    findings = []
    for rule in RULES:
        if function in rule.functions and (is_strict or rule.is_always):
            names = tuple(rule.broken(situation))
            if names:
                findings.append(Finding(rule.id, rule.severity, function, names, rule.remedy))
    named = {name for finding in findings if finding.severity == "error" for name in finding.settings}
    for name, problem in problems_of(function, environment=environment).items():
        if name not in named:
            findings.append(Finding("settings", "error", function, (name,), problem))
    return findings


def enforce(
    function: str,
    environment: Mapping[str, str],
    *,
    read_kms_public_key: ReadKmsPublicKey | None = None,
) -> tuple[Finding, ...]:
    """Refuse to go on if any rule is broken; the warnings come back to be logged.

    Raises ProductionNotReady with every error, and Unavailable when KMS had to be asked and did not
    answer. The production signer must be able to ask KMS.
    """
    has_kms_key = Values(environment).is_set("ORACLE_KMS_KEY_ID")
    must_ask = function == "signer" and has_kms_key and is_production(environment)
    ensure(not must_ask or read_kms_public_key, "the production signer compares its KMS key at cold start")
    findings = check(function, environment, read_kms_public_key=read_kms_public_key)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise ProductionNotReady(errors)
    return tuple(findings)


def ensure_reported_network(function: str, *, reported_id: int, expected_id: int) -> None:
    """At a provider's first answer: the network is the one it reports, not the one its URL suggests.

    Raises ProductionNotReady when the ids differ.
    """
    if reported_id != expected_id:
        remedy = "set an endpoint of the network TON_NETWORK names; this one reports another"
        raise ProductionNotReady(
            [Finding("ton_provider_network", "error", function, ("TON_PROVIDER_URL",), remedy)]
        )
