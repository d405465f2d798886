"""Every `aws ...` of the handbook is one that the AWS CLI would send, and every `osls ...` one that osls knows."""

from __future__ import annotations

import json
import subprocess

import pytest

from infra.ops.package.template import deployer
from tests.docs.aws_commands import AwsCommandWrong, operation_of
from tests.docs.documents import DOCUMENTS, PROJECT, arguments_of, commands_of

AWS = sorted({command for document in DOCUMENTS for command in commands_of(document, "aws")})
OSLS = sorted({command for document in DOCUMENTS for command in commands_of(document, "osls")})
_OPTIONS = """
const schema = require(process.argv[1] + '/infra/deploy/node_modules/osls/lib/cli/commands-schema/aws-service.js');
const found = {};
for (const [name, command] of schema) found[name] = Object.keys(command.options);
console.log(JSON.stringify(found));
"""


def test_the_handbook_names_both_programs() -> None:
    assert len(AWS) >= 6
    assert len(OSLS) >= 3


@pytest.mark.parametrize("command", AWS)
def test_an_aws_command_is_one_of_the_services_own(command: str) -> None:
    assert operation_of(command).name


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("aws ssm put-parameter --name /a --type String", "Missing required parameter"),
        ("aws ssm put-parameter --name /a --value b --type Secret", "is none of"),
        ("aws ssm put-parameter --name /a --value b --replace", "has no --replace"),
        ("aws ssm write-parameter --name /a", "has no operation"),
        ("aws parameters put --name /a", "no service"),
        ("aws kms get-public-key --key-id", "lacks its string"),
    ],
)
def test_a_command_that_the_cli_would_refuse_is_noticed(command: str, why: str) -> None:
    with pytest.raises(AwsCommandWrong, match=why):
        operation_of(command)


@pytest.mark.slow
@pytest.mark.parametrize("command", OSLS)
def test_an_osls_command_is_one_that_osls_knows(command: str) -> None:
    deployer(PROJECT)
    printed = subprocess.run(
        ["node", "-e", _OPTIONS, str(PROJECT)], capture_output=True, text=True, check=True
    ).stdout
    known = json.loads(printed)
    words = arguments_of(command)
    name = " ".join(words[: next((i for i, word in enumerate(words) if word.startswith("--")), len(words))])
    options = [word.removeprefix("--").partition("=")[0] for word in words if word.startswith("--")]
    assert name in known
    assert [option for option in options if option not in known[name]] == []
