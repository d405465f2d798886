"""A secret replaced on the local stack, step by step, while somebody with an old token keeps working."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from infra.local.leftovers import StackRunning
from infra.local.process import PartFailed
from infra.local.stack import DEFAULT_DATA_DIR, Stack, running_stack
from infra.ops.miniapp import Miniapp
from infra.ops.secret_plans import PlannedStep, admin_secret_plan, session_key_plan
from infra.ops.story import StepFailed, Story, expect


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody's side: how they get a token, and the statuses of calls to every function that must believe it."""

    functions: tuple[str, ...]
    plan: Callable[[Stack], Sequence[PlannedStep]] = field(repr=False)
    sign_in: Callable[[Stack], str] = field(repr=False)
    call: Callable[[Stack, str], dict[str, int]] = field(repr=False)


def _player_plan(stack: Stack) -> Sequence[PlannedStep]:
    old = bytes.fromhex(stack.settings["PLAYER_SESSION_PRIVATE_KEY_HEX"])
    return session_key_plan(old, secrets.token_bytes(32))


def _player_signs_in(stack: Stack) -> str:
    app = Miniapp(stack.urls["gateway"], stack.secrets["TELEGRAM_BOT_TOKEN"], {"id": 4711, "first_name": "R"})
    try:
        return str(app.sign_in(now_s=stack.now_ms() // 1000)["token"])
    finally:
        app.close()


def _player_calls(stack: Stack, token: str) -> dict[str, int]:
    return _statuses(stack, token, "/api/economy/me", "/api/brokers", "/api/claims")


def _admin_plan(stack: Stack) -> Sequence[PlannedStep]:
    return admin_secret_plan(stack.settings["ADMIN_JWT_SECRET"], secrets.token_urlsafe(36))


def _admin_logs_in(stack: Stack) -> str:
    body = {"email": stack.settings["ADMIN_EMAIL"], "password": stack.secrets["ADMIN_PASSWORD"]}
    answer = httpx.post(f"{stack.urls['gateway']}/api/admin/login", json=body, timeout=30)
    expect(answer.is_success, f"the administrator's log-in answered {answer.status_code}")
    return str(answer.json()["token"])


def _admin_calls(stack: Stack, token: str) -> dict[str, int]:
    return _statuses(stack, token, "/api/admin/me")


def _statuses(stack: Stack, token: str, *paths: str) -> dict[str, int]:
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=stack.urls["gateway"], headers=headers, timeout=30) as client:
        return {path: client.get(path).status_code for path in paths}


SESSION_KEYS = Caller(("battle", "economy", "claim"), _player_plan, _player_signs_in, _player_calls)
ADMIN_SECRET = Caller(("admin",), _admin_plan, _admin_logs_in, _admin_calls)


def rehearse_secret(caller: Caller, *, as_json: bool, data_dir: Path = DEFAULT_DATA_DIR) -> int:
    """0 when old and new tokens worked at every step, and the old one no more after the last."""
    story = Story(as_json=as_json)
    failure: str | None = None
    data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=data_dir) as folder:
        stack = Stack(Path(folder), functions=caller.functions, schedule_every_s=0, max_workers=1)
        try:
            with running_stack(stack, progress=story.note):
                _rehearse(stack, caller, story)
        except KeyboardInterrupt:
            return 130
        except (StepFailed, PartFailed, StackRunning, httpx.HTTPError) as fault:
            failure = str(fault)
    story.end(failure)
    return 0 if failure is None else 1


def _rehearse(stack: Stack, caller: Caller, story: Story) -> None:
    former = fresh = caller.sign_in(stack)
    _believed(stack, caller, former, "before")
    story.step("Before: a token of the old value", {"believed by": ", ".join(caller.functions)})
    *steps, last = caller.plan(stack)
    for step in steps:
        stack.change_settings(**{step.name: step.value})
        fresh = caller.sign_in(stack)
        _believed(stack, caller, former, f"{step.what}: the former token")
        _believed(stack, caller, fresh, f"{step.what}: a fresh token")
        story.step(step.what, _evidence(step, "the token of before and a fresh one are both believed"))
    stack.change_settings(**{last.name: last.value})
    _believed(stack, caller, fresh, f"{last.what}: the new token")
    statuses = caller.call(stack, former)
    expect(set(statuses.values()) == {401}, f"the former token still works somewhere: {statuses}")
    story.step(last.what, _evidence(last, "new tokens are believed, the former one is refused"))


def _believed(stack: Stack, caller: Caller, token: str, when: str) -> None:
    statuses = caller.call(stack, token)
    refused = {path: status for path, status in statuses.items() if status != 200}
    expect(not refused, f"{when} was refused: {refused}")


def _evidence(step: PlannedStep, what: str) -> dict[str, Any]:
    return {"setting": f"{step.name} = {step.form}", "seen": what, "wait on a stage": f"{step.wait_s} s"}
