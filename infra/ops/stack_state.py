"""A stage's CloudFormation stack: whether it is there and has an API, and what its status lets one do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import Unavailable

AwsClient = Callable[[str], Any]
_QUIET: Final = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
_NEVER_WHOLE: Final = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})
# Where osls puts the code of one deployment: serverless/arena/prod/1764337000000-2026-11-28T.../health.zip
_CODE: Final = re.compile(r"serverless/[\w-]+/[\w-]+/(\d{13})-\d{4}-")


@dataclass(frozen=True, slots=True)
class StackState:
    """`status` is empty where there is no stack; `api_url` where no deployment was ever whole.

    `deployment` is the time by which osls knows what runs now, or the empty text.
    """

    name: str
    status: str = ""
    api_url: str = ""
    deployment: str = ""

    @property
    def is_deployed(self) -> bool:
        """Whether a whole deployment was ever there; osls begins a stack with nothing but its bucket."""
        return bool(self.api_url)

    @property
    def is_deployable(self) -> bool:
        """Whether CloudFormation would take a deployment now."""
        return not self.status or self.status in _QUIET


def read_stack(client: AwsClient, name: str) -> StackState:
    """Ask CloudFormation; that there is no such stack is an answer. Raises Unavailable when there is none."""
    cloudformation = client("cloudformation")
    try:
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        template: Any = ""
        if "HttpApiUrl" in outputs:  # what was never whole has nothing to be rolled back to
            template = cloudformation.get_template(StackName=name)["TemplateBody"]
    except ClientError as error:
        if _is_missing(error):
            return StackState(name)
        code = error.response["Error"]["Code"]
        raise Unavailable(
            f"CloudFormation did not show {name} ({code}): allow cloudformation:DescribeStacks and GetTemplate"
        ) from error
    except BotoCoreError as error:
        raise Unavailable(
            f"CloudFormation could not be asked ({type(error).__name__}): give this shell AWS credentials of the account"
        ) from error
    deployment = _CODE.search(template if isinstance(template, str) else json.dumps(template))
    return StackState(
        name=name,
        status=stack["StackStatus"],
        api_url=str(outputs.get("HttpApiUrl", "")),
        deployment=deployment[1] if deployment else "",
    )


def what_to_do(stack: StackState) -> str:
    """Why CloudFormation takes no deployment now, and how to get it to."""
    what = f"{stack.name} is {stack.status}"
    if stack.status == "REVIEW_IN_PROGRESS":
        return f"{what}: a first deployment was interrupted before it made anything. {_deletion(stack)}"
    if stack.status.endswith("_IN_PROGRESS"):
        return (
            f"{what}: a deployment is at work, this one's or another's, and ends by itself. Look at it with"
            f" `aws cloudformation describe-stack-events --stack-name {stack.name}`, wait, and run the same command again"
        )
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        return (
            f"{what}: neither the new deployment nor the former one is whole. Look for the first *_FAILED of"
            f" `aws cloudformation describe-stack-events --stack-name {stack.name}`, remove its cause, then"
            f" `aws cloudformation continue-update-rollback --stack-name {stack.name}` and"
            f" `aws cloudformation wait stack-rollback-complete --stack-name {stack.name}`"
        )
    if stack.status == "UPDATE_FAILED":
        return f"{what}: an update stopped halfway. `aws cloudformation rollback-stack --stack-name {stack.name}`"
    if stack.status in _NEVER_WHOLE:
        return f"{what}: such a stack can only be deleted. {_deletion(stack)}"
    return f"{what}, which this command does not know: look at it in the console"


def _deletion(stack: StackState) -> str:
    """The claim key outlives its stack, and its parameter's name must be free for the next one."""
    stage = stack.name.rpartition("-")[2]
    return (
        f"Empty its bucket if it has one, `aws cloudformation delete-stack --stack-name {stack.name}`,"
        f" `aws cloudformation wait stack-delete-complete --stack-name {stack.name}`, and run the same command again."
        f" What a former whole deployment kept stays: the claim key, and /arena/{stage}/signer/ORACLE_KMS_KEY_ID,"
        " which has to be deleted before a new stack can write it"
    )


def _is_missing(error: ClientError) -> bool:
    """The API has no code of its own for it."""
    said = error.response["Error"]
    return said["Code"] == "ValidationError" and "does not exist" in said.get("Message", "")
