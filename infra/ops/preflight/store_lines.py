"""Stores: the database with its indexes, the queries that use them, and a limiter that all instances share."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from pymongo.database import Database
from pymongo.errors import OperationFailure

from infra.mongo.high_volume_queries import HIGH_VOLUME_QUERIES, Query
from infra.ops.preflight.lines import CannotTell, Line, must
from infra.ops.preflight.stage import StageUnderCheck
from shared.adapters.mongo_indexes import INDEXES
from shared.adapters.upstash_limiter import UpstashLimiter
from shared.ports.limiter import LimitCheck

_ALLOWED: Final = 3
_WINDOW_S: Final = 60
_UNAUTHORIZED: Final = 13


def database_answers(stage: StageUnderCheck) -> str:
    """It answers a ping and a read of its own data."""
    with stage.database() as database:
        database.command("ping")
        database["config"].find_one({"_id": "current"})
    return "answers"


def indexes_exist(stage: StageUnderCheck) -> str:
    """Every declared index is there, unique where it must be."""
    with stage.database() as database:
        missing = [
            f"{index.collection}.{'+'.join(index.fields)}"
            for index in INDEXES
            if not _has_index(_indexes_of(database, index.collection), index.fields, is_unique=index.unique)
        ]
    must(not missing, f"missing or not unique: {', '.join(missing)}; run ./arena db indexes")
    return f"{len(INDEXES)} indexes"


def _indexes_of(database: Database[dict[str, Any]], collection: str) -> list[Mapping[str, Any]]:
    try:
        return list(database[collection].list_indexes())
    except OperationFailure as error:
        if error.code == _UNAUTHORIZED:
            raise CannotTell(
                "this database user may not list indexes: give --mongodb-uri of one who may"
            ) from None
        raise


def _has_index(found: list[Mapping[str, Any]], fields: tuple[str, ...], *, is_unique: bool) -> bool:
    return any(
        tuple(index["key"]) == fields and (bool(index.get("unique")) or not is_unique) for index in found
    )


def queries_use_indexes(stage: StageUnderCheck) -> str:
    """Every high-volume query is answered through an index, as the server itself explains it."""
    scanning: list[str] = []
    with stage.database() as database:
        for query in HIGH_VOLUME_QUERIES:
            stages = _plan_stages(database, query)
            if stages is None:
                raise CannotTell(
                    "the embedded store explains no plans; a test holds every query to a declared index"
                )
            if "COLLSCAN" in stages:
                scanning.append(f"{query.collection} by {', '.join(query.fields)}")
    must(not scanning, f"a whole collection is scanned: {'; '.join(scanning)}")
    return f"{len(HIGH_VOLUME_QUERIES)} queries"


def _plan_stages(database: Database[dict[str, Any]], query: Query) -> set[str] | None:
    """The stages of the winning plan, or None from a server that explains nothing."""
    answer = database.command(
        "explain", {"find": query.collection, "filter": query.filter}, verbosity="queryPlanner"
    )
    plan = answer.get("queryPlanner", {}).get("winningPlan")
    return set(_stages(plan)) if isinstance(plan, dict) and "stage" in plan else None


def _stages(plan: Any) -> list[str]:
    if isinstance(plan, list):
        return [stage for part in plan for stage in _stages(part)]
    if not isinstance(plan, dict):
        return []
    below = [stage for part in plan.values() for stage in _stages(part)]
    return [str(plan["stage"]), *below] if "stage" in plan else below


def limiter_is_shared(stage: StageUnderCheck) -> str:
    """Two clients of it together pass no more than one limit."""
    url, token = (stage.text("health", f"UPSTASH_REDIS_REST_{part}") for part in ("URL", "TOKEN"))
    # A person waits here, not a player: a far-away region is no failure of the store.
    clients = [UpstashLimiter(url=url, token=token, answer_within_s=3.0) for _ in range(2)]
    check = LimitCheck("preflight", secrets.token_hex(16), limit=_ALLOWED, window_s=_WINDOW_S)
    try:
        passed = sum(clients[turn % 2].check([check]).is_allowed for turn in range(2 * _ALLOWED))
    finally:
        for client in clients:
            client.close()
    must(passed == _ALLOWED, f"two clients passed {passed} of {_ALLOWED}")
    return f"two clients passed {passed} of {_ALLOWED}"


LINES: Final = (
    Line("database", "database answers", database_answers),
    Line("indexes", "indexes exist", indexes_exist),
    Line("queries", "queries use an index", queries_use_indexes),
    Line("limiter", "limiter shared by clients", limiter_is_shared),
)
