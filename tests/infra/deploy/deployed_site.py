"""A stage that a deployment meets: answers for every tool, and a stack in the fake CloudFormation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from infra.ops.deploy.deployment import Tools, deploy
from infra.ops.deploy.smoke_test import smoke_test
from infra.ops.stack_state import read_stack
from tests.infra.deploy.fake_cloudformation import URL, FakeCloudFormation, FakeStack
from tests.infra.deploy.fake_functions import FakeFunctions

STACK = "arena-staging"
FORMER, NEW = "1764000000111", "1764000000222"
ALL_STEPS = ["package", "indexes", "before", "deploy"]


@dataclass
class Site:
    """Answers for every tool, and what was asked of them; the stack is read from the fake CloudFormation.

    `becomes` is what the stack is when osls has ended; None leaves it as it was.
    """

    account: FakeCloudFormation
    package: int = 0
    indexes: int = 0
    before: int = 0
    after: int = 0
    deployment: int = 0
    rollback: int = 0
    becomes: FakeStack | None = None
    functions: FakeFunctions | None = None
    silent: str = ""
    done: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def run(self, stage: str = "staging") -> int:
        return deploy(
            stage,
            Tools(
                stack=lambda name: read_stack(self.account.client, f"arena-{name}"),
                package=lambda _: self._note("package", self.package),
                indexes=lambda _: self._note("indexes", self.indexes),
                ask_before=lambda _: self._note("before", self.before),
                osls=self._osls,
                smoke_test=self._smoke_test,
                ask_after=lambda _: self._note("after", self.after),
                say=self.said.append,
            ),
        )

    def _note(self, name: str, code: int) -> int:
        self.done.append(name)
        return code

    def _smoke_test(self, stage: str, api_url: str) -> list[str]:
        assert (stage, api_url) == ("staging", URL)
        if self.functions is None:
            return [f"{self.silent}: is silent"] if self.silent else []
        lambda_client = self.functions.client()
        return smoke_test(
            stage,
            self.functions.url,
            functions=lambda_client,
            say=self.said.append,
            within_s=0.5,
            pause_s=0.1,
        )

    def _osls(self, arguments: Sequence[str]) -> tuple[int, str]:
        command = " ".join(word for word in arguments if word not in ("--stage", "staging"))
        self.done.append(command)
        if command != "deploy":
            return self.rollback, ""
        if self.becomes is not None:
            self.account.stacks[STACK] = self.becomes
        return self.deployment, "osls said this"


def deployed() -> FakeStack:
    return FakeStack("UPDATE_COMPLETE", NEW)
