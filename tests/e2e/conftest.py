"""One real stack for all end-to-end tests, and players on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pymongo import MongoClient

from infra.local.stack import Stack
from infra.ops.miniapp import Miniapp
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.system_clock import FileOffsetClock
from shared.domain.game_config import GameConfig, default_config

NO_LIMITS = {
    "address": 1_000_000,
    "player": 1_000_000,
    "battle_run": 1_000_000,
    "claim": 1_000_000,
    "wallet": 1_000_000,
}
_telegram_ids = itertools.count(700_000_001)


@pytest.fixture(scope="session")
def stack(tmp_path_factory) -> Iterator[Stack]:
    """Every part of the backend, with rate limits out of the way; settle runs only when a test invokes it."""
    stack = Stack(tmp_path_factory.mktemp("stack"), schedule_every_s=0)
    stack.start()
    write_config(stack, lambda config: replace(config, limits=NO_LIMITS))
    yield stack
    stack.stop()


@pytest.fixture
def database(stack):
    """The stack's database, as an operator with all rights sees it."""
    with MongoClient(stack.settings["MONGODB_URI"]) as client:
        yield client[stack.settings["MONGODB_DATABASE"]]


@pytest.fixture
def new_player(stack) -> Iterator[Callable[..., Miniapp]]:
    """Makes signed-in players; each with the starter broker unless told otherwise."""
    apps: list[Miniapp] = []

    def make(*, has_broker: bool = True) -> Miniapp:
        app = Miniapp(
            stack.urls["gateway"],
            stack.secrets["TELEGRAM_BOT_TOKEN"],
            {"id": next(_telegram_ids), "first_name": "E"},
        )
        apps.append(app)
        app.sign_in(now_s=stack.now_ms() // 1000)
        if has_broker:
            answer = app.call("POST", "/api/brokers/starter", key="starter")
            assert answer.is_success, answer.text
            app.broker = answer.json()["broker"]["id"]
        return app

    yield make
    for app in apps:
        app.close()


def write_config(stack: Stack, change: Callable[[GameConfig], GameConfig]) -> None:
    """Change the configuration as an operator would: one more revision."""
    with MongoClient(stack.settings["MONGODB_URI"]) as client:
        configs = MongoGameConfigs(
            client[stack.settings["MONGODB_DATABASE"]], FileOffsetClock(stack.clock_file)
        )
        configs.seed(default_config())
        config = configs.latest()
        changed = replace(change(config), revision=config.revision + 1)
        assert configs.replace(changed, expected_revision=config.revision)
