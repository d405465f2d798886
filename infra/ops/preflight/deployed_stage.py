"""A stage on AWS: its settings as serverless.yml names them, resolved through the secret stores."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.serverless_file import function_values, read_service
from infra.ops.package.template import region_of
from infra.ops.preflight.lines import CannotTell
from infra.ops.preflight.stage import PROJECT, StageUnderCheck
from infra.ops.stack_state import AwsClient, StackState, read_stack
from shared.adapters.aws_secrets import ABSENT_CODES, AwsSecrets
from shared.config.declarations import BY_NAME
from shared.config.references import Reference, parse_reference, references_of, resolve_references
from shared.domain.errors import Unavailable


def deployed_stage(
    name: str, *, aws: AwsClient | None = None, api_url: str = "", operator_uri: str = ""
) -> StageUnderCheck:
    """The stage as an operator with AWS credentials sees it. Raises Unavailable when a secret store is away."""
    service = read_service(PROJECT / "serverless.yml", stage=name)
    client = aws or cache(aws_client)
    stack = _stack(client, f"{service.name}-{name}")
    written = {
        function: {setting: str(value) for setting, value in values.items()}
        for function, values in function_values(PROJECT / "serverless.yml", stage=name).items()
    }
    secrets = AwsSecrets(environment={}, client_of=client)
    references = {
        function: references_of(function, environment=environment)
        for function, environment in written.items()
    }
    return StageUnderCheck(
        name=name,
        is_local=False,
        service=service,
        environments={
            function: _resolved(function, environment, secrets) for function, environment in written.items()
        },
        references=references,
        api_url=api_url or (stack.api_url if stack else ""),
        aws=client,
        signer_role=lambda: str(
            client("lambda").get_function_configuration(FunctionName=service.deployed_name("signer"))["Role"]
        ),
        secrets_changed_ms=partial(_secrets_changed, client, references),
        secret_store=lambda: f"{sum(map(len, references.values()))} references read",
        now_ms=lambda: time.time_ns() // 1_000_000,
        operator_uri=operator_uri,
        is_deployed=stack is None or stack.is_deployed or bool(api_url),
    )


def aws_client(service: str) -> Any:
    """In the region that is deployed to, whichever the shell prefers."""
    limits = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 3})
    return boto3.client(service, region_name=region_of(os.environ), config=limits)


def _resolved(function: str, environment: Mapping[str, str], secrets: AwsSecrets) -> dict[str, str]:
    try:
        return resolve_references(function, environment=environment, secrets=secrets)
    except Unavailable as error:
        raise Unavailable(
            f"{error.detail}: give this shell AWS credentials that may read them in {region_of(os.environ)}",
            code=error.code,
        ) from error


def _stack(client: AwsClient, name: str) -> StackState | None:
    """The stage's stack, or None where it may not be looked at: the lines then say what is refused."""
    try:
        return read_stack(client, name)
    except Unavailable:
        return None


def _secrets_changed(client: AwsClient, references: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    """Secret -> when its present version was created, UTC milliseconds; one that is not set has no age."""
    changed: dict[str, int] = {}
    for function, names in references.items():
        for name, text in names.items():
            reference = parse_reference(text)
            if reference is None or not BY_NAME[name].is_secret:
                continue
            created_ms = _created_ms(client, reference)
            if created_ms is not None:
                changed[f"{name} ({function})"] = created_ms
    return changed


def _created_ms(client: AwsClient, reference: Reference) -> int | None:
    try:
        if reference.store == "ssm":
            found = client("ssm").get_parameter(Name=reference.name)["Parameter"]["LastModifiedDate"]
        else:
            found = client("secretsmanager").describe_secret(SecretId=reference.name)["LastChangedDate"]
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in ABSENT_CODES:
            return None
        raise CannotTell("the age of a secret could not be read: allow ssm:GetParameter") from error
    return int(found.timestamp() * 1000)
