"""Telling what a command did, step by step with its evidence: for a terminal, or one JSON object a line."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any


class StepFailed(Exception):
    """A step of the story did not hold; the text says what was expected and what came."""


def expect(condition: object, otherwise: str) -> None:
    """Raise StepFailed unless the condition holds."""
    if not condition:
        raise StepFailed(otherwise)


class Story:
    """Numbers the steps, times them and prints them as they happen."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._number = 0
        self._began_s = self._last_s = time.monotonic()

    def note(self, text: str) -> None:
        """Progress that is no step; never part of the JSON."""
        print(text, file=sys.stderr, flush=True)

    def step(self, name: str, evidence: Mapping[str, Any]) -> None:
        """A step that held, with what proves it."""
        self._number += 1
        took_s, self._last_s = time.monotonic() - self._last_s, time.monotonic()
        if self._as_json:
            line = {"step": self._number, "name": name, "ok": True, "seconds": round(took_s, 3)}
            print(json.dumps(line | {"evidence": dict(evidence)}), flush=True)
            return
        print(f"\n{self._number:2}. {name}  ({took_s:.2f} s)", flush=True)
        for label, value in evidence.items():
            print(f"      {label:<22} {value}", flush=True)

    def end(self, failure: str | None) -> None:
        """The last line: how it ended and how long all of it took."""
        seconds = time.monotonic() - self._began_s
        if self._as_json:
            print(json.dumps({"ok": failure is None, "failure": failure, "seconds": round(seconds, 1)}))
        elif failure is None:
            print(f"\nEvery one of the {self._number} steps held, in {seconds:.1f} s.", flush=True)
        else:
            print(f"\nFAILED after step {self._number}: {failure}", flush=True)
