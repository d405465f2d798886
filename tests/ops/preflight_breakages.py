"""Every line of the go-live checklist, and the ways in which each is made to say no."""

from __future__ import annotations

import bcrypt

from infra.ops.operation_records import BACKUP, RESTORE_DRILL, ROTATION_REHEARSAL, SECRETS_READABLE
from infra.ops.preflight.stage import PROJECT
from tests.ops.breaking_chain import (
    fault,
    huge_open_claim,
    other_vault,
    paused_vault,
    shard_behind_the_clock,
    with_many_recipients,
)
from tests.ops.breaking_keys import disabled_key, granted_key, key_with_policy, statement
from tests.ops.breaking_stage import (
    Breakage,
    account,
    alarm_missing_in_cloudwatch,
    document,
    dropped_index,
    index_without_uniqueness,
    nobody_answers,
    nobody_confirmed,
    readable_secrets_file,
    record,
    setting,
    unlisted_grant,
)

DAY_MS = 24 * 3_600_000
PINNED_RULE = (
    (PROJECT / "infra/aws/key_changes.yml")
    .read_text()
    .replace(
        "eventSource: [kms.amazonaws.com]",
        "eventSource: [kms.amazonaws.com]\n          resources: {ARN: ['arn:aws:kms:eu-central-1:000000000000:key/first']}",
    )
)
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
        key_with_policy(lambda policy: statement(policy, "kms:Sign").update(Principal="*")),
        key_with_policy(lambda policy: statement(policy, "kms:Sign").pop("Condition")),
        key_with_policy(lambda policy: policy["Statement"][0]["Action"].append("kms:CreateGrant")),
        key_with_policy(lambda policy: policy["Statement"][0].update(Action="kms:*")),
        key_with_policy(lambda policy: policy["Statement"].remove(statement(policy, "kms:Sign"))),
        granted_key,
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
    "vault_recipients_high": [other_vault(with_many_recipients)],
    "vault_paused": [paused_vault],
    "vault_key_in_grace": [setting("ORACLE_PUBLIC_KEY_HEX", "cd" * 32)],
    "metrics": [
        document("infra/aws/dashboard.yml", "Resources: {}\n"),
        document("infra/aws/alarms.yml", ALARMS.replace("AlarmActions: [!Ref PageTopic]", "AlarmActions: []")),
    ],
    "concurrency": [
        account(10, left=10, is_deployed=False),
        account(163, left=99, is_deployed=True),
        account(1000, left=163, is_deployed=False),
    ],
    "alarms": [alarm_missing_in_cloudwatch],
    "key_watched": [document("infra/aws/key_changes.yml", PINNED_RULE)],
    "readers": [nobody_confirmed("page"), nobody_confirmed("ticket")],
    "api": [nobody_answers],
    "cors": [setting("CORS_ORIGIN", "http://localhost:5173,https://other.example"), unlisted_grant],
    BACKUP: [record(BACKUP, age_ms=2 * DAY_MS), record(BACKUP, age_ms=0, is_success=False)],
    RESTORE_DRILL: [record(RESTORE_DRILL, age_ms=40 * DAY_MS)],
    ROTATION_REHEARSAL: [record(ROTATION_REHEARSAL, age_ms=100 * DAY_MS)],
    "runbook": [document("docs/runbook.md", "Run `./arena make-it-good now`.\n"), document("docs/runbook.md", "Nothing.\n")],
}  # fmt: skip
