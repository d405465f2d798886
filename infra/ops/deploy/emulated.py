"""The whole service deployed into the emulator: the real template, the real zips, local stores and the local chain.

It goes the way of docs/deployment.md: a first deployment without a vault, the public key of the claim key that
it made, the vault's settings, and the same command again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.local.chain_client import ChainClient
from infra.local.function_calls import FunctionFailed
from infra.local.stack import STAGE, Stack
from infra.local.world import World, owner_order
from infra.ops.deploy.deployment import Tools, deploy
from infra.ops.deploy.emulated_stage import EmulatedStage, emulated_stage
from infra.ops.package.wheels import PackagingFailed
from infra.ops.preflight.key_lines import public_key
from infra.vault.messages import ORDER_NANOTON, set_oracle
from shared.config.declarations import FUNCTIONS, VAULT_NAMES

Progress = Callable[[str], None]


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
    with emulated_stage(folder, progress=progress) as stage:
        settings = stage.stack.settings
        stage.put_parameters({name: settings[name] for name in settings if name not in VAULT_NAMES})
        _deploy(stage.tools, "the first deployment")
        world = _trust_deployed_key(stage)
        _renew_environments(stage)
        _deploy(stage.tools, "the deployment with a vault")
        service = EmulatedService(stage.stack, api_url=stage.api_url(), world=world, aws=stage.aws)
        _warm(service)
        progress(f"the service answers at {stage.api_url()}")
        yield service


def _warm(service: EmulatedService) -> None:
    """Have each function started: the emulator's cold starts are longer than callers' time limits."""
    for name in FUNCTIONS:
        with contextlib.suppress(FunctionFailed):  # an event that says nothing may be refused
            service.invoke(name)


def _deploy(tools: Tools, what: str) -> None:
    if deploy(STAGE, tools) != 0:
        raise PackagingFailed(f"{what} failed (above)")


def _renew_environments(stage: EmulatedStage) -> None:
    """Have the next deployment start every function anew.

    The smoke test has warmed them, and a warm one follows the vault's settings within five minutes only.
    """
    template = stage.project / "serverless.yml"
    template.write_text(template.read_text().replace("memorySize: 1024", "memorySize: 1025", 1))


def _trust_deployed_key(stage: EmulatedStage) -> World:
    """The vault's owner names the template's own KMS key, as after a first deployment on AWS."""
    world, settings = stage.stack.world, stage.stack.settings
    assert world is not None  # noqa: S101 - a started stack has one
    key_hex = public_key(stage.aws("kms"), stage.resource("ClaimKey"))
    chain = ChainClient(stage.stack.urls["chain"], settings["TON_API_KEY"])
    body = set_oracle(bytes.fromhex(key_hex), grace_s=0)
    owner_order(chain, to=world.vault, nano=ORDER_NANOTON, body=body)
    stage.put_parameters(settings | {"ORACLE_PUBLIC_KEY_HEX": key_hex})
    return replace(world, oracle_public_key_hex=key_hex)
