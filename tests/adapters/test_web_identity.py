"""The role assumed with a platform's word: lent, renewed in time, asked for once, and never told to anybody."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from shared.adapters import web_identity
from shared.adapters.lambda_claim_signer import LambdaClaimSigner
from shared.adapters.web_identity import WebIdentityRole, request_identity
from shared.domain.errors import Unavailable
from tests.local_sts import (
    REGION,
    ROLE,
    SIGNER,
    LocalLambda,
    LocalSts,
    Vercel,
    loan,
    refusal,
    serving,
    stranger,
)

CLAIM = "c" + "1" * 24
MINUTE_S = 60
IN_AN_HOUR = "2099-01-01T00:00:00Z"


@dataclass
class ShiftedClock:
    """The machine's time and what a test adds to it: botocore signs with the first, renews by the sum."""

    ahead_s: int = 0

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_s * 1000


@dataclass
class Site:
    """The claim function's line to the signer from another platform, and everything at its other end."""

    clock: ShiftedClock
    vercel: Vercel
    sts: LocalSts
    lambda_: LocalLambda
    signer: LambdaClaimSigner

    def ask(self, token: str | None = None) -> Any:
        """One request's question, with a token of its own."""
        request_identity.set(self.vercel.token() if token is None else token)
        return self.signer.request_signature(CLAIM)

    def refused(self, token: str | None = None) -> Unavailable:
        with pytest.raises(Unavailable) as away:
            self.ask(token)
        assert away.value.code == "signer_unavailable"
        return away.value


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    # What Vercel itself leaves in the environment opens nothing, and names the wrong region.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAOFTHEPLATFORM")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "opens nothing")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "opens nothing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clock = ShiftedClock()
    vercel = Vercel(clock)
    sts = LocalSts(vercel)
    lambda_ = LocalLambda(sts)
    with serving(sts), serving(lambda_):
        role = WebIdentityRole(role_arn=ROLE, region=REGION, clock=clock, sts_endpoint_url=sts.url)
        signer = LambdaClaimSigner(function_name=SIGNER, endpoint_url=lambda_.url, region=REGION, role=role)
        yield Site(clock, vercel, sts, lambda_, signer)
    request_identity.set("")


def test_the_signer_is_invoked_with_the_keys_that_sts_lent_for_the_requests_token(site: Site) -> None:
    assert site.ask().state == "signed"
    [(access_key, _)] = site.sts.lent.items()
    assert site.lambda_.invoked == [(SIGNER, access_key)]
    [asked] = site.sts.asked
    assert (asked["RoleArn"], asked["WebIdentityToken"]) == (ROLE, site.vercel.given[-1])


def test_keys_are_kept_for_the_claims_that_follow(site: Site) -> None:
    for _ in range(5):
        site.ask()
    assert len(site.sts.asked) == 1
    assert len(site.lambda_.invoked) == 5


def test_keys_are_renewed_before_they_end_with_the_token_of_the_day(site: Site) -> None:
    site.ask()
    site.clock.ahead_s = 50 * MINUTE_S
    site.ask()
    first, second = site.sts.asked
    assert first["WebIdentityToken"] != second["WebIdentityToken"] == site.vercel.given[-1]
    assert [key for _, key in site.lambda_.invoked] == list(site.sts.lent)


def test_while_the_keys_still_last_an_sts_that_is_away_costs_no_claim(site: Site) -> None:
    site.ask()
    site.sts.instead = lambda: refusal(503, "ServiceUnavailable", "later")
    site.clock.ahead_s = 46 * MINUTE_S
    assert [site.ask().state, site.ask().state] == ["signed", "signed"]
    assert len(site.sts.asked) == 2, "after a renewal that failed STS is left alone for a while"
    site.clock.ahead_s = 58 * MINUTE_S
    assert site.ask().state == "signed"
    site.clock.ahead_s = 59 * MINUTE_S + 1
    site.refused()
    site.sts.instead = None
    assert site.ask().state == "signed"


def test_while_one_request_renews_the_keys_that_last_serve_the_others(site: Site) -> None:
    site.ask()
    site.clock.ahead_s = 46 * MINUTE_S
    is_asked, release = threading.Event(), threading.Event()

    def wait() -> tuple[int, bytes]:
        is_asked.set()
        release.wait(10)
        return refusal(503, "ServiceUnavailable", "too late")

    site.sts.instead = wait
    with ThreadPoolExecutor(1) as requests:
        renewing = requests.submit(site.ask)
        assert is_asked.wait(5)
        assert site.ask().state == "signed"
        assert not renewing.done()
        release.set()
        assert renewing.result().state == "signed"


def test_requests_that_come_together_ask_sts_once(site: Site) -> None:
    together = threading.Barrier(12)

    def ask(token: str) -> str:
        together.wait()
        return str(site.ask(token).state)

    with ThreadPoolExecutor(12) as requests:
        assert set(requests.map(ask, [site.vercel.token() for _ in range(12)])) == {"signed"}
    assert len(site.sts.asked) == 1
    assert len({key for _, key in site.lambda_.invoked}) == 1


def test_a_request_without_a_token_asks_nobody(site: Site) -> None:
    site.refused(token="")
    assert site.sts.asked == []


