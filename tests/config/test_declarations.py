"""The declarations agree with the table of who holds what, with `.env.example` and with each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.ops.env_example import render
from shared.config.declarations import BY_NAME, FUNCTIONS, GROUPS, RETIRED, SETTINGS, held_by
from shared.config.forms import has_form

ROOT = Path(__file__).parent.parent.parent
EXAMPLE_FILE = ROOT / ".env.example"

DEPLOYMENT = {
    "APP_ENV",
    "STAGE",
    "NODE_ENV",
    "VERCEL_ENV",
    "LOCAL_CLOCK_FILE",
}
DATABASE = {"MONGODB_URI", "MONGODB_DATABASE"}
HTTP = {"CORS_ORIGIN", "UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"}
SESSION_PUBLIC_KEYS = {"PLAYER_SESSION_PUBLIC_KEYS"}
VAULT = {
    "TON_NETWORK",
    "ARENA_VAULT_ADDRESS",
    "AIBA_JETTON_MASTER",
    "ORACLE_PUBLIC_KEY_HEX",
    "AIBA_UNITS_PER_CREDIT",
}
PROVIDER = {"TON_PROVIDER_URL", "TON_API_KEY", "VAULT_CODE_HASH"}
SECOND_PROVIDER = {"TON_PROVIDER_SECONDARY_URL", "TON_SECONDARY_API_KEY"}
LOGIN = {"TELEGRAM_BOT_TOKEN", "TELEGRAM_INITDATA_MAX_AGE_SECONDS", "PLAYER_SESSION_PRIVATE_KEY_HEX"}
SIGNER = {"SIGNER_FUNCTION_NAME", "SIGNER_ROLE_ARN", "LAMBDA_ENDPOINT_URL"}

WHO_HOLDS_WHAT = {
    "health": HTTP | {"METRICS_TOKEN"},
    "battle": HTTP | SESSION_PUBLIC_KEYS | {"BATTLE_SEED_SECRET"},
    "economy": HTTP | SESSION_PUBLIC_KEYS | LOGIN | {"WALLET_PROOF_DOMAINS", "TON_NETWORK"},
    "claim": HTTP | SESSION_PUBLIC_KEYS | VAULT | PROVIDER | SIGNER,
    "admin": HTTP | {"ADMIN_EMAIL", "ADMIN_PASSWORD_HASH", "ADMIN_JWT_SECRET"},
    "signer": VAULT | {"ORACLE_KMS_KEY_ID", "ORACLE_PRIVATE_KEY_HEX", "KMS_ENDPOINT_URL"},
    "settle": VAULT | PROVIDER | SECOND_PROVIDER,
}
HELD_BY_ONE = {
    "METRICS_TOKEN": "health",
    "SIGNER_ROLE_ARN": "claim",
    "BATTLE_SEED_SECRET": "battle",
    "TELEGRAM_BOT_TOKEN": "economy",
    "PLAYER_SESSION_PRIVATE_KEY_HEX": "economy",
    "ADMIN_JWT_SECRET": "admin",
    "ADMIN_PASSWORD_HASH": "admin",
    "ORACLE_PRIVATE_KEY_HEX": "signer",
    "ORACLE_KMS_KEY_ID": "signer",
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_holds_exactly_what_the_table_gives_it(function: str) -> None:
    assert {setting.name for setting in held_by(function)} == WHO_HOLDS_WHAT[function] | DEPLOYMENT | DATABASE


@pytest.mark.parametrize(("name", "holder"), HELD_BY_ONE.items())
def test_the_keys_that_matter_most_have_one_holder(name: str, holder: str) -> None:
    assert BY_NAME[name].held_by == (holder,)


def test_a_setting_is_declared_once() -> None:
    assert len(BY_NAME) == len(SETTINGS)
    assert not set(RETIRED) & set(BY_NAME)


def test_every_example_has_the_form_it_explains() -> None:
    assert [setting.name for setting in SETTINGS if not has_form(setting.example, setting.kind)] == []


def test_every_secret_example_is_plainly_fake() -> None:
    assert [
        setting.name
        for setting in SETTINGS
        if setting.is_secret and not re.search("fake|fa4e", setting.example, re.I)
    ] == []


def test_every_name_that_sounds_secret_is_treated_as_secret() -> None:
    sounds = re.compile("SECRET|TOKEN|PRIVATE|PASSWORD|API_KEY|MONGODB_URI")
    silent = {setting.name for setting in SETTINGS if sounds.search(setting.name) and not setting.is_secret}
    assert silent == set()


def test_the_example_file_is_the_declarations_printed() -> None:
    assert EXAMPLE_FILE.read_text() == render(), "run: python -m infra.ops.env_example > .env.example"


def test_the_example_file_lists_every_setting_and_nothing_else() -> None:
    listed = re.findall(r"^([A-Z0-9_]+)=", EXAMPLE_FILE.read_text(), re.M)
    assert sorted(listed) == sorted(BY_NAME)


def test_every_group_has_settings_with_a_purpose() -> None:
    assert all(group.settings and group.title for group in GROUPS)
    assert all(setting.purpose.endswith(".") for setting in SETTINGS)


def test_only_the_configuration_reads_the_process_environment() -> None:
    reads = re.compile(r"\bos\.(environ|getenv)\b|from os import .*(environ|getenv)")
    readers = [
        path.relative_to(ROOT).as_posix()
        for folder in ("shared", "functions")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if reads.search(path.read_text())
    ]
    assert readers == ["shared/config/environment.py"]
