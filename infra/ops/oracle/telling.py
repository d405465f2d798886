"""Telling an operator how a rotation goes: what to sign, what is awaited, what is done."""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Final

from infra.ops.oracle.rotation import Rotation
from infra.ops.oracle.steps import Step, Wait, steps_of

_ASK_AGAIN_AFTER_S: Final = 5.0
_SAY_AGAIN_AFTER_S: Final = 60.0


class StillWaiting(Exception):
    """The operator asked not to wait; the same command goes on later."""


class Telling:
    """Implements run.Onlooker for a person or, with `as_json`, one JSON object a line; `is_patient` polls."""

    def __init__(self, *, as_json: bool, is_patient: bool) -> None:
        self._as_json = as_json
        self._is_patient = is_patient
        self._said: tuple[str, str] = ("", "")
        self._said_at_s = 0.0

    def began(self, rotation: Rotation, *, is_resumed: bool) -> None:
        """Which rotation this is, and where it stands."""
        kind = "emergency" if rotation.is_emergency else f"routine, grace {rotation.grace_s} s"
        goes = f"goes on after {rotation.done[-1]}" if is_resumed and rotation.done else "begins"
        self._tell(
            f"Rotation {rotation.id} of {rotation.stage} ({kind}) {goes}. Old key {rotation.old_public_key}.",
            {
                "event": "began",
                "rotation": rotation.id,
                "stage": rotation.stage,
                "isEmergency": rotation.is_emergency,
                "isResumed": is_resumed,
                "done": list(rotation.done),
                "oldPublicKey": rotation.old_public_key,
            },
        )

    def ended(self, step: Step, rotation: Rotation) -> None:
        """A step is behind us."""
        names = [each.name for each in steps_of(rotation)]
        count = f"{names.index(step.name) + 1}/{len(names)}"
        self._tell(
            f"{count}  done: {step.title}",
            {"event": "done", "step": step.name, "newPublicKey": rotation.new_public_key},
        )

    def waits(self, wait: Wait) -> None:
        """Say it once, and again each minute; then sleep before the next question. Raises StillWaiting."""
        now_s = time.monotonic()
        if (wait.step, wait.why) != self._said:
            self._say(wait)
            self._said, self._said_at_s = (wait.step, wait.why), now_s
        elif now_s - self._said_at_s > _SAY_AGAIN_AFTER_S:
            self._tell(f"     still: {_reason(wait)}", _document(wait))
            self._said_at_s = now_s
        if not self._is_patient:
            raise StillWaiting(wait.why)
        time.sleep(_ASK_AGAIN_AFTER_S)

    def _say(self, wait: Wait) -> None:
        lines = [f"     waiting: {_reason(wait)}"]
        if wait.request is not None:
            lines.append(
                "     have the vault's owner send this message (no key of the owner ever comes here):"
            )
            document = wait.request.as_document()
            lines += [f"       {name:<11} {value}" for name, value in document.items() if value is not None]
        self._tell("\n".join(lines), _document(wait))

    def _tell(self, text: str, document: dict[str, Any]) -> None:
        print(json.dumps(document) if self._as_json else text, flush=True)


def say_error(text: str) -> None:
    """One line on stderr."""
    print(f"arena: {text}", file=sys.stderr, flush=True)


def _reason(wait: Wait) -> str:
    return f"{wait.why}, {wait.left_s} s left" if wait.left_s else wait.why


def _document(wait: Wait) -> dict[str, Any]:
    request = None if wait.request is None else wait.request.as_document()
    return {
        "event": "waiting",
        "step": wait.step,
        "why": wait.why,
        "secondsLeft": wait.left_s,
        "message": request,
    }
