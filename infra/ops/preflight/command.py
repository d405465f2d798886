"""`./arena preflight`: ask every line of one stage, print the answers, say by the exit code whether any said no."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.process import PartFailed
from infra.ops.operation_records import SECRETS_READABLE, OperationRecord, OperationRecords
from infra.ops.package.template import STAGES
from infra.ops.preflight.checklist import LINES
from infra.ops.preflight.deployed_stage import deployed_stage
from infra.ops.preflight.lines import Line, answer_of, as_json, as_table, has_failed
from infra.ops.preflight.local_stage import local_stage
from infra.ops.preflight.stage import StageUnderCheck
from shared.domain.errors import ArenaError


@dataclass(frozen=True, slots=True)
class PreflightOptions:
    """What the command line said; `is_note` records that a person can read the secrets now, and checks nothing."""

    stage: str
    is_local: bool
    as_json: bool
    is_note: bool
    data_dir: Path | None
    api_url: str
    mongodb_uri: str


def run_preflight(options: PreflightOptions) -> int:
    """0 if no line failed, 1 if one did, 2 if the stage could not even be looked at."""
    if options.stage not in STAGES:
        _tell(f"arena: there is no stage {options.stage!r}: {', '.join(STAGES)}")
        return 2
    try:
        if options.is_local:
            with local_stage(options.data_dir, progress=_tell) as stage:
                return _run(stage, options)
        stage = deployed_stage(options.stage, api_url=options.api_url, operator_uri=options.mongodb_uri)
        return _run(stage, options)
    except (ArenaError, PartFailed) as error:
        _tell(f"arena: stage {options.stage} could not be looked at: {error}")
        return 2


def ask_deployed(stage: str, *, lines: Sequence[Line], operator_uri: str) -> int:
    """Ask some lines of a stage on AWS; the answer is that of `run_preflight`."""
    try:
        return _ask(deployed_stage(stage, operator_uri=operator_uri), lines)
    except ArenaError as error:
        _tell(f"arena: stage {stage} could not be looked at: {error}")
        return 2


def _ask(stage: StageUnderCheck, lines: Sequence[Line]) -> int:
    answers = [answer_of(line, stage) for line in lines]
    print(as_table(answers), flush=True)
    return 1 if has_failed(answers) else 0


def _run(stage: StageUnderCheck, options: PreflightOptions) -> int:
    if options.is_note:
        note_that_secrets_are_readable(stage)
        _tell("noted: every secret in use now is to be rotated once nobody can read it any more")
        return 0
    if not options.as_json:
        return _ask(stage, LINES)
    answers = [answer_of(line, stage) for line in LINES]
    print(as_json(stage.name, answers))
    return 1 if has_failed(answers) else 0


def note_that_secrets_are_readable(stage: StageUnderCheck) -> None:
    """From now on a secret counts as unread only if its value is younger than this moment."""
    with stage.database() as database:
        OperationRecords(database).write(
            OperationRecord(SECRETS_READABLE, stage.now_ms(), 0, is_success=True)
        )


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
