"""Every admin route asks for a session and for one action, and every role gets what the table says."""

from __future__ import annotations

import asyncio

import pytest

from functions.edge.authentication import Authentication
from functions.routes.admin import admin_groups
from shared.domain.admins import ACTIONS, PERMISSIONS, ROLES
from tests.functions.admin_app import AdminApp, code


def _routes() -> list[tuple[str, str, str]]:
    found = []
    for group in admin_groups(lambda: None):  # type: ignore[arg-type, return-value]
        for route in group.load().routes:
            actions = [
                scope
                for dependant in route.dependant.dependencies  # type: ignore[attr-defined]
                if isinstance(dependant.call, Authentication)
                for scope in (dependant.own_oauth_scopes or [])
            ]
            [method] = route.methods  # type: ignore[attr-defined]
            found.append((method, route.path, actions[0] if len(actions) == 1 else ""))  # type: ignore[attr-defined]
    return found


ROUTES = _routes()
PUBLIC = [("POST", "/api/admin/login", "")]


def test_only_the_login_asks_for_no_action() -> None:
    assert [route for route in ROUTES if not route[2]] == PUBLIC


def test_every_action_of_the_table_is_used_by_a_route_and_every_route_names_one_of_the_table() -> None:
    assert {action for _, _, action in ROUTES} - {""} == set(ACTIONS)


@pytest.fixture(scope="module")
def app() -> AdminApp:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield AdminApp()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture(scope="module")
def operators(app: AdminApp) -> dict:
    return {role: app.admin(role) for role in ROLES}


@pytest.mark.parametrize(("method", "path", "action"), [route for route in ROUTES if route[2]])
def test_a_route_serves_the_roles_of_its_action_and_no_other(app, operators, method, path, action) -> None:
    if path.endswith("/logout"):
        return  # it would end the sessions of the other tests; its own test is among the sessions
    concrete = path.replace("{number}", "1").replace("{account}", "tg1").replace("{key}", "prediction")
    concrete = concrete.replace("{broker_id}", "b").replace("{proposal_id}", "p").replace("{claim_id}", "c")
    concrete = concrete.replace("{admin_id}", "a")
    allowed = set()
    for role, operator in operators.items():
        reply = operator.send(method, concrete)
        assert reply.status_code < 500, reply.text
        is_forbidden = reply.status_code == 403 and code(reply)[1] == "forbidden"
        allowed |= set() if is_forbidden else {role}
    assert allowed == PERMISSIONS[action]
    assert code(app.send(method, concrete)) == (401, "token_missing")
