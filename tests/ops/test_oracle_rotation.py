"""A claim key is replaced whole or not yet: in order, resumable anywhere, and never against the chain."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from infra.ops.oracle.claim_keys import ClaimKeys
from infra.ops.oracle.run import run_rotation
from infra.ops.oracle.settings_switch import OracleKey, SsmOracleSettings
from infra.ops.oracle.steps import EMERGENCY, ROUTINE
from infra.ops.oracle.telling import StillWaiting, Telling
from infra.ops.oracle_commands import app
from infra.vault.messages import SET_ORACLE, SET_PAUSED, set_oracle
from shared.domain.errors import Refused
from shared.domain.ton.boc import read_boc_base64
from tests.conftest import access_key_id
from tests.ops.oracle_stage import (
    GRACE_S,
    KEY_ID_NAME,
    PUBLIC_KEY_NAME,
    REFERENCES,
    SPREAD_S,
    Interrupted,
    OracleStage,
    Owner,
)

STRANGE_KEY = "77" * 32


def client(url: str, *, key_id: str) -> Any:
    return boto3.client(
        "kms",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id=key_id,
        aws_secret_access_key="fake",
        config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def clients(kms: str) -> tuple[Any, Any]:
    """An administrator's and the signer's; making one costs more than a test."""
    return client(kms, key_id="AKIAFAKEROOT"), client(kms, key_id=access_key_id("signer"))


@pytest.fixture
def stage(clients: tuple[Any, Any], tmp_path: Path) -> OracleStage:
    return OracleStage(*clients, tmp_path / "rotations")


def keys_made(stage: OracleStage, rotation_id: str) -> int:
    pages = stage.kms.get_paginator("list_keys").paginate()
    ids = [key["KeyId"] for page in pages for key in page["Keys"]]
    found = [stage.kms.describe_key(KeyId=key_id)["KeyMetadata"]["Description"] for key_id in ids]
    return sum(description.endswith(rotation_id) for description in found)


def test_a_rotation_ends_with_the_new_key_everywhere_and_the_old_one_disabled(stage: OracleStage) -> None:
    rotation = stage.rotate()
    assert rotation.done == tuple(step.name for step in ROUTINE)
    assert stage.chain.account.public_key == rotation.new_public_key == stage.public_key(rotation.new_key_id)
    assert stage.parts.settings.current() == OracleKey(rotation.new_key_id, rotation.new_public_key)
    assert stage.public_key(stage.alias) == rotation.new_public_key
    assert stage.key_state(stage.old_key_id) == "Disabled"
    assert stage.key_state(rotation.new_key_id) == "Enabled"
    assert stage.owner_obeyed == [(SET_ORACLE, GRACE_S)]


def test_the_new_key_signs_for_the_signers_role_and_for_nobody_else(stage: OracleStage) -> None:
    rotation = stage.rotate()
    order = {"Message": b"claim", "MessageType": "RAW", "SigningAlgorithm": "ED25519_SHA_512"}
    assert len(stage.signer_kms.sign(KeyId=rotation.new_key_id, **order)["Signature"]) == 64
    with pytest.raises(ClientError, match="AccessDenied"):
        stage.kms.sign(KeyId=rotation.new_key_id, **order)
    with pytest.raises(ClientError, match="Disabled"):
        stage.signer_kms.sign(KeyId=rotation.old_key_id, **order)


def test_a_finished_rotation_is_kept_and_the_next_one_begins_anew(stage: OracleStage) -> None:
    first = stage.rotate()
    stage.pass_time(GRACE_S)
    second = stage.rotate()
    assert second.id != first.id
    assert second.old_public_key == first.new_public_key
    kept = json.loads((stage.folder / f"test-{first.id}.json").read_text())
    assert kept["new_public_key"] == first.new_public_key
    assert not (stage.folder / "test.json").exists()


@pytest.mark.parametrize("is_emergency", [False, True])
def test_a_rotation_interrupted_at_every_single_event_still_ends_the_same(
    stage: OracleStage, is_emergency: bool
) -> None:
    stage.open_claim(key_id=stage.old_key_id)
    heard: list[str] = []

    def cut_the_power(event: str) -> None:
        if event not in (*heard, "began", "resumed"):
            heard.append(event)
            raise Interrupted

    rotation, cuts = None, 0
    while rotation is None:
        try:
            rotation = stage.rotate(Owner(stage, before=cut_the_power), is_emergency=is_emergency)
        except Interrupted:
            cuts += 1
    assert cuts == len(heard) >= len(rotation.done)
    assert rotation.done == tuple(step.name for step in (EMERGENCY if is_emergency else ROUTINE))
    assert keys_made(stage, rotation.id) == 1
    assert stage.parts.settings.current() == OracleKey(rotation.new_key_id, rotation.new_public_key)
    assert stage.key_state(stage.old_key_id) == "Disabled"


def test_a_key_made_before_a_power_cut_is_found_again_and_not_made_twice(stage: OracleStage) -> None:
    made = stage.parts.keys.create("0a0b0c0d0e0f")
    assert stage.parts.keys.create("0a0b0c0d0e0f") == made
    assert stage.parts.keys.create("0a0b0c0d0e10") != made


@pytest.mark.parametrize(
    ("event", "is_emergency"),
    [
        *((event, False) for event in ("began", "create", "accept", "switch", "waits: drain")),
        *((event, True) for event in ("began", "pause", "create", "accept", "switch", "resume")),
    ],
)
def test_a_key_that_the_rotation_does_not_know_stops_it(
    stage: OracleStage, event: str, is_emergency: bool
) -> None:
    stage.open_claim(key_id=stage.old_key_id)

    def order_another(heard: str) -> None:
        if heard == event:
            stage.chain.account = replace(stage.chain.account, public_key=STRANGE_KEY)

    owner = Owner(stage, before=order_another)
    with pytest.raises(Refused) as caught:
        stage.rotate(owner, is_emergency=is_emergency)
    assert caught.value.code == "unexpected_key"
    assert STRANGE_KEY in caught.value.detail
    if not is_emergency:
        assert stage.key_state(stage.old_key_id) == "Enabled"


def test_settings_that_name_another_key_than_the_vaults_are_not_rotated(stage: OracleStage) -> None:
    stage.chain.account = replace(stage.chain.account, public_key=STRANGE_KEY)
    with pytest.raises(Refused) as caught:
        stage.rotate()
    assert caught.value.code == "unexpected_key"
    assert not (stage.folder / "test.json").exists()


def test_a_public_key_that_is_not_the_kms_keys_is_not_rotated(stage: OracleStage) -> None:
    stage.ssm.parameters[PUBLIC_KEY_NAME]["Value"] = STRANGE_KEY
    with pytest.raises(Refused) as caught:
        stage.rotate()
    assert caught.value.code == "unexpected_key"


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda stage: setattr(stage.chain, "global_id", -239), "unexpected_vault"),
        (lambda stage: _change(stage, code_hash="cd" * 32), "unexpected_vault"),
        (lambda stage: _change(stage, previous_key_until_s=stage.now_s + 60), "grace_running"),
    ],
    ids=["network", "code", "grace"],
)
def test_a_vault_that_is_not_as_expected_is_not_touched(
    stage: OracleStage, break_it: Callable[[OracleStage], None], code: str
) -> None:
    break_it(stage)
    with pytest.raises(Refused) as caught:
        stage.rotate()
    assert caught.value.code == code
    assert stage.owner_obeyed == []


def _change(stage: OracleStage, **changes: Any) -> None:
    stage.chain.account = replace(stage.chain.account, **changes)


def test_the_old_key_lives_until_the_grace_is_over_and_its_last_claim_is_settled(stage: OracleStage) -> None:
    stage.open_claim(key_id=stage.old_key_id)
    began_s = stage.now_s
    lived: list[int] = []

    def look(event: str) -> None:
        if event == "waits: drain":
            lived.append(stage.now_s - began_s)
            assert stage.key_state(stage.old_key_id) == "Enabled"

    stage.rotate(Owner(stage, before=look))
    assert lived == [0, GRACE_S + 1]
    assert stage.claims == []


def test_a_claim_of_the_new_key_does_not_hold_up_the_rotation(stage: OracleStage) -> None:
    def claim(event: str) -> None:
        if event == "switch":
            stage.open_claim(key_id=stage.parts.settings.current().key_id)

    stage.rotate(Owner(stage, before=claim))
    assert len(stage.claims) == 1


def test_the_drain_outlasts_what_functions_may_remember(stage: OracleStage) -> None:
    def be_slow(event: str) -> None:
        if event == "accept":  # the operator slept through the grace before the switch
            stage.pass_time(GRACE_S + 60)

    owner = Owner(stage, before=be_slow)
    rotation = stage.rotate(owner)
    assert 1000 * stage.now_s - rotation.switched_ms >= 1000 * SPREAD_S


def test_an_emergency_disables_first_then_pauses_cuts_off_and_resumes(stage: OracleStage) -> None:
    stage.open_claim(key_id=stage.old_key_id)
    owner = Owner(stage)
    rotation = stage.rotate(owner, is_emergency=True)
    assert owner.events[:2] == ["began", "disable"]
    assert stage.owner_obeyed == [(SET_PAUSED, 1), (SET_ORACLE, 0), (SET_PAUSED, 0)]
    assert rotation.grace_until_s == 0
    assert not stage.chain.account.is_paused


def test_an_emergency_takes_over_a_routine_rotation_and_ends_its_grace(stage: OracleStage) -> None:
    def cut_after_acceptance(event: str) -> None:
        if event == "accept":
            raise Interrupted

    with pytest.raises(Interrupted):
        stage.rotate(Owner(stage, before=cut_after_acceptance))
    assert stage.chain.account.previous_key_until_s > stage.now_s
    rotation = stage.rotate(is_emergency=True)
    assert stage.chain.account.previous_key_until_s == 0
    assert stage.owner_obeyed == [(SET_ORACLE, GRACE_S), (SET_PAUSED, 1), (SET_ORACLE, 0), (SET_PAUSED, 0)]
    assert keys_made(stage, rotation.id) == 1


def test_an_emergency_is_not_carried_on_as_routine(stage: OracleStage) -> None:
    def cut(event: str) -> None:
        if event == "pause":
            raise Interrupted

    with pytest.raises(Interrupted):
        stage.rotate(Owner(stage, before=cut), is_emergency=True)
    with pytest.raises(Refused) as caught:
        stage.rotate()
    assert caught.value.code == "emergency_in_progress"


def test_a_chain_that_does_not_answer_is_waited_for(stage: OracleStage) -> None:
    def fall_silent(event: str) -> None:
        if event == "create":
            stage.chain.is_down = True

    owner = Owner(stage, before=fall_silent)
    assert stage.rotate(owner).done[-1] == "disable"
    assert owner.events.count("waits: accept") == 2


def test_two_terminals_do_not_rotate_at_once(stage: OracleStage) -> None:
    def try_a_second(event: str) -> None:
        with pytest.raises(Refused) as caught:
            stage.rotate()
        assert caught.value.code == "rotation_in_progress"

    stage.rotate(Owner(stage, before=try_a_second))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"done": [], "id": 1}'])
def test_a_file_that_is_no_rotation_is_named_and_nothing_happens(stage: OracleStage, text: str) -> None:
    stage.folder.mkdir()
    (stage.folder / "test.json").write_text(text)
    with pytest.raises(Refused, match=r"test\.json") as caught:
        stage.rotate()
    assert caught.value.code == "rotation_file_unreadable"
    assert stage.owner_obeyed == []


def test_what_the_owner_is_asked_to_send_is_the_vaults_own_order(stage: OracleStage) -> None:
    told: list[Any] = []

    class Listening(Owner):
        def waits(self, wait: Any) -> None:
            told.append(wait)
            super().waits(wait)

    rotation = stage.rotate(Listening(stage))
    document = told[0].request.as_document()
    order = set_oracle(bytes.fromhex(rotation.new_public_key), grace_s=GRACE_S)
    assert read_boc_base64(document["payload"]) == order
    assert document["deepLink"].startswith(f"ton://transfer/{document['address']}?amount=20000000&bin=")


def test_a_switch_stopped_between_its_two_writes_is_completed(stage: OracleStage) -> None:
    stage.ssm.failing_writes.add(PUBLIC_KEY_NAME)
    with pytest.raises(Refused) as caught:
        stage.rotate()
    assert caught.value.code == "aws_refused"
    rotation = stage.rotate()
    assert stage.parts.settings.current() == OracleKey(rotation.new_key_id, rotation.new_public_key)
    assert stage.ssm.written == [KEY_ID_NAME, PUBLIC_KEY_NAME]


def test_a_parameter_keeps_its_type(stage: OracleStage) -> None:
    stage.ssm.parameters[PUBLIC_KEY_NAME]["Type"] = "SecureString"
    stage.rotate()
    assert stage.ssm.parameters[PUBLIC_KEY_NAME]["Type"] == "SecureString"
    assert stage.ssm.parameters[KEY_ID_NAME]["Type"] == "String"


@pytest.mark.parametrize(
    "references",
    [
        {},
        {**REFERENCES, "claim": {"ORACLE_PUBLIC_KEY_HEX": "ssm:/arena/test/another"}},
        {"signer": {**REFERENCES["signer"], "ORACLE_KMS_KEY_ID": "secretsmanager:arena#key"}},
    ],
    ids=["none", "two", "another store"],
)
def test_settings_that_cannot_be_switched_for_all_functions_are_refused(references: Any) -> None:
    with pytest.raises(Refused) as caught:
        SsmOracleSettings(None, references=references, spread_s=0)
    assert caught.value.code == "setting_not_a_parameter"


def test_told_not_to_wait_the_command_says_what_it_waits_for_and_goes_on_later(
    stage: OracleStage, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StillWaiting):
        stage.rotate(Telling(as_json=True, is_patient=False))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["began", "done", "waiting"]
    assert lines[-1]["message"]["deepLink"].startswith("ton://transfer/")
    assert stage.rotate().done[-1] == "disable"


def test_a_person_is_shown_the_message_to_sign(
    stage: OracleStage, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StillWaiting):
        stage.rotate(Telling(as_json=False, is_patient=False))
    text = capsys.readouterr().out
    assert "1/5  done: create the new key in KMS" in text
    assert "ton://transfer/" in text


def test_a_key_service_that_refuses_is_named_and_nothing_is_lost(stage: OracleStage, kms: str) -> None:
    parts = stage.parts
    stranger = client(kms, key_id=access_key_id("battle"))
    keys = ClaimKeys(stranger, request=stage.request, alias=stage.alias, stage="test")
    with pytest.raises(Refused) as caught:
        run_rotation(
            stage.file,
            replace(parts, keys=keys),
            Owner(stage),
            stage="test",
            grace_s=GRACE_S,
            is_emergency=False,
        )
    assert caught.value.extra["aws"] == "AccessDeniedException"
    assert stage.rotate().done[-1] == "disable"


def test_a_key_disabled_in_alarm_can_still_be_replaced(stage: OracleStage) -> None:
    stage.kms.disable_key(KeyId=stage.old_key_id)
    with pytest.raises(Refused) as caught:
        stage.rotate()
    assert caught.value.code == "key_disabled"
    rotation = stage.rotate(is_emergency=True)
    assert stage.chain.account.public_key == rotation.new_public_key


def test_a_stage_whose_key_has_no_name_yet_gets_one(stage: OracleStage) -> None:
    stage.kms.delete_alias(AliasName=stage.alias)
    rotation = stage.rotate()
    assert stage.public_key(stage.alias) == rotation.new_public_key


@pytest.mark.parametrize(
    "arguments",
    [
        ["--stage", "production"],
        ["--stage", "prod", "--grace-s", "1199"],
        ["--stage", "prod", "--grace-s", "3601"],
    ],
)
def test_a_wrong_option_is_a_sentence(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["rotate", *arguments])
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_without_aws_the_command_says_so_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "fake")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    result = CliRunner().invoke(app, ["rotate", "--stage", "prod", "--once"])
    assert result.exit_code == 2
    assert "nothing beyond the last finished step is changed" in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_a_changed_policy_is_restored_and_what_was_granted_meanwhile_is_ended(stage: OracleStage) -> None:
    key_id, eve = stage.old_key_id, "arn:aws:iam::000000000000:user/eve"
    everything = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    stolen = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    stage.kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=stolen)
    stage.kms.create_grant(KeyId=key_id, GranteePrincipal=eve, Operations=["Sign", "GetPublicKey"])
    for revoked in ([f"{eve}: Sign, GetPublicKey"], []):  # it may be repeated
        assert stage.parts.keys.restore_policy(key_id) == revoked
    policy = stage.kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
    assert json.loads(policy) == json.loads(stage.request["Policy"])
    assert stage.kms.list_grants(KeyId=key_id)["Grants"] == []


def test_under_our_policy_an_administrator_ends_grants_and_makes_none(stage: OracleStage) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        stage.kms.create_grant(
            KeyId=stage.old_key_id, GranteePrincipal="arn:aws:iam::1:root", Operations=["Sign"]
        )
    assert stage.kms.list_grants(KeyId=stage.old_key_id)["Grants"] == []
