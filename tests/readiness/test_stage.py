"""Before a deployment: rules that only the settings of all functions together can break."""

from __future__ import annotations

import pytest

from shared.config.declarations import BY_NAME, FUNCTIONS
from shared.domain.errors import InvariantBroken, Unavailable
from shared.readiness import ProductionNotReady, check_stage, enforce, ensure_reported_network
from tests.readiness.environments import SECRET_VALUES, marked, production, read_oracle_key, seed_hex

Stage = dict[str, dict[str, str]]


def stage(changes: Stage | None = None) -> Stage:
    return {function: production(function) | (changes or {}).get(function, {}) for function in FUNCTIONS}


def everywhere(change: dict[str, str]) -> Stage:
    """The change in every function that holds the setting."""
    return {
        function: {name: value for name, value in change.items() if function in BY_NAME[name].held_by}
        for function in FUNCTIONS
    }


def found(environments: Stage) -> list[tuple[str, tuple[str, ...]]]:
    findings = check_stage(environments, read_kms_public_key=read_oracle_key)
    shown = repr(findings) + "".join(finding.describe() for finding in findings)
    assert [value for value in SECRET_VALUES if value in shown] == []
    return [(finding.rule, finding.settings) for finding in findings]


def test_a_complete_stage_has_no_finding() -> None:
    assert found(stage()) == []


def test_a_rule_of_one_function_is_found_with_the_functions_name() -> None:
    findings = check_stage(stage({"admin": {"ADMIN_JWT_SECRET": ""}}), read_kms_public_key=read_oracle_key)
    assert [(finding.rule, finding.function) for finding in findings] == [("admin_jwt_secret", "admin")]


def test_two_equal_secrets_are_found() -> None:
    same = stage({"admin": {"ADMIN_JWT_SECRET": marked("battle")}})
    assert found(same) == [("secrets_differ", ("BATTLE_SEED_SECRET", "ADMIN_JWT_SECRET"))]


def test_a_secret_inside_another_is_found_whatever_its_case() -> None:
    inside = stage({"admin": {"ADMIN_JWT_SECRET": f"x{marked('metrics').lower()}y"}})
    assert found(inside) == [("secrets_differ", ("METRICS_TOKEN", "ADMIN_JWT_SECRET"))]


def test_either_secret_of_a_pair_is_compared_with_every_other() -> None:
    for pair in (f"{marked('battle')},{marked('next')}", f"{marked('next')},{marked('battle')}"):
        assert found(stage({"admin": {"ADMIN_JWT_SECRET": pair}})) == [
            ("secrets_differ", ("BATTLE_SEED_SECRET", "ADMIN_JWT_SECRET"))
        ]
    inside = stage({"admin": {"ADMIN_JWT_SECRET": f"{marked('next')},{marked('metrics')[:40]}"}})
    assert found(inside) == [("secrets_differ", ("METRICS_TOKEN", "ADMIN_JWT_SECRET"))]


def test_a_database_password_used_as_another_secret_is_found() -> None:
    same = stage({"battle": {"BATTLE_SEED_SECRET": marked("database battle")}})
    assert found(same) == [("secrets_differ", ("MONGODB_URI (battle)", "BATTLE_SEED_SECRET"))]


def test_two_functions_with_one_database_password_are_found() -> None:
    uri = production("claim")["MONGODB_URI"].replace("arena-claim", "arena-battle")
    rules = found(stage({"battle": {"MONGODB_URI": uri}}))
    assert rules == [("secrets_differ", ("MONGODB_URI (battle)", "MONGODB_URI (claim)"))]


def test_two_functions_with_one_database_user_are_found() -> None:
    uri = production("battle")["MONGODB_URI"].replace("arena-battle", "arena-claim")
    assert found(stage({"battle": {"MONGODB_URI": uri}})) == [("database_users_differ", ("MONGODB_URI",))]


@pytest.mark.parametrize("name", ["TON_API_KEY", "TON_SECONDARY_API_KEY"])
def test_a_secret_copied_from_the_example_file_is_found(name: str) -> None:
    assert found(stage(everywhere({name: BY_NAME[name].example}))) == [("secrets_are_own", (name,))]


def test_a_database_password_copied_from_the_example_file_is_found() -> None:
    uri = production("battle")["MONGODB_URI"].replace(marked("database battle"), "fake-database-password")
    assert found(stage({"battle": {"MONGODB_URI": uri}})) == [("secrets_are_own", ("MONGODB_URI (battle)",))]


def test_functions_that_disagree_about_the_vault_are_found() -> None:
    other = {"ARENA_VAULT_ADDRESS": "0:" + "0123456789abcdeffedcba9876543210" * 2}
    assert found(stage({"settle": other})) == [("settings_agree", ("ARENA_VAULT_ADDRESS",))]


VAULT = ("ARENA_VAULT_ADDRESS", "AIBA_JETTON_MASTER", "ORACLE_PUBLIC_KEY_HEX", "AIBA_UNITS_PER_CREDIT")


def test_a_stage_without_a_vault_is_complete_although_its_stack_made_a_key() -> None:
    without = stage(everywhere(dict.fromkeys(VAULT, "")))
    assert without["signer"]["ORACLE_KMS_KEY_ID"]
    assert found(without) == []


@pytest.mark.parametrize("name", VAULT)
def test_a_vault_that_lacks_one_setting_is_refused(name: str) -> None:
    rules = {rule for rule, _ in found(stage(everywhere({name: ""})))}
    assert "vault_complete" in rules


@pytest.mark.parametrize("name", VAULT)
def test_one_setting_of_a_vault_alone_is_refused(name: str) -> None:
    alone = stage(everywhere(dict.fromkeys((other for other in VAULT if other != name), "")))
    assert "vault_complete" in {rule for rule, _ in found(alone)}


def test_a_private_key_without_a_vault_is_found() -> None:
    key = {"ORACLE_KMS_KEY_ID": "", "ORACLE_PRIVATE_KEY_HEX": seed_hex("oracle")}
    without = found(stage(everywhere(dict.fromkeys(VAULT, "") | key)))
    assert ("claims_complete", ("ARENA_VAULT_ADDRESS", "AIBA_JETTON_MASTER")) in without


def test_a_vault_without_an_oracle_key_is_found() -> None:
    without = stage(everywhere({"ORACLE_KMS_KEY_ID": ""}))
    assert ("claims_complete", ("ORACLE_PRIVATE_KEY_HEX", "ORACLE_KMS_KEY_ID")) in found(without)


def test_a_vault_without_a_provider_is_found() -> None:
    without = stage(everywhere({"TON_PROVIDER_URL": ""}))
    assert ("claims_complete", ("TON_PROVIDER_URL",)) in found(without)


def test_a_provider_of_another_network_is_refused_at_its_first_answer() -> None:
    ensure_reported_network("settle", reported_id=-239, expected_id=-239)
    with pytest.raises(ProductionNotReady, match="TON_PROVIDER_URL"):
        ensure_reported_network("settle", reported_id=-3, expected_id=-239)


def test_the_production_signer_cannot_start_without_comparing_its_kms_key() -> None:
    with pytest.raises(InvariantBroken, match="compares its KMS key"):
        enforce("signer", production("signer"))


def test_a_silent_kms_makes_the_signer_unavailable_and_not_misconfigured() -> None:
    def silent(_key: object) -> bytes:
        raise Unavailable("KMS did not answer", code="kms_unavailable")

    with pytest.raises(Unavailable):
        enforce("signer", production("signer"), read_kms_public_key=silent)
