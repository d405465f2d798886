"""Walking through a rotation's steps, keeping each as it ends, until the last or an interruption."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Protocol

from infra.ops.oracle.parts import RotationParts
from infra.ops.oracle.rotation import Rotation, RotationFile
from infra.ops.oracle.steps import Step, Wait, as_emergency, begin, steps_of
from shared.domain.errors import Refused, Unavailable


class Onlooker(Protocol):
    """Hears what happens; `waits` decides how long, and may act as the vault's owner would."""

    def began(self, rotation: Rotation, *, is_resumed: bool) -> None: ...

    def ended(self, step: Step, rotation: Rotation) -> None: ...

    def waits(self, wait: Wait) -> None: ...


def open_rotation(
    file: RotationFile, parts: RotationParts, *, stage: str, grace_s: int, is_emergency: bool
) -> tuple[Rotation, bool]:
    """The rotation under way, or a new one, and whether it was under way.

    An emergency takes over a routine rotation; the other way round is Refused `emergency_in_progress`.
    """
    rotation = file.load()
    if rotation is None:
        rotation = begin(secrets.token_hex(6), parts, stage=stage, grace_s=grace_s, is_emergency=is_emergency)
        file.save(rotation)
        return rotation, False
    if rotation.is_emergency and not is_emergency:
        raise Refused("an emergency rotation is under way: add --emergency", code="emergency_in_progress")
    if is_emergency and not rotation.is_emergency:
        rotation = as_emergency(rotation)
        file.save(rotation)
    return rotation, True


def run_rotation(
    file: RotationFile,
    parts: RotationParts,
    onlooker: Onlooker,
    *,
    stage: str,
    grace_s: int,
    is_emergency: bool,
) -> Rotation:
    """The finished rotation. Interrupted anywhere, the same call goes on where it stopped.

    Raises Refused when it must not go on, and whatever `onlooker` raises to stop it.
    """
    with file.held():
        rotation, is_resumed = open_rotation(
            file, parts, stage=stage, grace_s=grace_s, is_emergency=is_emergency
        )
        onlooker.began(rotation, is_resumed=is_resumed)
        for step in steps_of(rotation):
            if step.name not in rotation.done:
                rotation = _finished(step, rotation, parts, onlooker)
                file.save(rotation)
                onlooker.ended(step, rotation)
        file.finish(rotation)
        return rotation


def _finished(step: Step, rotation: Rotation, parts: RotationParts, onlooker: Onlooker) -> Rotation:
    while True:
        try:
            outcome = step.run(rotation, parts)
        except Unavailable as error:  # nothing was decided: the next turn asks again
            outcome = Wait(step.name, error.detail)
        if isinstance(outcome, Rotation):
            return replace(outcome, done=(*rotation.done, step.name))
        onlooker.waits(outcome)
