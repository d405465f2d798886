"""The production rules as data: who is bound by each, how bad a breach is, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shared.config.arns import is_function_beside
from shared.config.declarations import (
    CHAIN_READERS,
    DEV_SWITCHES,
    FUNCTIONS,
    HTTP_FUNCTIONS,
    SESSION_READERS,
    VAULT_NAMES,
    VAULT_READERS,
)
from shared.config.deployment import contradicting_signals, is_known, is_on_vercel
from shared.readiness import conditions as good
from shared.readiness.keys import oracle_key_differs, session_key_differs

if TYPE_CHECKING:
    from shared.config.claim_parts import KmsOracleKey
    from shared.config.parts import Values

Severity = Literal["error", "warning"]
ReadKmsPublicKey = Callable[["KmsOracleKey"], bytes]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a rule may look at: the values, and KMS where it can be asked (32 raw bytes, or Unavailable)."""

    values: Values
    read_kms_public_key: ReadKmsPublicKey | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """`broken` answers the names of the settings that break it: none means that it holds.

    A rule binds in production only, unless `is_always`.
    """

    id: str
    functions: tuple[str, ...]
    broken: Callable[[Situation], Iterable[str]]
    remedy: str
    severity: Severity = "error"
    is_always: bool = False


def _must(is_good: Callable[[str], bool], *names: str) -> Callable[[Situation], list[str]]:
    """Each of these settings is set and good."""
    return lambda now: [name for name in names if not is_good(now.values.text(name))]


def _if_set(is_good: Callable[[str], bool], *names: str) -> Callable[[Situation], list[str]]:
    """Each of these settings is good or not set; that it is set is another rule."""
    return lambda now: [
        name for name in names if now.values.is_set(name) and not is_good(now.values.text(name))
    ]


def _must_not(*names: str) -> Callable[[Situation], list[str]]:
    """None of these settings is set."""
    return lambda now: [name for name in names if now.values.is_set(name)]


def _vault_partly(now: Situation) -> list[str]:
    absent = [name for name in VAULT_NAMES if not now.values.is_set(name)]
    return absent if len(absent) < len(VAULT_NAMES) else []


def _not_one_oracle_key(now: Situation) -> list[str]:
    names = ["ORACLE_KMS_KEY_ID", "ORACLE_PRIVATE_KEY_HEX"]
    return names if len([name for name in names if now.values.is_set(name)]) != 1 else []


def _local_endpoints(now: Situation) -> list[str]:
    """Every name that redirects a service: ours wherever they point, the SDK's own `AWS_ENDPOINT_URL_KMS` inwards."""
    named = (name for name in now.values.environment if re.search(r"_ENDPOINT_URL(_[A-Z0-9_]+)?$", name))
    return sorted(
        name
        for name in named
        if (name in DEV_SWITCHES and now.values.is_set(name)) or good.is_local_endpoint(now.values.text(name))
    )


def _same_provider_twice(now: Situation) -> list[str]:
    name = "TON_PROVIDER_SECONDARY_URL"
    first, second = now.values.text("TON_PROVIDER_URL"), now.values.text(name)
    is_bad = bool(second) and (not good.is_mainnet_provider(second) or good.is_same_host(first, second))
    return [name] if is_bad else []


def _no_signer_role(now: Situation) -> list[str]:
    """On Vercel the function's own word is all it has; without a vault nobody is asked to sign."""
    name = "SIGNER_ROLE_ARN"
    has_vault = any(now.values.is_set(part) for part in VAULT_NAMES)
    is_due = is_on_vercel(now.values.environment) and (has_vault or now.values.is_set(name))
    return [name] if is_due and not good.is_own_role(now.values.text(name)) else []


def _signer_elsewhere(now: Situation) -> list[str]:
    """On Vercel, a signer whose region and account are not said; AWS_REGION there is the machine's own."""
    name, role = "SIGNER_FUNCTION_NAME", now.values.text("SIGNER_ROLE_ARN")
    is_due = is_on_vercel(now.values.environment) and good.is_own_role(role)
    return [name] if is_due and not is_function_beside(role, now.values.text(name)) else []


def _signer_role_on_aws(now: Situation) -> list[str]:
    is_vercel = is_on_vercel(now.values.environment)
    return [] if is_vercel or not now.values.is_set("SIGNER_ROLE_ARN") else ["SIGNER_ROLE_ARN"]


