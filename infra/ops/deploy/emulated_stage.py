"""A stage in the emulator of AWS that is not deployed yet: the real template and zips, local stores and chain."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import boto3

from infra.local.serverless_file import load_yaml
from infra.local.stack import STAGE, Stack, running_stack
from infra.local.supervisor import PROJECT
from infra.ops.deploy.deployment import Tools
from infra.ops.deploy.emulator import CREDENTIALS, running_emulator
from infra.ops.deploy.smoke_test import smoke_test
from infra.ops.package.build import build_archives
from infra.ops.package.target import local_target
from infra.ops.package.template import REGION, deployer
from infra.ops.preflight.checklist import AFTER_DEPLOYING, BEFORE_DEPLOYING
from infra.ops.preflight.deployed_stage import deployed_stage
from infra.ops.preflight.lines import Line, answer_of, as_table, has_failed
from infra.ops.stack_state import AwsClient, read_stack
from shared.config.declarations import FUNCTIONS

Progress = Callable[[str], None]
# The rest asks for what the emulator or a local store does not have, or for what an operator did lately.
_ASKED: Final = ("settings", "secret_store", "key_kind", "key_policy", "key_pair", "alarms")
_CLOCK_LINE: Final = "    STAGE: ${sls:stage}\n"


@dataclass(frozen=True, slots=True)
class EmulatedStage:
    """The account, the project that is deployed, and the tools to deploy it with; no parameter is there yet."""

    stack: Stack
    aws: AwsClient
    project: Path
    tools: Tools
    url: str

    def put_parameters(self, settings: Mapping[str, str]) -> None:
        """Every setting that the template refers to and these know; the key's name is the template's own."""
        document = load_yaml(self.project / "serverless.yml")
        for function in document["functions"].values():
            for name, value in function["environment"].items():
                is_reference = isinstance(value, str) and value.startswith("ssm:")
                if is_reference and name in settings and name != "ORACLE_KMS_KEY_ID":
                    path = value.removeprefix("ssm:").replace("${sls:stage}", STAGE)
                    self.aws("ssm").put_parameter(
                        Name=path, Value=settings[name], Type="SecureString", Overwrite=True
                    )

    def resource(self, logical_id: str) -> str:
        """The physical id of a resource of the deployed template."""
        answer = self.aws("cloudformation").describe_stack_resource(
            StackName=f"arena-{STAGE}", LogicalResourceId=logical_id
        )
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])

    def api_url(self) -> str:
        """Where the emulator serves the deployed API."""
        return _on_the_emulator(self.tools.stack(STAGE).api_url, self.url)


@contextmanager
def emulated_stage(folder: Path, *, progress: Progress) -> Iterator[EmulatedStage]:
    """Everything but the deployment, for a `with` block. Raises PackagingFailed and PartFailed."""
    project = folder / "project"
    build_archives(
        FUNCTIONS, root=PROJECT, target=local_target(), into=PROJECT / ".arena/zips", progress=progress
    )
    # The local functions are not needed; the health function alone keeps the stack's gateway company.
    stack = Stack(folder / "stack", functions=("health",), schedule_every_s=0, max_workers=1)
    with running_stack(stack, progress=progress), running_emulator(PROJECT, folder=folder) as url:

        def aws(name: str) -> Any:
            keys = {name.lower(): value for name, value in CREDENTIALS.items()}
            return boto3.client(name, endpoint_url=url, region_name=REGION, **keys)

        _write_project(project, clock_file=stack.clock_file)
        tools = _tools(aws, project, url=url, network_id=stack.settings["TON_NETWORK"], say=progress)
        yield EmulatedStage(stack, aws, project, tools, url)


def _write_project(project: Path, *, clock_file: Path) -> None:
    """The service as it is, with the local clock as the one setting more that every function gets."""
    text = (PROJECT / "serverless.yml").read_text()
    with_clock = text.replace(_CLOCK_LINE, f"{_CLOCK_LINE}    LOCAL_CLOCK_FILE: {clock_file}\n", 1)
    project.mkdir(parents=True)
    (project / "serverless.yml").write_text(with_clock)
    shutil.copytree(PROJECT / "infra/aws", project / "infra/aws")
    (project / "build").symlink_to(PROJECT / ".arena/zips")


def _tools(aws: AwsClient, project: Path, *, url: str, network_id: str, say: Progress) -> Tools:
    """A deployment's real tools on the emulator; the zips are there, and only lines that it can answer are asked."""

    def ask(stage: str, lines: Sequence[Line]) -> int:
        asked = deployed_stage(stage, aws=aws)
        answers = [answer_of(line, asked) for line in lines if line.id in _ASKED]
        say(as_table(answers))
        return 1 if has_failed(answers) else 0

    return Tools(
        stack=lambda stage: read_stack(aws, f"arena-{stage}"),
        package=lambda _: 0,
        indexes=lambda _: 0,
        ask_before=partial(ask, lines=BEFORE_DEPLOYING),
        osls=partial(_osls, project, url=url, network_id=network_id),
        smoke_test=lambda stage, address: smoke_test(
            stage, _on_the_emulator(address, url), functions=aws("lambda"), say=say
        ),
        ask_after=partial(ask, lines=AFTER_DEPLOYING),
        say=say,
    )


def _osls(project: Path, arguments: Sequence[str], *, url: str, network_id: str) -> tuple[int, str]:
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME")},
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "ARCH": "x86_64",
        "SLS_TELEMETRY_DISABLED": "1",
    }
    command = [str(deployer(PROJECT)), *arguments, f"--param=tonNetwork={network_id}"]
    result = subprocess.run(  # noqa: S603 - our own tool
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    return result.returncode, result.stdout + result.stderr


def _on_the_emulator(address: str, url: str) -> str:
    """Where the emulator serves an address of API Gateway's."""
    parts = urlsplit(address)
    return f"{url}/_aws/execute-api/{(parts.hostname or '').partition('.')[0]}/$default{parts.path}"
