"""The local stack's settings: secrets made here and kept on this machine, and each function's own share."""

from __future__ import annotations

import json
import os
import secrets as chance
import string
from collections.abc import Mapping
from pathlib import Path

import bcrypt
from nacl.signing import SigningKey

from infra.local.serverless_file import ServiceSpec

ACCOUNT = "000000000000"
SESSION_KEY_BYTES = 32
ADMIN_HASH_COST = 12
# Settings that only the local stack has, and who gets them; the gateway adds LAMBDA_ENDPOINT_URL itself.
_LOCAL_ONLY = {"LOCAL_CLOCK_FILE": None, "KMS_ENDPOINT_URL": "signer"}
# What a file of secrets must have; an older one is completed.
_NAMES = ("TELEGRAM_BOT_TOKEN", "ADMIN_PASSWORD_HASH", "TON_SECONDARY_API_KEY")
# The functions whose role on AWS lets them call AWS at all, beside reading their settings.
_AWS_CALLERS = ("claim", "signer")


def access_key_id(function: str) -> str:
    """The fake access key that stands for a function's role; it opens nothing outside the local stack."""
    return f"LOCALFAKE{function.upper()}"


def role_arn(service: ServiceSpec, function: str) -> str:
    """The role a function has locally, for key policies."""
    return f"arn:aws:iam::{ACCOUNT}:role/{service.deployed_name(function)}"


def local_secrets(path: Path) -> dict[str, str]:
    """The secrets of this machine's stack, made at first use and kept in a file only its owner can read.

    ADMIN_PASSWORD is in it for people and demos; no function is ever given it.
    """
    kept = json.loads(path.read_text()) if path.exists() else {}
    if kept.keys() >= set(_NAMES):
        return {str(name): str(value) for name, value in kept.items()}
    made = _make_secrets() | kept  # a file of before a secret was added keeps what it has
    _write_private(path, made)
    return made


def _make_secrets() -> dict[str, str]:
    session_key = SigningKey(chance.token_bytes(SESSION_KEY_BYTES))
    admin_password = chance.token_urlsafe(18)
    bot_token_alphabet = string.ascii_letters + string.digits + "_-"
    bot_token = "".join(chance.choice(bot_token_alphabet) for _ in range(35))
    return {
        "TELEGRAM_BOT_TOKEN": f"{10**9 + chance.randbelow(9 * 10**9)}:{bot_token}",
        "PLAYER_SESSION_PRIVATE_KEY_HEX": bytes(session_key).hex(),
        "PLAYER_SESSION_PUBLIC_KEYS": bytes(session_key.verify_key).hex(),
        "BATTLE_SEED_SECRET": chance.token_urlsafe(36),
        "ADMIN_PASSWORD": admin_password,
        "ADMIN_PASSWORD_HASH": bcrypt.hashpw(
            admin_password.encode(), bcrypt.gensalt(ADMIN_HASH_COST)
        ).decode(),
        "ADMIN_JWT_SECRET": chance.token_urlsafe(36),
        "METRICS_TOKEN": chance.token_urlsafe(36),
        "UPSTASH_REDIS_REST_TOKEN": chance.token_urlsafe(36),
        "TON_API_KEY": chance.token_hex(32),
        "TON_SECONDARY_API_KEY": chance.token_hex(32),
    }


def base_values(
    service: ServiceSpec, *, urls: Mapping[str, str], secrets: Mapping[str, str], clock_file: Path
) -> dict[str, str]:
    """Every setting's local value but those of the world; CORS_ORIGIN is where front ends are developed."""
    return {
        **{name: value for name, value in secrets.items() if name != "ADMIN_PASSWORD"},
        "APP_ENV": service.stage,
        "STAGE": service.stage,
        "CORS_ORIGIN": "http://localhost:5173",
        "MONGODB_URI": urls["mongo"],
        "MONGODB_DATABASE": f"arena_{service.stage}",
        "UPSTASH_REDIS_REST_URL": urls["upstash"],
        "TELEGRAM_INITDATA_MAX_AGE_SECONDS": "900",
        "WALLET_PROOF_DOMAINS": "localhost",
        "ADMIN_EMAIL": "owner@example.org",
        "SIGNER_FUNCTION_NAME": service.deployed_name("signer"),
        "KMS_ENDPOINT_URL": urls["kms"],
        "LOCAL_CLOCK_FILE": str(clock_file),
    }


def function_environments(service: ServiceSpec, values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What each function is given: the values of exactly the settings that serverless.yml lists for it.

    Beside them come the local switches and, where its role may call AWS, credentials that name that role.
    """
    environments = {}
    for function, spec in service.functions.items():
        names = [*spec.environment, *(name for name, only in _LOCAL_ONLY.items() if only in (None, function))]
        environment = {name: values[name] for name in names if name in values}
        if function in _AWS_CALLERS:
            environment |= {
                "AWS_ACCESS_KEY_ID": access_key_id(function),
                "AWS_SECRET_ACCESS_KEY": "local-fake-secret-access-key",
            }
        environments[function] = environment
    return environments


def write_environments(path: Path, environments: Mapping[str, Mapping[str, str]]) -> None:
    """Write them where the gateway reads them; only the owner can."""
    _write_private(path, environments)


def _write_private(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(document, file, indent=1)
    scratch.replace(path)
