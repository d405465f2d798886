"""What was rehearsed and when: a backup nobody restored and a rotation nobody tried are hopes."""

from __future__ import annotations

from functools import partial
from typing import Final

from infra.ops.operation_records import BACKUP, RESTORE_DRILL, ROTATION_REHEARSAL, OperationRecords
from infra.ops.preflight.lines import CannotTell, Line, LineFailed, must
from infra.ops.preflight.stage import StageUnderCheck

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
_DATABASE: Final = '--mongodb-uri "$OPERATOR_URI" --database {database}'


def _ran_lately(stage: StageUnderCheck, *, name: str, within_ms: int, command: str) -> str:
    """The operation's latest run succeeded and is young enough; `command` is what repeats it for this stage."""
    command = command.format(stage=stage.name, database=stage.text("admin", "MONGODB_DATABASE"))
    with stage.database() as database:
        record = OperationRecords(database).latest(name)
    if record is None:
        if stage.is_local:
            raise CannotTell(f"this local world is new; `{command}` has not run in it")
        raise LineFailed(f"never ran: {command}")
    must(record.is_success, f"its latest run failed: {command}")
    age_ms = stage.now_ms() - record.at_ms
    must(age_ms <= within_ms, f"{age_ms // _HOUR_MS} h ago, {within_ms // _HOUR_MS} h at most: {command}")
    return f"{max(age_ms, 0) // _HOUR_MS} h ago, took {record.duration_ms / 1000:.1f} s"


def _line(name: str, question: str, *, within_ms: int, command: str) -> Line:
    judge = partial(_ran_lately, name=name, within_ms=within_ms, command=command)
    return Line(name, question, judge, is_go_live=True)


LINES: Final = (
    _line(
        BACKUP,
        "a backup of the last day",
        within_ms=26 * _HOUR_MS,
        command=f"./arena backup {_DATABASE}",
    ),
    _line(
        RESTORE_DRILL,
        "a restore drill of the month",
        within_ms=35 * _DAY_MS,
        command=f'./arena restore-drill {_DATABASE} --scratch-uri "$SCRATCH_URI"',
    ),
    _line(
        ROTATION_REHEARSAL,
        "a key rotation rehearsal of the quarter",
        within_ms=95 * _DAY_MS,
        command='./arena oracle rotate --rehearse --stage {stage} --mongodb-uri "$OPERATOR_URI"',
    ),
)
