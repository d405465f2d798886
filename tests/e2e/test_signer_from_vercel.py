"""A claim on Vercel: the entry that Vercel serves, its word exchanged for a role, and the stack's real signer behind it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local.local_settings import function_environments
from infra.local.stack import Stack
from infra.ops.miniapp import Miniapp
from shared.adapters.system_clock import FileOffsetClock
from tests.e2e.test_faults import battle, link_wallet
from tests.e2e.test_no_secret_leaks import leaks
from tests.local_sts import ROLE, SIGNER, LocalSts, Vercel, loan, refusal, serving, stranger

PROJECT = Path(__file__).parents[2]
HEADER = "x-vercel-oidc-token"
# What Vercel leaves in the environment: keys that open nothing, and its own machine's region.
OF_THE_PLATFORM = {
    "VERCEL": "1",
    "AWS_ACCESS_KEY_ID": "ASIAOFTHEPLATFORM",
    "AWS_SECRET_ACCESS_KEY": "platform-key-that-opens-nothing",
    "AWS_SESSION_TOKEN": "platform-token-that-opens-nothing",
    "AWS_REGION": "us-east-1",
}


@dataclass
class Deployment:
    """api/claim.py as Vercel serves it, with many requests at once, and the STS it asks."""

    stack: Stack
    vercel: Vercel
    sts: LocalSts
    url: str
    log: Path

    def claim(self, app: Miniapp, key: str, *, token: str | None = None) -> httpx.Response:
        """A player's claim, with the word that the platform adds to each request; an empty one is left out."""
        word = self.vercel.token() if token is None else token
        headers = {"authorization": f"Bearer {app.token}", "idempotency-key": key}
        reply = httpx.post(
            f"{self.url}/api/claims",
            json={"amount": "10"},
            headers=headers | ({HEADER: word} if word else {}),
            timeout=30,
        )
        assert reply.status_code == 201, reply.text
        return reply

    def signed(self, app: Miniapp, key: str) -> httpx.Response:
        """As a miniapp does it: a signer that starts on a busy machine may take longer than its caller waits."""
        reply = self.claim(app, key)
        for _ in range(4):
            if reply.json()["state"] == "signed":
                break
            reply = self.claim(app, key)
        return reply


