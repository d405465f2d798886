"""The local KMS: AWS JSON 1.1 over HTTP for Ed25519 keys, with AWS's refusals and key policies enforced.

    python -m infra.local.kms_endpoint --port 0 --principal AKIAFAKESIGNER=arn:aws:iam::000000000000:role/signer

The caller is the access key id of the request's SigV4 signature, taken for the ARN that `--principal`
gives it, or for the account's root; the signature itself is not checked. Keys live in memory, or in the
0600 file that `--state` names. What changed a key is told on stderr as EventBridge would tell it, a line each.
`POST /_faults` makes the next calls fail, for tests.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra.local.endpoint_lifetime import endpoint_arguments, run_endpoint
from infra.local.http_endpoint import BodyTooLarge, Message, Receive, Send, read_body, reply_json, serve_http
from infra.local.kms_alias_operations import create_alias, delete_alias, list_aliases, update_alias
from infra.local.kms_call import Answer, KmsCall
from infra.local.kms_grant_operations import create_grant, list_grants, revoke_grant
from infra.local.kms_key_operations import (
    cancel_key_deletion,
    create_key,
    describe_key,
    disable_key,
    enable_key,
    get_key_policy,
    list_keys,
    put_key_policy,
    schedule_key_deletion,
)
from infra.local.kms_keys import Account, Keyring
from infra.local.kms_refusal import KmsRefusal
from infra.local.kms_signing_operations import get_public_key, sign, verify
from infra.local.kms_trail import READS, trail_event

CONTENT_TYPE = b"application/x-amz-json-1.1"
OPERATIONS: Mapping[str, Callable[[KmsCall], Answer]] = {
    "CancelKeyDeletion": cancel_key_deletion,
    "CreateAlias": create_alias,
    "CreateGrant": create_grant,
    "CreateKey": create_key,
    "DeleteAlias": delete_alias,
    "DescribeKey": describe_key,
    "DisableKey": disable_key,
    "EnableKey": enable_key,
    "GetKeyPolicy": get_key_policy,
    "GetPublicKey": get_public_key,
    "ListAliases": list_aliases,
    "ListGrants": list_grants,
    "ListKeys": list_keys,
    "PutKeyPolicy": put_key_policy,
    "RevokeGrant": revoke_grant,
    "ScheduleKeyDeletion": schedule_key_deletion,
    "Sign": sign,
    "UpdateAlias": update_alias,
    "Verify": verify,
}
FAULT_KINDS = frozenset({"throttle", "hang", "error"})


class KmsEndpoint:
    """An ASGI application; `principals` maps access key ids to IAM ARNs."""

    def __init__(self, keyring: Keyring, *, principals: Mapping[str, str]) -> None:
        self._keyring = keyring
        self._principals = principals
        self._faults: deque[tuple[str, float]] = deque()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        try:
            body = _json(await read_body(receive))
            if scope["path"] == "/_faults":
                self._plan_faults(scope, body)
                status, answer = 200, Answer()
            else:
                status, answer = 200, await self._answer(headers, body)
        except BodyTooLarge:
            status, answer = 413, {"__type": "RequestEntityTooLargeException", "message": ""}
        except KmsRefusal as refusal:
            status, answer = refusal.status, {"__type": refusal.code, "message": refusal.message}
        request_id = (b"x-amzn-requestid", str(uuid.uuid4()).encode())
        await reply_json(send, status, answer, content_type=CONTENT_TYPE, headers=[request_id])

    async def _answer(self, headers: Mapping[bytes, bytes], body: dict[str, Any]) -> Answer:
        principal = self._principal(headers.get(b"authorization", b"").decode("latin-1"))
        target = headers.get(b"x-amz-target", b"").decode("latin-1")
        if self._faults:
            await _suffer(*self._faults.popleft())
        operation = target.removeprefix("TrentService.")
        if operation not in OPERATIONS:
            raise KmsRefusal("UnknownOperationException", f"local endpoint: {operation}")
        call = KmsCall(operation, body, principal, self._keyring)
        answer = OPERATIONS[operation](call)
        if operation not in READS:
            sys.stderr.write(json.dumps(trail_event(call, answer, at_s=time.time())) + "\n")
            sys.stderr.flush()
        return answer

    def _principal(self, authorization: str) -> str:
        credential = re.search(r"Credential=([^/,\s]+)/", authorization)
        if credential is None:
            raise KmsRefusal("MissingAuthenticationTokenException", "Missing Authentication Token")
        return self._principals.get(credential[1], self._keyring.account.root_arn)

    def _plan_faults(self, scope: Message, body: dict[str, Any]) -> None:
        """`{"kind": "throttle"|"hang"|"error", "count": N, "seconds": S}` for the next N calls; 0 forgets all."""
        kind, count = body.get("kind", "throttle"), body.get("count", 1)
        if scope["client"][0] != "127.0.0.1" or kind not in FAULT_KINDS or not isinstance(count, int):
            raise KmsRefusal("ValidationException", "local endpoint: no such fault")
        if count == 0:
            self._faults.clear()
        self._faults.extend([(kind, float(body.get("seconds", 0)))] * count)


async def _suffer(kind: str, seconds: float) -> None:
    if kind == "throttle":
        raise KmsRefusal("ThrottlingException", "Rate exceeded")
    if kind == "error":
        raise KmsRefusal("KMSInternalException", "local endpoint: a planned fault", status=500)
    # A hang is served afterwards: the caller has given up, the key has signed nonetheless.
    await asyncio.sleep(seconds)


def _json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise KmsRefusal("SerializationException", "The body is not JSON") from error
    if not isinstance(document, dict):
        raise KmsRefusal("SerializationException", "The body is not a JSON object")
    return document


def main() -> None:
    """Serve until told to stop."""
    parser = endpoint_arguments("A local AWS KMS for Ed25519 keys")
    parser.add_argument("--principal", action="append", default=[], metavar="ACCESS_KEY_ID=ARN")
    parser.add_argument("--state", type=Path, help="file (0600) that keeps the keys across restarts")
    parser.add_argument("--account", default="000000000000")
    parser.add_argument("--region", default="eu-central-1")
    options = parser.parse_args()
    keyring = Keyring(Account(options.account, options.region), state_file=options.state)
    app = KmsEndpoint(keyring, principals=dict(pair.split("=", 1) for pair in options.principal))
    run_endpoint(
        lambda stopping: serve_http(app, stopping, name="kms_endpoint", port=options.port),
        exits_with_parent=options.exit_with_parent,
    )


if __name__ == "__main__":
    main()