def _lasting_aws_keys(now: Situation) -> list[str]:
    """On Vercel, a user's access key; the temporary one that may lie there is the platform's and opens nothing."""
    is_lasting = now.values.text("AWS_ACCESS_KEY_ID").startswith("AKIA")
    return ["AWS_ACCESS_KEY_ID"] if is_on_vercel(now.values.environment) and is_lasting else []


_GENERATE = "generate one with `openssl rand -hex 32` and keep it in the secret store"
_GENERATE_PAIR = f"{_GENERATE}; only during a rotation two different ones, comma-separated"
_ALL_BUT_SIGNER = tuple(function for function in FUNCTIONS if function != "signer")

# fmt: off
RULES: tuple[Rule, ...] = (
    Rule("app_env", FUNCTIONS, _must(is_known, "APP_ENV"),
         "set it to dev, test, staging or prod", is_always=True),
    Rule("environment_agrees", FUNCTIONS, lambda now: contradicting_signals(now.values.environment),
         "say the same as the variable that says production, or deploy to another stage", is_always=True),
    Rule("cors_origin", HTTP_FUNCTIONS, _must(good.is_origin_list, "CORS_ORIGIN"),
         "list exact https origins, comma-separated: no *, no path, no local host"),
    Rule("telegram_bot_token", ("economy",), _must(good.is_bot_token, "TELEGRAM_BOT_TOKEN"),
         "set the bot's token as BotFather gave it"),
    Rule("telegram_initdata_max_age", ("economy",),
         _must(good.is_allowed_initdata_age, "TELEGRAM_INITDATA_MAX_AGE_SECONDS"),
         "set a whole number of seconds, 900 or less; never above 86400"),
    Rule("telegram_initdata_max_age_short", ("economy",),
         _if_set(good.is_short_initdata_age, "TELEGRAM_INITDATA_MAX_AGE_SECONDS"),
         "lower it to 900 or less: a stolen login works that long", severity="warning"),
    Rule("admin_jwt_secret", ("admin",), _must(good.is_strong_secret_pair, "ADMIN_JWT_SECRET"), _GENERATE_PAIR),
    Rule("admin_email", ("admin",), _must(good.is_email, "ADMIN_EMAIL"), "set the owner's address"),
    Rule("admin_password_hash", ("admin",), _must(good.is_strong_password_hash, "ADMIN_PASSWORD_HASH"),
         "make it with `./arena admin hash-password`: bcrypt, cost 12 or more"),
    Rule("admin_password_absent", ("admin",), _must_not("ADMIN_PASSWORD"),
         "remove it: only ADMIN_PASSWORD_HASH is read"),
    Rule("battle_seed_secret", ("battle",), _must(good.is_strong_secret_pair, "BATTLE_SEED_SECRET"), _GENERATE_PAIR),
    Rule("session_private_key", ("economy",), _must(good.is_key_hex, "PLAYER_SESSION_PRIVATE_KEY_HEX"), _GENERATE),
    Rule("session_public_keys", SESSION_READERS, _must(good.is_key_hex_list, "PLAYER_SESSION_PUBLIC_KEYS"),
         "set one public key of 64 hex digits, or two different ones during a rotation"),
    Rule("session_key_pair", ("economy",), lambda now: session_key_differs(now.values),
         "include the public key of PLAYER_SESSION_PRIVATE_KEY_HEX"),
    Rule("vault_complete", VAULT_READERS, _vault_partly,
         "set it as well: the vault's four settings are set together or not at all"),
    Rule("vault_addresses", VAULT_READERS,
         _if_set(good.is_mainnet_address, "ARENA_VAULT_ADDRESS", "AIBA_JETTON_MASTER"),
         "set the mainnet address of the contract"),
    Rule("oracle_public_key", VAULT_READERS, _if_set(good.is_key_hex, "ORACLE_PUBLIC_KEY_HEX"),
         "set the 64 hex digits the vault answers to getOraclePublicKey"),
    Rule("aiba_units_per_credit", VAULT_READERS, _if_set(good.is_positive_integer, "AIBA_UNITS_PER_CREDIT"),
         "set a whole number, 1 or more: jetton units paid for one credit"),
    Rule("one_oracle_key", ("signer",), _not_one_oracle_key,
         "set exactly one of ORACLE_KMS_KEY_ID and ORACLE_PRIVATE_KEY_HEX"),
    Rule("oracle_private_key", ("signer",), _if_set(good.is_key_hex, "ORACLE_PRIVATE_KEY_HEX"), _GENERATE),
    Rule("oracle_key_matches", ("signer",), lambda now: oracle_key_differs(now.values, now.read_kms_public_key),
         "set the public key of the configured oracle key, and check that the vault has the same"),
    Rule("oracle_key_in_kms", ("signer",), _must_not("ORACLE_PRIVATE_KEY_HEX"),
         "move the key to KMS: whoever reads this setting can sign", severity="warning"),
    Rule("oracle_private_key_elsewhere", _ALL_BUT_SIGNER, _must_not("ORACLE_PRIVATE_KEY_HEX"),
         "remove it: the signer alone may hold it", is_always=True),
    Rule("signer_role_on_vercel", ("claim",), _no_signer_role,
         "set the ARN of the role that trusts this project (output VercelClaimRoleArn of the AWS stack)"),
    Rule("signer_named_on_vercel", ("claim",), _signer_elsewhere,
         "set the full ARN of the signer function, in the account of SIGNER_ROLE_ARN"),
    Rule("signer_role_on_aws", ("claim",), _signer_role_on_aws,
         "remove it: on AWS the function's own role invokes the signer, and no request's word for it is believed"),
    Rule("lasting_aws_keys", HTTP_FUNCTIONS, _lasting_aws_keys,
         "remove it and AWS_SECRET_ACCESS_KEY: whoever reads a lasting key has it for ever, and nothing here uses it"),
    Rule("ton_network", ("economy", *VAULT_READERS), _must(good.is_mainnet, "TON_NETWORK"), "set -239, mainnet"),
    Rule("wallet_proof_domains", ("economy",), _must(good.is_public_domain_list, "WALLET_PROOF_DOMAINS"),
         "list the public domains of the miniapp, comma-separated"),
    Rule("ton_provider", CHAIN_READERS, _must(good.is_mainnet_provider, "TON_PROVIDER_URL"),
         "set a public https endpoint of mainnet"),
    Rule("ton_secondary_provider", ("settle",), _same_provider_twice,
         "set a second mainnet endpoint, of another operator than TON_PROVIDER_URL, or none"),
    Rule("ton_api_key", CHAIN_READERS, _must(bool, "TON_API_KEY"),
         "set the provider's key: without it reads are throttled and claims wait", severity="warning"),
    Rule("legacy_dispatch", FUNCTIONS,
         _if_set(lambda value: value.lower() not in {"true", "1", "yes", "on"}, "ENABLE_LEGACY_PENDING_AIBA_DISPATCH"),
         "remove it: rewards leave through signed claims only"),
    Rule("mongodb_encrypted", FUNCTIONS, _must(good.is_encrypted_database, "MONGODB_URI"),
         "set a mongodb+srv:// URI, or tls=true without any tlsAllow or tlsInsecure option, not of this machine"),
    Rule("mongodb_majority", FUNCTIONS, _if_set(good.has_majority_writes, "MONGODB_URI"), "add w=majority"),
    Rule("mongodb_user", FUNCTIONS, _if_set(lambda uri: bool(good.database_user(uri)), "MONGODB_URI"),
         "name the database user of this function alone (infra/mongo/roles.json)"),
    Rule("upstash_url", HTTP_FUNCTIONS, _must(good.is_public_https_url, "UPSTASH_REDIS_REST_URL"),
         "set the https URL of the Upstash database"),
    Rule("upstash_token", HTTP_FUNCTIONS, _must(good.is_own_value, "UPSTASH_REDIS_REST_TOKEN"),
         "set the token of the Upstash database"),
    Rule("metrics_token", ("health",), _must(good.is_strong_secret, "METRICS_TOKEN"), _GENERATE),
    Rule("local_endpoints", FUNCTIONS, _local_endpoints, "remove it: another endpoint is a development switch"),
    Rule("local_clock", FUNCTIONS, _must_not("LOCAL_CLOCK_FILE"), "remove it: production has one time, the real one"),
)
# fmt: on
