"""Every setting of the backend, declared once: who holds it, its form, what it is for, a fake example.

This table is the single source. `.env.example` is its printed form, the deployment template and the
readiness rules are compared with it by tests, and a function is given nothing that it does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

HTTP_FUNCTIONS = ("health", "battle", "economy", "claim", "admin")
FUNCTIONS = (*HTTP_FUNCTIONS, "signer", "settle")
SESSION_READERS = ("battle", "economy", "claim")
VAULT_READERS = ("claim", "signer", "settle")
CHAIN_READERS = ("claim", "settle")
VAULT_NAMES = ("ARENA_VAULT_ADDRESS", "AIBA_JETTON_MASTER", "ORACLE_PUBLIC_KEY_HEX", "AIBA_UNITS_PER_CREDIT")
"""The vault's settings: all or none."""


class Kind(StrEnum):
    """The form a value must have in every environment; production rules ask for more."""

    TEXT = "text"
    TEXT_LIST = "texts, comma-separated"
    TEXT_PAIR = "a text, or two, comma-separated"
    INTEGER = "a whole number"
    HEX_32 = "64 hexadecimal digits"
    HEX_32_LIST = "64 hexadecimal digits, once or twice, comma-separated"
    URL = "an http or https URL"
    MONGODB_URI = "a mongodb:// or mongodb+srv:// URI"
    TON_ADDRESS = "a TON address"
    NETWORK = "-239 (mainnet) or -3 (testnet)"


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable; its example is plainly fake and never accepted where a secret is due.

    `is_required`: a function that holds it cannot start without it, in any environment. The rest is
    optional in form; whether production may leave it out is the readiness rules' business.
    """

    name: str
    held_by: tuple[str, ...]
    kind: Kind
    purpose: str
    example: str
    is_secret: bool = False
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that are read together, in the order of `.env.example`."""

    title: str
    settings: tuple[Setting, ...]


