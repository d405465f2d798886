"""Who is let in, by which header, on which route."""

from __future__ import annotations

import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from functions.edge.app import create_app, edge_router
from functions.edge.authentication import CurrentPlayer
from shared.domain.errors import InvariantBroken
from tests.domain.test_telegram_init_data import signed
from tests.functions.edge_app import BOT_TOKEN, EdgeUnderTest


class Loose(BaseModel):
    """A body whose unknown fields pydantic would drop in silence."""

    amount: str


def init_data(edge: EdgeUnderTest) -> str:
    return signed({"user": '{"id":7}', "auth_date": str(edge.clock.now_ms() // 1000)}, token=BOT_TOKEN)


def test_a_session_token_opens_player_routes(edge: EdgeUnderTest) -> None:
    answer = edge.call("GET", "/api/claims", headers=edge.bearer("bob"))
    assert answer.json() == {"playerId": "bob", "limit": "20"}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "token_missing"),
        ("Bearer", "token_missing"),
        ("Bearer ", "token_missing"),
        ("Basic YW5uOmFubg==", "token_missing"),
        ("Bearer x.y.z", "token_invalid"),
    ],
)
def test_without_a_believable_token_the_answer_is_401(edge: EdgeUnderTest, header: str, code: str) -> None:
    answer = edge.call("GET", "/api/claims", headers={"authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["www-authenticate"] == 'Bearer realm="arena"'


def test_an_ended_session_says_so(edge: EdgeUnderTest) -> None:
    headers = edge.bearer()
    edge.clock.advance(seconds=3600)
    assert edge.call("GET", "/api/claims", headers=headers).json()["code"] == "token_expired"


def test_initdata_opens_the_session_route_by_either_header(edge: EdgeUnderTest) -> None:
    by_scheme = {"authorization": f"tma {init_data(edge)}"}
    by_header = {"x-telegram-init-data": init_data(edge)}
    for headers in (by_scheme, by_header):
        assert edge.call("POST", "/api/session", headers=headers).json() == {"telegramId": "7"}


def test_initdata_opens_no_other_route(edge: EdgeUnderTest) -> None:
    headers = {"authorization": f"tma {init_data(edge)}", "x-telegram-init-data": init_data(edge)}
    assert edge.call("GET", "/api/claims", headers=headers).json()["code"] == "token_missing"


def test_a_session_token_opens_no_session(edge: EdgeUnderTest) -> None:
    answer = edge.call("POST", "/api/session", headers=edge.bearer())
    assert (answer.status_code, answer.json()["code"]) == (401, "init_data_missing")
    assert answer.headers["www-authenticate"] == 'tma realm="arena"'


def test_a_plain_telegram_id_logs_nobody_in(edge: EdgeUnderTest) -> None:
    for value in ("tma 7", "tma user=%7B%22id%22%3A7%7D"):
        assert edge.call("POST", "/api/session", headers={"authorization": value}).status_code == 401


def test_public_routes_ask_nobody(edge: EdgeUnderTest) -> None:
    assert edge.call("GET", "/api/battle/modes").status_code == 200


def test_a_route_that_did_not_pass_the_edge_cannot_be_served(edge: EdgeUnderTest) -> None:
    router = APIRouter()

    @router.get("/api/open", operation_id="open")
    async def open_route() -> dict[str, str]:
        return {}

    with pytest.raises(InvariantBroken):
        create_app("test", routers=[router], wiring=edge.wiring)


def test_a_body_that_would_drop_unknown_fields_cannot_be_declared() -> None:
    router = edge_router()
    with pytest.raises(InvariantBroken):

        @router.post("/api/loose", operation_id="loose")
        async def loose(body: Loose, player: CurrentPlayer) -> dict[str, str]:
            return {}


def test_the_openapi_document_names_the_schemes_and_our_problems(edge: EdgeUnderTest) -> None:
    document = edge.app.openapi()
    run = document["paths"]["/api/battle/run"]["post"]
    assert run["security"] == [{"playerSession": []}]
    assert document["paths"]["/api/session"]["post"]["security"] == [{"telegramInitData": []}]
    assert {"400", "401", "413", "415", "422", "429", "500", "503"} < run["responses"].keys()
    assert "HTTPValidationError" not in str(document)
    assert run["responses"]["401"]["content"].keys() == {"application/problem+json"}
