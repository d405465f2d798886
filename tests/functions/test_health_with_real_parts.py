"""The health function as bootstrap builds it, over a real database and a real limiter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from functions.edge.lambda_entry import Handler, lambda_handler
from functions.health import create_health_app
from shared.bootstrap.health import build_health
from shared.bootstrap.wired import Wired
from shared.config.functions.health import HealthSettings
from shared.wiring import HealthWiring
from tests.conftest import UpstashRest
from tests.functions.edge_app import document_of, gateway_event

TOKEN = "metrics-token-FAKE-FOR-TESTS-ONLY-0123456789"
NOWHERE = "mongodb://127.0.0.1:9/?directConnection=true"


@pytest.fixture
def parts_made() -> Iterator[list[Wired[HealthSettings, HealthWiring]]]:
    """Wirings whose connections end with the test."""
    made: list[Wired[HealthSettings, HealthWiring]] = []
    yield made
    for parts in made:
        parts().close()


def handler_for(environment: dict[str, str], made: list[Wired[HealthSettings, HealthWiring]]) -> Handler:
    parts = Wired(
        HealthSettings, build_health, environment={"APP_ENV": "test", "METRICS_TOKEN": TOKEN, **environment}
    )
    made.append(parts)
    return lambda_handler(create_health_app(parts), wiring=parts, environment={})


@pytest.fixture
def settings(mongo_uri: str, upstash: UpstashRest) -> dict[str, str]:
    return {
        "CORS_ORIGIN": "https://game.example",
        "MONGODB_URI": mongo_uri,
        "MONGODB_DATABASE": "health_test",
        "UPSTASH_REDIS_REST_URL": upstash.url,
        "UPSTASH_REDIS_REST_TOKEN": upstash.token,
    }


@pytest.mark.usefixtures("event_loop_for_handlers")
def test_with_everything_up_it_is_ready_and_measured(
    settings: dict[str, str], parts_made: list[Wired[HealthSettings, HealthWiring]]
) -> None:
    handler = handler_for(settings, parts_made)
    answer = handler(gateway_event("GET", "/health/ready"), None)
    assert answer["statusCode"] == 200
    assert {entry["name"]: entry["status"] for entry in document_of(answer)["dependencies"]} == {
        "database": "ok",
        "limiter": "ok",
    }
    measured = handler(gateway_event("GET", "/metrics", headers={"authorization": f"Bearer {TOKEN}"}), None)
    assert measured["statusCode"] == 200
    assert 'arena_budget_left_units{budget="AIBA",period="day"} 1000000\n' in measured["body"]
    assert "arena_ledger_open_transfers 0\n" in measured["body"]


@pytest.mark.usefixtures("event_loop_for_handlers")
def test_without_its_database_it_is_alive_but_not_ready(
    settings: dict[str, str], parts_made: list[Wired[HealthSettings, HealthWiring]]
) -> None:
    handler = handler_for({**settings, "MONGODB_URI": NOWHERE}, parts_made)
    assert handler(gateway_event("GET", "/health"), None)["statusCode"] == 200
    answer = handler(gateway_event("GET", "/health/ready"), None)
    assert answer["statusCode"] == 503
    assert "127.0.0.1" not in answer["body"]
    measured = handler(gateway_event("GET", "/metrics", headers={"authorization": f"Bearer {TOKEN}"}), None)
    assert (measured["statusCode"], document_of(measured)["code"]) == (503, "database_unavailable")
