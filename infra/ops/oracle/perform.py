"""`./arena oracle rotate`: the claim key of a stage replaced, or the same rehearsed on a local world."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from infra.local.leftovers import StackRunning
from infra.local.process import PartFailed
from infra.local.stack import DEFAULT_DATA_DIR, Stack, running_stack
from infra.ops.driver_errors import reason
from infra.ops.operation_records import ROTATION_REHEARSAL, OperationRecord, OperationRecords
from infra.ops.oracle.parts import rotation_parts
from infra.ops.oracle.rehearsal import Rehearsal
from infra.ops.oracle.rotation import RotationFile
from infra.ops.oracle.run import run_rotation
from infra.ops.oracle.settings_switch import SsmOracleSettings
from infra.ops.oracle.telling import StillWaiting, Telling, say_error
from infra.ops.preflight.deployed_stage import deployed_stage
from infra.ops.story import StepFailed, Story
from shared.config.source import MAX_AGE_S
from shared.domain.errors import ArenaError

DONE: Final = 0
FAILED: Final = 1
REFUSED: Final = 2
WAITING: Final = 3
_INTERRUPTED: Final = 130
_FUNCTIONS: Final = ("battle", "economy", "claim", "signer", "settle")


@dataclass(frozen=True, slots=True)
class RotateOptions:
    """What the command line said; `mongodb_uri` is a user's who may read claims and write `operations`."""

    stage: str
    is_emergency: bool
    grace_s: int
    is_patient: bool
    as_json: bool
    mongodb_uri: str
    data_dir: Path


def rotate(options: RotateOptions) -> int:
    """0 when done, 2 when refused, 3 when told not to wait, 130 when interrupted; repeat it to go on."""
    try:
        _rotate(options)
    except StillWaiting as why:
        say_error(f"{why}; the same command goes on")
        return WAITING
    except KeyboardInterrupt:
        say_error("interrupted; the same command goes on where it stopped")
        return _INTERRUPTED
    except (ArenaError, PyMongoError) as error:
        say_error(f"{reason(error)}; nothing beyond the last finished step is changed")
        return REFUSED
    return DONE


def _rotate(options: RotateOptions) -> None:
    stage = deployed_stage(options.stage, operator_uri=options.mongodb_uri)
    settings = SsmOracleSettings(stage.aws("ssm"), references=stage.references, spread_s=MAX_AGE_S)
    with rotation_parts(stage, settings=settings) as parts:
        run_rotation(
            RotationFile(options.data_dir / "rotations", stage=options.stage),
            parts,
            Telling(as_json=options.as_json, is_patient=options.is_patient),
            stage=options.stage,
            grace_s=options.grace_s,
            is_emergency=options.is_emergency,
        )
        if parts.are_claims_paused():
            say_error("the game's configuration still pauses claims: an administrator resumes them")


def rehearse(options: RotateOptions, *, database: str | None) -> int:
    """0 when every step held. Recorded for the pre-deployment check in the database that is named, if one is."""
    story = Story(as_json=options.as_json)
    began_s = time.monotonic()
    failure: str | None = None
    options.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=options.data_dir) as folder:
        stack = Stack(Path(folder) / "stack", functions=_FUNCTIONS, schedule_every_s=0, max_workers=1)
        try:
            with running_stack(stack, progress=story.note):
                Rehearsal(stack, story).run(Path(folder), is_emergency=options.is_emergency)
        except KeyboardInterrupt:
            say_error("interrupted; nothing is recorded")
            return _INTERRUPTED
        except (StepFailed, PartFailed, StackRunning, ArenaError) as fault:
            failure = str(fault)
    story.end(failure)
    took_ms = round(1000 * (time.monotonic() - began_s))
    _record(options.mongodb_uri, database, story, took_ms=took_ms, is_success=failure is None)
    return DONE if failure is None else FAILED


def _record(uri: str, database: str | None, story: Story, *, took_ms: int, is_success: bool) -> None:
    if not uri or database is None:
        story.note("not recorded: name the stage's database with --mongodb-uri for the pre-deployment check")
        return
    now_ms = time.time_ns() // 1_000_000
    try:
        with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=5_000) as client:
            OperationRecords(client[database]).write(
                OperationRecord(ROTATION_REHEARSAL, now_ms, took_ms, is_success)
            )
    except PyMongoError as error:
        story.note(f"not recorded: the database did not take it: {reason(error)}")
        return
    story.note(f"recorded in {database}: {took_ms / 1000:.1f} s")


def default_data_dir() -> Path:
    """Where rotations under way are kept: beside the local stack's data, never in the repository."""
    return DEFAULT_DATA_DIR
