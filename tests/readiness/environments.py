"""A production environment for each function in which every rule holds, and the ways to break each rule alone."""

from __future__ import annotations

import hashlib

from shared.config.declarations import BY_NAME, FUNCTIONS, held_by
from shared.readiness.keys import public_key_of


def marked(name: str) -> str:
    """A secret that is strong, its own, the same in every run, and found by a search for MARK."""
    return f"MARK{hashlib.sha256(name.encode()).hexdigest()}"


def seed_hex(name: str) -> str:
    return hashlib.sha256(f"seed {name}".encode()).hexdigest()


def public_hex(name: str) -> str:
    return public_key_of(bytes.fromhex(seed_hex(name))).hex()


BOT_TOKEN = f"7000000001:{marked('bot')[:45]}"
PASSWORD_HASH = "$2b$12$" + "MARKmarkMARKmarkMARKmu" + "0123456789abcdefghijKLMNOPQRSTU"
OUR_VAULT = "0:" + hashlib.sha256(b"vault").hexdigest()
OUR_MASTER = "0:" + hashlib.sha256(b"master").hexdigest()
TESTNET_ONLY_ADDRESS = "kf8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIxF"


def _database_uri(function: str, *, user: str | None = None) -> str:
    account = f"{user or f'arena-{function}'}:{marked(f'database {function}')}"
    return f"mongodb+srv://{account}@cluster0.abcde.mongodb.net/?retryWrites=true&w=majority"


_GOOD = {
    "APP_ENV": "prod",
    "STAGE": "prod",
    "CORS_ORIGIN": "https://play.aiba.gg,https://aiba.gg",
    "MONGODB_DATABASE": "arena",
    "UPSTASH_REDIS_REST_URL": "https://eu1-sharp-fox-12345.upstash.io",
    "UPSTASH_REDIS_REST_TOKEN": marked("upstash"),
    "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
    "TELEGRAM_INITDATA_MAX_AGE_SECONDS": "900",
    "PLAYER_SESSION_PRIVATE_KEY_HEX": seed_hex("session"),
    "PLAYER_SESSION_PUBLIC_KEYS": public_hex("session"),
    "WALLET_PROOF_DOMAINS": "play.aiba.gg",
    "BATTLE_SEED_SECRET": marked("battle"),
    "ADMIN_EMAIL": "owner@aiba.gg",
    "ADMIN_PASSWORD_HASH": PASSWORD_HASH,
    "ADMIN_JWT_SECRET": marked("admin"),
    "METRICS_TOKEN": marked("metrics"),
    "TON_NETWORK": "-239",
    "ARENA_VAULT_ADDRESS": OUR_VAULT,
    "AIBA_JETTON_MASTER": OUR_MASTER,
    "ORACLE_PUBLIC_KEY_HEX": public_hex("oracle"),
    "AIBA_UNITS_PER_CREDIT": "1000000000",
    "ORACLE_KMS_KEY_ID": "alias/arena-prod-claim",
    "SIGNER_FUNCTION_NAME": "aiba-arena-prod-signer",
    "TON_PROVIDER_URL": "https://toncenter.com/api/v2",
    "TON_API_KEY": marked("toncenter"),
    "TON_PROVIDER_SECONDARY_URL": "https://ton.other-provider.io/api/v2",
    "TON_SECONDARY_API_KEY": marked("second provider"),
}
SECRET_VALUES = [
    *(value for value in _GOOD.values() if "MARK" in value),
    seed_hex("session"),
    seed_hex("oracle"),
    seed_hex("other"),
    *(marked(f"database {function}") for function in FUNCTIONS),
]


def production(function: str) -> dict[str, str]:
    """Exactly what the function holds, every rule kept, KMS as the oracle's key."""
    good = _GOOD | {"MONGODB_URI": _database_uri(function)}
    return {setting.name: good[setting.name] for setting in held_by(function) if setting.name in good}


def read_oracle_key(_key: object) -> bytes:
    """KMS, answering the public key that is configured above."""
    return bytes.fromhex(public_hex("oracle"))


