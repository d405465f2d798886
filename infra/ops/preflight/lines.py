"""A line of the checklist, what it answers, and how the answers are shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal

from pymongo.errors import PyMongoError

from infra.ops.driver_errors import reason
from infra.ops.preflight.stage import StageUnderCheck
from shared.domain.errors import ArenaError

State = Literal["passed", "failed", "warning", "cannot tell"]
_MARKS: Final = {"passed": "ok", "failed": "FAILED", "warning": "warn", "cannot tell": "?"}


class LineFailed(Exception):
    """The answer is no; the text says what was found and what to do."""


class CannotTell(Exception):
    """A line has nothing to judge from; the text says why and what would help."""


@dataclass(frozen=True, slots=True)
class Line:
    """One question. `judge` answers what it saw, or raises: LineFailed for no, CannotTell for neither.

    `is_of_stack`: it asks about what a deployment itself makes, so it is asked after one and not before.
    `is_go_live`: it asks whether the stage is fit for players (funded, watched, rehearsed), not whether new
    code is safe to run there, so that a hotfix is deployed although it fails.
    """

    id: str
    question: str
    judge: Callable[[StageUnderCheck], str]
    is_of_stack: bool = False
    is_go_live: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a line; `detail` never holds a setting's value."""

    id: str
    question: str
    state: State
    detail: str


def must(condition: object, otherwise: str) -> None:
    """Fail the line unless the condition holds."""
    if not condition:
        raise LineFailed(otherwise)


def answer_of(line: Line, stage: StageUnderCheck) -> Answer:
    """Judge one line; whatever goes wrong is an answer, so that every other line is still asked."""
    if line.is_of_stack and not stage.is_deployed:
        return Answer(line.id, line.question, "cannot tell", "asked once the stage is deployed")
    try:
        return Answer(line.id, line.question, "passed", line.judge(stage))
    except CannotTell as why:
        return Answer(line.id, line.question, "cannot tell", str(why))
    except (LineFailed, ArenaError) as error:
        return Answer(line.id, line.question, "failed", str(error))
    except PyMongoError as error:
        return Answer(line.id, line.question, "failed", reason(error))
    except Exception as error:  # noqa: BLE001 - a vendor's text may hold a value, so only its kind is told
        return Answer(line.id, line.question, "failed", f"could not be asked: {type(error).__name__}")


def hotfix_answer_of(line: Line, stage: StageUnderCheck) -> Answer:
    """Judge one line for a hotfix: what a go-live line says no to is a warning."""
    answer = answer_of(line, stage)
    return replace(answer, state="warning") if line.is_go_live and answer.state == "failed" else answer


def has_failed(answers: Sequence[Answer]) -> bool:
    """Whether any line said no."""
    return any(answer.state == "failed" for answer in answers)


def as_table(answers: Sequence[Answer]) -> str:
    """For people: one line each, and a count at the end."""
    width = max(len(answer.question) for answer in answers)
    rows = [f"{_MARKS[answer.state]:<7}{answer.question:<{width}}  {answer.detail}" for answer in answers]
    told = [state for state in _MARKS if state != "warning" or any(a.state == state for a in answers)]
    counts = [f"{sum(a.state == state for a in answers)} {state}" for state in told]
    return "\n".join([*rows, "", ", ".join(counts)])


def as_json(stage: str, answers: Sequence[Answer]) -> str:
    """For pipelines: one object."""
    document = {
        "stage": stage,
        "ok": not has_failed(answers),
        "lines": [asdict(answer) for answer in answers],
    }
    return json.dumps(document, indent=1)
