"""Secret values from SSM Parameter Store and Secrets Manager, by the nearest way that answers.

On Lambda that is the Parameters and Secrets extension on loopback, which spares the function boto3's
import; where there is none, or where it answers anything but a value, boto3 asks the service itself
and its answer is the one that counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any, NoReturn
from urllib.parse import quote

from shared.config.references import Reference, parse_reference
from shared.domain.errors import Unavailable, ensure

_EXTENSION_PORT = "2773"
_TIMEOUT_S = 2.0
EXTENSION_CONNECTIONS = 3
_PARAMETERS_A_CALL = 10
ABSENT_CODES = frozenset({"ResourceNotFoundException", "ParameterNotFound"})

# One thing to fetch: a parameter, or a whole secret of which several fields may be wanted.
_Item = tuple[str, str]
ClientOf = Callable[[str], Any]


class AwsSecrets:
    """Implements ports.Secrets. `environment` is the live process environment: credentials in it change."""

    def __init__(self, *, environment: Mapping[str, str], client_of: ClientOf | None = None) -> None:
        self._environment = environment
        self._client_of = client_of or _boto3_client

    def resolve(self, references: Collection[str]) -> Mapping[str, str]:
        """Reference -> value; a parameter, secret or field that does not exist is left out.

        Raises Unavailable (`secrets_unavailable`) naming the references that could not be read.
        """
        parsed = {text: _parsed(text) for text in references}
        items = sorted({(reference.store, reference.name) for reference in parsed.values()})
        contents = self._from_extension(items)
        missing = [item for item in items if item not in contents]
        contents |= self._from_service(missing)
        values = {text: _value(reference, contents) for text, reference in parsed.items()}
        return {text: value for text, value in values.items() if value is not None}

    def _from_extension(self, items: Sequence[_Item]) -> dict[_Item, str]:
        # A function restored from a snapshot has container credentials instead of a session token.
        token = self._environment.get("AWS_SESSION_TOKEN") or self._environment.get(
            "AWS_CONTAINER_AUTHORIZATION_TOKEN"
        )
        if not token or not items or "AWS_LAMBDA_FUNCTION_NAME" not in self._environment:
            return {}
        from concurrent.futures import ThreadPoolExecutor  # 8 ms that only this path needs

        port = int(self._environment.get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT") or _EXTENSION_PORT)
        with ThreadPoolExecutor(max_workers=EXTENSION_CONNECTIONS) as pool:
            answers = list(pool.map(lambda item: _ask_extension(item, port=port, token=token), items))
        return {item: answer for item, answer in zip(items, answers, strict=True) if answer is not None}

    def _from_service(self, items: Sequence[_Item]) -> dict[_Item, str]:
        if not items:
            return {}
        contents: dict[_Item, str] = {}
        parameters = [name for store, name in items if store == "ssm"]
        for start in range(0, len(parameters), _PARAMETERS_A_CALL):
            contents |= self._parameters(parameters[start : start + _PARAMETERS_A_CALL])
        for store, name in items:
            if store == "secretsmanager":
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


def _ask_extension(item: _Item, *, port: int, token: str) -> str | None:
    """The content, or None for every answer that is not one; the service is then asked itself."""
    store, name = item
    path = (
        f"/systemsmanager/parameters/get?name={quote(name, safe='')}&withDecryption=true"
        if store == "ssm"
        else f"/secretsmanager/get?secretId={quote(name, safe='')}"
    )
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"X-Aws-Parameters-Secrets-Token": token})
        answer = connection.getresponse()
        if answer.status != 200:
            return None
        body = json.loads(answer.read())
        content = body["Parameter"]["Value"] if store == "ssm" else body["SecretString"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()
    return content if isinstance(content, str) else None


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
    listed = ", ".join(names)
    raise Unavailable(f"could not read {listed}", code="secrets_unavailable") from error


def _boto3_client(service: str) -> Any:
    """With a session of its own: boto3's shared one would carry its credentials through a snapshot."""
    from boto3.session import Session  # 200 ms of cold start that a function with the extension never pays
    from botocore.config import Config

    limits = Config(connect_timeout=1, read_timeout=_TIMEOUT_S, retries={"total_max_attempts": 2})
    return Session().client(service, config=limits)
