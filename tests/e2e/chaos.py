"""Players and an administrator who do everything, with the same keys until answered, while somebody kills processes."""

from __future__ import annotations

import contextlib
import os
import random  # noqa: TID251 - which process dies when is the test's own chance
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from infra.local.function_calls import function_states
from infra.local.player_wallet import PlayerWallet
from infra.local.process import PartFailed
from infra.local.stack import Stack
from infra.ops.miniapp import Miniapp
from tests.e2e.chaos_script import Action

VICTIMS = (*("battle", "economy", "claim", "signer", "settle") * 2, "admin")
"""An administrator's one function at a time must get on between two starts, which take it seconds here."""
GIVE_UP_AFTER_S = 120.0
NOT_YET = (429, 403)
"""Too many refusals this hour, or banned for now: nothing was recorded, and the same key may be sent again."""
RESTARTS = 3
CLAIM_TERMS = ("id", "amount", "units", "seqno")
"""What lasts of a claim's answer; the rest tells how far it has come."""


@dataclass
class Contestant:
    """One player or administrator, what they will do, and what they were told."""

    app: Miniapp | Administrator
    actions: list[Action]
    told: dict[str, tuple[int, Any]] = field(default_factory=dict)
    unanswered: int = 0
    last: str = ""

    def act(self) -> None:
        """Every action in order, each until it is answered."""
        for number, action in enumerate(self.actions):
            self.actions[number] = action.after(self.told)
            self.told[action.key] = self._until_answered(self.actions[number])

    def contradictions(self) -> list[str]:
        """Actions that a repetition with the same key answers differently; 429 and 403 were no answer yet."""
        return [
            f"{action.path} {action.key}: {self.told[action.key]} became {again}"
            for action in self.actions
            if self.told[action.key][0] not in NOT_YET
            and (again := self._until_answered(action)) != self.told[action.key]
        ]

    def _until_answered(self, action: Action) -> tuple[int, Any]:
        deadline_s = time.monotonic() + GIVE_UP_AFTER_S
        while time.monotonic() < deadline_s:
            try:
                answer = self._send(action)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code < 500:
                return answer.status_code, _lasting(answer.json())
            self.unanswered += 1
            self.last = answer.text if answer is not None else "no connection"
            time.sleep(0.05)
        raise AssertionError(f"{action.path} {action.key} was never answered: {self.last}")

    def _send(self, action: Action) -> httpx.Response:
        if action.revision is None or isinstance(self.app, Miniapp):
            return self.app.call(action.method, action.path, action.body, key=action.key)
        return self.app.call(
            action.method, action.path, action.body, key=action.key, revision=action.revision
        )


@dataclass
class Administrator:
    """The owner at the admin function, over HTTP."""

    stack: Stack
    _client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=self.stack.urls["gateway"], timeout=30)

    def sign_in(self) -> None:
        """A new session: the clock may have been moved past the last one's end."""
        body = {
            "email": self.stack.settings["ADMIN_EMAIL"],
            "password": self.stack.secrets["ADMIN_PASSWORD"],
        }
        answer = self._client.post("/api/admin/login", json=body)
        assert answer.is_success, answer.text
        self._client.headers["authorization"] = f"Bearer {answer.json()['token']}"

    def call(
        self, method: str, path: str, body: Any = None, *, key: str = "", revision: int | None = None
    ) -> httpx.Response:
        """One request; a change of the configuration names the revision it was made from."""
        headers = {"idempotency-key": key} if key else {}
        if revision is not None:
            headers["if-match"] = f'"{revision}"'
        return self._client.request(method, path, headers=headers, json=body)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


def _lasting(body: Any) -> Any:
    if "seqno" in body:
        return {name: body[name] for name in CLAIM_TERMS}
    return {name: value for name, value in body.items() if name != "requestId"}


def link_wallet(stack: Stack, app: Miniapp) -> None:
    """A wallet of the player's own, proven."""
    wallet = PlayerWallet()
    challenge = app.call("POST", "/api/wallet/challenge").json()["payload"]
    domain = stack.settings["WALLET_PROOF_DOMAINS"]
    proof = wallet.prove(domain=domain, challenge=challenge, now_s=stack.now_ms() // 1000)
    account = wallet.tonconnect_account(network_id=stack.world.network_id)
    linked = app.call("POST", "/api/wallet", {"account": account, "proof": proof}, key="wallet")
    assert linked.is_success, linked.text


class Killer:
    """Kills workers with -9 at random moments, now and then the gateway or the database, until stopped."""

    def __init__(self, stack: Stack, chance: random.Random) -> None:
        self.kills: Counter[str] = Counter()
        self._stack = stack
        self._chance = chance
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(self._chance.uniform(0.1, 0.8)):
            roll = self._chance.random()
            if roll < 0.02:
                self._kill_part("gateway")
            elif roll < 0.06:
                self._kill_part("mongo")
            else:
                self._kill_worker(self._chance.choice(VICTIMS))

    def stop(self) -> None:
        self._stopping.set()

    def _kill_part(self, part: str) -> None:
        self._stack.kill(part)
        self.kills[part] += 1
        for _ in range(RESTARTS - 1):
            with contextlib.suppress(PartFailed):  # on a crowded machine a start may outlast its limit
                self._stack.restart(part)
                return
        self._stack.restart(part)

    def _kill_worker(self, function: str) -> None:
        """One that has started: a failed INIT would only make the pool wait longer and longer."""
        state = function_states(self._stack.urls["private"])[function]
        if state["ready_pids"]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._chance.choice(state["ready_pids"]), signal.SIGKILL)
                self.kills[function] += 1


def play(stack: Stack, contestants: list[Contestant], killer: Killer) -> None:
    """Everybody acts at once, settle runs beside them, and the killer kills until all were answered."""
    with ThreadPoolExecutor(len(contestants) + 2) as pool:
        killing = pool.submit(killer.run)
        done = threading.Event()
        settling = pool.submit(_settle_until, stack, done)
        try:
            for acting in [pool.submit(contestant.act) for contestant in contestants]:
                acting.result()
        finally:
            killer.stop()
            done.set()
        killing.result()
        settling.result()


def _settle_until(stack: Stack, done: threading.Event) -> None:
    """settle, again and again; that it is killed in the middle is the point."""
    while not done.wait(0.3):
        with contextlib.suppress(Exception):
            stack.invoke("settle")
