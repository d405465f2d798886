"""The form of each kind of value, judged without ever repeating the value."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from shared.config.declarations import Kind
from shared.domain.errors import Refused

_HEX_32 = re.compile(r"[0-9a-fA-F]{64}")
_INTEGER = re.compile(r"-?[0-9]{1,18}")


def texts(value: str) -> tuple[str, ...]:
    """The parts of a comma-separated value, stripped; an empty part is left out."""
    return tuple(part for part in (raw.strip() for raw in value.split(",")) if part)


def is_reference(value: str) -> bool:
    """Whether a value means to point at a secret store instead of being the value itself."""
    return value.startswith(("ssm:", "secretsmanager:"))


def is_hex_32(value: str) -> bool:
    """Whether this is 32 bytes in hexadecimal."""
    return _HEX_32.fullmatch(value) is not None


def is_integer(value: str) -> bool:
    """Whether this is a whole number in plain ASCII digits (int() would take `1_000` and `٣`)."""
    return _INTEGER.fullmatch(value) is not None


def is_url(value: str) -> bool:
    """Whether this is an http or https URL with a host and no user, query or fragment."""
    try:
        parts = urlsplit(value)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    return parts.scheme in {"http", "https"} and has_host and is_plain and not re.search(r"\s", value)


def _is_hex_32_list(value: str) -> bool:
    parts = texts(value)
    return 1 <= len(parts) <= 2 and all(map(is_hex_32, parts))


def _is_text_pair(value: str) -> bool:
    return 1 <= len(texts(value)) <= 2 and "\n" not in value


def is_ton_address(value: str) -> bool:
    """Whether this is a well-formed TON address in any spelling, of any network."""
    from shared.domain.ton.address import read_address  # most functions hold no address

    try:
        read_address(value)
    except Refused:
        return False
    return True


def _is_mongodb_uri(value: str) -> bool:
    return re.fullmatch(r"mongodb(\+srv)?://[^\s/]+(/\S*)?", value) is not None


_JUDGES: dict[Kind, Callable[[str], bool]] = {
    Kind.TEXT: lambda value: "\n" not in value,
    Kind.TEXT_LIST: lambda value: bool(texts(value)),
    Kind.TEXT_PAIR: _is_text_pair,
    Kind.INTEGER: is_integer,
    Kind.HEX_32: is_hex_32,
    Kind.HEX_32_LIST: _is_hex_32_list,
    Kind.URL: is_url,
    Kind.MONGODB_URI: _is_mongodb_uri,
    Kind.TON_ADDRESS: is_ton_address,
    Kind.NETWORK: lambda value: value in {"-239", "-3"},
}


def has_form(value: str, kind: Kind) -> bool:
    """Whether a set, stripped value has the form of its kind."""
    return _JUDGES[kind](value)
