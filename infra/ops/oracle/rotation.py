"""How far a rotation is: one private file per stage, replaced whole after every step."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from shared.domain.errors import Refused


@dataclass(frozen=True, slots=True)
class Rotation:
    """Keys as their KMS ids and 64 hex; the new one is empty until it is made.

    `grace_until_s` is the vault's own second after which the old key is refused (0: at once).
    `done` names the finished steps in the order they ended. Times are UTC milliseconds.
    """

    id: str
    stage: str
    is_emergency: bool
    grace_s: int
    began_ms: int
    old_key_id: str
    old_public_key: str
    new_key_id: str = ""
    new_public_key: str = ""
    grace_until_s: int = 0
    switched_ms: int = 0
    done: tuple[str, ...] = ()


class RotationFile:
    """`<folder>/<stage>.json` while a rotation is under way; finished ones stay beside it under their id."""

    def __init__(self, folder: Path, *, stage: str) -> None:
        self._folder = folder
        self._path = folder / f"{stage}.json"

    def load(self) -> Rotation | None:
        """The rotation under way, or None. Raises Refused `rotation_file_unreadable` for anything else."""
        if not self._path.exists():
            return None
        try:
            document = json.loads(self._path.read_text())
            return Rotation(**{**document, "done": tuple(document["done"])})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused(
                f"{self._path} does not describe a rotation: restore it, or move it away to begin anew",
                code="rotation_file_unreadable",
            ) from error

    def save(self, rotation: Rotation) -> None:
        """Replace what is there: whoever reads sees the old or the new state, also after a power cut."""
        scratch = self._path.with_suffix(".new")
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(rotation), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(self._path)

    def finish(self, rotation: Rotation) -> Path:
        """Keep it under its id, so that the next rotation begins anew."""
        kept = self._folder / f"{rotation.stage}-{rotation.id}.json"
        self._path.replace(kept)
        return kept

    @contextmanager
    def held(self) -> Iterator[None]:
        """One operator at a time on this machine. Raises Refused `rotation_in_progress`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise Refused(
                f"a rotation of {self._path.stem} runs in another terminal", code="rotation_in_progress"
            ) from error
        finally:
            os.close(descriptor)
