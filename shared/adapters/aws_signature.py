"""Signed calls to AWS's JSON services without boto3, whose import costs as much as all our own modules.

Source: AWS General Reference, "Signature Version 4 signing process"; the tests compare every signature
with botocore's. It serves the one call that every environment makes while it starts, nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM: Final = "AWS4-HMAC-SHA256"
CONTENT_TYPE: Final = "application/x-amz-json-1.1"
_CREDENTIAL_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "169.254.170.2", "169.254.170.23"})
_MAX_ANSWER_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """A role's temporary key; `token` is empty for a key that lasts."""

    key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)


class NoAnswer(Exception):
    """The call was not answered with 200 and a JSON object, or there is nothing to sign it with."""


def credentials_of(environment: Mapping[str, str], *, timeout_s: float) -> AwsCredentials:
    """The execution role's credentials: from the environment, or from the endpoint a restored snapshot is given.

    Raises NoAnswer where there are neither.
    """
    key_id, secret = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if key_id and secret:
        return AwsCredentials(key_id, secret, environment.get("AWS_SESSION_TOKEN", ""))
    url = urlsplit(environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""))
    if url.scheme != "http" or url.hostname not in _CREDENTIAL_HOSTS:
        raise NoAnswer("no credentials")
    headers = {"Authorization": environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")}
    connection = HTTPConnection(url.hostname, url.port, timeout=timeout_s)
    found = _exchange(connection, "GET", f"{url.path}?{url.query}" if url.query else url.path, None, headers)
    try:
        return AwsCredentials(found["AccessKeyId"], found["SecretAccessKey"], found["Token"])
    except KeyError as error:
        raise NoAnswer("the credentials are incomplete") from error


def call_json(
    endpoint: str,
    *,
    service: str,
    region: str,
    target: str,
    body: Mapping[str, Any],
    credentials: AwsCredentials,
    now_s: float,
    timeout_s: float,
) -> dict[str, Any]:
    """POST one operation (`target`, as in X-Amz-Target) and return its answer. Raises NoAnswer."""
    url = urlsplit(endpoint)
    payload = json.dumps(body).encode()
    headers = signed_headers(
        url.netloc,
        service=service,
        region=region,
        target=target,
        payload=payload,
        credentials=credentials,
        now_s=now_s,
    )
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    return _exchange(kind(url.netloc, timeout=timeout_s), "POST", "/", payload, headers)


def signed_headers(
    host: str,
    *,
    service: str,
    region: str,
    target: str,
    payload: bytes,
    credentials: AwsCredentials,
    now_s: float,
) -> dict[str, str]:
    """All headers of a POST to `/` at `host`, its signature included; `now_s` is Unix time."""
    moment = datetime.fromtimestamp(now_s, tz=UTC)
    stamp, day = f"{moment:%Y%m%dT%H%M%SZ}", f"{moment:%Y%m%d}"
    headers = {"content-type": CONTENT_TYPE, "host": host, "x-amz-date": stamp}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    headers["x-amz-target"] = target
    names = ";".join(headers)
    canonical = "\n".join(
        [
            "POST",
            "/",
            "",
            *(f"{name}:{value}" for name, value in headers.items()),
            "",
            names,
            _sha256(payload),
        ]
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join([ALGORITHM, stamp, scope, _sha256(canonical.encode())])
    key = f"AWS4{credentials.secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"Credential={credentials.key_id}/{scope}"
    headers["authorization"] = f"{ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"
    return headers


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _exchange(
    connection: HTTPConnection, verb: str, path: str, payload: bytes | None, headers: Mapping[str, str]
) -> dict[str, Any]:
    try:
        connection.request(verb, path, body=payload, headers=dict(headers))
        answer = connection.getresponse()
        content = answer.read(_MAX_ANSWER_BYTES)
        document = json.loads(content) if answer.status == 200 else None
    except (OSError, HTTPException, ValueError) as error:
        raise NoAnswer("no answer") from error
    finally:
        connection.close()
    if not isinstance(document, dict):
        raise NoAnswer("not the answer")
    return document
