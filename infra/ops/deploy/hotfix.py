"""A hotfix: a deployment although go-live lines fail, with who, what and why on record before anything changes.

While production is down the vault may be paused, a backup late and a key in its grace: none of that makes
the fix unsafe to run. What does (settings, stores, indexes, the template) still refuses it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from pymongo.errors import PyMongoError

from infra.ops.operation_records import Hotfix, OperationRecords
from infra.ops.preflight.lines import Line, as_table, has_failed, hotfix_answer_of
from infra.ops.preflight.stage import StageUnderCheck
from infra.ops.stack_state import AwsClient
from shared.domain.errors import Refused, Unavailable

REASON_LENGTHS: Final = range(10, 501)


def declared(reason: str, *, aws: AwsClient, project: Path, now_ms: int) -> Hotfix:
    """The person as AWS knows them, and the commit that lies here.

    Raises Refused for a reason that says nothing, Unavailable when AWS does not say who asks.
    """
    reason = " ".join(reason.split())
    if len(reason) not in REASON_LENGTHS:
        raise Refused(
            f"a hotfix has a reason of {REASON_LENGTHS.start} to {REASON_LENGTHS.stop - 1} characters:"
            " the incident and what the fix does"
        )
    try:
        by = str(aws("sts").get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(f"AWS does not say who deploys ({type(error).__name__})") from error
    return Hotfix(now_ms, by, commit_of(project), reason)


def commit_of(project: Path) -> str:
    """The checked-out commit, with `-dirty` after it when files differ from it; `unknown` without git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        told = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)  # noqa: S603 - git as installed
    except OSError:
        return "unknown"
    return told.stdout.strip() or "unknown"


def ask_for_hotfix(
    stage: StageUnderCheck, hotfix: Hotfix, *, lines: Sequence[Line], say: Callable[[str], None]
) -> int:
    """0 when no line fails that makes the new code unsafe and the hotfix is on record, 1 when one does.

    2 when it could not be recorded: an exception that nobody can find later is not made.
    """
    answers = [hotfix_answer_of(line, stage) for line in lines]
    print(as_table(answers), flush=True)
    if has_failed(answers):
        say("a line failed that no hotfix passes over")
        return 1
    passed_over = tuple(answer.id for answer in answers if answer.state == "warning")
    try:
        with stage.database() as database:
            OperationRecords(database).begin_hotfix(replace(hotfix, passed_over=passed_over))
            where = f"{database.name}.operations"
    except PyMongoError as error:
        say(
            f"the hotfix could not be recorded ({type(error).__name__}): set ARENA_OPERATOR_MONGODB_URI"
            " to a user who may write `operations`"
        )
        return 2
    say(
        f"HOTFIX of {hotfix.commit} by {hotfix.by}: {hotfix.reason}. Passed over:"
        f" {', '.join(passed_over) or 'nothing'}. Recorded in {where} as {hotfix.id}"
    )
    return 0
