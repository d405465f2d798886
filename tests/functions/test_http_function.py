"""The two halves of an HTTP function: which of them exists when, and that each exists once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.adapters.admin_tokens import HmacAdminTokens
from shared.adapters.system_clock import SystemClock
from shared.bootstrap.admin import GateOnDemand, start_admin
from shared.bootstrap.battle import start_battle
from shared.bootstrap.http_function import HttpFunction, OnDemand, Started
from shared.config.functions.admin import AdminSettings
from shared.config.functions.battle import BattleSettings
from shared.config.loading import load
from shared.domain.errors import InvariantBroken, Refused, Unavailable
from shared.wiring import EdgeWiring
from tests.readiness.environments import production

ENVIRONMENT = production("battle")


class Parts:
    """Something that is made."""


def counted(made: list[Parts], closed: list[str]) -> HttpFunction[BattleSettings, Parts]:
    def make() -> Parts:
        made.append(Parts())
        return made[-1]

    def start(settings: BattleSettings) -> Started[Parts]:
        edge = EdgeWiring(clock=SystemClock(), close=lambda: closed.append(settings.function))
        return Started(edge, OnDemand(make))

    return HttpFunction(BattleSettings, start, environment=ENVIRONMENT)


def test_the_edge_is_there_without_the_parts_and_both_are_kept_until_they_are_forgotten() -> None:
    made: list[Parts] = []
    closed: list[str] = []
    function = counted(made, closed)
    edge = function.edge()
    assert made == []
    assert function() is function() is made[0]
    assert function.edge() is edge
    function.forget()
    assert closed == ["battle"]
    assert function.edge() is not edge
    assert function() is made[1]


def test_threads_that_ask_at_once_get_the_same_parts() -> None:
    everybody_asks = threading.Barrier(8)
    made: list[Parts] = []

    def make() -> Parts:
        made.append(Parts())
        return made[-1]

    parts = OnDemand(make)

    def ask(_: int) -> Parts:
        everybody_asks.wait()
        return parts()

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(8))) == set(made)
    assert len(made) == 1


def test_parts_that_could_not_be_made_are_made_by_the_next_request() -> None:
    outcomes: list[Parts | Unavailable] = [Unavailable("away", code="database_unavailable"), Parts()]

    def make() -> Parts:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Unavailable):
            raise outcome
        return outcome

    parts = OnDemand(make)
    with pytest.raises(Unavailable):
        parts()
    assert isinstance(parts(), Parts)


def test_limits_are_known_before_there_is_a_configuration() -> None:
    started = start_battle(load(BattleSettings, environment=ENVIRONMENT))
    assert started.edge.limit_overrides() == {}
    assert started.parts().committer is started.parts().committer


def test_a_token_that_is_not_valid_is_refused_before_there_is_a_desk() -> None:
    secrets = load(AdminSettings, environment=production("admin")).admin_jwt_secrets
    gate = GateOnDemand(HmacAdminTokens(secrets), lambda: pytest.fail("nobody needs a desk"))
    with pytest.raises(Refused) as refusal:
        gate.read_token("not.a.token", now_s=0)
    assert refusal.value.code == "token_invalid"


def test_an_admin_secret_that_is_too_short_fails_the_start_in_every_environment() -> None:
    weak = production("admin") | {"APP_ENV": "dev", "STAGE": "dev", "ADMIN_JWT_SECRET": "short"}
    with pytest.raises(InvariantBroken):
        start_admin(load(AdminSettings, environment=weak))
