"""Whether every function of a new deployment starts and answers for itself: one question to each of the seven.

An HTTP function is asked for what needs no account and no store: a 401 with our own code can only come from
it, while the gateway answers for a function that does not start. The signer is invoked with an empty event,
which it refuses before it looks at anything. Settle is run: a run is made to be repeated at any moment, one
at a time, and is what the schedule does within the minute anyway. Lambda's DryRun would start nothing, and
the latest run on record may be the former code's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from functions.settle import TASKS_FAILED

READY: Final = (("/health", 200, ""), ("/health/ready", 200, ""))
OWN_NO: Final = (
    ("/api/battle/modes", 401, "token_missing"),
    ("/api/economy/me", 401, "token_missing"),
    ("/api/claims", 401, "token_missing"),
    ("/api/admin/me", 401, "token_missing"),
)
_BUSY: Final = "TooManyRequestsException"
_TIMEOUT_S: Final = 20.0

Ask = Callable[[], str]
"""Asks once; answers the empty text when it was answered as it should be, else what was said instead."""


def questions(
    stage: str, api_url: str, *, functions: Any, client: httpx.Client, say: Callable[[str], None]
) -> dict[str, Ask]:
    """Name -> question; `functions` is a boto3 client of Lambda that waits out a run of settle and repeats nothing."""
    asked: dict[str, Ask] = {
        path: partial(_ask_path, client, api_url + path, status=status, code=code)
        for path, status, code in (*READY, *OWN_NO)
    }
    invoke = partial(_invoke, functions)
    asked["signer"] = lambda: _ask_signer(invoke(f"arena-{stage}-signer"))
    asked["settle"] = lambda: _ask_settle(invoke(f"arena-{stage}-settle"), say)
    return asked


def smoke_test(
    stage: str,
    api_url: str,
    *,
    functions: Any,
    say: Callable[[str], None],
    within_s: float = 120.0,
    pause_s: float = 2.0,
) -> list[str]:
    """What did not answer as it should within the time, in words; fresh functions start slowly, so all are asked again."""
    ends_s = time.monotonic() + within_s
    with httpx.Client(timeout=_TIMEOUT_S) as client:
        waiting = questions(stage, api_url, functions=functions, client=client, say=say)
        while True:
            said = {name: ask() for name, ask in waiting.items()}
            waiting = {name: ask for name, ask in waiting.items() if said[name]}
            if not waiting or time.monotonic() >= ends_s:
                return [f"{name}: {said[name]}" for name in waiting]
            time.sleep(pause_s)


def _ask_path(client: httpx.Client, url: str, *, status: int, code: str) -> str:
    try:
        reply = client.get(url)
    except httpx.HTTPError as error:
        return type(error).__name__
    if reply.status_code != status:
        return f"answered {reply.status_code}{_code_in(reply, before=' ')}"
    return "" if _code_in(reply) == code else f"the gateway answered {status}, not the function"


def _code_in(reply: httpx.Response, *, before: str = "") -> str:
    """The code of a problem of ours, or the empty text."""
    if reply.headers.get("content-type", "").partition(";")[0] != "application/problem+json":
        return ""
    return f"{before}{reply.json().get('code', '')}"


def _invoke(functions: Any, name: str) -> tuple[str, Mapping[str, Any]]:
    """(kind of error or "", what was answered). Only kinds are told on: a text may hold what nobody should read."""
    try:
        answer = functions.invoke(FunctionName=name, Payload=b"{}")
    except ClientError as error:
        return str(error.response["Error"]["Code"]), {}
    except BotoCoreError as error:
        return type(error).__name__, {}
    document = json.loads(answer["Payload"].read())
    told = document if isinstance(document, dict) else {}
    return (str(told.get("errorType", "Unhandled")), told) if "FunctionError" in answer else ("", told)


def _ask_signer(answered: tuple[str, Mapping[str, Any]]) -> str:
    error, told = answered
    if error:
        return f"ended with {error}"
    return "" if told.get("error", {}).get("code") == "invalid_request" else "took an empty event for a claim"


def _ask_settle(answered: tuple[str, Mapping[str, Any]], say: Callable[[str], None]) -> str:
    """A task that failed, because a store or the chain is away, is no reason to take the code back: alarms tell it."""
    error, told = answered
    if not error:
        return ""
    message = str(told.get("errorMessage", ""))
    if message.startswith(TASKS_FAILED):
        say(f"settle starts and runs, but {message}: its alarms say more")
        return ""
    return "is at work all the time" if error == _BUSY else f"ended with {error}"
