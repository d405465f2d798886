"""What osls makes of serverless.yml for prod, as CloudFormation gets it: what runs, who may call it, what is kept."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.local.serverless_file import read_service
from infra.ops.package import template as packaging
from shared.config.declarations import BY_NAME, FUNCTIONS

PROJECT = Path(__file__).parents[3]
SNAPSHOT = {"battle", "economy", "claim", "admin"}
HTTP = {*SNAPSHOT, "health"}
SECRET_SHAPE = re.compile(
    r"[0-9a-f]{64}|[0-9]{8,12}:[\w-]{30,}|://[^/\s\"]+:[^/\s\"]+@|\$2[aby]\$|PRIVATE KEY"
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every resource by its logical id; the zips are small ones, because the template only names them."""
    root = tmp_path_factory.mktemp("service")
    shutil.copy(PROJECT / "serverless.yml", root)
    shutil.copytree(PROJECT / "infra/aws", root / "infra/aws")
    packaging.deployer(PROJECT)
    (root / packaging.DEPLOYER).symlink_to(PROJECT / packaging.DEPLOYER)
    (root / "build").mkdir()
    for function in FUNCTIONS:
        with zipfile.ZipFile(root / f"build/{function}.zip", "w") as archive:
            archive.writestr(f"functions/{function}.py", "")
    environment = {"ARENA_RUNBOOK_URL": "https://example.org/alarms.md"}
    made = packaging.make_template("prod", root=root, environment=environment)
    return dict(json.loads(made.read_text())["Resources"])


def of_type(resources: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


def called(function: str) -> dict[str, Any]:
    """What a caller has to name: the alias where there is a snapshot, which a version alone has."""
    arn = {"Fn::GetAtt": [f"{function.capitalize()}LambdaFunction", "Arn"]}
    return {"Fn::Join": [":", [arn, "snapstart"]]} if function in SNAPSHOT else arn


def test_four_functions_start_from_a_snapshot_and_the_others_do_not(resources: dict[str, Any]) -> None:
    functions = of_type(resources, "AWS::Lambda::Function")
    assert {name.removesuffix("LambdaFunction").lower() for name in functions} == set(FUNCTIONS)
    starting = {name for name in FUNCTIONS if "SnapStart" in functions[f"{name.capitalize()}LambdaFunction"]}
    assert starting == SNAPSHOT
    for name in SNAPSHOT:
        properties = functions[f"{name.capitalize()}LambdaFunction"]
        assert properties["SnapStart"] == {"ApplyOn": "PublishedVersions"}


@pytest.mark.parametrize("function", sorted(SNAPSHOT))
def test_an_alias_names_the_version_that_this_deployment_publishes(
    resources: dict[str, Any], function: str
) -> None:
    name = function.capitalize()
    alias = resources[f"{name}SnapStartLambdaAlias"]["Properties"]
    version, attribute = alias["FunctionVersion"]["Fn::GetAtt"]
    assert alias["Name"] == "snapstart"
    assert alias["FunctionName"] == {"Ref": f"{name}LambdaFunction"}
    assert attribute == "Version"
    assert resources[version]["Properties"]["FunctionName"] == {"Ref": f"{name}LambdaFunction"}


@pytest.mark.parametrize("function", sorted(HTTP))
def test_the_api_calls_what_it_may_call(resources: dict[str, Any], function: str) -> None:
    name = function.capitalize()
    permission = resources[f"{name}LambdaPermissionHttpApi"]["Properties"]
    integration = resources[f"HttpApiIntegration{name}"]["Properties"]
    assert permission["FunctionName"] == integration["IntegrationUri"] == called(function)
    assert (permission["Principal"], permission["Action"]) == (
        "apigateway.amazonaws.com",
        "lambda:InvokeFunction",
    )


@pytest.mark.parametrize("function", ["health", "battle", "settle"])
def test_a_schedule_calls_what_it_may_call(resources: dict[str, Any], function: str) -> None:
    name = function.capitalize()
    rule = f"{name}EventsRuleSchedule1"
    [target] = resources[rule]["Properties"]["Targets"]
    permission = resources[f"{name}LambdaPermissionEventsRuleSchedule1"]["Properties"]
    assert target["Arn"] == permission["FunctionName"] == called(function)
    assert permission["SourceArn"] == {"Fn::GetAtt": [rule, "Arn"]}
    assert permission["Principal"] == "events.amazonaws.com"


def test_nobody_else_is_permitted_to_call_a_function(resources: dict[str, Any]) -> None:
    callers = {
        name: each["Principal"] for name, each in of_type(resources, "AWS::Lambda::Permission").items()
    }
    assert len(callers) == len(HTTP) + 3
    assert set(callers.values()) == {"apigateway.amazonaws.com", "events.amazonaws.com"}
    assert not [name for name in callers if name.startswith("Signer")]


@pytest.mark.parametrize("resource", ["ClaimKey", "ClaimKeyParameter"])
def test_the_claim_key_outlives_its_stack(resources: dict[str, Any], resource: str) -> None:
    kept = resources[resource]
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_given_the_concurrency_that_serverless_yml_says(
    resources: dict[str, Any], function: str
) -> None:
    said = read_service(PROJECT / "serverless.yml", stage="prod").functions[function].reserved_concurrency
    properties = resources[f"{function.capitalize()}LambdaFunction"]["Properties"]
    assert properties["ReservedConcurrentExecutions"] == said
    assert said


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_secret_reaches_the_template_as_a_reference_alone(resources: dict[str, Any], function: str) -> None:
    properties = resources[f"{function.capitalize()}LambdaFunction"]["Properties"]
    for name, value in properties["Environment"]["Variables"].items():
        assert not BY_NAME[name].is_secret or re.fullmatch(rf"ssm:/arena/prod/(\w+/)?{name}", value), name


def test_nothing_in_the_template_looks_like_a_secret(resources: dict[str, Any]) -> None:
    assert SECRET_SHAPE.findall(json.dumps(resources)) == []


@pytest.mark.parametrize("secret", ["ab" * 32, "mongodb://fake:fake@there", "$2b$12$fake"])
def test_a_secret_in_the_template_would_be_noticed(resources: dict[str, Any], secret: str) -> None:
    assert SECRET_SHAPE.findall(json.dumps([resources, {"Value": secret}]))


def test_a_rule_that_is_not_asked_has_a_reason() -> None:
    assert all(len(reason.split()) > 5 for reason in packaging.SUPPRESSED_RULES.values())
