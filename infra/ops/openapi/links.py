"""Which answer leads to which next request: OpenAPI links, for people and for fuzzing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Link:
    """From an operation's answer to another operation; `expression` finds the parameter's value in the answer."""

    operation: str
    status: str
    next_operation: str
    parameter: str
    expression: str


def _from(operation: str, status: str, parameter: str, expression: str, *nexts: str) -> tuple[Link, ...]:
    return tuple(Link(operation, status, name, parameter, expression) for name in nexts)


_BROKER_NEXT: Final = ("trainBroker", "repairBroker", "upgradeBroker", "combineBrokers")

LINKS: Final[tuple[Link, ...]] = (
    *_from("grantStarter", "201", "broker_id", "$response.body#/broker/id", *_BROKER_NEXT),
    *_from("buyBroker", "201", "broker_id", "$response.body#/broker/id", *_BROKER_NEXT),
    *_from("listBrokers", "200", "broker_id", "$response.body#/items/0/id", *_BROKER_NEXT),
    *_from("runBattle", "200", "battle_id", "$response.body#/id", "getBattle", "getBattleProof"),
    *_from("listBattles", "200", "battle_id", "$response.body#/items/0/id", "getBattle", "getBattleProof"),
    *_from("createClaim", "201", "claim_id", "$response.body#/id", "getClaim", "reportClaimSent"),
    *_from("listClaims", "200", "claim_id", "$response.body#/items/0/id", "getClaim", "reportClaimSent"),
    *_from("adminCreateAdmin", "201", "admin_id", "$response.body#/id", "adminChangeAdmin"),
    *_from(
        "adminListModes", "200", "key", "$response.body#/items/0/key", "adminWriteMode", "adminRemoveMode"
    ),
)


def with_links(operations: dict[str, dict[str, Any]]) -> None:
    """Write every link into its operation's response. Raises KeyError for an operation that is gone."""
    for link in LINKS:
        response = operations[link.operation]["responses"][link.status]
        target = operations[link.next_operation]
        known = {parameter["name"] for parameter in target.get("parameters", ())}
        if link.parameter not in known:
            raise KeyError(f"{link.next_operation} has no parameter {link.parameter}")
        response.setdefault("links", {})[link.next_operation] = {
            "operationId": link.next_operation,
            "parameters": {link.parameter: link.expression},
        }
