"""AWS's two answers to a platform that is not AWS: STS, which judges its token, and a Lambda that knows the keys.

Sources: the STS API reference, "AssumeRoleWithWebIdentity"; the IAM user guide on OIDC federation; Vercel's OIDC
reference, for the token's claims; Signature Version 4, computed again by botocore from what was received.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

import jwt
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.ports.clock import Clock

ACCOUNT = "000000000000"
REGION = "eu-central-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/arena-dev-VercelClaimRole"
SIGNER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:arena-dev-signer"
ISSUER = "https://oidc.vercel.com/our-team"
AUDIENCE = "https://vercel.com/our-team"
SUBJECT = "owner:our-team:project:arena:environment:production"
SIGNED = {"state": "signed", "rule": "all", "code": None, "isFinal": False}
_XML = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'

Reply = tuple[int, bytes]


@cache
def _key(_whose: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@dataclass
class Vercel:
    """Whoever signs the tokens: each is new, as on the platform, and good for an hour."""

    clock: Clock
    key: rsa.RSAPrivateKey = field(default_factory=lambda: _key("the platform's"))
    given: list[str] = field(default_factory=list)

    def token(self, **changes: Any) -> str:
        now_s = self.clock.now_ms() // 1000
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": SUBJECT,
            "iat": now_s,
            "nbf": now_s,
            "exp": now_s + 3600,
            "jti": secrets.token_hex(8),
        }
        self.given.append(jwt.encode(claims | changes, self.key, algorithm="RS256"))
        return self.given[-1]


@dataclass
class LocalSts:
    """Judges as STS does with the trust policy of our template; `instead` answers in its place."""

    vercel: Vercel
    url: str = ""
    lifetime_s: int = 3600
    asked: list[dict[str, str]] = field(default_factory=list)
    lent: dict[str, tuple[str, str]] = field(default_factory=dict)
    instead: Callable[[], Reply] | None = None

    def answer(self, headers: Any, body: bytes) -> Reply:
        query = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.asked.append(query)
        if self.instead is not None:
            return self.instead()
        if "authorization" in headers or query["Action"] != "AssumeRoleWithWebIdentity":
            return refusal(400, "InvalidAction", "an unsigned AssumeRoleWithWebIdentity was expected")
        if not 900 <= int(query["DurationSeconds"]) <= 3600:
            return refusal(
                400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration"
            )
        return self._judge(query["WebIdentityToken"]) or self._lend(query)

    def _judge(self, token: str) -> Reply | None:
        """The reasons to refuse a token, in the order in which STS finds them."""
        try:
            claims = jwt.decode(
                token,
                self.vercel.key.public_key(),
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return refusal(400, "InvalidIdentityToken", "The ID Token provided is not a valid JWT.")
        if claims["iss"] != ISSUER:
            return refusal(400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account")
        if claims["exp"] <= self.vercel.clock.now_ms() // 1000:
            return refusal(400, "ExpiredTokenException", "Token expired")
        if claims["aud"] != AUDIENCE:
            return refusal(400, "InvalidIdentityToken", "Incorrect token audience")
        if claims["sub"] != SUBJECT:
            return refusal(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
        return None

    def _lend(self, query: dict[str, str]) -> Reply:
        if query["RoleArn"] != ROLE:
            return refusal(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
        access_key, secret_key, token = (
            f"ASIA{secrets.token_hex(8).upper()}",
            secrets.token_urlsafe(30),
            secrets.token_urlsafe(90),
        )
        self.lent[access_key] = (secret_key, token)
        ends_at = datetime.fromtimestamp(self.vercel.clock.now_ms() // 1000 + self.lifetime_s, tz=UTC)
        return loan(access_key, secret_key, token, ends_at=ends_at.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def secrets(self) -> list[str]:
        """Everything that nobody may ever read."""
        return [*self.vercel.given, *(text for pair in self.lent.values() for text in pair)]


def loan(access_key: str, secret_key: str, token: str, *, ends_at: str) -> Reply:
    """STS's yes."""
    return 200, (
        f"<AssumeRoleWithWebIdentityResponse {_XML}><AssumeRoleWithWebIdentityResult>"
        f"<AssumedRoleUser><Arn>arn:aws:sts::{ACCOUNT}:assumed-role/x/y</Arn>"
        f"<AssumedRoleId>AROAFAKE:y</AssumedRoleId></AssumedRoleUser><Credentials>"
        f"<AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>{secret_key}</SecretAccessKey>"
        f"<SessionToken>{token}</SessionToken><Expiration>{ends_at}</Expiration>"
        f"</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    ).encode()


def stranger(clock: Clock) -> Vercel:
    """Somebody who says the same and signs it with a key of their own."""
    return Vercel(clock, key=_key("a stranger's"))


def refusal(status: int, code: str, message: str) -> Reply:
    """STS's no."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return status, f"<ErrorResponse {_XML}>{error}<RequestId>r</RequestId></ErrorResponse>".encode()


@dataclass
class LocalLambda:
    """Invoke for whoever signs with keys that `sts` lent, and for nobody else."""

    sts: LocalSts
    url: str = ""
    invoked: list[tuple[str, str]] = field(default_factory=list)
    instead: Callable[[], Reply] | None = None

    def answer(self, headers: Any, body: bytes, *, path: str) -> Reply:
        if self.instead is not None:
            return self.instead()
        access_key = headers["authorization"].split("Credential=")[1].split("/")[0]
        secret_key, token = self.sts.lent.get(access_key, ("", ""))
        expected = signature(headers, body, url=self.url + path, keys=(access_key, secret_key, token))
        if (
            not secret_key
            or expected not in headers["authorization"]
            or headers["x-amz-security-token"] != token
        ):
            return 403, json.dumps(
                {"message": "The security token included in the request is invalid."}
            ).encode()
        self.invoked.append((unquote(path.split("/")[3]), access_key))
        return 200, json.dumps(SIGNED).encode()


def signature(headers: Any, body: bytes, *, url: str, keys: tuple[str, str, str]) -> str:
    """Signature Version 4 of a received request, as its receiver computes it."""
    names = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    request = AWSRequest(method="POST", url=url, data=body, headers={name: headers[name] for name in names})
    request.context["timestamp"] = headers["x-amz-date"]
    judge = SigV4Auth(Credentials(*keys), "lambda", REGION)
    return str(judge.signature(judge.string_to_sign(request, judge.canonical_request(request)), request))


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """Nothing: a client that gave up waiting is what some test wants."""


@contextmanager
def serving(part: LocalSts | LocalLambda) -> Iterator[None]:
    """The part on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if isinstance(part, LocalSts):
                status, reply = part.answer(self.headers, body)
            else:
                status, reply = part.answer(self.headers, body, path=self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    part.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()
