"""A session token is believed from one of our keys, for our audience, for at most an hour."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from shared.adapters.session_tokens import SessionIssuer, SessionVerifier
from shared.domain.errors import InvariantBroken, Refused
from shared.domain.session import LIFETIME_S, SKEW_S, Session, claims_of

NOW_S = 1_795_000_000
OLD, NEW, FOREIGN = (SessionIssuer(bytes([number]) * 32) for number in (1, 2, 3))  # fake keys
VERIFIER = SessionVerifier([OLD.public_key, NEW.public_key])
SESSION = Session("tg7", "t1", NOW_S, NOW_S + LIFETIME_S)


def encoded(document: Any) -> str:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(claims: Any, *, header: Any = None, seed: bytes = bytes([1]) * 32) -> str:
    """A token made by hand, signed with the old key unless told otherwise."""
    signing_input = f"{encoded(header or {'alg': 'EdDSA', 'typ': 'JWT'})}.{encoded(claims)}"
    signature = SigningKey(seed).sign(signing_input.encode()).signature
    return f"{signing_input}.{encoded(signature)}"


def code_of(given_token: str, *, now_s: int = NOW_S) -> str:
    with pytest.raises(Refused) as refused:
        VERIFIER.verify(given_token, now_s=now_s)
    return refused.value.code


def test_an_issued_token_speaks_for_its_player_for_sixty_minutes() -> None:
    issued, session = NEW.issue("tg7", token_id="t1", now_s=NOW_S)
    assert session == SESSION
    assert VERIFIER.verify(issued, now_s=NOW_S + LIFETIME_S - 1) == SESSION
    assert code_of(issued, now_s=NOW_S + LIFETIME_S) == "token_expired"


def test_the_header_names_eddsa_and_the_claims_are_the_six_promised() -> None:
    header, payload, _ = NEW.issue("tg7", token_id="t1", now_s=NOW_S)[0].split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "EdDSA", "typ": "JWT"}
    assert json.loads(base64.urlsafe_b64decode(payload + "==")).keys() == {
        "iss",
        "aud",
        "sub",
        "iat",
        "exp",
        "jti",
    }


def test_both_keys_are_believed_during_a_rotation() -> None:
    assert VERIFIER.verify(OLD.issue("tg7", token_id="t1", now_s=NOW_S)[0], now_s=NOW_S) == SESSION


def test_a_foreign_key_is_not_believed() -> None:
    assert code_of(FOREIGN.issue("tg7", token_id="t1", now_s=NOW_S)[0]) == "token_invalid"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "other"},
        {"aud": "other"},
        {"aud": ["aiba-arena-player"]},
        {"sub": ""},
        {"sub": 7},
        {"sub": "tg7\n"},
        {"jti": 1},
        {"iat": str(NOW_S)},
        {"iat": True},
        {"iat": NOW_S + SKEW_S + 1, "exp": NOW_S + 120},
        {"exp": float(NOW_S + 60)},
        {"exp": NOW_S + LIFETIME_S + 1},
        {"exp": NOW_S},
        *({name: None} for name in ("iss", "aud", "sub", "iat", "exp", "jti")),
    ],
    ids=str,
)
def test_a_claim_of_another_form_is_not_believed_though_it_is_signed(change: dict[str, Any]) -> None:
    assert code_of(token({**claims_of(SESSION), **change})) == "token_invalid"


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "iat", "exp", "jti"])
def test_every_claim_is_required(name: str) -> None:
    claims = claims_of(SESSION)
    del claims[name]
    assert code_of(token(claims)) == "token_invalid"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256", "eddsa", "Ed25519", None, 7])
def test_no_other_algorithm_is_ever_used(algorithm: object) -> None:
    assert code_of(token(claims_of(SESSION), header={"alg": algorithm, "typ": "JWT"})) == "token_invalid"


def test_the_public_key_is_never_taken_for_an_hmac_secret() -> None:
    signing_input = f"{encoded({'alg': 'HS256'})}.{encoded(claims_of(SESSION))}"
    mac = hmac.digest(OLD.public_key, signing_input.encode(), hashlib.sha256)
    assert code_of(f"{signing_input}.{encoded(mac)}") == "token_invalid"


@pytest.mark.parametrize("header", [{"alg": "EdDSA", "crit": ["x"], "x": 1}, {"alg": "EdDSA", "b64": False}])
def test_header_extensions_are_refused(header: dict[str, Any]) -> None:
    assert code_of(token(claims_of(SESSION), header=header)) == "token_invalid"


@pytest.mark.parametrize("payload", [b"[]", b"{", b"\xff", b"[" * 900])
def test_a_signed_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    assert code_of(token(payload)) == "token_invalid"


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c", "..", "é.b.c", "x" * 3000])
def test_what_is_no_token_is_refused(text: str) -> None:
    assert code_of(text) == "token_invalid"


@given(st.data())
def test_a_token_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    issued, _ = NEW.issue("tg7", token_id="t1", now_s=NOW_S)
    position = data.draw(st.integers(0, len(issued) - 1))
    other = data.draw(st.sampled_from([c for c in "AZaz09-_." if c != issued[position]]))
    assert code_of(issued[:position] + other + issued[position + 1 :]) == "token_invalid"


def test_an_id_that_a_token_cannot_carry_is_our_own_mistake() -> None:
    with pytest.raises(InvariantBroken):
        NEW.issue("tg 7", token_id="t1", now_s=NOW_S)


@pytest.mark.parametrize("count", [0, 3])
def test_one_or_two_public_keys_are_held(count: int) -> None:
    with pytest.raises(InvariantBroken):
        SessionVerifier([OLD.public_key] * count)