# What the claim function is given on Vercel, in the place of a role of its own.
ON_VERCEL = {
    "VERCEL": "1",
    "SIGNER_ROLE_ARN": "arn:aws:iam::210987654321:role/arena-prod-VercelClaimRole-1A2B3C4D5E6F",
    "SIGNER_FUNCTION_NAME": "arn:aws:lambda:eu-central-1:210987654321:function:arena-prod-signer",
}
_HEX_KEY = {"ORACLE_KMS_KEY_ID": "", "ORACLE_PRIVATE_KEY_HEX": seed_hex("oracle")}
_CLUSTER = "cluster0.abcde.mongodb.net"

# Rule -> the changes that each break this rule and no other error, in every function bound by it.
BREACHES: dict[str, list[dict[str, str]]] = {
    "app_env": [{"APP_ENV": "live"}, {"APP_ENV": ""}, {"APP_ENV": "prod!"}],
    "environment_agrees": [
        {"APP_ENV": "dev", "NODE_ENV": "production"},
        {"APP_ENV": "staging", "VERCEL_ENV": "production", "STAGE": ""},
        {"APP_ENV": "test", "STAGE": "prod"},
        {"APP_ENV": "dev", "STAGE": "", "AWS_LAMBDA_FUNCTION_NAME": "aiba-arena-prod-battle"},
        {"NODE_ENV": "development"},
        {"VERCEL_ENV": "preview"},
    ],
    "cors_origin": [
        {"CORS_ORIGIN": value}
        for value in (
            "",
            "*",
            "https://*.aiba.gg",
            "http://play.aiba.gg",
            "https://play.aiba.gg/",
            "https://play.aiba.gg/app",
            "https://play.aiba.gg,*",
            "https://localhost",
            "https://localhost:8443",
            "https://127.0.0.1",
            "https://[::1]",
            "https://MARK@aiba.gg",
            "https://Play.aiba.gg",
            "play.aiba.gg",
            "null",
            ",",
        )
    ],
    "telegram_bot_token": [
        {"TELEGRAM_BOT_TOKEN": value}
        for value in ("", "MARK", "7000000001:MARKtooShort", f"bot:{'MARKx' * 9}", "123456789:FAKE-telegram-bot-token-of-the-example-file", f"{BOT_TOKEN} x")
    ],
    "telegram_initdata_max_age": [
        {"TELEGRAM_INITDATA_MAX_AGE_SECONDS": value} for value in ("", "0", "-900", "15m", "900.0", "86401", "٩٠٠", "1_0")
    ],
    "telegram_initdata_max_age_short": [{"TELEGRAM_INITDATA_MAX_AGE_SECONDS": value} for value in ("901", "86400")],
    "admin_jwt_secret": [
        {"ADMIN_JWT_SECRET": value}
        for value in (
            "",
            marked("x")[:31],
            "M" * 40,
            "abbabaabbaababbabaababbaabbabaababba",
            "MARKMARKMARKMARKMARKMARKMARKMARKMARK",
            "0123456789abcdef0123456789abcdef",
            "change-me-change-me-change-me-0123456789",
            "this-is-a-placeholder-value-0123456789-abc",
            "fake-admin-token-secret-of-the-example-file",
            "my-super-secret-0123456789-abcdefghijkl",
            f"{marked('x')},{marked('x')}",
            f"{marked('x')},{marked('x').lower()}y",
            f"{marked('x')},MARKshort",
            f"{marked('x')},{marked('y')},{marked('z')}",
        )
    ],
    "admin_email": [{"ADMIN_EMAIL": value} for value in ("", "owner", "owner@aiba", "a@aiba.gg,b@aiba.gg", "owner@example.org")],
    "admin_password_hash": [
        {"ADMIN_PASSWORD_HASH": value}
        for value in ("", "MARKplain", PASSWORD_HASH.replace("$12$", "$11$"), PASSWORD_HASH[:-1], "$2b$99" + PASSWORD_HASH[6:], BY_NAME["ADMIN_PASSWORD_HASH"].example)
    ],
    "admin_password_absent": [{"ADMIN_PASSWORD": "MARKhunter2"}],
    "battle_seed_secret": [
        {"BATTLE_SEED_SECRET": value}
        for value in ("", "MARKshort", "your-secret-goes-here-0123456789-abcdef", f"{marked('x')},{'ba' * 32}", "ab" * 32)
    ],
    "session_private_key": [{"PLAYER_SESSION_PRIVATE_KEY_HEX": value} for value in ("", "MARK", seed_hex("other")[:63], "zz" * 32, "00" * 32)],
    "session_public_keys": [
        {"PLAYER_SESSION_PUBLIC_KEYS": value}
        for value in ("", "MARK", public_hex("session") + "," + "MARK", ",".join(public_hex(name) for name in "abc"))
    ],
    "session_key_pair": [{"PLAYER_SESSION_PUBLIC_KEYS": public_hex("other")}, {"PLAYER_SESSION_PRIVATE_KEY_HEX": seed_hex("other")}],
    "vault_complete": [
        {"ARENA_VAULT_ADDRESS": ""},
        {"AIBA_JETTON_MASTER": ""},
        {"ORACLE_PUBLIC_KEY_HEX": ""},
        {"AIBA_UNITS_PER_CREDIT": " "},
        {"AIBA_UNITS_PER_CREDIT": "", "AIBA_JETTON_MASTER": ""},
    ],
    "vault_addresses": [
        {name: value}
        for name in ("ARENA_VAULT_ADDRESS", "AIBA_JETTON_MASTER")
        for value in ("MARK", "-1" + OUR_VAULT[1:], OUR_VAULT[:-1], TESTNET_ONLY_ADDRESS, BY_NAME[name].example)
    ],
    "oracle_public_key": [{"ORACLE_PUBLIC_KEY_HEX": value} for value in ("MARK", "0x" + public_hex("oracle"))],
    "aiba_units_per_credit": [{"AIBA_UNITS_PER_CREDIT": value} for value in ("0", "-1", "1e9", "MARK", "1.5")],
    "one_oracle_key": [{"ORACLE_KMS_KEY_ID": ""}, {"ORACLE_PRIVATE_KEY_HEX": seed_hex("oracle")}],
    "oracle_private_key": [_HEX_KEY | {"ORACLE_PRIVATE_KEY_HEX": value} for value in ("MARK", seed_hex("oracle")[:62])],
    "oracle_key_matches": [
        {"ORACLE_PUBLIC_KEY_HEX": public_hex("other")},
        _HEX_KEY | {"ORACLE_PRIVATE_KEY_HEX": seed_hex("other")},
        _HEX_KEY | dict.fromkeys(("ARENA_VAULT_ADDRESS", "AIBA_JETTON_MASTER", "ORACLE_PUBLIC_KEY_HEX", "AIBA_UNITS_PER_CREDIT"), ""),
    ],
    "oracle_key_in_kms": [_HEX_KEY],
    "oracle_private_key_elsewhere": [{"ORACLE_PRIVATE_KEY_HEX": seed_hex("oracle")}, {"ORACLE_PRIVATE_KEY_HEX": "MARK"}],
    "signer_role_on_vercel": [
        ON_VERCEL | {"SIGNER_ROLE_ARN": value}
        for value in (
            "",
            "MARK",
            "arena-prod-VercelClaimRole",
            "arn:aws:iam::210987654321:user/MARK",
            "arn:aws:sts::210987654321:assumed-role/MARK/session",
            "arn:aws:iam::21098765432:role/MARK",
            "arn:aws:iam::210987654321:role/MARK MARK",
            BY_NAME["SIGNER_ROLE_ARN"].example,
        )
    ],
    "signer_named_on_vercel": [
        ON_VERCEL | {"SIGNER_FUNCTION_NAME": value}
        for value in (
            "aiba-arena-prod-signer",
            "eu-central-1:210987654321:function:arena-prod-signer",
            "arn:aws:lambda:eu-central-1:210987654322:function:arena-prod-signer",
            "arn:aws-cn:lambda:cn-north-1:210987654321:function:arena-prod-signer",
            "arn:aws:lambda:eu-central-1:210987654321:layer:arena-prod-signer",
        )
    ],
    "signer_role_on_aws": [
        {"SIGNER_ROLE_ARN": ON_VERCEL["SIGNER_ROLE_ARN"]},
        {"SIGNER_ROLE_ARN": "MARK", "VERCEL": "0"},
    ],
    "lasting_aws_keys": [ON_VERCEL | {"AWS_ACCESS_KEY_ID": "AKIAMARKMARKMARKMARK", "AWS_SECRET_ACCESS_KEY": "MARK" * 10}],
    "ton_network": [{"TON_NETWORK": value} for value in ("-3", "", "mainnet")],
    "wallet_proof_domains": [{"WALLET_PROOF_DOMAINS": value} for value in ("", "localhost", "play.aiba.gg,127.0.0.1", "https://play.aiba.gg", "arena.local")],
    "ton_provider": [
        {"TON_PROVIDER_URL": value}
        for value in ("", "http://toncenter.com/api/v2", "https://testnet.toncenter.com/api/v2", "https://127.0.0.1:8081", "MARK", "https://localhost/")
    ],
    "ton_secondary_provider": [
        {"TON_PROVIDER_SECONDARY_URL": value}
        for value in (
            "https://toncenter.com/api/v2", "https://toncenter.com/api/v2/", "https://TonCenter.com:443/api/v3",
            "https://toncenter.com./api/v2", "http://ton.other-provider.io", "https://testnet.other-provider.io",
        )
    ],
    "ton_api_key": [{"TON_API_KEY": ""}],
    "legacy_dispatch": [{"ENABLE_LEGACY_PENDING_AIBA_DISPATCH": value} for value in ("true", "TRUE", "1")],
    "mongodb_encrypted": [
        {"MONGODB_URI": value}
        for value in (
            "",
            f"mongodb://arena:MARK@{_CLUSTER}/?w=majority",
            f"mongodb+srv://arena:MARK@{_CLUSTER}/?w=majority&tls=false",
            f"mongodb+srv://arena:MARK@{_CLUSTER}/?w=majority&tlsAllowInvalidCertificates=true",
            "mongodb://arena:MARK@localhost:27017/?tls=true&w=majority",
            f"mongodb://arena:MARK@{_CLUSTER}:27017,127.0.0.1:27018/?tls=true&w=majority",
            "mongodb://arena:MARK@[::1]:27017/?tls=true&w=majority",
        )
    ],
    "mongodb_majority": [{"MONGODB_URI": f"mongodb+srv://arena:MARK@{_CLUSTER}/"}, {"MONGODB_URI": f"mongodb+srv://arena:MARK@{_CLUSTER}/?w=1"}],
    "mongodb_user": [{"MONGODB_URI": f"mongodb+srv://{_CLUSTER}/?w=majority"}],
    "upstash_url": [{"UPSTASH_REDIS_REST_URL": value} for value in ("", "http://eu1-sharp-fox-12345.upstash.io", "https://127.0.0.1:8079", "MARK")],
    "upstash_token": [{"UPSTASH_REDIS_REST_TOKEN": value} for value in ("", "fake-upstash-rest-token-for-the-example-file")],
    "metrics_token": [{"METRICS_TOKEN": value} for value in ("", "MARKshort", "1" * 40)],
    "local_endpoints": [
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
        {"AWS_ENDPOINT_URL_KMS": "https://localhost:4566"},
        {"KMS_ENDPOINT_URL": "http://127.0.0.1:1", "LAMBDA_ENDPOINT_URL": "http://[::1]:2"},
        {"KMS_ENDPOINT_URL": "http://kms.eu-central-1.amazonaws.com"},
        {"KMS_ENDPOINT_URL": "https://kms.other-cloud.io"},
        {"LAMBDA_ENDPOINT_URL": "https://lambda.other-cloud.io/"},
    ],
    "local_clock": [{"LOCAL_CLOCK_FILE": ".arena/clock"}],
}  # fmt: skip
