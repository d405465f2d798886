"""Every line of the go-live checklist turned bad on a running local stack, and put right again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import bcrypt

from infra.local.chain_client import ChainClient
from infra.local.stack import Stack
from infra.local.world import owner_order
from infra.ops.operation_records import (
    BACKUP,
    RESTORE_DRILL,
    ROTATION_REHEARSAL,
    SECRETS_READABLE,
    OperationRecord,
    OperationRecords,
)
from infra.ops.preflight.stage import PROJECT, StageUnderCheck
from infra.vault.messages import ORDER_NANOTON, VaultSetup, set_paused, vault_state_init
from shared.adapters.mongo_claims import MongoClaimStore
from shared.config.declarations import BY_NAME
from shared.domain.claims import Claim, ClaimTerms
from shared.domain.ton.address import read_address
from shared.domain.ton.boc import write_boc_base64
from shared.domain.ton.cell import Cell

DAY_MS = 24 * 3_600_000
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


def fault(**order: Any) -> Breakage:
    """A provider is told to misbehave."""

    @contextmanager
    def broken(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
        control = chain_of(stack)
        control.control("fault", **order)
        yield stage
        control.control("clear_faults")

    return broken


@contextmanager
def shard_behind_the_clock(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    """Time never runs backwards on the chain: the clock runs ahead of it instead."""
    chain_of(stack).control("lag", shard_s=900)
    stack.advance_clock(600)
    yield stage
    chain_of(stack).control("lag", shard_s=2)


def chain_of(stack: Stack) -> ChainClient:
    return ChainClient(stack.urls["chain"], stack.settings["TON_API_KEY"])


def other_vault(change: Callable[[Cell], Cell] = lambda data: data) -> Breakage:
    """A new vault, whose owner sent it a hundredth of a TON and set no jetton wallet, is the configured one."""

    @contextmanager
    def broken(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
        control = chain_of(stack)
        assert stack.world is not None
        owner = read_address(stack.world.owner).address
        setup = VaultSetup(
            owner=owner,
            guardian=owner,
            jetton_master=read_address(stack.world.jetton_master).address,
            oracle_key=bytes.fromhex(stack.world.oracle_public_key_hex),
            network_id=stack.world.network_id,
            per_claim_cap_units=1,
            per_day_cap_units=1,
        )
        state_init = vault_state_init(setup)
        code, data = state_init.references
        init = Cell(state_init.bits, state_init.bit_length, (code, change(data)))
        deployed = control.control("deploy", state_init=write_boc_base64(init), nano="10000000")
        with setting("ARENA_VAULT_ADDRESS", deployed["address"])(stage, stack) as changed:
            yield changed

    return broken


def _with_many_recipients(data: Cell) -> Cell:
    """recipients:uint32 stands before the map's one bit at the end of the vault's data."""
    return Cell(data.bits | (15_000 << 1), data.bit_length, data.references)


@contextmanager
def paused_vault(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    control = chain_of(stack)
    for is_paused in (True, False):
        assert stack.world is not None
        owner_order(control, to=stack.world.vault, nano=ORDER_NANOTON, body=set_paused(is_paused=is_paused))
        if is_paused:
            yield stage


@contextmanager
def huge_open_claim(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    terms = ClaimTerms(
        id="c" + "0" * 24,
        account="tg1",
        network=-239,
        vault=stack.settings["ARENA_VAULT_ADDRESS"],
        jetton_master=stack.settings["AIBA_JETTON_MASTER"],
        recipient="0:" + "11" * 32,
        credits=10**8,
        units=10**17,
        seqno=1,
        previous_row=0,
        created_ms=stage.now_ms(),
    )
    with stage.database() as database:
        MongoClaimStore(database).insert(Claim(terms, row_seq=1, state="reserved"))
        yield stage
        database["claims"].delete_one({"_id": terms.id})


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
def disabled_key(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    key_id = stack.settings["ORACLE_KMS_KEY_ID"]
    stage.aws("kms").disable_key(KeyId=key_id)
    yield stage
    stage.aws("kms").enable_key(KeyId=key_id)


def key_with_policy(change: Callable[[dict[str, Any]], Any]) -> Breakage:
    """Another key of the same kind, under a policy that is not ours."""

    @contextmanager
    def broken(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
        kms = stage.aws("kms")
        key_id = stack.settings["ORACLE_KMS_KEY_ID"]
        policy = json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"])
        change(policy)
        key = kms.create_key(
            KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY", Policy=json.dumps(policy)
        )
        with setting("ORACLE_KMS_KEY_ID", key["KeyMetadata"]["KeyId"])(stage, stack) as changed:
            yield changed

    return broken


def _statement(policy: dict[str, Any], action: str) -> dict[str, Any]:
    return next(each for each in policy["Statement"] if each["Action"] == action)


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


class SmallAccount:
    """What boto3's client answers for an account that may run so many functions at once."""

    def __init__(self, most: int, *, left: int) -> None:
        self._limits = {"ConcurrentExecutions": most, "UnreservedConcurrentExecutions": left}

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": self._limits}


