"""The platform's word for who is calling, exchanged at AWS STS for an hour of a role's keys.

Where a platform is not AWS it hands each request a token that names the deployment (OpenID Connect). STS
judges it by the role's trust policy (AssumeRoleWithWebIdentity, a call that needs no keys itself).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from shared.adapters.aws_failures import failure_name
from shared.domain.errors import Unavailable

if TYPE_CHECKING:
    from shared.ports.clock import Clock

request_identity: Final[ContextVar[str]] = ContextVar("request_identity", default="")
"""The token of the request being served, and of no other; the edge sets it where the platform sends one."""

CONNECT_S: Final = 1.0
READ_S: Final = 2.0
TURN_S: Final = 3.0
"""How long a request waits for another one's exchange: as long as that may take."""
LIFETIME_S: Final = 3600
LAST_MOMENT_MS: Final = 60_000
"""Keys are not used any more when they end this soon: the call they sign has to arrive in time."""
PAUSE_MS: Final = 30_000
"""After a renewal that failed while the keys still last."""
_SESSION_NAME: Final = "arena-claim"


@dataclass(frozen=True, slots=True)
class RoleKeys:
    """What signs calls as the role, until `ends_at_ms`; renewed from `due_at_ms` on."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    due_at_ms: int
    ends_at_ms: int


class WebIdentityRole:
    """One role's keys, renewed with the token of whichever request comes when a quarter of their time is left.

    botocore's own refreshing credentials are not used: with them every request would queue for a slow STS, a
    failed renewal would be tried twice a call, and their warnings carry the reply that could not be read.
    """

    def __init__(
        self, *, role_arn: str, region: str | None, clock: Clock, sts_endpoint_url: str | None = None
    ) -> None:
        # At DEBUG botocore writes requests and replies down whole: the token, and the keys it was given for it.
        logging.getLogger("botocore").setLevel(logging.INFO)
        self._role_arn = role_arn
        self._region = region
        self._clock = clock
        self._sts_endpoint_url = sts_endpoint_url
        self._turn = Lock()
        self._keys: RoleKeys | None = None

    def keys(self) -> RoleKeys:
        """Keys that are good for a call now; raises Unavailable `signer_unavailable`.

        One request asks STS. Meanwhile the others go on with keys that still last, or wait a turn for the first.
        """
        kept, now_ms = self._keys, self._clock.now_ms()
        if kept is not None and now_ms < kept.due_at_ms:
            return kept
        lasting = kept if kept is not None and now_ms < kept.ends_at_ms - LAST_MOMENT_MS else None
        if not self._turn.acquire(timeout=0 if lasting else TURN_S):
            if lasting is None:
                raise _unavailable("another request still waits for STS")
            return lasting
        try:
            return self._renewed(lasting)
        finally:
            self._turn.release()

    def _renewed(self, lasting: RoleKeys | None) -> RoleKeys:
        """New keys, unless the request before brought some; `lasting` keys are kept when there are none to be had."""
        brought, now_ms = self._keys, self._clock.now_ms()
        if brought is not None and now_ms < brought.due_at_ms:
            return brought
        try:
            self._keys = self._exchange()
        except Unavailable:
            if lasting is None:
                raise
            next_ms = min(now_ms + PAUSE_MS, lasting.ends_at_ms - LAST_MOMENT_MS)
            self._keys = replace(lasting, due_at_ms=next_ms)
        return self._keys

    def _exchange(self) -> RoleKeys:
        """The request's token for keys; no cause is kept, because a cause may quote either."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        token = request_identity.get()
        if not token:
            raise _unavailable("the request brought no identity")
        try:
            reply = self._sts().assume_role_with_web_identity(
                RoleArn=self._role_arn,
                RoleSessionName=_SESSION_NAME,
                WebIdentityToken=token,
                DurationSeconds=LIFETIME_S,
            )
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise _unavailable(failure_name(error)) from None
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
            # What botocore's parser stumbles over in a reply of another form.
            raise _unavailable("STS answered something else") from None
        return self._read(reply.get("Credentials") or {})

    def _read(self, given: Mapping[str, Any]) -> RoleKeys:
        texts = [str(given.get(name) or "") for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        ends_at, now_ms = given.get("Expiration"), self._clock.now_ms()
        if not all(texts) or not isinstance(ends_at, datetime) or ends_at.tzinfo is None:
            raise _unavailable("STS answered something else")
        left_ms = int(ends_at.timestamp() * 1000) - now_ms
        if left_ms <= LAST_MOMENT_MS:
            raise _unavailable("what STS lends has ended")
        access_key, secret_key, session_token = texts
        return RoleKeys(
            access_key=access_key,
            secret_key=secret_key,
            session_token=session_token,
            due_at_ms=now_ms + left_ms * 3 // 4,
            ends_at_ms=now_ms + left_ms,
        )

    def _sts(self) -> Any:
        """A client of its own for each exchange: by the next one its connection would be dead."""
        import boto3
        from botocore import UNSIGNED
        from botocore.config import Config

        limits = Config(
            signature_version=UNSIGNED,
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"total_max_attempts": 1},
        )
        return boto3.session.Session().client(
            "sts", region_name=self._region, endpoint_url=self._sts_endpoint_url, config=limits
        )


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(f"No role for the platform's identity: {reason}", code="signer_unavailable")
