"""`./arena oracle rotate` on a stage: real chain, KMS and database, parameters in memory, an owner who obeys."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local.chain_client import ChainClient
from infra.local.claim_key import claim_key_request
from infra.local.clock import stack_now_ms
from infra.local.serverless_file import read_service
from infra.local.world import create_world, owner_order
from infra.ops.oracle import perform, policy
from infra.ops.oracle.perform import DONE, REFUSED, WAITING, RotateOptions
from infra.ops.preflight.stage import PROJECT, StageUnderCheck
from infra.vault.messages import ORDER_NANOTON, set_oracle
from shared.domain.ton.boc import read_boc_base64
from tests.conftest import role_arn
from tests.infra.kms.kms_clients import client
from tests.local_claims import advance
from tests.ops.oracle.oracle_stage import KEY_ID_NAME, PUBLIC_KEY_NAME, REFERENCES, FakeParameterStore

GRACE_S = 1200
EVE = "arn:aws:iam::000000000000:user/eve"


@dataclass
class Deployed:
    """What stands behind the command."""

    chain: ChainClient
    ssm: FakeParameterStore
    kms: Any
    old_key_id: str
    vault: str
    rotate: Callable[[], int]


@pytest.fixture
def deployed(
    kms: str,
    chain: ChainClient,
    chain_clock: Path,
    mongo_uri: str,
    mongo_database: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Deployed:
    root = client(kms, key_id="AKIAFAKEROOT")
    request = claim_key_request(PROJECT / "infra/aws/kms.yml", signer_role_arn=role_arn("signer"))
    key_id = root.create_key(**request)["KeyMetadata"]["KeyId"]
    public_key = bytes(root.get_public_key(KeyId=key_id)["PublicKey"])[-32:]
    world = create_world(chain, oracle_public_key=public_key)
    ssm = FakeParameterStore({KEY_ID_NAME: key_id, PUBLIC_KEY_NAME: public_key.hex()})
    values = {
        **world.settings(),
        "TON_API_KEY": chain.api_key,
        "MONGODB_URI": mongo_uri,
        "MONGODB_DATABASE": mongo_database.name,
        "ORACLE_KMS_KEY_ID": key_id,
        "APP_ENV": "test",
    }
    stage = StageUnderCheck(
        name="test",
        is_local=False,
        service=read_service(PROJECT / "serverless.yml", stage="dev"),
        environments=dict.fromkeys(("settle", "signer", "admin"), values),
        references=REFERENCES,
        api_url="",
        aws=lambda name: ssm if name == "ssm" else client(kms, key_id="AKIAFAKEROOT"),
        signer_role=lambda: role_arn("signer"),
        secrets_changed_ms=dict,
        secret_store=str,
        now_ms=lambda: stack_now_ms(chain_clock),
        operator_uri=mongo_uri,
    )
    monkeypatch.setattr(perform, "deployed_stage", lambda *_, **__: stage)
    options = RotateOptions(
        stage="test",
        is_emergency=False,
        grace_s=GRACE_S,
        is_patient=False,
        as_json=True,
        mongodb_uri=mongo_uri,
        data_dir=tmp_path,
    )
    return Deployed(chain, ssm, root, key_id, world.vault, lambda: perform.rotate(options))


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_command_waits_for_the_owner_then_for_the_grace_and_then_is_done(
    deployed: Deployed, chain_clock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deployed.rotate() == WAITING
    message = said(capsys)[-1]["message"]
    owner_order(
        deployed.chain,
        to=message["address"],
        nano=int(message["amount"]),
        body=read_boc_base64(message["payload"]),
    )
    assert deployed.rotate() == WAITING
    lines = said(capsys)
    assert [line.get("step") for line in lines] == [None, "accept", "switch", "drain"]
    assert 0 < lines[-1]["secondsLeft"] <= GRACE_S + 1
    advance(chain_clock, seconds=GRACE_S + 60)
    assert deployed.rotate() == DONE
    new = deployed.ssm.parameters
    assert new[KEY_ID_NAME]["Value"] != deployed.old_key_id
    stack = deployed.chain.get(deployed.vault, "getOraclePublicKey")
    assert f"{int(stack[0][1], 16):064x}" == new[PUBLIC_KEY_NAME]["Value"]
    assert deployed.kms.describe_key(KeyId=deployed.old_key_id)["KeyMetadata"]["KeyState"] == "Disabled"


def test_the_command_refuses_to_go_on_when_the_chain_has_another_key(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deployed.rotate() == WAITING
    owner_order(
        deployed.chain, to=deployed.vault, nano=ORDER_NANOTON, body=set_oracle(bytes(range(32)), grace_s=0)
    )
    assert deployed.rotate() == REFUSED
    assert "which this rotation does not know" in capsys.readouterr().err
    assert deployed.ssm.written == []
    assert deployed.kms.describe_key(KeyId=deployed.old_key_id)["KeyMetadata"]["KeyState"] == "Enabled"


def test_the_key_in_use_gets_its_policy_back_by_one_command(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(policy, "deployed_stage", perform.deployed_stage)
    former = deployed.kms.get_key_policy(KeyId=deployed.old_key_id, PolicyName="default")["Policy"]
    everything = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    stolen = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    deployed.kms.put_key_policy(KeyId=deployed.old_key_id, PolicyName="default", Policy=stolen)
    deployed.kms.create_grant(KeyId=deployed.old_key_id, GranteePrincipal=EVE, Operations=["Sign"])
    assert policy.run_restore_policy("test") == DONE
    assert f"revoked: {EVE}: Sign" in capsys.readouterr().out
    restored = deployed.kms.get_key_policy(KeyId=deployed.old_key_id, PolicyName="default")["Policy"]
    assert json.loads(restored) == json.loads(former)


def test_a_refused_restoration_says_so(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(policy, "deployed_stage", perform.deployed_stage)
    nobody = {"Effect": "Allow", "Principal": {"AWS": EVE}, "Action": "kms:*", "Resource": "*"}
    locked = json.dumps({"Version": "2012-10-17", "Statement": [nobody]})
    deployed.kms.put_key_policy(
        KeyId=deployed.old_key_id, PolicyName="default", Policy=locked, BypassPolicyLockoutSafetyCheck=True
    )
    assert policy.run_restore_policy("test") == REFUSED
    assert "AWS refused" in capsys.readouterr().err
