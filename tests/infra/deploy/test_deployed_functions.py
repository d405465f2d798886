"""Each deployed function answers for itself, or the whole deployment is taken back."""

from __future__ import annotations

import pytest

from functions.settle import TASKS_FAILED
from shared.config.declarations import FUNCTIONS
from tests.infra.deploy.deployed_site import FORMER, Site, deployed
from tests.infra.deploy.fake_cloudformation import FakeCloudFormation
from tests.infra.deploy.fake_functions import FakeFunctions


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_does_not_start_takes_the_whole_deployment_back(
    account: FakeCloudFormation, functions: FakeFunctions, function: str
) -> None:
    functions.broken = {function}
    site = Site(account, becomes=deployed(), functions=functions)
    assert site.run() == 1
    assert site.done[-1] == f"rollback --timestamp {FORMER}"
    assert "in place again" in site.said[-1]
    told = {"signer": "signer: ended with Runtime.ImportModuleError", "settle": "settle: ended with Runtime."}
    assert told.get(function, "answered 500") in site.said[-1]


def test_a_deployment_whose_functions_all_answer_for_themselves_stays(
    account: FakeCloudFormation, functions: FakeFunctions
) -> None:
    site = Site(account, becomes=deployed(), functions=functions)
    assert site.run() == 0
    assert set(functions.asked) == set(FUNCTIONS)


def test_a_function_that_is_not_ready_at_first_is_asked_again(
    account: FakeCloudFormation, functions: FakeFunctions
) -> None:
    functions.broken, functions.mends = {"claim", "signer"}, True
    assert Site(account, becomes=deployed(), functions=functions).run() == 0
    assert functions.asked.count("claim") == functions.asked.count("signer") == 2


def test_the_gateways_own_401_is_not_taken_for_the_functions(
    account: FakeCloudFormation, functions: FakeFunctions
) -> None:
    functions.answers["/api/admin/me"] = (401, "application/json", {"message": "Unauthorized"})
    site = Site(account, becomes=deployed(), functions=functions)
    assert site.run() == 1
    assert "/api/admin/me: the gateway answered 401, not the function" in site.said[-1]


def test_a_signer_that_takes_an_empty_event_is_taken_back(
    account: FakeCloudFormation, functions: FakeFunctions
) -> None:
    functions.answers["signer"] = (200, "", {"state": "signed"})
    site = Site(account, becomes=deployed(), functions=functions)
    assert site.run() == 1
    assert "signer: took an empty event for a claim" in site.said[-1]


def test_a_settle_whose_tasks_fail_is_told_and_stays(
    account: FakeCloudFormation, functions: FakeFunctions
) -> None:
    text = f"{TASKS_FAILED}: vault did not"
    functions.answers["settle"] = (
        200,
        "Unhandled",
        {"errorType": "InvariantBroken", "errorMessage": text},
    )
    site = Site(account, becomes=deployed(), functions=functions)
    assert site.run() == 0
    assert f"settle starts and runs, but {text}: its alarms say more" in site.said


@pytest.mark.parametrize(
    ("kind", "told"),
    [("TypeError", "settle: ended with TypeError"), ("ProductionNotReady", "ended with ProductionNotReady")],
)
def test_a_settle_that_fails_in_another_way_is_taken_back_and_its_text_not_told(
    account: FakeCloudFormation, functions: FakeFunctions, kind: str, told: str
) -> None:
    error = {"errorType": kind, "errorMessage": "mongodb://fake:fake-password@there"}
    functions.answers["settle"] = (200, "Unhandled", error)
    site = Site(account, becomes=deployed(), functions=functions)
    assert site.run() == 1
    assert told in site.said[-1]
    assert "fake-password" not in "".join(site.said)


def test_a_settle_that_the_schedule_keeps_busy_is_asked_until_it_is_free(
    account: FakeCloudFormation, functions: FakeFunctions
) -> None:
    functions.broken, functions.mends = {"settle"}, True
    functions.throttles = True
    assert Site(account, becomes=deployed(), functions=functions).run() == 0
    assert functions.asked.count("settle") == 2
