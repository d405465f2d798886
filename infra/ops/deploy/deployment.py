"""One deployment in its order: is it possible now, package, indexes, ask, deploy, smoke test, ask the rest.

A deployment that CloudFormation cannot finish rolls itself back. One that finishes and does not answer is
rolled back here, to what ran before it; the first one has nothing before it and stays to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from infra.ops.package.template import STAGES
from infra.ops.preflight.checklist import AFTER_DEPLOYING
from infra.ops.stack_state import StackState, what_to_do
from shared.domain.errors import Unavailable

DONE, NOT_IN_PLACE, UNCHANGED, IN_PLACE_BUT = 0, 1, 2, 3
_AGAIN: Final = "Correct it and run the same command again"


@dataclass(frozen=True, slots=True)
class Tools:
    """What a deployment runs; tests give others. `osls` gives its exit code and everything it said.

    `stack` raises Unavailable when CloudFormation does not say. `smoke_test` of a stage and its API's URL gives
    what did not answer as it should.
    """

    stack: Callable[[str], StackState]
    package: Callable[[str], int]
    indexes: Callable[[str], int]
    ask_before: Callable[[str], int]
    osls: Callable[[Sequence[str]], tuple[int, str]]
    smoke_test: Callable[[str, str], Sequence[str]]
    ask_after: Callable[[str], int]
    say: Callable[[str], None]


def deploy(stage: str, tools: Tools) -> int:
    """0 when the new deployment answers and every line holds, 2 when nothing was changed.

    1 when the new deployment is not in place, 3 when it is and answers and some line does not hold.
    """
    if stage not in STAGES:
        tools.say(f"there is no stage {stage!r}: {', '.join(STAGES)}")
        return UNCHANGED
    try:
        before = tools.stack(stage)
    except Unavailable as error:
        tools.say(f"{error}. Nothing was deployed")
        return UNCHANGED
    if not before.is_deployable:
        tools.say(f"{what_to_do(before)}. Nothing was deployed")
        return UNCHANGED
    if not before.is_deployed:
        tools.say(_first(before))
    if not _is_prepared(stage, tools):
        return UNCHANGED
    code, said = tools.osls(("deploy", "--stage", stage))
    try:
        after = tools.stack(stage)
    except Unavailable as error:
        tools.say(f"{said[-2000:]}\n{error}. osls ended with {code}; what is in place is not known")
        return NOT_IN_PLACE
    if code != 0:
        tools.say(f"{said[-2000:]}\nthe deployment failed. {_left(before, after)}")
        return NOT_IN_PLACE
    faults = tools.smoke_test(stage, after.api_url) if after.is_deployed else ("the stack has no API",)
    if faults:
        return _take_back(stage, before, after, faults, tools)
    tools.say(f"{stage} answers at {after.api_url}")
    return _ask_the_rest(stage, tools)


def _is_prepared(stage: str, tools: Tools) -> bool:
    steps = (("package", tools.package), ("indexes", tools.indexes), ("preflight", tools.ask_before))
    for name, step in steps:
        if step(stage) != 0:
            tools.say(f"{name} said no (above): nothing was deployed. {_AGAIN}")
            return False
    return True


def _first(before: StackState) -> str:
    there = (
        f"{before.name} holds no deployment yet" if before.status else f"there is no stack {before.name} yet"
    )
    later = ", ".join(line.question for line in AFTER_DEPLOYING)
    return f"{there}: this is its first deployment. Asked after it, for it makes what they ask about: {later}"


def _ask_the_rest(stage: str, tools: Tools) -> int:
    if tools.ask_after(stage) == 0:
        return DONE
    tools.say("the new deployment answers and stays; not every line of the checklist holds (above)")
    return IN_PLACE_BUT


def _left(before: StackState, after: StackState) -> str:
    """What a deployment that osls could not finish has left, and what to do."""
    if not after.status:
        return f"Nothing was made. {_AGAIN}"
    if not after.is_deployable:
        return what_to_do(after)
    if not before.is_deployed:
        return f"There was nothing before it: {after.name} holds osls's bucket and nothing else. {_AGAIN}"
    return f"The former one is in place ({after.status}). {_AGAIN}"


def _take_back(stage: str, before: StackState, after: StackState, faults: Sequence[str], tools: Tools) -> int:
    what = f"the smoke test failed ({'; '.join(faults)})"
    where = "docs/alarms.md#function-errors says where to look"
    if not before.is_deployed:
        tools.say(
            f"{what}, and there is no former deployment to put back: the new one stays. {where}. {_AGAIN}"
        )
        return NOT_IN_PLACE
    if not before.deployment:
        tools.say(
            f"{what}, and the template does not tell which deployment ran before: roll back by hand. {where}"
        )
        return NOT_IN_PLACE
    if before.deployment == after.deployment:
        tools.say(f"{what}, and what runs is what ran before: a setting or a store is at fault. {where}")
        return NOT_IN_PLACE
    code, said = tools.osls(("rollback", "--stage", stage, "--timestamp", before.deployment))
    done = (
        "the former deployment is in place again" if code == 0 else f"the ROLLBACK FAILED too: {said[-1000:]}"
    )
    tools.say(f"{what}; {done}. {where}")
    return NOT_IN_PLACE