def account(most: int, *, left: int, is_deployed: bool) -> Breakage:
    """The stage's functions, which reserve 64 at stage dev, are to live in this account."""

    @contextmanager
    def broken(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
        url = stage.api_url if is_deployed else ""
        yield replace(stage, is_local=False, api_url=url, aws=lambda _: SmallAccount(most, left=left))

    return broken


ALARMS = (PROJECT / "infra/aws/alarms.yml").read_text()
WEAK_HASH = bcrypt.hashpw(b"fake password", bcrypt.gensalt(10)).decode()
PLAIN_TEMPLATE = (
    (PROJECT / "serverless.yml")
    .read_text()
    .replace(
        "METRICS_TOKEN: ssm:/arena/${sls:stage}/METRICS_TOKEN", "METRICS_TOKEN: plainly-written-0123456789"
    )
)

# Line -> the ways in which each is made to say no.
BREAKAGES: dict[str, list[Breakage]] = {
    "settings": [setting("METRICS_TOKEN", ""), setting("TON_SECONDARY_API_KEY", "fake-toncenter-key-of-the-example-file")],
    "secret_store": [readable_secrets_file],
    "template": [
        document("serverless.yml", PLAIN_TEMPLATE),
        document("infra/aws/extra.yml", "Key: mongodb+srv://arena:fake-password@cluster0.example.net/\n"),
    ],
    "admin_hash": [setting("ADMIN_PASSWORD_HASH", WEAK_HASH), setting("ADMIN_PASSWORD_HASH", "plain")],
    "secrets_unread": [record(SECRETS_READABLE, age_ms=-1_000)],
    "database": [setting("MONGODB_URI", "mongodb://127.0.0.1:9/?directConnection=true")],
    "indexes": [dropped_index, index_without_uniqueness],
    "limiter": [setting("UPSTASH_REDIS_REST_TOKEN", "another"), setting("UPSTASH_REDIS_REST_URL", "http://127.0.0.1:9")],
    "key_kind": [disabled_key],
    "key_policy": [
        key_with_policy(lambda policy: _statement(policy, "kms:Sign").update(Principal="*")),
        key_with_policy(lambda policy: _statement(policy, "kms:Sign").pop("Condition")),
        key_with_policy(lambda policy: policy["Statement"][0]["Action"].append("kms:CreateGrant")),
        key_with_policy(lambda policy: policy["Statement"][0].update(Action="kms:*")),
        key_with_policy(lambda policy: policy["Statement"].remove(_statement(policy, "kms:Sign"))),
    ],
    "provider": [
        fault(provider="primary", kind="wrong_network", count=9, network_id=-3),
        shard_behind_the_clock,
    ],
    "second_provider": [
        fault(provider="secondary", kind="server_error", count=99),
        setting("TON_SECONDARY_API_KEY", "another"),
    ],
    "key_pair": [key_with_policy(lambda policy: policy)],
    "vault_caps": [setting("AIBA_UNITS_PER_CREDIT", str(10**13)), other_vault()],
    "vault_code_unknown": [setting("VAULT_CODE_HASH", "ab" * 32)],
    "vault_network_wrong": [setting("TON_NETWORK", "-3")],
    "vault_jetton_wrong": [setting("AIBA_JETTON_MASTER", "0:" + "22" * 32)],
    "vault_wallet_missing": [other_vault()],
    "vault_key_unknown": [setting("ORACLE_PUBLIC_KEY_HEX", "cd" * 32)],
    "vault_inventory_short": [huge_open_claim],
    "vault_inventory_low": [setting("AIBA_UNITS_PER_CREDIT", str(10**13))],
    "vault_ton_short": [other_vault()],
    "vault_ton_low": [other_vault()],
    "vault_recipients_high": [other_vault(_with_many_recipients)],
    "vault_paused": [paused_vault],
    "vault_key_in_grace": [setting("ORACLE_PUBLIC_KEY_HEX", "cd" * 32)],
    "metrics": [
        document("infra/aws/dashboard.yml", "Resources: {}\n"),
        document("infra/aws/alarms.yml", ALARMS.replace("AlarmActions: [!Ref AlarmTopic]", "AlarmActions: []")),
    ],
    "concurrency": [
        account(10, left=10, is_deployed=False),
        account(163, left=99, is_deployed=True),
        account(1000, left=163, is_deployed=False),
    ],
    "alarms": [alarm_missing_in_cloudwatch],
    "api": [nobody_answers],
    "cors": [setting("CORS_ORIGIN", "http://localhost:5173,https://other.example"), unlisted_grant],
    BACKUP: [record(BACKUP, age_ms=2 * DAY_MS), record(BACKUP, age_ms=0, is_success=False)],
    RESTORE_DRILL: [record(RESTORE_DRILL, age_ms=40 * DAY_MS)],
    ROTATION_REHEARSAL: [record(ROTATION_REHEARSAL, age_ms=100 * DAY_MS)],
    "runbook": [document("docs/runbook.md", "Run `./arena make-it-good now`.\n"), document("docs/runbook.md", "Nothing.\n")],
}  # fmt: skip


def copied_project(folder: Path, *, runbook: str) -> Path:
    """The project's templates with this runbook."""
    shutil.copytree(PROJECT / "infra/aws", folder / "infra/aws")
    shutil.copy(PROJECT / "serverless.yml", folder)
    (folder / "docs").mkdir()
    (folder / "docs/runbook.md").write_text(runbook)
    return folder
