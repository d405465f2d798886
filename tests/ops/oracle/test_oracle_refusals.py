"""A rotation never goes against the chain, and stops at whatever is not as expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from infra.ops.oracle.claim_keys import ClaimKeys
from infra.ops.oracle.run import run_rotation
from infra.ops.oracle.settings_switch import SsmOracleSettings
from shared.domain.errors import Refused
from tests.conftest import access_key_id
from tests.infra.kms.kms_clients import client
from tests.ops.oracle.oracle_stage import GRACE_S, PUBLIC_KEY_NAME, REFERENCES, OracleStage, Owner

STRANGE_KEY = "77" * 32


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
        (lambda stage: change(stage, code_hash="cd" * 32), "unexpected_vault"),
        (lambda stage: change(stage, previous_key_until_s=stage.now_s + 60), "grace_running"),
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


def change(stage: OracleStage, **changes: Any) -> None:
    stage.chain.account = replace(stage.chain.account, **changes)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"done": [], "id": 1}'])
def test_a_file_that_is_no_rotation_is_named_and_nothing_happens(stage: OracleStage, text: str) -> None:
    stage.folder.mkdir()
    (stage.folder / "test.json").write_text(text)
    with pytest.raises(Refused, match=r"test\.json") as caught:
        stage.rotate()
    assert caught.value.code == "rotation_file_unreadable"
    assert stage.owner_obeyed == []


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
