"""What a deployment does in which order, and what it undoes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from infra.ops.deploy.command import Tools, deploy

URL = "https://abc123.execute-api.eu-central-1.amazonaws.com"


@dataclass
class Site:
    """Answers for every tool, and what was asked of them."""

    package: int = 0
    indexes: int = 0
    preflight: int = 0
    deployment: int = 0
    rollback: int = 0
    former: str = "Timestamp: 111\nTimestamp: 222\n"
    silent: str = ""
    done: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def run(self, stage: str = "staging") -> int:
        return deploy(
            stage,
            Tools(
                package=lambda _: self._note("package", self.package),
                indexes=lambda _: self._note("indexes", self.indexes),
                preflight=lambda _: self._note("preflight", self.preflight),
                osls=self._osls,
                answers=lambda url: url != URL + self.silent,
                say=self.said.append,
            ),
        )

    def _note(self, name: str, code: int) -> int:
        self.done.append(name)
        return code

    def _osls(self, arguments: Sequence[str]) -> tuple[int, str]:
        command = " ".join(word for word in arguments if word not in ("--stage", "staging"))
        self.done.append(command)
        codes = {"deploy": self.deployment, f"rollback --timestamp {222}": self.rollback}
        texts = {"deploy list": self.former, "info": f"endpoint: {URL}\n"}
        return codes.get(command, 0), texts.get(command, "")


def test_a_good_deployment_is_packaged_checked_deployed_and_asked() -> None:
    site = Site()
    assert site.run() == 0
    assert site.done == ["package", "indexes", "preflight", "deploy list", "deploy", "info"]
    assert URL in site.said[-1]


@pytest.mark.parametrize(
    ("broken", "last"), [("package", "package"), ("indexes", "indexes"), ("preflight", "preflight")]
)
def test_a_no_before_the_deployment_changes_nothing(broken: str, last: str) -> None:
    site = Site(**{broken: 1})
    assert site.run() == 2
    assert site.done[-1] == last
    assert "nothing was deployed" in site.said[-1]


def test_a_failed_deployment_is_left_to_cloudformation() -> None:
    site = Site(deployment=1)
    assert site.run() == 1
    assert site.done[-1] == "deploy"


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_a_deployment_that_does_not_answer_is_rolled_back_to_the_former_one(path: str) -> None:
    site = Site(silent=path)
    assert site.run() == 1
    assert site.done[-1] == "rollback --timestamp 222"
    assert "in place again" in site.said[-1]


def test_a_rollback_that_fails_is_said_loudly() -> None:
    site = Site(silent="/health", rollback=1)
    assert site.run() == 1
    assert "ROLLBACK FAILED" in site.said[-1]


def test_a_first_deployment_has_nothing_to_roll_back_to() -> None:
    site = Site(silent="/health", former="")
    assert site.run() == 1
    assert "no former deployment" in site.said[-1]


def test_an_unknown_stage_is_refused() -> None:
    site = Site()
    assert site.run("production") == 2
    assert site.done == []
