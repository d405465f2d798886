"""Telegram miniapp initData: read strictly and judged by Telegram's HMAC, age and user.

Format and check: https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.errors import Refused

MAX_LENGTH: Final = 8192
FUTURE_SKEW_S: Final = 30
TELEGRAM_ID_MAX: Final = 2**52 - 1
"""Telegram promises at most 52 significant bits."""

_NAME_LENGTH_MAX: Final = 256
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})?")
_HASH = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_SECONDS = re.compile(r"[1-9][0-9]{0,11}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class TelegramUser:
    """Who opened the miniapp, in Telegram's words; `id` is never shown to other players."""

    id: int
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language_code: str = ""
    is_premium: bool = False


@dataclass(frozen=True, slots=True)
class InitData:
    """Judged initData; `start_param` is what a deep link carried, chosen by whoever made the link."""

    user: TelegramUser
    auth_date_s: int
    start_param: str = ""


def judge_init_data(raw: str, *, bot_token: str, max_age_s: int, now_s: int) -> InitData:
    """The user Telegram vouches for in `raw`, the query string exactly as the client received it.

    The signature is judged before the contents, so that an unsigned caller learns nothing else.
    Raises Refused: `init_data_malformed`, `init_data_duplicate_key`, `init_data_hash_missing`,
    `init_data_hash_mismatch`, `init_data_auth_date_missing`, `init_data_expired`,
    `init_data_from_future`, `init_data_user_missing`, `init_data_user_invalid`.
    """
    fields = _parse(raw)
    check_hash(fields, bot_token=bot_token)
    auth_date_s = _auth_date(fields, max_age_s=max_age_s, now_s=now_s)
    return InitData(_user(fields), auth_date_s, fields.get("start_param", ""))


def check_hash(fields: Mapping[str, str], *, bot_token: str) -> None:
    """Compare `hash` with HMAC-SHA256(HMAC-SHA256("WebAppData", token), sorted "key=value" lines)."""
    given = fields.get("hash", "")
    if not given:
        raise Refused("initData carries no hash", code="init_data_hash_missing")
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "hash")
    secret = hmac.digest(b"WebAppData", bot_token.encode(), hashlib.sha256)
    expected = hmac.digest(secret, lines.encode(), hashlib.sha256).hex()
    if _HASH.match(given) is None or not hmac.compare_digest(expected, given):
        raise Refused("initData was not signed for this bot", code="init_data_hash_mismatch")


def _parse(raw: str) -> dict[str, str]:
    """The fields of a form-encoded query string; a repeated key would be signed once and read twice."""
    if not raw or len(raw) > MAX_LENGTH or not raw.isascii():
        raise Refused("initData is empty, too long or not a query string", code="init_data_malformed")
    fields: dict[str, str] = {}
    for pair in raw.split("&"):
        name, _, value = pair.partition("=")
        name = _decoded(name)
        if name in fields:
            raise Refused("initData repeats a key", code="init_data_duplicate_key")
        fields[name] = _decoded(value)
    return fields


def _decoded(text: str) -> str:
    """Form decoding: `+` is a space, `%XX` a byte, the whole UTF-8."""
    octets = text.replace("+", " ").encode()
    if any(match[1] is None for match in _PERCENT.finditer(octets)):
        raise Refused("initData has a broken escape", code="init_data_malformed")
    try:
        return _PERCENT.sub(lambda match: bytes.fromhex(match[1].decode()), octets).decode()
    except UnicodeDecodeError as error:
        raise Refused("initData is not UTF-8", code="init_data_malformed") from error


def _auth_date(fields: Mapping[str, str], *, max_age_s: int, now_s: int) -> int:
    text = fields.get("auth_date", "")
    if _SECONDS.match(text) is None:
        raise Refused("initData carries no auth_date", code="init_data_auth_date_missing")
    auth_date_s = int(text)
    if auth_date_s > now_s + FUTURE_SKEW_S:
        raise Refused("initData comes from the future", code="init_data_from_future")
    if now_s - auth_date_s > max_age_s:
        raise Refused("initData is too old: open the app again", code="init_data_expired")
    return auth_date_s


def _user(fields: Mapping[str, str]) -> TelegramUser:
    if not fields.get("user"):
        raise Refused("initData names no user", code="init_data_user_missing")
    try:
        user = json.loads(fields["user"])
    except (ValueError, RecursionError) as error:
        raise Refused("initData's user is not JSON", code="init_data_user_invalid") from error
    telegram_id = user.get("id") if isinstance(user, dict) else None
    if type(telegram_id) is not int or not 0 < telegram_id <= TELEGRAM_ID_MAX:
        raise Refused("initData's user has no valid id", code="init_data_user_invalid")
    return TelegramUser(
        id=telegram_id,
        first_name=_text(user, "first_name"),
        last_name=_text(user, "last_name"),
        username=_text(user, "username"),
        language_code=_text(user, "language_code"),
        is_premium=user.get("is_premium") is True,
    )


def _text(user: Mapping[str, Any], name: str) -> str:
    """An optional text; a lone surrogate could be stored nowhere, so it is refused here."""
    value = user.get(name, "")
    if not isinstance(value, str) or len(value) > _NAME_LENGTH_MAX or not _is_unicode(value):
        raise Refused(f"initData's user has a strange {name}", code="init_data_user_invalid")
    return value


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
