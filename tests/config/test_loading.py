"""An environment becomes typed settings, or names everything that is wrong with it at once."""

from __future__ import annotations

from typing import Any

import pytest

from shared.config.claim_parts import KmsOracleKey, LocalOracleKey
from shared.config.declarations import BY_NAME, FUNCTIONS, SETTINGS, held_by
from shared.config.functions.admin import AdminSettings
from shared.config.functions.battle import BattleSettings
from shared.config.functions.claim import ClaimSettings
from shared.config.functions.economy import EconomySettings
from shared.config.functions.health import HealthSettings
from shared.config.functions.settle import SettleSettings
from shared.config.functions.signer import SignerSettings
from shared.config.loading import SettingsInvalid, load

ALL_KINDS: list[Any] = [
    HealthSettings,
    BattleSettings,
    EconomySettings,
    ClaimSettings,
    AdminSettings,
    SignerSettings,
    SettleSettings,
]
EXAMPLES = {setting.name: setting.example for setting in SETTINGS}


def by_function(kind: Any) -> str:
    return str(kind.function)


def test_every_function_has_one_settings_class() -> None:
    assert sorted(kind.function for kind in ALL_KINDS) == sorted(FUNCTIONS)


@pytest.mark.parametrize("kind", ALL_KINDS, ids=by_function)
def test_the_example_file_loads(kind: Any) -> None:
    settings = load(kind, environment=EXAMPLES)
    assert settings.runtime.app_env == "dev"
    assert settings.runtime.is_production is False
    assert settings.database.name == "arena_example"


@pytest.mark.parametrize("kind", ALL_KINDS, ids=by_function)
def test_every_missing_name_is_named_at_once(kind: Any) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load(kind, environment={})
    required = {setting.name for setting in held_by(kind.function) if setting.is_required}
    assert required <= set(caught.value.problems)
    assert all(name in str(caught.value) for name in required)


@pytest.mark.parametrize("kind", ALL_KINDS, ids=by_function)
def test_no_setting_has_a_default_that_stands_in_for_a_secret(kind: Any) -> None:
    for setting in held_by(kind.function):
        if setting.is_secret and setting.is_required:
            with pytest.raises(SettingsInvalid) as caught:
                load(kind, environment=EXAMPLES | {setting.name: "  "})
            assert list(caught.value.problems) == [setting.name]


@pytest.mark.parametrize("kind", ALL_KINDS, ids=by_function)
def test_a_secret_is_in_no_repr_of_its_settings(kind: Any) -> None:
    shown = repr(load(kind, environment=EXAMPLES | {"ORACLE_KMS_KEY_ID": ""}))
    secrets = [setting.example for setting in held_by(kind.function) if setting.is_secret]
    assert [secret for secret in secrets if secret in shown] == []
    assert repr(bytes.fromhex("fa4e" * 16)) not in shown
    assert repr(bytes.fromhex("fa4e0006" * 8)) not in shown


def test_a_malformed_value_is_named_without_being_shown() -> None:
    bad = EXAMPLES | {
        "TELEGRAM_INITDATA_MAX_AGE_SECONDS": "quarter",
        "PLAYER_SESSION_PRIVATE_KEY_HEX": "MARK",
    }
    with pytest.raises(SettingsInvalid) as caught:
        load(EconomySettings, environment=bad)
    assert set(caught.value.problems) == {
        "TELEGRAM_INITDATA_MAX_AGE_SECONDS",
        "PLAYER_SESSION_PRIVATE_KEY_HEX",
    }
    assert "MARK" not in repr(caught.value)
    assert "quarter" not in repr(caught.value)


def test_keys_numbers_and_lists_arrive_typed() -> None:
    two_keys = f"{'ab' * 32}, {'CD' * 32}"
    environment = EXAMPLES | {
        "PLAYER_SESSION_PUBLIC_KEYS": two_keys,
        "CORS_ORIGIN": " https://a.gg ,https://b.gg,",
    }
    settings = load(EconomySettings, environment=environment)
    assert settings.session_public_keys == (b"\xab" * 32, b"\xcd" * 32)
    assert settings.session_private_key == bytes.fromhex("fa4e" * 16)
    assert settings.telegram_initdata_max_age_s == 900
    assert settings.cors_origins == ("https://a.gg", "https://b.gg")
    assert settings.ton_network_id == -3


def test_an_incomplete_vault_counts_as_none() -> None:
    assert load(ClaimSettings, environment=EXAMPLES | {"AIBA_JETTON_MASTER": ""}).vault is None


def test_vault_addresses_arrive_in_their_raw_form() -> None:
    environment = EXAMPLES | {"ARENA_VAULT_ADDRESS": "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF"}
    vault = load(SettleSettings, environment=environment).vault
    assert vault is not None
    assert vault.vault_address == "0:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e"
    assert vault.code_hash == BY_NAME["VAULT_CODE_HASH"].example


def test_the_signer_prefers_kms_and_takes_a_local_key_where_there_is_none() -> None:
    kms = load(SignerSettings, environment=EXAMPLES).oracle_key
    local = load(SignerSettings, environment=EXAMPLES | {"ORACLE_KMS_KEY_ID": ""}).oracle_key
    assert isinstance(kms, KmsOracleKey)
    assert local == LocalOracleKey(seed=bytes.fromhex(BY_NAME["ORACLE_PRIVATE_KEY_HEX"].example))


def test_a_signer_without_any_key_cannot_start() -> None:
    without = EXAMPLES | {"ORACLE_KMS_KEY_ID": "", "ORACLE_PRIVATE_KEY_HEX": ""}
    with pytest.raises(SettingsInvalid) as caught:
        load(SignerSettings, environment=without)
    assert list(caught.value.problems) == ["ORACLE_KMS_KEY_ID"]
