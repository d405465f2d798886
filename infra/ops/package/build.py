"""The zips of all functions: each with the modules it reaches and the packages it declares."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra.ops.package.archive import Archive, files_below, read_record, write_archive, write_record
from infra.ops.package.sources import reach_of
from infra.ops.package.target import BUDGET_BYTES, Target
from infra.ops.package.wheels import PackagingFailed, compile_tree, installed, site_of

Progress = Callable[[str], None]
_SCRATCH: Final = "scratch-"


def build_archives(
    functions: Sequence[str], *, root: Path, target: Target, into: Path, progress: Progress
) -> list[Archive]:
    """One zip per function in `into`, saying each step. Raises PackagingFailed.

    Running it again after an interruption does only what is missing.
    """
    into.mkdir(parents=True, exist_ok=True)
    archives = []
    with _alone(into):
        _sweep(into)
        for function in functions:
            archive = _build(function, root=root, target=target, into=into)
            progress(
                f"{function:<8} {archive.size_bytes / 1e6:5.1f} MB zipped, {archive.unpacked_bytes / 1e6:5.1f} MB"
                f" unpacked, {archive.files} files, sha256 {archive.sha256[:12]}"
            )
            archives.append(archive)
    return archives


def refuse_overweight(archives: Sequence[Archive]) -> None:
    """Raise PackagingFailed naming every zip over its budget."""
    heavy = [
        f"{archive.function} weighs {archive.size_bytes / 1e6:.1f} MB of {BUDGET_BYTES[archive.function] / 1e6:.0f}"
        for archive in archives
        if archive.size_bytes > BUDGET_BYTES[archive.function]
    ]
    if heavy:
        raise PackagingFailed(f"over the size budget: {'; '.join(heavy)}. Look at what the function imports")


def _build(function: str, *, root: Path, target: Target, into: Path) -> Archive:
    requirements = root / "infra/requirements" / f"{function}.txt"
    packages = into / "packages"
    files = reach_of(function, root=root).files
    inputs = _digest_of(site_of(requirements, target=target, cache=packages), files, root=root)
    if (known := read_record(into, function, inputs=inputs)) is not None:
        return known  # made here before, or by another job of the pipeline from the same commit
    site = installed(requirements, target=target, cache=packages)
    with tempfile.TemporaryDirectory(prefix=f"{_SCRATCH}{function}-", dir=into) as scratch:
        own = Path(scratch)
        for file in files:
            (own / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / file, own / file)
        compile_tree(own, target=target)
        archive = write_archive(function, into / f"{function}.zip", files_below(site) | files_below(own))
    write_record(archive, inputs=inputs)
    return archive


def _digest_of(site: Path, files: Sequence[Path], *, root: Path) -> str:
    """What a zip is made of, without making it; the packages' directory is named by what is in it."""
    digest = hashlib.sha256(site.name.encode())
    for file in files:
        digest.update(f"{file}\0".encode() + (root / file).read_bytes())
    return digest.hexdigest()


def _sweep(folder: Path) -> None:
    """Remove what a run that was killed has left half made; nobody else is at work here."""
    for leftover in (
        *folder.glob("*.partial"),
        *folder.glob(f"{_SCRATCH}*"),
        *folder.glob("packages/*.partial"),
    ):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two runs in one folder would mix their zips; the second waits."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
