"""initData is believed only if Telegram signed it, for this bot, recently, about a user."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import Refused
from shared.domain.telegram_init_data import (
    FUTURE_SKEW_S,
    TELEGRAM_ID_MAX,
    InitData,
    TelegramUser,
    judge_init_data,
)

VECTORS = json.loads(Path("tests/data/telegram_init_data.json").read_text())
TOKEN: str = VECTORS["bot_token"]
NOW_S = 1_764_000_000
USER = '{"id":100000,"first_name":"Ann"}'


def signed(fields: dict[str, str], *, token: str = TOKEN) -> str:
    """initData as Telegram signs it, for any fields."""
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.digest(b"WebAppData", token.encode(), hashlib.sha256)
    return urlencode({**fields, "hash": hmac.digest(secret, lines.encode(), hashlib.sha256).hex()})


def judged(raw: str, *, now_s: int = NOW_S, token: str = TOKEN) -> InitData:
    return judge_init_data(raw, bot_token=token, max_age_s=900, now_s=now_s)


def code_of(raw: str, *, now_s: int = NOW_S) -> str:
    with pytest.raises(Refused) as refused:
        judged(raw, now_s=now_s)
    return refused.value.code


@pytest.mark.parametrize("case", [c for c in VECTORS["cases"] if c["valid"]], ids=lambda c: c["user_id"])
def test_initdata_signed_by_telegrams_own_library_is_believed(case: dict) -> None:
    init_data = judged(case["init_data"], now_s=case["auth_date"])
    assert (str(init_data.user.id), init_data.auth_date_s) == (case["user_id"], case["auth_date"])


@pytest.mark.parametrize(
    "case", [c for c in VECTORS["cases"] if not c["valid"]], ids=lambda c: f"{c['why']} {c['user_id']}"
)
def test_initdata_that_was_touched_is_refused(case: dict) -> None:
    expected = "init_data_hash_missing" if case["why"] == "no hash" else "init_data_hash_mismatch"
    assert code_of(case["init_data"], now_s=case["auth_date"]) == expected


def test_names_and_the_start_parameter_are_read_as_telegram_wrote_them() -> None:
    user = {
        "id": 7,
        "first_name": "Öz + %",
        "last_name": "李",
        "username": "u",
        "language_code": "ru",
        "is_premium": True,
    }
    raw = signed({"user": json.dumps(user), "auth_date": str(NOW_S), "start_param": "ref_1"})
    assert judged(raw) == InitData(TelegramUser(7, "Öz + %", "李", "u", "ru", True), NOW_S, "ref_1")


def test_another_bots_initdata_is_refused() -> None:
    raw = signed({"user": USER, "auth_date": str(NOW_S)}, token="1:another-bot-FAKE")
    assert code_of(raw) == "init_data_hash_mismatch"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"user": USER}, "init_data_auth_date_missing"),
        ({"user": USER, "auth_date": ""}, "init_data_auth_date_missing"),
        ({"user": USER, "auth_date": "-1"}, "init_data_auth_date_missing"),
        ({"user": USER, "auth_date": "1764000000.5"}, "init_data_auth_date_missing"),
        ({"user": USER, "auth_date": "１７６４０００００"}, "init_data_auth_date_missing"),
        ({"user": USER, "auth_date": str(NOW_S - 901)}, "init_data_expired"),
        ({"user": USER, "auth_date": str(NOW_S + FUTURE_SKEW_S + 1)}, "init_data_from_future"),
        ({"auth_date": str(NOW_S)}, "init_data_user_missing"),
        ({"user": "", "auth_date": str(NOW_S)}, "init_data_user_missing"),
        ({"user": "{", "auth_date": str(NOW_S)}, "init_data_user_invalid"),
        ({"user": "[" * 6000, "auth_date": str(NOW_S)}, "init_data_malformed"),
        ({"user": "[1]", "auth_date": str(NOW_S)}, "init_data_user_invalid"),
        ({"user": "{}", "auth_date": str(NOW_S)}, "init_data_user_invalid"),
        ({"user": '{"id":true}', "auth_date": str(NOW_S)}, "init_data_user_invalid"),
        ({"user": '{"id":"7"}', "auth_date": str(NOW_S)}, "init_data_user_invalid"),
        ({"user": '{"id":0}', "auth_date": str(NOW_S)}, "init_data_user_invalid"),
        ({"user": f'{{"id":{TELEGRAM_ID_MAX + 1}}}', "auth_date": str(NOW_S)}, "init_data_user_invalid"),
        ({"user": '{"id":7,"username":7}', "auth_date": str(NOW_S)}, "init_data_user_invalid"),
        ({"user": '{"id":7,"username":"\\ud800"}', "auth_date": str(NOW_S)}, "init_data_user_invalid"),
        (
            {"user": json.dumps({"id": 7, "first_name": "x" * 257}), "auth_date": str(NOW_S)},
            "init_data_user_invalid",
        ),
    ],
)
def test_signed_initdata_can_still_be_no(fields: dict[str, str], code: str) -> None:
    assert code_of(signed(fields)) == code


@pytest.mark.parametrize("age_s", [0, 900, -FUTURE_SKEW_S])
def test_the_age_limits_themselves_are_allowed(age_s: int) -> None:
    assert judged(signed({"user": USER, "auth_date": str(NOW_S - age_s)})).user.id == 100000


def test_a_repeated_key_is_refused_even_in_another_spelling() -> None:
    raw = signed({"user": USER, "auth_date": str(NOW_S)})
    assert code_of(raw + "&user=x") == "init_data_duplicate_key"
    assert code_of(raw + "&us%65r=x") == "init_data_duplicate_key"


@pytest.mark.parametrize("raw", ["", "a=%", "a=%4", "a=%zz", "a=%ff", "user=ö", "a=" + "b" * 8192])
def test_what_is_no_query_string_is_malformed(raw: str) -> None:
    assert code_of(raw) == "init_data_malformed"


def test_the_signature_is_judged_before_the_contents() -> None:
    assert code_of("auth_date=1&hash=" + "0" * 64) == "init_data_hash_mismatch"


@pytest.mark.parametrize("given_hash", ["0", "Z" * 64, "ö", "A" * 64])
def test_a_hash_of_another_form_is_a_mismatch(given_hash: str) -> None:
    assert code_of("hash=" + quote(given_hash)) == "init_data_hash_mismatch"


@given(st.text(alphabet="ab%+=&0f", max_size=40))
def test_decoding_agrees_with_the_standard_librarys_where_it_accepts(raw: str) -> None:
    from shared.domain.telegram_init_data import _parse

    try:
        fields = _parse(raw)
    except Refused:
        return
    assert (
        fields == {"": ""} | dict(parse_qsl(raw, keep_blank_values=True))
        if "" in fields
        else dict(parse_qsl(raw, keep_blank_values=True))
    )