GROUPS: tuple[Group, ...] = (
    Group("Where this runs", (
        Setting("APP_ENV", FUNCTIONS, Kind.TEXT,
                "dev, test, staging or prod. prod enforces every production rule.", "dev"),
        Setting("STAGE", FUNCTIONS, Kind.TEXT,
                "Name of the deployed stage; a stage named prod is production, whatever APP_ENV says.", "dev",
                is_required=False),
        Setting("NODE_ENV", FUNCTIONS, Kind.TEXT,
                "Read only to notice production; set by some platforms.", "development", is_required=False),
        Setting("VERCEL_ENV", FUNCTIONS, Kind.TEXT,
                "Read only to notice production; set by Vercel itself.", "development", is_required=False),
    )),
    Group("Browsers", (
        Setting("CORS_ORIGIN", HTTP_FUNCTIONS, Kind.TEXT_LIST,
                "Origins that may call from a browser: https, exact, no path, comma-separated.",
                "https://miniapp.example.org"),
    )),
    Group("Stores", (
        Setting("MONGODB_URI", FUNCTIONS, Kind.MONGODB_URI,
                "Database, with the user of the one function (infra/mongo/roles.json), TLS and w=majority.",
                "mongodb+srv://arena-battle:fake-database-password@cluster0.example.mongodb.net/?w=majority",
                is_secret=True),
        Setting("MONGODB_DATABASE", FUNCTIONS, Kind.TEXT, "Name of the database.", "arena_example"),
        Setting("UPSTASH_REDIS_REST_URL", HTTP_FUNCTIONS, Kind.URL,
                "Rate-limit store, Upstash REST.", "https://fake-example-00000.upstash.io"),
        Setting("UPSTASH_REDIS_REST_TOKEN", HTTP_FUNCTIONS, Kind.TEXT,
                "Token of the rate-limit store.", "fake-upstash-rest-token-for-the-example-file", is_secret=True),
    )),
    Group("Players: login and sessions", (
        Setting("TELEGRAM_BOT_TOKEN", ("economy",), Kind.TEXT,
                "Bot whose miniapp logs players in; checks the signature of initData.",
                "123456789:FAKE-telegram-bot-token-of-the-example-file", is_secret=True),
        Setting("TELEGRAM_INITDATA_MAX_AGE_SECONDS", ("economy",), Kind.INTEGER,
                "Oldest initData accepted at login; 900 or less, never above 86400.", "900"),
        Setting("PLAYER_SESSION_PRIVATE_KEY_HEX", ("economy",), Kind.HEX_32,
                "Ed25519 seed that signs session tokens; the economy function alone holds it.",
                "fa4e" * 16, is_secret=True),
        Setting("PLAYER_SESSION_PUBLIC_KEYS", SESSION_READERS, Kind.HEX_32_LIST,
                "Ed25519 public keys that session tokens are checked with; two during a rotation.",
                "fa4e0001" * 8),
        Setting("WALLET_PROOF_DOMAINS", ("economy",), Kind.TEXT_LIST,
                "Domains of the miniapp that a wallet's ton_proof may name, comma-separated.",
                "miniapp.example.org"),
        Setting("BATTLE_SEED_SECRET", ("battle",), Kind.TEXT_PAIR,
                "Root of the daily battle seeds, 32 characters or more; during a rotation two, of which the first "
                "commits to new days.",
                "fake-battle-seed-secret-of-the-example-file", is_secret=True),
    )),
    Group("Operators", (
        Setting("ADMIN_EMAIL", ("admin",), Kind.TEXT, "Login of the owner.", "owner@example.org"),
        Setting("ADMIN_PASSWORD_HASH", ("admin",), Kind.TEXT,
                "bcrypt, cost 12 or more; made by `./arena admin hash-password`. There is no ADMIN_PASSWORD.",
                "$2b$12$fakefakefakefakefakefuFAKEFAKEFAKEFAKEFAKEFAKEFAKEFAK", is_secret=True),
        Setting("ADMIN_JWT_SECRET", ("admin",), Kind.TEXT_PAIR,
                "Signs operators' tokens, 32 characters or more; during a rotation two, of which the first signs.",
                "fake-admin-token-secret-of-the-example-file", is_secret=True),
        Setting("METRICS_TOKEN", ("health",), Kind.TEXT,
                "Bearer token of GET /metrics, 32 characters or more.",
                "fake-bearer-for-metrics-of-the-example-file", is_secret=True),
    )),
    Group("TON: vault and signer (the vault's four: all or none)", (
        Setting("TON_NETWORK", ("economy", *VAULT_READERS), Kind.NETWORK,
                "Network id: -239 mainnet, -3 testnet.", "-3"),
        Setting("ARENA_VAULT_ADDRESS", VAULT_READERS, Kind.TON_ADDRESS,
                "Address of the vault contract.", "0:" + "fa4e0002" * 8, is_required=False),
        Setting("AIBA_JETTON_MASTER", VAULT_READERS, Kind.TON_ADDRESS,
                "Address of the AIBA jetton master.", "0:" + "fa4e0003" * 8, is_required=False),
        Setting("ORACLE_PUBLIC_KEY_HEX", VAULT_READERS, Kind.HEX_32,
                "Public key the vault checks claims with; every signature is checked with it first.",
                "fa4e0004" * 8, is_required=False),
        Setting("AIBA_UNITS_PER_CREDIT", VAULT_READERS, Kind.INTEGER,
                "Jetton units paid for one AIBA credit, 1 or more.", "1000000000", is_required=False),
        Setting("VAULT_CODE_HASH", CHAIN_READERS, Kind.HEX_32,
                "Code hash the vault must have; without it, that of the contract in this repository.",
                "fa4e0005" * 8, is_required=False),
        Setting("ORACLE_KMS_KEY_ID", ("signer",), Kind.TEXT,
                "KMS key that signs claims. Exactly one of this and ORACLE_PRIVATE_KEY_HEX.",
                "alias/fake-arena-example-claim", is_required=False),
        Setting("ORACLE_PRIVATE_KEY_HEX", ("signer",), Kind.HEX_32,
                "Ed25519 seed that signs claims where there is no KMS; the signer alone may hold it.",
                "fa4e0006" * 8, is_secret=True, is_required=False),
        Setting("SIGNER_FUNCTION_NAME", ("claim",), Kind.TEXT,
                "Lambda function that signs, invoked by the claim function; on Vercel its full ARN.",
                "aiba-arena-dev-signer"),
        Setting("SIGNER_ROLE_ARN", ("claim",), Kind.TEXT,
                "On Vercel alone: the role that may invoke the signer, lent by AWS for Vercel's word.",
                "arn:aws:iam::000000000000:role/arena-fake-VercelClaimRole", is_required=False),
    )),
    Group("TON: providers", (
        Setting("TON_PROVIDER_URL", CHAIN_READERS, Kind.URL,
                "toncenter-compatible endpoint.", "https://toncenter.example.org"),
        Setting("TON_API_KEY", CHAIN_READERS, Kind.TEXT,
                "API key of the provider; without it, one request a second.",
                "fake-toncenter-key-of-the-example-file", is_secret=True, is_required=False),
        Setting("TON_PROVIDER_SECONDARY_URL", ("settle",), Kind.URL,
                "Second provider, of another operator, that must agree before a refund.",
                "https://second-toncenter.example.org", is_required=False),
        Setting("TON_SECONDARY_API_KEY", ("settle",), Kind.TEXT,
                "API key of the second provider.",
                "fake-second-provider-key-of-the-example", is_secret=True, is_required=False),
    )),
    Group("Development switches: never set in production", (
        Setting("KMS_ENDPOINT_URL", ("signer",), Kind.URL,
                "KMS endpoint of the local stack.", "http://127.0.0.1:4566", is_required=False),
        Setting("LAMBDA_ENDPOINT_URL", ("claim",), Kind.URL,
                "Invocation endpoint of the local gateway.", "http://127.0.0.1:4567", is_required=False),
        Setting("LOCAL_CLOCK_FILE", FUNCTIONS, Kind.TEXT,
                "File with the local stack's clock offset in milliseconds.", ".arena/clock", is_required=False),
    )),
)  # fmt: skip

SETTINGS: tuple[Setting, ...] = tuple(setting for group in GROUPS for setting in group.settings)
BY_NAME = {setting.name: setting for setting in SETTINGS}
DEV_SWITCHES = tuple(setting.name for setting in GROUPS[-1].settings)

# Names the former backend knew; they are read only to refuse them.
RETIRED = ("ADMIN_PASSWORD", "ENABLE_LEGACY_PENDING_AIBA_DISPATCH")


def held_by(function: str) -> tuple[Setting, ...]:
    """All settings of one function, in declaration order."""
    return tuple(setting for setting in SETTINGS if function in setting.held_by)
