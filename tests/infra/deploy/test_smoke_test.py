"""The smoke test's questions put to the real functions: what it takes for an answer is what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local.stack import STAGE, Stack, running_stack
from infra.ops.deploy.smoke_test import smoke_test

pytestmark = pytest.mark.slow


def test_the_real_functions_answer_every_question_at_once(tmp_path: Path) -> None:
    said: list[str] = []
    stack = Stack(tmp_path, schedule_every_s=0, max_workers=1)
    with running_stack(stack):
        functions: Any = boto3.client(
            "lambda",
            endpoint_url=stack.urls["private"],
            region_name="eu-central-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        faults = smoke_test(STAGE, stack.urls["gateway"], functions=functions, say=said.append, within_s=0)
    assert faults == []
    assert said == []
