"""One function's zip, the same bytes for the same content on every machine and every day."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold
_READABLE: Final = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip that was written: its size, what is in it, and the digest that names its content."""

    function: str
    path: Path
    size_bytes: int
    unpacked_bytes: int
    files: int
    sha256: str


def write_archive(function: str, path: Path, content: Mapping[str, Path]) -> Archive:
    """Write name -> file, sorted, without times or owners; the former zip stays until the new one is complete."""
    scratch = path.with_suffix(".partial")
    unpacked_bytes = 0
    with zipfile.ZipFile(scratch, "w") as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _READABLE
            data = content[name].read_bytes()
            unpacked_bytes += len(data)
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, compresslevel=6)
    shutil.move(scratch, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Archive(function, path, path.stat().st_size, unpacked_bytes, len(content), digest)


def write_record(archive: Archive, *, inputs: str) -> None:
    """Note beside the zip what it was made of, so that the same need not be made again."""
    document = asdict(archive) | {"path": archive.path.name, "inputs": inputs}
    archive.path.with_suffix(".json").write_text(json.dumps(document))


def read_record(folder: Path, function: str, *, inputs: str) -> Archive | None:
    """The zip of these inputs if it is there, whole; None when it has to be made."""
    path = folder / f"{function}.zip"
    try:
        document = json.loads(path.with_suffix(".json").read_text())
        is_current = document.pop("inputs") == inputs
        is_whole = hashlib.sha256(path.read_bytes()).hexdigest() == document["sha256"]
    except (OSError, ValueError, KeyError):
        return None
    return Archive(**document | {"path": path}) if is_current and is_whole else None


def files_below(folder: Path) -> dict[str, Path]:
    """Name -> file for everything below the folder, names relative to it."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
