"""Nothing serves in production unless every production rule holds, and the refusal names all that do not.

    enforce("battle", environment)          at cold start and after every change of a secret
    check_stage({"battle": environment, ...})     before a deployment, over all functions at once

Environments are resolved: their values are no references any more.
"""

from shared.readiness.enforcement import (
    Finding,
    ProductionNotReady,
    check,
    enforce,
    ensure_reported_network,
)
from shared.readiness.rules import RULES, Rule, Severity
from shared.readiness.stage import check_stage

__all__ = [
    "RULES",
    "Finding",
    "ProductionNotReady",
    "Rule",
    "Severity",
    "check",
    "check_stage",
    "enforce",
    "ensure_reported_network",
]
