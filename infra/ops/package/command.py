"""`./arena package`: zips, template, and what was not done, in words."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Final

from infra.ops.package.build import build_archives, refuse_overweight
from infra.ops.package.target import Target, lambda_target
from infra.ops.package.template import STAGES, deployer, make_template, require_runbook
from infra.ops.package.wheels import PackagingFailed
from shared.config.declarations import FUNCTIONS

_GO_ON: Final = "What was finished stays; run the same command again to go on."
ROOT: Final = Path(__file__).resolve().parents[3]


def run_package(stage: str) -> int:
    """Build everything `deploy` needs into build/ and .serverless/; 0 when it is complete and sound."""
    if stage not in STAGES:
        return _fail(f"there is no stage {stage!r}: {', '.join(STAGES)}")
    began_s = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began_s:6.1f} s  {text}", file=sys.stderr, flush=True)

    target = lambda_target()
    say(describe(target))
    try:
        deployer(ROOT)  # what is missing is said before the zips take their minutes
        require_runbook(stage, os.environ)
        archives = build_archives(FUNCTIONS, root=ROOT, target=target, into=ROOT / "build", progress=say)
        refuse_overweight(archives)
        template = make_template(stage, root=ROOT)
    except PackagingFailed as failure:
        return _fail(f"{failure}\n{_GO_ON}")
    except KeyboardInterrupt:
        _fail(f"interrupted\n{_GO_ON}")
        raise
    say(f"template for {stage} is sound: {template.relative_to(ROOT)}")
    return 0


def describe(target: Target) -> str:
    """The target in words, and what is missing on this machine for it."""
    text = f"building for {target.architecture}, Python {target.python}"
    if target.interpreter is None:
        return (
            f"{text}; there is no Python {target.python} here, so no byte code: cold starts take twice as long."
            f" Install it (`pyenv install {target.python}`) and run the same command again"
        )
    return f"{text}, byte code by {target.interpreter.name}"


def _fail(text: str) -> int:
    print(f"arena: {text}", file=sys.stderr)
    return 2
