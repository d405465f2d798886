"""One battle two ways: through the function's handler, and as the bare commands it sends to the stores."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any, Final

from infra.bench.bench_world import MODE
from shared.domain.ledger import row_id

Call = Callable[[str], None]
"""Fights one battle of the named account; raises when it did not succeed."""

_KEYS: Final = ("address:127.0.0.1", "player:", "battle_run:")
_BUCKET: Final = ("60000000", "60000000")


def battle_event(token: str, key: str) -> dict[str, Any]:
    """POST /api/battle/run as API Gateway's payload 2.0."""
    body = json.dumps({"brokerId": "starter", "mode": MODE})
    headers = {
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
        "host": "api.example.org",
        "idempotency-key": key,
        "user-agent": "Mozilla/5.0 (Linux; Android 14) Telegram",
        "origin": "http://localhost:5173",
    }
    http = {"method": "POST", "path": "/api/battle/run", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.9"}
    context = {
        "http": {**http, "userAgent": headers["user-agent"]},
        "requestId": secrets.token_hex(8),
        "stage": "$default",
        "domainName": headers["host"],
    }
    return {
        "version": "2.0",
        "routeKey": "ANY /api/battle/{proxy+}",
        "rawPath": "/api/battle/run",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": context,
        "body": body,
        "isBase64Encoded": False,
    }


def handler_call(tokens: dict[str, str]) -> Call:
    """The battle function itself; its settings are the process's environment."""
    from functions.battle import handler

    def call(account: str) -> None:
        answer = handler(battle_event(tokens[account], secrets.token_hex(8)), None)
        if answer["statusCode"] != 200:
            raise RuntimeError(f"a battle answered {answer['statusCode']}: {answer['body'][:300]}")

    return call


def bare_call(environment: dict[str, str]) -> Call:
    """The same commands with documents of the same size, and nothing around them: the stores' ceiling."""
    from pymongo import MongoClient
    from upstash_redis import Redis

    from shared.adapters.upstash_limiter import TAKE_TOKENS

    redis = Redis(
        environment["UPSTASH_REDIS_REST_URL"],
        environment["UPSTASH_REDIS_REST_TOKEN"],
        rest_retries=0,
        allow_telemetry=False,
    )
    client = MongoClient[dict[str, Any]](environment["MONGODB_URI"], w="majority", maxPoolSize=8)
    database = client[environment["MONGODB_DATABASE"]]
    template = database["ledger"].find_one({"kind": "battle"})
    shard = database["budget"].find_one({"avail": {"$gte": 1}})
    if template is None or shard is None:
        raise RuntimeError("one battle was fought before, to know what its documents look like")

    def call(account: str) -> None:
        keys = [f"{{arena:bare}}:{name}{account}" for name in _KEYS]
        redis.eval(TAKE_TOKENS, keys=keys, args=[*_BUCKET * len(keys)])
        player = database["players"].find_one({"_id": account})
        if player is None:
            raise RuntimeError(f"there is no {account}")
        seq = int(player["seq"]) + 1
        database["budget"].update_one({"_id": shard["_id"], "avail": {"$gte": 1}}, {"$inc": {"avail": -1}})
        row = template | {"_id": row_id(account, seq), "k": f"{account}:c:{secrets.token_hex(8)}"}
        database["ledger"].insert_one(row | {"acct": account, "seq": seq})
        changes = {**template["set"], "seq": seq, "ts": template["ts"], "h": template["h"]}
        database["players"].update_one(
            {"_id": account, "seq": seq - 1}, {"$set": changes, "$inc": {"bal.AIBA": 60, "bal.STARS": 1}}
        )

    return call
