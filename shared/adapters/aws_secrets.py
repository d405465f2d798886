"""Secret values from SSM Parameter Store and Secrets Manager, in as few calls as the services allow.

On Lambda the services are asked directly, which spares a starting function boto3's import; where that
is not possible or brings anything but a value, boto3 asks, and its answer is the one that counts. AWS's
Parameters and Secrets extension is of no use here: it serves invocations, not the start of an environment.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

from shared.adapters.xray import traced
from shared.config.references import Reference, parse_reference
from shared.domain.errors import Unavailable, ensure

if TYPE_CHECKING:
    from shared.adapters.aws_signature import AwsCredentials

_TIMEOUT_S: Final = 2.0
_PARAMETERS_A_CALL: Final = 10
ABSENT_CODES: Final = frozenset({"ResourceNotFoundException", "ParameterNotFound"})
SERVICE_ENDPOINT: Final = "https://{service}.{region}.amazonaws.com"
_OTHER_DOMAINS: Final = ("cn-", "us-iso", "eu-isoe")
"""Regions whose services are not below amazonaws.com: boto3 knows where they are."""
_ENDPOINT_SETTINGS: Final = {
    "ssm": "AWS_ENDPOINT_URL_SSM",
    "secretsmanager": "AWS_ENDPOINT_URL_SECRETS_MANAGER",
}
"""The SDK's own settings for an emulator; readiness refuses them in production."""

STORE_NAMES: Final = {"ssm": "Parameter Store", "secretsmanager": "Secrets Manager"}
"""What a trace calls them. During INIT there is none: only what an invocation asks is in it."""

# One thing to fetch: a parameter, or a whole secret of which several fields may be wanted.
_Item = tuple[str, str]
ClientOf = Callable[[str], Any]


class AwsSecrets:
    """Implements ports.secrets.Secrets. `environment` is the live process environment: credentials in it change.

    `now_s` is Unix time, which a signature carries: the machine's own, never the local stack's shifted one.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        client_of: ClientOf | None = None,
        now_s: Callable[[], float] = time.time,  # noqa: TID251 - AWS refuses a signature by another clock
    ) -> None:
        self._environment = environment
        self._client_of = client_of or partial(_boto3_client, environment.get("AWS_REGION"))
        self._now_s = now_s

    def resolve(self, references: Collection[str]) -> Mapping[str, str]:
        """Reference -> value; a parameter, secret or field that does not exist is left out.

        Raises Unavailable (`secrets_unavailable`) naming the references that could not be read.
        """
        parsed = {text: _parsed(text) for text in references}
        items = sorted({(reference.store, reference.name) for reference in parsed.values()})
        contents, answered = self._directly(items) if self._may_ask_directly() else ({}, set())
        contents |= self._from_service([item for item in items if item not in answered])
        values = {text: _value(reference, contents) for text, reference in parsed.items()}
        return {text: value for text, value in values.items() if value is not None}

    def _may_ask_directly(self) -> bool:
        region = self._environment.get("AWS_REGION", "")
        is_lambda = "AWS_LAMBDA_FUNCTION_NAME" in self._environment
        return is_lambda and bool(region) and not region.startswith(_OTHER_DOMAINS)

    def _directly(self, items: Sequence[_Item]) -> tuple[dict[_Item, str], set[_Item]]:
        """What the services say to a signed call, and about which items; the others are left to boto3.

        A parameter that is not there is an answer, too: optional settings often are not.
        """
        from shared.adapters.aws_signature import NoAnswer, credentials_of

        contents: dict[_Item, str] = {}
        answered: set[_Item] = set()
        try:
            credentials = credentials_of(self._environment, timeout_s=_TIMEOUT_S)
            for names in _batches([name for store, name in items if store == "ssm"]):
                body = {"Names": names, "WithDecryption": True}
                answer = self._call("ssm", "AmazonSSM.GetParameters", body, credentials)
                found = {("ssm", each["Name"]): each["Value"] for each in answer["Parameters"]}
                contents |= found
                answered |= found.keys() | {("ssm", name) for name in answer["InvalidParameters"]}
            for name in (name for store, name in items if store == "secretsmanager"):
                body = {"SecretId": name}
                answer = self._call("secretsmanager", "secretsmanager.GetSecretValue", body, credentials)
                contents["secretsmanager", name] = answer["SecretString"]
                answered.add(("secretsmanager", name))
        except (NoAnswer, KeyError, TypeError):
            return contents, answered
        return contents, answered

    def _call(
        self, service: str, target: str, body: Mapping[str, Any], credentials: AwsCredentials
    ) -> dict[str, Any]:
        from shared.adapters.aws_signature import call_json

        region = self._environment["AWS_REGION"]
        given = self._environment.get(_ENDPOINT_SETTINGS[service]) or self._environment.get(
            "AWS_ENDPOINT_URL"
        )
        with traced(STORE_NAMES[service]):
            return call_json(
                given or SERVICE_ENDPOINT.format(service=service, region=region),
                service=service,
                region=region,
                target=target,
                body=body,
                credentials=credentials,
                now_s=self._now_s(),
                timeout_s=_TIMEOUT_S,
            )

    def _from_service(self, items: Sequence[_Item]) -> dict[_Item, str]:
        if not items:
            return {}
        contents: dict[_Item, str] = {}
        for names in _batches([name for store, name in items if store == "ssm"]):
            with traced(STORE_NAMES["ssm"]):
                contents |= self._parameters(names)
        for store, name in items:
            if store == "secretsmanager":
                with traced(STORE_NAMES[store]):
                    contents |= self._secret(name)
        return contents

    def _parameters(self, names: Sequence[str]) -> dict[_Item, str]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client_of("ssm").get_parameters(Names=list(names), WithDecryption=True)
        except (BotoCoreError, ClientError) as error:
            _refuse(names, error)
        return {("ssm", found["Name"]): found["Value"] for found in answer["Parameters"]}

    def _secret(self, name: str) -> dict[_Item, str]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client_of("secretsmanager").get_secret_value(SecretId=name)
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT_CODES:
                return {}
            _refuse([name], error)
        except BotoCoreError as error:
            _refuse([name], error)
        content = answer.get("SecretString")
        return {("secretsmanager", name): content} if content is not None else {}


def _parsed(text: str) -> Reference:
    reference = parse_reference(text)
    ensure(reference is not None, "only well-formed references are resolved")
    assert reference is not None  # noqa: S101 - tells the type checker what ensure has checked
    return reference


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _PARAMETERS_A_CALL):
        yield names[start : start + _PARAMETERS_A_CALL]


def _value(reference: Reference, contents: Mapping[_Item, str]) -> str | None:
    content = contents.get((reference.store, reference.name))
    if content is None or reference.field is None:
        return content
    try:
        value = json.loads(content)[reference.field]
    except (ValueError, KeyError, TypeError):
        return None
    return value if isinstance(value, str) else None


def _refuse(names: Iterable[str], error: Exception) -> NoReturn:
    from botocore.exceptions import ClientError

    why = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    listed = ", ".join(names)
    raise Unavailable(f"could not read {listed} ({why})", code="secrets_unavailable") from error


def _boto3_client(region: str | None, service: str) -> Any:
    """With a session of its own: boto3's shared one would carry its credentials through a snapshot."""
    from boto3.session import Session  # 200 ms of a cold start that a direct answer spares
    from botocore.config import Config

    limits = Config(connect_timeout=1, read_timeout=_TIMEOUT_S, retries={"total_max_attempts": 2})
    return Session().client(service, region_name=region, config=limits)
