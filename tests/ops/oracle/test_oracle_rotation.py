"""A claim key is replaced whole or not yet: in order, and resumable anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.ops.oracle.settings_switch import OracleKey
from infra.ops.oracle.steps import EMERGENCY, ROUTINE
from infra.vault.messages import SET_ORACLE, set_oracle
from shared.domain.errors import Refused
from shared.domain.ton.boc import read_boc_base64
from tests.ops.oracle.oracle_stage import (
    GRACE_S,
    KEY_ID_NAME,
    PUBLIC_KEY_NAME,
    SPREAD_S,
    Interrupted,
    OracleStage,
    Owner,
)


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
    assert stage.keys_made(rotation.id) == 1
    assert stage.parts.settings.current() == OracleKey(rotation.new_key_id, rotation.new_public_key)
    assert stage.key_state(stage.old_key_id) == "Disabled"


def test_a_key_made_before_a_power_cut_is_found_again_and_not_made_twice(stage: OracleStage) -> None:
    made = stage.parts.keys.create("0a0b0c0d0e0f")
    assert stage.parts.keys.create("0a0b0c0d0e0f") == made
    assert stage.parts.keys.create("0a0b0c0d0e10") != made


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


def test_a_stage_whose_key_has_no_name_yet_gets_one(stage: OracleStage) -> None:
    stage.kms.delete_alias(AliasName=stage.alias)
    rotation = stage.rotate()
    assert stage.public_key(stage.alias) == rotation.new_public_key