def test_a_request_uses_no_other_requests_token(site: Site) -> None:
    """Each is served in a context of its own: what one has kept is not there for the next."""
    with ThreadPoolExecutor(1) as requests:
        requests.submit(request_identity.set, site.vercel.token()).result()
    site.refused(token="")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://oidc.vercel.com/another-team"},
        {"aud": "https://vercel.com/another-team"},
        {"sub": "owner:our-team:project:arena:environment:preview"},
        {"sub": "owner:our-team:project:another:environment:production"},
        {"exp": 1},
    ],
    ids=["issuer", "audience", "environment", "project", "expired"],
)
def test_the_word_of_another_deployment_lends_nothing(site: Site, changes: dict[str, Any]) -> None:
    site.refused(token=site.vercel.token(**changes))
    assert site.sts.lent == {}
    assert site.lambda_.invoked == []


def test_a_token_that_somebody_else_signed_lends_nothing(site: Site) -> None:
    site.refused(token=stranger(site.clock).token())
    assert site.sts.lent == {}


def test_a_bad_token_does_not_spoil_the_next_request(site: Site) -> None:
    site.refused(token="a.strangers.token")
    assert site.ask().state == "signed"


def _ends(text: str) -> Callable[[], tuple[int, bytes]]:
    return lambda: loan("ASIAFAKE", "a-lent-secret-key", "a-lent-session-token", ends_at=text)


NONSENSE: dict[str, Callable[[], tuple[int, bytes]]] = {
    "refused": lambda: refusal(403, "AccessDenied", "Not authorized"),
    "token expired": lambda: refusal(400, "ExpiredTokenException", "Token expired"),
    "busy": lambda: refusal(429, "Throttling", "Rate exceeded"),
    "broken": lambda: (500, b""),
    "a page": lambda: (503, b"<html>a-lent-secret-key"),
    "not xml": lambda: (200, b"a-lent-secret-key"),
    "cut off": lambda: (200, _ends(IN_AN_HOUR)()[1][:-120]),
    "empty": lambda: (200, b""),
    "no credentials": lambda: (200, b"<AssumeRoleWithWebIdentityResponse/>"),
    "no secret": lambda: loan("ASIAFAKE", "", "a-lent-session-token", ends_at=IN_AN_HOUR),
    "no session": lambda: loan("ASIAFAKE", "a-lent-secret-key", "", ends_at=IN_AN_HOUR),
    "ended": _ends("2001-01-01T00:00:00Z"),
    "ends nowhere": _ends("2099-01-01T00:00:00"),
    "no time": _ends("soon"),
    "an endless time": _ends("1e400"),
    "says the token": lambda: refusal(400, "a-lent-secret-key", "a-lent-session-token"),
}


@pytest.mark.parametrize("said", NONSENSE)
def test_whatever_else_sts_says_is_no_answer_and_is_not_kept(
    site: Site, caplog: pytest.LogCaptureFixture, said: str
) -> None:
    site.sts.instead = NONSENSE[said]
    error = site.refused()
    assert len(site.sts.asked) == 1
    assert site.lambda_.invoked == []
    told = "".join(traceback.format_exception(error)) + caplog.text
    assert not [text for text in ("a-lent-", *site.sts.secrets()) if text in told]
    site.sts.instead = None
    assert site.ask().state == "signed"


def test_an_sts_that_is_not_there_is_unavailable(site: Site) -> None:
    role = WebIdentityRole(
        role_arn=ROLE, region=REGION, clock=site.clock, sts_endpoint_url="http://127.0.0.1:1"
    )
    request_identity.set(site.vercel.token())
    with pytest.raises(Unavailable):
        role.keys()


def test_a_slow_sts_keeps_nobody_waiting_beyond_one_turn_and_one_try(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_identity, "READ_S", 0.3)
    monkeypatch.setattr(web_identity, "TURN_S", 0.4)
    release = threading.Event()

    def wait() -> tuple[int, bytes]:
        release.wait(10)
        return refusal(503, "ServiceUnavailable", "too late")

    site.sts.instead = wait
    began = time.monotonic()
    with ThreadPoolExecutor(10) as requests:
        list(requests.map(lambda _: site.refused(), range(10)))
    took_s = time.monotonic() - began
    release.set()
    assert took_s < 3, "ten requests in a row would take as long as the readings of all of them"
    assert len(site.sts.asked) <= 3


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_neither_token_nor_keys_are_ever_logged(
    site: Site, caplog: pytest.LogCaptureFixture, level: int
) -> None:
    with caplog.at_level(level):
        site.ask()
        site.sts.instead = NONSENSE["refused"]
        site.clock.ahead_s = 2 * 3600
        try:
            site.ask()
        except Unavailable:
            logging.getLogger("arena").exception("refused")
        logging.getLogger("arena").info("the control: %s", "logged")
    assert "the control: logged" in caplog.text
    assert "AccessDenied" in caplog.text
    assert len(site.sts.secrets()) == 4
    assert [text for text in site.sts.secrets() if text in caplog.text] == []


def test_a_lambda_that_quotes_the_signed_request_is_not_quoted(site: Site) -> None:
    def quoting() -> tuple[int, bytes]:
        [(_, token)] = site.sts.lent.values()
        message = f"The Canonical String should have been 'POST x-amz-security-token:{token}'"
        return 403, b'{"message": "%s"}' % message.encode()

    site.lambda_.instead = quoting
    told = "".join(traceback.format_exception(site.refused()))
    assert [text for text in site.sts.secrets() if text in told] == []
