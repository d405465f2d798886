"""What AWS lends to Vercel: one right on one function, for one project's production, and nothing unless asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.local.serverless_file import load_yaml
from tests.local_sts import AUDIENCE, ISSUER, SUBJECT

PROJECT = Path(__file__).parents[2]
AWS = PROJECT / "infra/aws"
SERVICE: dict[str, Any] = load_yaml(PROJECT / "serverless.yml")
DOCUMENT: dict[str, Any] = load_yaml(AWS / "vercel.yml")
PROVIDER, ROLE = (DOCUMENT["Resources"][name] for name in ("VercelIdentity", "VercelClaimRole"))
FILLED = {
    "${param:vercelTeam}": "our-team",
    "${param:vercelProject}": "arena",
    "${self:service}": "arena",
    "${sls:stage}": "prod",
    "${AWS::Partition}": "aws",
    "${AWS::Region}": "eu-central-1",
    "${AWS::AccountId}": "000000000000",
}


def filled(value: Any) -> Any:
    """The template's text as it is deployed for one team, project and stage."""
    text = json.dumps(value)
    for name, given in FILLED.items():
        text = text.replace(name, given)
    assert "${" not in text
    return json.loads(text)


def roles_of(path: Path) -> dict[str, Any]:
    resources = load_yaml(path).get("Resources", {})
    return {name: each for name, each in resources.items() if each["Type"].startswith("AWS::IAM::")}


def test_the_role_may_invoke_the_signer_and_nothing_else() -> None:
    [policy] = filled(ROLE["Properties"]["Policies"])
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": {"!Sub": "arn:aws:lambda:eu-central-1:000000000000:function:arena-prod-signer"},
        }
    ]
    assert set(ROLE["Properties"]) == {"MaxSessionDuration", "AssumeRolePolicyDocument", "Policies"}


def test_only_the_word_of_one_projects_production_is_believed() -> None:
    """The same issuer, audience and subject as the tokens that the adapter's tests exchange."""
    trust = json.loads(filled(ROLE["Properties"]["AssumeRolePolicyDocument"])["!Sub"])
    issuer = ISSUER.removeprefix("https://")
    assert trust["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": f"arn:aws:iam::000000000000:oidc-provider/{issuer}"},
            "Condition": {"StringEquals": {f"{issuer}:aud": AUDIENCE, f"{issuer}:sub": SUBJECT}},
        }
    ]
    assert SUBJECT.endswith(":environment:production")


def test_the_issuer_is_the_teams_own_and_known_for_one_audience() -> None:
    assert filled(PROVIDER["Properties"]) == {"Url": ISSUER, "ClientIdList": [AUDIENCE]}
    assert ROLE["DependsOn"] == "VercelIdentity"


def test_no_stage_believes_vercel_unless_told_to() -> None:
    params = SERVICE["params"]
    assert (params["default"]["vercelTeam"], params["default"]["vercelProject"]) == ("", "")
    assert [stage for stage in params if stage != "default" and "vercelTeam" in params[stage]] == []
    assert DOCUMENT["Conditions"] == {"CallsFromVercel": {"!Not": [{"!Equals": ["${param:vercelTeam}", ""]}]}}
    parts = [*DOCUMENT["Resources"].values(), *DOCUMENT["Outputs"].values()]
    assert [part["Condition"] for part in parts] == ["CallsFromVercel"] * 3
    assert "${file(infra/aws/vercel.yml)}" in SERVICE["resources"]


@pytest.mark.parametrize("path", sorted(AWS.glob("*.yml")), ids=lambda path: path.stem)
def test_no_other_file_gives_rights_to_anybody_outside_and_none_names_the_claim_key(path: Path) -> None:
    roles = roles_of(path)
    outside = {name for name, role in roles.items() if "lambda.amazonaws.com" not in json.dumps(role)}
    assert outside == ({"VercelIdentity", "VercelClaimRole"} if path.name == "vercel.yml" else set())
    assert [name for name, role in roles.items() if "kms:" in json.dumps(role)] == []
