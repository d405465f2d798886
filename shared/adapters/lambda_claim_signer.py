"""The private signer function, invoked through IAM with nothing but a claim's id."""

from __future__ import annotations

import json
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from shared.adapters.aws_failures import failure_name
from shared.adapters.xray import traced
from shared.domain.errors import Unavailable
from shared.ports.claims import SignerAnswer

if TYPE_CHECKING:
    from shared.adapters.web_identity import RoleKeys, WebIdentityRole

CONNECT_S = 1.0
READ_S = 2.5
ANSWER_FIELDS: Final = {"state", "rule", "code", "isFinal"}


class LambdaClaimSigner:
    """ports.ClaimSigner over Lambda's Invoke; boto3 is imported at the first claim, not at cold start.

    Without a `role` calls are signed with what the platform gives the process: on AWS, its function's role.
    `region` is None where the environment names it.
    """

    def __init__(
        self,
        *,
        function_name: str,
        endpoint_url: str | None = None,
        region: str | None = None,
        role: WebIdentityRole | None = None,
    ) -> None:
        self._function_name = function_name
        self._endpoint_url = endpoint_url
        self._region = region
        self._role = role
        self._opening = Lock()
        self._opened: tuple[Any, str] | None = None

    def request_signature(self, claim_id: str) -> SignerAnswer:
        """The signer's decision; raises Unavailable when it, or what it needs, did not answer.

        The claim then stays reserved: the same request asks again.
        """
        with traced("Signer"):
            return self._decision(claim_id)

    def _decision(self, claim_id: str) -> SignerAnswer:
        from botocore.exceptions import BotoCoreError, ClientError

        payload = json.dumps({"claimId": claim_id}).encode()
        try:
            reply = self._client().invoke(FunctionName=self._function_name, Payload=payload)
            answer = json.loads(reply["Payload"].read())
        except (BotoCoreError, ClientError, ValueError) as error:
            reason = failure_name(error)
            raise Unavailable(f"The signer did not answer: {reason}", code="signer_unavailable") from None
        if "FunctionError" in reply or not isinstance(answer, dict) or set(answer) != ANSWER_FIELDS:
            # {"error": ...} of the signer, or of the platform: nothing was decided that we could show.
            reported = answer.get("error") if isinstance(answer, dict) else None
            code = reported.get("code") if isinstance(reported, dict) else None
            raise Unavailable("The signer could not decide", code=str(code or "signer_unavailable"))
        return SignerAnswer(
            state=answer["state"], rule=answer["rule"], code=answer["code"], is_final=answer["isFinal"]
        )

    def _client(self) -> Any:
        """The client with the keys of now, kept as long as they are; off Lambda claims may come together."""
        keys = self._role.keys() if self._role is not None else None
        access_key = keys.access_key if keys is not None else ""
        with self._opening:
            if self._opened is None or self._opened[1] != access_key:
                self._opened = self._open(keys), access_key
            return self._opened[0]

    def _open(self, keys: RoleKeys | None) -> Any:
        from boto3.session import Session
        from botocore.config import Config

        # One try: a retried invoke would only queue behind the first, and the caller's key retries.
        limits = Config(connect_timeout=CONNECT_S, read_timeout=READ_S, retries={"total_max_attempts": 1})
        # A session of its own: boto3's shared one would carry its credentials through a snapshot.
        return Session().client(
            "lambda",
            region_name=self._region,
            endpoint_url=self._endpoint_url,
            aws_access_key_id=keys.access_key if keys is not None else None,
            aws_secret_access_key=keys.secret_key if keys is not None else None,
            aws_session_token=keys.session_token if keys is not None else None,
            config=limits,
        )
