"""A stolen claim key: disabled first, cut off on chain, and replaced, whatever was under way."""

from __future__ import annotations

import pytest

from infra.vault.messages import SET_ORACLE, SET_PAUSED
from shared.domain.errors import Refused
from tests.ops.oracle.oracle_stage import GRACE_S, Interrupted, OracleStage, Owner


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
    assert stage.keys_made(rotation.id) == 1


def test_an_emergency_is_not_carried_on_as_routine(stage: OracleStage) -> None:
    def cut(event: str) -> None:
        if event == "pause":
            raise Interrupted

    with pytest.raises(Interrupted):
        stage.rotate(Owner(stage, before=cut), is_emergency=True)
    with pytest.raises(Refused) as caught:
        stage.rotate()
    assert caught.value.code == "emergency_in_progress"


def test_a_key_disabled_in_alarm_can_still_be_replaced(stage: OracleStage) -> None:
    stage.kms.disable_key(KeyId=stage.old_key_id)
    with pytest.raises(Refused) as caught:
        stage.rotate()
    assert caught.value.code == "key_disabled"
    rotation = stage.rotate(is_emergency=True)
    assert stage.chain.account.public_key == rotation.new_public_key
