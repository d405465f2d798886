"""The platform's word for the deployment: kept for one request, where the platform sends it, and read nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from shared.adapters.web_identity import request_identity
from shared.bootstrap.claim import start_claim
from shared.config.functions.claim import ClaimSettings
from shared.config.loading import load
from shared.wiring import PlatformIdentity
from tests.functions.edge_app import EdgeUnderTest, gateway_event
from tests.readiness.environments import ON_VERCEL, production

HEADER = "x-vercel-oidc-token"
MODES = "/api/battle/modes"


@pytest.fixture
def heard(edge: EdgeUnderTest) -> list[str]:
    """What the edge keeps, request by request."""
    kept: list[str] = []
    edge.identity = PlatformIdentity(HEADER, kept.append)
    return kept


def test_each_requests_word_is_kept_and_one_without_a_word_forgets_the_former(
    edge: EdgeUnderTest, heard: list[str]
) -> None:
    edge.call("GET", MODES, headers={HEADER: "first"})
    edge.call("GET", MODES)
    edge.call("GET", MODES, headers={HEADER: "second"})
    assert heard == ["first", "", "second"]


def test_behind_api_gateway_the_header_is_a_strangers_and_is_not_read(
    edge: EdgeUnderTest, heard: list[str]
) -> None:
    assert (
        edge.handler(gateway_event("GET", MODES, headers={HEADER: "a stranger's"}), None)["statusCode"] != 503
    )
    assert heard == []


def test_a_function_that_is_given_no_word_reads_none(edge: EdgeUnderTest) -> None:
    edge.call("GET", MODES, headers={HEADER: "a stranger's"})
    assert request_identity.get() == ""


def test_requests_at_once_each_have_their_own_word(edge: EdgeUnderTest) -> None:
    """The service runs in a thread: what it sees there is its own request's."""
    edge.identity = PlatformIdentity(HEADER, request_identity.set)
    seen: dict[str, str] = {}
    run = edge.game.run

    def look(player_id: str, *, broker_id: str, key: str, fingerprint: str) -> object:
        seen[key] = request_identity.get()
        return run(player_id, broker_id=broker_id, key=key, fingerprint=fingerprint)

    edge.game.run = look  # type: ignore[method-assign,assignment]

    async def all_at_once() -> None:
        replies = (
            edge.send(
                "POST",
                "/api/battle/run",
                json={"brokerId": "b1"},
                headers={**edge.bearer(), "idempotency-key": f"key-{number}", HEADER: f"word-{number}"},
            )
            for number in range(8)
        )
        await asyncio.gather(*replies)

    asyncio.get_event_loop().run_until_complete(all_at_once())
    assert seen == {f"key-{number}": f"word-{number}" for number in range(8)}
    assert request_identity.get() == ""


def _header_of(environment: Mapping[str, str]) -> str:
    started = start_claim(load(ClaimSettings, environment=environment))
    try:
        return started.edge.identity.header if started.edge.identity is not None else ""
    finally:
        started.close()


def test_only_on_vercel_and_with_a_role_to_assume_is_the_header_read(monkeypatch: pytest.MonkeyPatch) -> None:
    local = {"MONGODB_URI": "mongodb://127.0.0.1:1/?connect=false"}
    with_role, without = production("claim") | ON_VERCEL | local, production("claim") | local
    monkeypatch.delenv("VERCEL", raising=False)
    assert (_header_of(with_role), _header_of(without)) == ("", "")
    monkeypatch.setenv("VERCEL", "1")
    assert (_header_of(with_role), _header_of(without)) == (HEADER, "")
