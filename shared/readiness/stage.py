"""Rules over the settings of all functions of a stage, for the check before a deployment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from shared.config.declarations import SETTINGS, Kind
from shared.config.forms import texts
from shared.config.parts import Values
from shared.readiness.conditions import database_password, database_user
from shared.readiness.enforcement import Finding, check

if TYPE_CHECKING:
    from shared.readiness.rules import ReadKmsPublicKey

STAGE = "stage"
_ORACLE_KEYS = ("ORACLE_PRIVATE_KEY_HEX", "ORACLE_KMS_KEY_ID")
# The key in KMS is no sign: the stack makes it, and writes its id, for stages without a vault too (ADR 11).
_CLAIM_SIGNS = ("ARENA_VAULT_ADDRESS", "AIBA_JETTON_MASTER", "ORACLE_PRIVATE_KEY_HEX")


def check_stage(
    environments: Mapping[str, Mapping[str, str]],
    *,
    read_kms_public_key: ReadKmsPublicKey | None = None,
) -> list[Finding]:
    """Every rule broken by any function, then those that only all settings together can break.

    `environments`: function -> its resolved environment.
    """
    findings = [
        finding
        for function, environment in environments.items()
        for finding in check(function, environment, read_kms_public_key=read_kms_public_key)
    ]
    values = {function: Values(environment) for function, environment in environments.items()}
    broken = {
        "claims_complete": (
            _claims_partly(values),
            "set it as well: claims are configured wholly or not at all",
        ),
        "settings_agree": (_disagreeing(values), "give every function that holds it the same value"),
        "database_users_differ": (
            _shared_database_user(values),
            "give each function its own database user (infra/mongo/roles.json)",
        ),
        "secrets_differ": (
            _overlapping_secrets(values),
            "generate each secret by itself: one contains the other",
        ),
        "secrets_are_own": (_example_secrets(values), "generate it: this is the value of .env.example"),
    }
    for rule, (names, remedy) in broken.items():
        if names:
            findings.append(Finding(rule, "error", STAGE, tuple(names), remedy))
    return findings


def _claims_partly(values: Mapping[str, Values]) -> list[str]:
    """What is missing to pay claims, once any part of it is configured anywhere."""
    is_set = {
        name: any(each.is_set(name) for each in values.values())
        for name in (*_CLAIM_SIGNS, "ORACLE_KMS_KEY_ID", "TON_PROVIDER_URL")
    }
    if not any(is_set[name] for name in _CLAIM_SIGNS):
        return []
    missing = [
        name for name in ("ARENA_VAULT_ADDRESS", "AIBA_JETTON_MASTER", "TON_PROVIDER_URL") if not is_set[name]
    ]
    return missing if any(is_set[name] for name in _ORACLE_KEYS) else [*missing, *_ORACLE_KEYS]


def _disagreeing(values: Mapping[str, Values]) -> list[str]:
    """Settings that functions share and hold differently; the database URI differs by its user."""
    return [
        setting.name
        for setting in SETTINGS
        if setting.name != "MONGODB_URI"
        and len({values[function].text(setting.name) for function in setting.held_by if function in values})
        > 1
    ]


def _shared_database_user(values: Mapping[str, Values]) -> list[str]:
    users = [
        database_user(each.text("MONGODB_URI")) for each in values.values() if each.is_set("MONGODB_URI")
    ]
    named = [user for user in users if user]
    return ["MONGODB_URI"] if len(set(named)) < len(named) else []


def _secrets(values: Mapping[str, Values]) -> Iterable[tuple[str, str]]:
    """(name, secret), each once, both of a pair; of a database URI the password alone is secret."""
    found: dict[tuple[str, str], None] = {}
    for function, each in values.items():
        for setting in SETTINGS:
            if not setting.is_secret or function not in setting.held_by or not each.is_set(setting.name):
                continue
            text = each.text(setting.name)
            if setting.name == "MONGODB_URI":
                if password := database_password(text):
                    found[f"{setting.name} ({function})", password] = None
                continue
            for secret in texts(text) if setting.kind is Kind.TEXT_PAIR else (text,):
                found[setting.name, secret] = None
    return found


def _overlapping_secrets(values: Mapping[str, Values]) -> list[str]:
    names: dict[str, None] = {}
    for (name, secret), (other_name, other) in combinations(_secrets(values), 2):
        if name != other_name and (secret.lower() in other.lower() or other.lower() in secret.lower()):
            names |= {name: None, other_name: None}
    return list(names)


def _example_secrets(values: Mapping[str, Values]) -> list[str]:
    examples = {setting.example for setting in SETTINGS}
    examples |= {database_password(setting.example) for setting in SETTINGS if setting.name == "MONGODB_URI"}
    return [name for name, secret in _secrets(values) if secret in examples]