@pytest.fixture(scope="module")
def deployment(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    sts = LocalSts(Vercel(FileOffsetClock(stack.clock_file)))
    with serving(sts):
        environment = {
            **function_environments(stack.service, stack.settings)["claim"],
            **OF_THE_PLATFORM,
            "SIGNER_FUNCTION_NAME": SIGNER,
            "SIGNER_ROLE_ARN": ROLE,
            "LAMBDA_ENDPOINT_URL": stack.urls["private"],
            "AWS_ENDPOINT_URL_STS": sts.url,
            "PYTHONPATH": str(PROJECT),
        }
        log = tmp_path_factory.mktemp("vercel") / "claim.log"
        with listening(environment, log) as url:
            yield Deployment(stack, sts.vercel, sts, url, log)


@contextmanager
def listening(environment: dict[str, str], log: Path) -> Iterator[str]:
    """The entry in a process of its own, on a socket that is bound before it starts."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as bound, log.open("wb") as said:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "api.claim:app", "--fd", str(bound.fileno())],
            cwd=PROJECT,
            env=environment,
            pass_fds=[bound.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        assert within_s(30, lambda: is_answering(url)), log.read_text()
        yield url
    finally:
        process.terminate()
        process.wait(10)


def is_answering(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/nothing", timeout=5).status_code == 404
    except httpx.TransportError:
        return False


def within_s(limit_s: float, is_so: Callable[[], bool]) -> bool:
    """Whether it becomes so in time."""
    ends_s = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() > ends_s:
            return False
        time.sleep(0.1)
    return True


def claimants(stack: Stack, new_player: Any, count: int) -> list[Miniapp]:
    """Players who have earned something and whose wallets may be paid."""
    apps = [new_player() for _ in range(count)]
    for app in apps:
        app.sign_in(now_s=stack.now_ms() // 1000)
        assert battle(app, "reward").is_success
        link_wallet(stack, app)
    for app in apps:
        app.sign_in(now_s=stack.now_ms() // 1000)
    return apps


def test_claims_that_come_together_are_signed_with_one_question_to_sts(
    deployment: Deployment, new_player: Any
) -> None:
    apps = claimants(deployment.stack, new_player, 4)
    before = len(deployment.sts.asked)
    with ThreadPoolExecutor(len(apps)) as together:
        replies = list(together.map(lambda app: deployment.signed(app, "together"), apps))
    assert [reply.json()["state"] for reply in replies] == ["signed"] * len(apps)
    assert all(reply.json()["transaction"]["messages"] for reply in replies)
    assert len(deployment.sts.asked) == before + 1


def _slow() -> tuple[int, bytes]:
    time.sleep(3)
    return refusal(503, "ServiceUnavailable", "too late")


FAULTS = {
    "away": lambda: refusal(503, "ServiceUnavailable", "later"),
    "slow": _slow,
    "refusing": lambda: refusal(403, "AccessDenied", "Not authorized"),
    "finding the token old": lambda: refusal(400, "ExpiredTokenException", "Token expired"),
    "cut off": lambda: (
        200,
        loan("ASIAFAKE", "half-a-reply-secret", "x", ends_at="2099-01-01T00:00:00Z")[1][:-99],
    ),
}


def test_without_a_role_a_claim_stands_and_its_key_is_signed_later(
    deployment: Deployment, new_player: Any
) -> None:
    [app] = claimants(deployment.stack, new_player, 1)
    deployment.stack.advance_clock(3600)  # the keys of the test before have ended
    app.sign_in(now_s=deployment.stack.now_ms() // 1000)
    sts, ids = deployment.sts, set()
    asked = len(sts.asked)
    try:
        for fault in FAULTS.values():
            sts.instead = fault
            view = deployment.claim(app, "stands").json()
            assert (view["state"], view["pending"]["code"]) == ("reserved", "signer_unavailable")
            ids.add(view["id"])
    finally:
        sts.instead = None
    for token in (
        "",
        stranger(sts.vercel.clock).token(),
        deployment.vercel.token(sub="owner:x:project:y:environment:z"),
    ):
        assert deployment.claim(app, "stands", token=token).json()["state"] == "reserved"
    assert len(sts.asked) == asked + len(FAULTS) + 2, "a request without a token asks nobody"
    view = deployment.signed(app, "stands").json()
    assert view["state"] == "signed"
    assert ids == {view["id"]}


def test_neither_the_platforms_word_nor_the_roles_keys_are_said_anywhere(
    deployment: Deployment, new_player: Any
) -> None:
    """Runs after the faults above: whatever they made the function say is in the log."""
    [app] = claimants(deployment.stack, new_player, 1)
    reply = deployment.claim(app, "quiet")
    secret = {f"secret {number}": text for number, text in enumerate(deployment.sts.secrets())}
    secret |= {
        f"signature {number}": text.rpartition(".")[2] for number, text in enumerate(deployment.vercel.given)
    }
    secret |= {"half a reply": "half-a-reply-secret", "platform": OF_THE_PLATFORM["AWS_SECRET_ACCESS_KEY"]}
    assert len(secret) > 10
    log = deployment.log.read_bytes()
    assert b'"route":"/api/claims"' in log.replace(b'": "', b'":"'), "there is something to search"
    headers = "\n".join(f"{name}: {value}" for name, value in reply.headers.items()).encode()
    places = [("the log", log), ("a reply", headers + reply.content)]
    for folder in ("logs", "mongo", "redis"):
        files = (deployment.stack.data_dir / folder).rglob("*")
        places += [(f"{folder}/{path.name}", path.read_bytes()) for path in files if path.is_file()]
    assert leaks(secret, iter(places)) == []
    planted = httpx.get(f"{deployment.url}/api/nothing", headers={"x-request-id": "planted-word-1"})
    assert planted.status_code == 404
    assert within_s(5, lambda: b"planted-word-1" in deployment.log.read_bytes()), (
        "the search sees what is logged"
    )
