"""What AWS answers to an operator, as our families of errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import Refused, Unavailable


@contextmanager
def asking_aws(what: str) -> Iterator[None]:
    """Raises Refused `aws_refused` with AWS's own code, Unavailable `aws_unavailable` when it did not answer."""
    try:
        yield
    except ClientError as error:
        name = error.response.get("Error", {}).get("Code", "no code")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status >= 500 or name.startswith("Throttling"):
            raise Unavailable(f"AWS could not {what} now: {name}", code="aws_unavailable") from error
        raise Refused(f"AWS refused to {what}: {name}", code="aws_refused", extra={"aws": name}) from error
    except BotoCoreError as error:
        raise Unavailable(
            f"AWS did not answer when asked to {what}: {type(error).__name__}", code="aws_unavailable"
        ) from error
