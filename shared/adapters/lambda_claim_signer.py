"""The private signer function, invoked through IAM with nothing but a claim's id."""

from __future__ import annotations

import json
from typing import Any, Final

from shared.domain.errors import Unavailable
from shared.ports import SignerAnswer

CONNECT_S = 1.0
READ_S = 2.5
ANSWER_FIELDS: Final = {"state", "rule", "code", "isFinal"}


class LambdaClaimSigner:
    """ports.ClaimSigner over Lambda's Invoke; boto3 is imported at the first claim, not at cold start."""

    def __init__(self, *, function_name: str, endpoint_url: str | None = None) -> None:
        self._function_name = function_name
        self._endpoint_url = endpoint_url
        self._client: Any = None

    def request_signature(self, claim_id: str) -> SignerAnswer:
        """The signer's decision; raises Unavailable when it, or what it needs, did not answer.

        The claim then stays reserved: the same request asks again.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        payload = json.dumps({"claimId": claim_id}).encode()
        try:
            reply = self._lambda().invoke(FunctionName=self._function_name, Payload=payload)
            answer = json.loads(reply["Payload"].read())
        except (BotoCoreError, ClientError, ValueError) as error:
            raise Unavailable("The signer did not answer", code="signer_unavailable") from error
        if "FunctionError" in reply or not isinstance(answer, dict) or set(answer) != ANSWER_FIELDS:
            # {"error": ...} of the signer, or of the platform: nothing was decided that we could show.
            reported = answer.get("error") if isinstance(answer, dict) else None
            code = reported.get("code") if isinstance(reported, dict) else None
            raise Unavailable("The signer could not decide", code=str(code or "signer_unavailable"))
        return SignerAnswer(
            state=answer["state"], rule=answer["rule"], code=answer["code"], is_final=answer["isFinal"]
        )

    def _lambda(self) -> Any:
        if self._client is None:
            from boto3.session import Session
            from botocore.config import Config

            # One try: a retried invoke would only queue behind the first, and the caller's key retries.
            limits = Config(connect_timeout=CONNECT_S, read_timeout=READ_S, retries={"total_max_attempts": 1})
            # A session of its own: boto3's shared one would carry its credentials through a snapshot.
            self._client = Session().client("lambda", endpoint_url=self._endpoint_url, config=limits)
        return self._client
