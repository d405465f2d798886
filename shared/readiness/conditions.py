"""What makes one value fit for production; each predicate is true for a good value."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qs, unquote, urlsplit

from shared.config.arns import is_role_arn
from shared.config.declarations import SETTINGS
from shared.config.forms import is_hex_32, is_integer, is_url, texts
from shared.domain.errors import Refused

MAINNET_ID = -239
"""TON's main network by its id."""

_EXAMPLES = frozenset(setting.example for setting in SETTINGS)
_PLACEHOLDER = re.compile(
    r"change.?me|placeholder|example|replace|your[-_ ]|(?<![a-z0-9])(fake|dummy|secret|password|test|todo|xxx+)(?![a-z0-9])"
)
_BOT_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{30,}")
_BCRYPT = re.compile(r"\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}")
_EMAIL = re.compile(r"[^@\s,;]+@[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.IGNORECASE)
_LOCAL_NAMES = re.compile(r"(.*\.)?(localhost|local|internal|localdomain)", re.IGNORECASE)
_FEWEST_CHARACTERS = 32
_FEWEST_DISTINCT = 8
_LEAST_BCRYPT_COST = 12
_OLDEST_INITDATA_S = 86_400
_LONG_INITDATA_S = 900


def is_placeholder(value: str) -> bool:
    """Whether a value is one of the example file's, reads like one, or repeats a short pattern."""
    repeats = len(value) > 1 and value in (value + value)[1:-1]
    return value in _EXAMPLES or repeats or _PLACEHOLDER.search(value.lower()) is not None


def is_own_value(value: str) -> bool:
    """Whether something is set and nobody copied it from the example file."""
    return bool(value) and not is_placeholder(value)


def is_strong_secret(value: str) -> bool:
    """At least 32 characters, enough of them distinct, and no placeholder."""
    is_long = len(value) >= _FEWEST_CHARACTERS and len(set(value)) >= _FEWEST_DISTINCT
    return is_long and not is_placeholder(value)


def is_strong_secret_pair(value: str) -> bool:
    """One strong secret, or two of which neither contains the other."""
    secrets = [secret.lower() for secret in texts(value)]
    is_apart = len(secrets) < 2 or (secrets[0] not in secrets[1] and secrets[1] not in secrets[0])
    return 1 <= len(secrets) <= 2 and is_apart and all(map(is_strong_secret, texts(value)))


def is_key_hex(value: str) -> bool:
    """64 hex digits that are not a pattern such as all zeroes."""
    return is_hex_32(value) and not is_placeholder(value)


def is_key_hex_list(value: str) -> bool:
    """One or two different keys of 64 hex digits."""
    keys = [key.lower() for key in texts(value)]
    return 1 <= len(keys) <= 2 and len(set(keys)) == len(keys) and all(map(is_key_hex, keys))


def is_origin_list(value: str) -> bool:
    """One or more exact https origins as a browser spells them: no `*`, path, user or local host."""
    origins = texts(value)
    return bool(origins) and all(map(_is_origin, origins))


def is_public_domain_list(value: str) -> bool:
    """One or more public host names."""
    domains = texts(value)
    return bool(domains) and all(_DOMAIN.fullmatch(name) and _is_public_host(name) for name in domains)


def is_bot_token(value: str) -> bool:
    """Digits, a colon, at least 30 URL-safe characters, and not the example's."""
    return _BOT_TOKEN.fullmatch(value) is not None and not is_placeholder(value)


def is_allowed_initdata_age(value: str) -> bool:
    """A whole number of seconds from 1 to a day."""
    return is_integer(value) and 0 < int(value) <= _OLDEST_INITDATA_S


def is_short_initdata_age(value: str) -> bool:
    """At most a quarter of an hour; anything that is not allowed at all is judged elsewhere."""
    return not is_allowed_initdata_age(value) or int(value) <= _LONG_INITDATA_S


def is_email(value: str) -> bool:
    """One address with a domain."""
    return _EMAIL.fullmatch(value) is not None and value not in _EXAMPLES


def is_strong_password_hash(value: str) -> bool:
    """A bcrypt hash of cost 12 to 31."""
    found = _BCRYPT.fullmatch(value)
    return found is not None and _LEAST_BCRYPT_COST <= int(found["cost"]) <= 31 and value not in _EXAMPLES


def is_own_role(value: str) -> bool:
    """The ARN of an IAM role, and not the example's."""
    return is_role_arn(value) and value not in _EXAMPLES


def is_mainnet_address(value: str) -> bool:
    """A contract of the base workchain whose spelling does not say testnet; a raw form cannot say."""
    from shared.domain.ton.address import parse_address  # most functions hold no address

    try:
        address = parse_address(value, network_id=MAINNET_ID)
    except Refused:
        return False
    return address.workchain == 0 and value not in _EXAMPLES


def is_positive_integer(value: str) -> bool:
    """A whole number, 1 or more."""
    return is_integer(value) and int(value) >= 1


def is_mainnet(value: str) -> bool:
    """The id of TON's main network."""
    return value == str(MAINNET_ID)


def is_public_https_url(value: str) -> bool:
    """An https URL of a host that is reachable from outside."""
    return is_url(value) and value.startswith("https://") and _is_public_host(urlsplit(value).hostname or "")


def is_mainnet_provider(value: str) -> bool:
    """A public https endpoint without `testnet` in its name; the network id it reports decides later."""
    return is_public_https_url(value) and "testnet" not in value.lower()


def is_same_host(one: str, other: str) -> bool:
    """Whether two URLs name one host, however they spell it and whatever follows."""
    return is_url(one) and is_url(other) and _host(one) == _host(other)


def is_local_endpoint(value: str) -> bool:
    """Whether a service endpoint is not a public https one: such an override belongs to a local stack."""
    return bool(value) and not is_public_https_url(value)


def is_encrypted_database(uri: str) -> bool:
    """TLS in force with its checks, and no host of this machine."""
    if not uri.startswith(("mongodb://", "mongodb+srv://")):
        return False
    options = _database_options(uri)
    unchecked = ("tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames")
    if any(options.get(name) == "true" for name in unchecked):
        return False
    spoken = options.get("tls", options.get("ssl"))
    is_tls = spoken == "true" or (spoken is None and uri.startswith("mongodb+srv://"))
    hosts = _database_authority(uri).rpartition("@")[2].split(",")
    return is_tls and all(_is_other_machine(host) for host in hosts)


def has_majority_writes(uri: str) -> bool:
    """The URI asks for w=majority."""
    return _database_options(uri).get("w") == "majority"


def database_user(uri: str) -> str:
    """The user named in the URI, or the empty text."""
    return unquote(_database_authority(uri).rpartition("@")[0].partition(":")[0])


def database_password(uri: str) -> str:
    """The password in the URI, or the empty text."""
    return unquote(_database_authority(uri).rpartition("@")[0].partition(":")[2])


def _database_authority(uri: str) -> str:
    return uri.partition("://")[2].partition("/")[0].partition("?")[0]


def _database_options(uri: str) -> dict[str, str]:
    query = parse_qs(uri.partition("?")[2])
    return {name.lower(): values[-1].lower() for name, values in query.items()}


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").rstrip(".")


def _is_origin(origin: str) -> bool:
    if not is_public_https_url(origin):
        return False
    parts = urlsplit(origin)
    port = f":{parts.port}" if parts.port not in {None, 443} else ""
    return origin == f"https://{parts.hostname}{port}" and _DOMAIN.fullmatch(parts.hostname or "") is not None


def _is_other_machine(host: str) -> bool:
    """A database may live on a private network, but not on this machine."""
    name = host.rpartition(":")[0].strip("[]") if re.search(r":[0-9]+$", host) else host.strip("[]")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return bool(name) and re.fullmatch(r"(.*\.)?localhost(\.localdomain)?", name.lower()) is None
    return not (address.is_loopback or address.is_unspecified)


def _is_public_host(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and _LOCAL_NAMES.fullmatch(host) is None
