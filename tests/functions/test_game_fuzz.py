"""Whatever is sent to the battle and economy functions, by their documents or against them, nothing is a 5xx."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from tests.functions.game_app import GameApp, Player

IS_FULL = os.environ.get("ARENA_TEST_FULL") == "1"  # noqa: TID251 - the test run's own switch
EXAMPLES = 300 if IS_FULL else 10
BASE_URL = "http://arena.test"
LIMITS = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def operations() -> list[Any]:
    """Every operation of both functions' documents."""
    app = GameApp()
    return [
        operation.ok()
        for document in (app.battle.openapi(), app.economy.openapi())
        for operation in schemathesis.openapi.from_dict(document).get_all_operations()
    ]


def can_be_wrong(operation: Any) -> bool:
    """Whether an operation has anything besides headers that could be sent wrongly."""
    return bool(list(operation.body) or list(operation.query) or list(operation.path_parameters))


ATTACKS = [
    pytest.param(operation, mode, id=f"{operation.label}-{mode.value}")
    for operation in operations()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE or can_be_wrong(operation)
]


@pytest.fixture
def player(event_loop_for_handlers: asyncio.AbstractEventLoop) -> Player:
    signed_in = GameApp().sign_in()
    signed_in.post("/api/brokers/starter")
    return signed_in


def send(player: Player, case: Any) -> Any:
    """The case as generated, with the player's own token; the limiter forgets, so that it reaches its route."""
    player.app.limiter.counts.clear()
    wire = case.as_transport_kwargs(base_url=BASE_URL)
    headers = {name: str(value) for name, value in (wire.get("headers") or {}).items()}
    headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
    named = {"params": wire.get("params"), "json": wire.get("json"), "content": wire.get("data")}
    return player.app.send(
        case.method,
        wire["url"].removeprefix(BASE_URL),
        headers=headers | player.headers,
        **{name: value for name, value in named.items() if value is not None},
    )


@pytest.mark.parametrize(("operation", "mode"), ATTACKS)
def test_no_request_is_answered_with_a_server_error(
    player: Player, operation: Any, mode: GenerationMode
) -> None:
    @LIMITS
    @given(operation.as_strategy(generation_mode=mode))
    def attack(case: Any) -> None:
        reply = send(player, case)
        assert reply.status_code < 500, (case.formatted_path, reply.text)
        if reply.status_code >= 400:
            assert reply.headers["content-type"] == "application/problem+json"

    attack()
