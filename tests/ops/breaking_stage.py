"""A running local stack whose settings, documents, database or answers turn bad, and right again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.local.stack import Stack
from infra.ops.operation_records import OperationRecord, OperationRecords
from infra.ops.preflight.stage import PROJECT, StageUnderCheck
from shared.config.declarations import BY_NAME

Breakage = Callable[[StageUnderCheck, Stack], AbstractContextManager[StageUnderCheck]]


def setting(name: str, value: str) -> Breakage:
    """The setting has another value in every function that holds it."""

    @contextmanager
    def broken(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
        yield replace(
            stage,
            environments={
                function: {**values, name: value} if function in BY_NAME[name].held_by else values
                for function, values in stage.environments.items()
            },
        )

    return broken


def record(name: str, *, age_ms: int, is_success: bool = True) -> Breakage:
    """The operation's latest run was then, and ended so."""

    @contextmanager
    def broken(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
        with stage.database() as database:
            OperationRecords(database).write(
                OperationRecord(name, stage.now_ms() - age_ms, 1_500, is_success)
            )
            yield stage
            database["operations"].delete_one({"_id": name})

    return broken


def document(path: str, text: str) -> Breakage:
    """A file of the project reads otherwise."""

    @contextmanager
    def broken(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
        project = stack.data_dir / "project"
        shutil.copytree(PROJECT / "infra/aws", project / "infra/aws", dirs_exist_ok=True)
        shutil.copy(PROJECT / "serverless.yml", project)
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
        yield replace(stage, project=project)
        shutil.rmtree(project)

    return broken


@contextmanager
def dropped_index(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    with stage.database() as database:
        database["claims"].drop_index("acct_1")
        yield stage
        database["claims"].create_index([("acct", 1)])


@contextmanager
def index_without_uniqueness(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    with stage.database() as database:
        database["ledger"].drop_index("k_1")
        database["ledger"].create_index([("k", 1)])
        yield stage
        database["ledger"].drop_index("k_1")
        database["ledger"].create_index([("k", 1)], unique=True)


@contextmanager
def readable_secrets_file(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    path = stack.data_dir / "secrets.json"
    path.chmod(0o644)
    yield stage
    path.chmod(0o600)


@contextmanager
def nobody_answers(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    yield replace(stage, api_url="http://127.0.0.1:9")


@contextmanager
def unlisted_grant(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    """The deployed function grants an origin that its settings do not list: its look-alike is listed there."""
    listed = stage.text("battle", "CORS_ORIGIN")
    values = {**stage.environments["battle"], "CORS_ORIGIN": listed.replace("://", "://www.")}
    yield replace(stage, environments={**stage.environments, "battle": values})


class CloudWatchWithoutAlarms:
    """What boto3's client answers in an account where nothing was deployed."""

    def get_paginator(self, operation: str) -> CloudWatchWithoutAlarms:
        assert operation == "describe_alarms"
        return self

    def paginate(self, **named: Any) -> list[dict[str, Any]]:
        return [{"MetricAlarms": []}]


@contextmanager
def alarm_missing_in_cloudwatch(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    yield replace(stage, is_local=False, aws=lambda _: CloudWatchWithoutAlarms())


def copied_project(folder: Path, *, runbook: str) -> Path:
    """The project's templates with this runbook."""
    shutil.copytree(PROJECT / "infra/aws", folder / "infra/aws")
    shutil.copy(PROJECT / "serverless.yml", folder)
    (folder / "docs").mkdir()
    (folder / "docs/runbook.md").write_text(runbook)
    return folder


class TopicsWithReaders:
    """What boto3's SNS client answers where all but one topic has a confirmed reader."""

    def __init__(self, prefix: str, unread: str) -> None:
        self._prefix, self._unread, self._asked = (
            f"arn:aws:sns:eu-central-1:111122223333:{prefix}",
            unread,
            "",
        )

    def get_paginator(self, operation: str) -> TopicsWithReaders:
        self._asked = operation
        return self

    def paginate(self, **named: Any) -> list[dict[str, Any]]:
        if self._asked == "list_topics":
            return [{"Topics": [{"TopicArn": f"{self._prefix}-{kind}"}]} for kind in ("page", "ticket")]
        arn = named["TopicArn"]
        confirmed = f"{arn}:6a1d2c"
        unread = arn.endswith(self._unread)
        return [{"Subscriptions": [{"SubscriptionArn": "PendingConfirmation" if unread else confirmed}]}]


def nobody_confirmed(kind: str) -> Breakage:
    """Production's mail of confirmation was never opened."""

    @contextmanager
    def broken(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
        prefix = f"{stage.service.name}-{stage.service.stage}"
        yield replace(stage, name="prod", is_local=False, aws=lambda _: TopicsWithReaders(prefix, kind))

    return broken


class SmallAccount:
    """What boto3's client answers for an account that may run so many functions at once."""

    def __init__(self, most: int, *, left: int) -> None:
        self._limits = {"ConcurrentExecutions": most, "UnreservedConcurrentExecutions": left}

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": self._limits}


def account(most: int, *, left: int, is_deployed: bool) -> Breakage:
    """The stage's functions, which reserve 74 at stage dev, are to live in this account."""

    @contextmanager
    def broken(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
        url = stage.api_url if is_deployed else ""
        yield replace(stage, is_local=False, api_url=url, aws=lambda _: SmallAccount(most, left=left))

    return broken
