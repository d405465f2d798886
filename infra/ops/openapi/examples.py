"""One example of any schema of the API document: its own example, a value known by its name, or the plainest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_TIME: Final = "2026-11-22T12:00:00.000Z"
_WALLET: Final = "0:" + "ab12" * 16
_BY_NAME: Final[Mapping[str, Any]] = {
    "account": "tg70000001",
    "action": "players.ban",
    "address": _WALLET,
    "alias": "Keen Otter 4821",
    "amount": "1250",
    "arena": "prediction",
    "boc": "te6ccgEBAQEAAgAAAA==",
    "brokerId": "starter",
    "board": "score",
    "by": "owner",
    "cap": "50000",
    "catalogueId": "scout",
    "chain": "-239",
    "changes": {"dailyCapAiba": "60000"},
    "claimId": "tg70000001:41",
    "code": "3f9a1c07be",
    "commitment": "9c1e" * 16,
    "currency": "AIBA",
    "current": "the-password-until-now",
    "day": "2026-11-22",
    "direction": "credit",
    "decidedBy": "owner",
    "detail": "The broker has no energy",
    "epoch": "2026-11-22",
    "email": "ann@example.org",
    "id": "41",
    "jettonMaster": "0:" + "cd34" * 16,
    "key": "prediction",
    "kind": "battle",
    "league": "rookie",
    "mode": "prediction",
    "name": "Scout",
    "network": "-239",
    "new": "a-long-new-password",
    "password": "a-long-password",
    "nextCursor": "eyJzIjo0MX0",
    "payload": "q83vEjRWeJA",
    "period": "2026-11-22",
    "player": "tg70000001",
    "playerId": "tg70000001",
    "publicKey": "5d1f" * 16,
    "reason": "ticket 1234",
    "role": "support",
    "row": "tg70000001:41",
    "sacrificeId": "b12",
    "scope": "withdraw",
    "signature": "c2lnbmF0dXJl",
    "stat": "speed",
    "status": "ok",
    "switches": ["claims"],
    "to": 3,
    "token": "eyJhbGciOi…",
    "value": "miniapp.example.org",
    "vault": "0:" + "ef56" * 16,
    "version": "v4r2",
    "wallet": _WALLET,
    "walletStateInit": "te6ccgECFgEAArEAAgE0…",
}
_BY_TYPE: Final[Mapping[str, Any]] = {
    "string": "…",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "null": None,
}
_AMOUNT_PATTERNS: Final = ("^(0|[1-9][0-9]{0,18})$", "^(0|-?[1-9][0-9]{0,18})$")


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, name: str = "") -> Any:
    """A value the schema allows, required fields alone; `schemas` are the document's, `name` the field's."""
    schema = _resolved(schema, schemas)
    if "const" in schema:
        return schema["const"]
    known = _BY_NAME.get(name)
    if "enum" in schema:
        return known if known in schema["enum"] else schema["enum"][0]
    kind = schema.get("type", "string")
    if kind == "object" or "properties" in schema:
        return known if isinstance(known, dict) else _object(schema, schemas)
    if kind == "array":
        return known if isinstance(known, list) else [example_of(schema.get("items", {}), schemas)]
    return _scalar(schema, kind, known)


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself: references followed, and of alternatives the first that says something."""
    while "$ref" in schema or "anyOf" in schema:
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rpartition("/")[2]]
        else:
            schema = next(each for each in schema["anyOf"] if each.get("type") != "null")
    return schema


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    required = schema.get("required", ())
    return {
        name: example_of(each, schemas, name=name)
        for name, each in schema.get("properties", {}).items()
        if name in required
    }


def _scalar(schema: Mapping[str, Any], kind: str, known: Any) -> Any:
    if schema.get("format") == "date-time":
        return _TIME
    if schema.get("pattern") in _AMOUNT_PATTERNS:
        return "1250"
    if known is not None and isinstance(known, str) == (kind == "string"):
        return known
    if schema.get("examples"):
        return schema["examples"][0]
    if kind == "integer":
        return max(1, schema.get("minimum", 1))
    return _BY_TYPE[kind]
