"""The whole service deployed into the emulator: the real template, the real zips, local stores and the local chain."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import boto3

from infra.local.chain_client import ChainClient
from infra.local.function_calls import FunctionFailed
from infra.local.serverless_file import load_yaml
from infra.local.stack import STAGE, Stack, running_stack
from infra.local.supervisor import PROJECT
from infra.local.world import World, owner_order
from infra.ops.deploy.emulator import CREDENTIALS, running_emulator
from infra.ops.package.build import build_archives
from infra.ops.package.target import local_target
from infra.ops.package.template import REGION, deployer
from infra.ops.package.wheels import PackagingFailed
from infra.vault.messages import ORDER_NANOTON, set_oracle
from shared.config.declarations import FUNCTIONS

Progress = Callable[[str], None]
_CLOCK_LINE: Final = "    STAGE: ${sls:stage}\n"
_PUBLIC_KEY_BYTES: Final = 32


class EmulatedService:
    """What a journey needs of a stack: `urls`, `settings`, `secrets`, `world`, the clock, and invoking settle."""

    def __init__(self, stack: Stack, *, api_url: str, world: World, aws: Callable[[str], Any]) -> None:
        self.urls = {**stack.urls, "gateway": api_url}
        self.settings, self.secrets = stack.settings, stack.secrets
        self.world: World | None = world
        self._stack = stack
        self._aws = aws

    def advance_clock(self, seconds: float) -> int:
        """Move the clock of functions and chain."""
        return self._stack.advance_clock(seconds)

    def now_ms(self) -> int:
        """The stack's time in ms."""
        return self._stack.now_ms()

    def invoke(self, function: str, event: Any = None) -> Any:
        """Invoke a deployed function. Raises FunctionFailed."""
        payload = json.dumps(event or {}).encode()
        answer = self._aws("lambda").invoke(FunctionName=f"arena-{STAGE}-{function}", Payload=payload)
        result = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise FunctionFailed(function, result)
        return result


@contextmanager
def emulated_service(folder: Path, *, progress: Progress) -> Iterator[EmulatedService]:
    """Everything deployed and answering, for a `with` block. Raises PackagingFailed and PartFailed."""
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
        _put_parameters(aws("ssm"), project, stack.settings)
        _deploy(project, url=url, network_id=stack.settings["TON_NETWORK"])
        progress("osls deployed the template into the emulator")
        world = _trust_deployed_key(stack, aws, project)
        api_id = _resource(aws, "HttpApi")
        api_url = f"{url}/_aws/execute-api/{api_id}/$default"
        service = EmulatedService(stack, api_url=api_url, world=world, aws=aws)
        _warm(service)
        progress(f"the service answers at {api_url}")
        yield service


def _warm(service: EmulatedService) -> None:
    """Have each function started: the emulator's cold starts are longer than callers' time limits."""
    for name in FUNCTIONS:
        with contextlib.suppress(FunctionFailed):  # an event that says nothing may be refused
            service.invoke(name)


def _write_project(project: Path, *, clock_file: Path) -> None:
    """The service as it is, with the local clock as the one setting more that every function gets."""
    text = (PROJECT / "serverless.yml").read_text()
    with_clock = text.replace(_CLOCK_LINE, f"{_CLOCK_LINE}    LOCAL_CLOCK_FILE: {clock_file}\n", 1)
    project.mkdir(parents=True)
    (project / "serverless.yml").write_text(with_clock)
    shutil.copytree(PROJECT / "infra/aws", project / "infra/aws")
    (project / "build").symlink_to(PROJECT / ".arena/zips")


def _put_parameters(ssm: Any, project: Path, settings: dict[str, str]) -> None:
    """Every setting that the template refers to and the stack knows; the key's name is the template's own."""
    document = load_yaml(project / "serverless.yml")
    for function in document["functions"].values():
        for name, value in function["environment"].items():
            is_reference = isinstance(value, str) and value.startswith("ssm:")
            if is_reference and name in settings and name != "ORACLE_KMS_KEY_ID":
                path = value.removeprefix("ssm:").replace("${sls:stage}", STAGE)
                ssm.put_parameter(Name=path, Value=settings[name], Type="SecureString", Overwrite=True)


def _deploy(project: Path, *, url: str, network_id: str) -> None:
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME")},
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "ARCH": "x86_64",
        "SLS_TELEMETRY_DISABLED": "1",
    }
    command = [str(deployer(PROJECT)), "deploy", "--stage", STAGE, f"--param=tonNetwork={network_id}"]
    result = subprocess.run(  # noqa: S603 - our own tool
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise PackagingFailed(f"osls deploy failed:\n{(result.stdout + result.stderr)[-2000:]}")


def _trust_deployed_key(stack: Stack, aws: Callable[[str], Any], project: Path) -> World:
    """The vault's owner names the template's own KMS key, as after a first deployment on AWS."""
    assert stack.world is not None  # noqa: S101 - a started stack has one
    key = aws("kms").get_public_key(KeyId=_resource(aws, "ClaimKey"))["PublicKey"][-_PUBLIC_KEY_BYTES:]
    chain = ChainClient(stack.urls["chain"], stack.settings["TON_API_KEY"])
    owner_order(chain, to=stack.world.vault, nano=ORDER_NANOTON, body=set_oracle(key, grace_s=0))
    _put_parameters(aws("ssm"), project, stack.settings | {"ORACLE_PUBLIC_KEY_HEX": key.hex()})
    return replace(stack.world, oracle_public_key_hex=key.hex())


def _resource(aws: Callable[[str], Any], logical_id: str) -> str:
    name = f"arena-{STAGE}"
    answer = aws("cloudformation").describe_stack_resource(StackName=name, LogicalResourceId=logical_id)
    return str(answer["StackResourceDetail"]["PhysicalResourceId"])
