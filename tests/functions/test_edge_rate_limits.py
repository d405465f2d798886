"""How often: which buckets are asked, what the headers say, and what happens without a limiter."""

from __future__ import annotations

import pytest

from tests.functions.edge_app import EdgeUnderTest, document_of, gateway_event


def buckets(edge: EdgeUnderTest) -> dict[str, tuple[str, int, int]]:
    return {c.policy: (c.subject, c.limit, c.window_s) for c in edge.limiter.checked[-1]}


def test_a_player_route_is_counted_per_address_and_player_in_one_round_trip(edge: EdgeUnderTest) -> None:
    edge.call("GET", "/api/claims", headers=edge.bearer())
    assert len(edge.limiter.checked) == 1
    assert buckets(edge) == {"address": ("203.0.113.9", 600, 60), "player": ("player:ann", 120, 60)}


@pytest.mark.parametrize(
    ("path", "policy", "limit"), [("/api/battle/run", "battle_run", 25), ("/api/claims", "claim", 6)]
)
def test_costly_routes_have_a_bucket_of_their_own(
    edge: EdgeUnderTest, path: str, policy: str, limit: int
) -> None:
    edge.call("POST", path, headers=edge.bearer())
    assert buckets(edge)[policy] == ("player:ann", limit, 60)


def test_a_login_is_counted_per_address_and_per_account_in_one_spelling(edge: EdgeUnderTest) -> None:
    edge.call("POST", "/api/admin/login", json={"email": " Ann@Example.ORG "})
    found = buckets(edge)
    assert found["admin_login_address"] == ("203.0.113.9", 5, 900)
    assert found["admin_login_account"] == ("ann@example.org", 5, 900)


def test_a_session_is_counted_per_telegram_user(edge: EdgeUnderTest) -> None:
    from tests.functions.test_edge_authentication import init_data

    edge.call("POST", "/api/session", headers={"authorization": f"tma {init_data(edge)}"})
    assert buckets(edge)["player"][0] == "telegram:7"


def test_the_configuration_changes_a_limit_by_its_name(edge: EdgeUnderTest) -> None:
    edge.overrides["battle_run"] = 1000
    edge.run()
    assert buckets(edge)["battle_run"][1] == 1000


def test_the_headers_name_every_policy_and_the_tightest_bucket(edge: EdgeUnderTest) -> None:
    answer = edge.run()
    assert (
        answer.headers["ratelimit-policy"]
        == '"address";q=600;w=60, "player";q=120;w=60, "battle_run";q=25;w=60'
    )
    assert answer.headers["ratelimit"] == '"battle_run";r=24;t=3'


def test_beyond_the_limit_the_answer_is_429_with_the_wait(edge: EdgeUnderTest) -> None:
    for _ in range(6):
        assert edge.call("POST", "/api/claims", headers=edge.bearer()).status_code == 200
    answer = edge.call("POST", "/api/claims", headers=edge.bearer())
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert answer.headers["retry-after"] == "10"
    assert answer.headers["ratelimit"] == '"claim";r=0;t=60'
    assert answer.json()["retryAfterMs"] == 10_000
    assert answer.json()["policy"] == "claim"


def test_one_players_flood_does_not_stop_another(edge: EdgeUnderTest) -> None:
    edge.overrides["player"] = 1
    edge.call("GET", "/api/claims", headers=edge.bearer("ann"))
    assert edge.call("GET", "/api/claims", headers=edge.bearer("ann")).status_code == 429
    assert edge.call("GET", "/api/claims", headers=edge.bearer("bob")).status_code == 200


@pytest.mark.parametrize("path", ["/api/claims", "/api/admin/login"])
def test_without_a_limiter_claims_and_logins_are_refused(edge: EdgeUnderTest, path: str) -> None:
    edge.limiter.is_down = True
    answer = edge.call("POST", path, headers=edge.bearer())
    assert (answer.status_code, answer.json()["code"]) == (503, "limiter_unavailable")


def test_without_a_limiter_the_rest_is_limited_per_instance(edge: EdgeUnderTest) -> None:
    edge.limiter.is_down = True
    assert edge.run().status_code == 200
    assert len(edge.fallback.checked) == 1


@pytest.mark.parametrize(
    ("source_ip", "counted_as"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("nonsense", "unknown"),
    ],
)
def test_on_lambda_the_address_is_the_gateways(edge: EdgeUnderTest, source_ip: str, counted_as: str) -> None:
    spoofed = {
        "x-forwarded-for": "10.0.0.1",
        "x-vercel-forwarded-for": "10.0.0.2",
        "forwarded": "for=10.0.0.3",
    }
    event = gateway_event("GET", "/api/battle/modes", headers=spoofed, source_ip=source_ip)
    assert edge.handler(event, None)["statusCode"] == 200
    assert buckets(edge)["address"][0] == counted_as


def test_on_vercel_the_address_is_vercels_own_header(edge: EdgeUnderTest) -> None:
    edge.address_header = "x-vercel-forwarded-for"
    headers = {"x-vercel-forwarded-for": "198.51.100.8", "x-forwarded-for": "10.0.0.1"}
    edge.call("GET", "/api/battle/modes", headers=headers)
    assert buckets(edge)["address"][0] == "198.51.100.8"


def test_elsewhere_vercels_header_is_one_a_client_made_up(edge: EdgeUnderTest) -> None:
    edge.call("GET", "/api/battle/modes", headers={"x-vercel-forwarded-for": "198.51.100.8"})
    assert buckets(edge)["address"][0] == "203.0.113.9"


def test_the_gateways_answer_carries_the_limit_headers(edge: EdgeUnderTest) -> None:
    edge.overrides["address"] = 1
    edge.handler(gateway_event("GET", "/api/battle/modes"), None)
    answer = edge.handler(gateway_event("GET", "/api/battle/modes"), None)
    assert answer["statusCode"] == 429
    assert answer["headers"]["ratelimit-policy"] == '"address";q=1;w=60'
    assert document_of(answer)["code"] == "rate_limited"
