"""What we build on is pinned to exact bytes, and none of it is known to be broken."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from infra.ops.advisories import PROJECT, Advisory, Pin, affected_pins, known_advisories, pins_of
from shared.config.declarations import FUNCTIONS

FILES = [PROJECT / "requirements.txt", *sorted((PROJECT / "infra/requirements").glob("*.txt"))]
RUNTIME = {(pin.package, pin.version) for pin in pins_of() if pin.file == "requirements.txt"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_requirement_is_one_version_with_the_hashes_of_its_files(path: Path) -> None:
    entries = re.split(
        r"\n(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE).strip()
    )
    loose = [
        entry.splitlines()[0]
        for entry in entries
        if not re.match(r"[A-Za-z0-9._-]+(\[[^]]*\])?==\S+", entry) or "--hash=sha256:" not in entry
    ]
    assert loose == []


@pytest.mark.parametrize(
    "path", ["package-lock.json", "infra/deploy/package-lock.json", "infra/deploy/vercel/package-lock.json"]
)
def test_every_node_package_is_pinned_by_its_hash(path: str) -> None:
    packages = json.loads((PROJECT / path).read_text())["packages"]
    loose = [
        name
        for name, entry in packages.items()
        if name
        and not entry.get("link")
        and not entry.get("integrity", "").startswith("sha512-")
        and not entry.get("inBundle")
    ]
    assert loose == []


def test_what_a_function_ships_is_what_the_whole_was_tested_with() -> None:
    shipped = {
        (pin.package, pin.version)
        for pin in pins_of()
        if Path(pin.file).parent.name == "requirements" and Path(pin.file).stem in FUNCTIONS
    }
    assert shipped
    assert shipped - RUNTIME == set()


def test_no_pin_is_one_that_a_known_advisory_warns_of() -> None:
    assert affected_pins(pins_of(), known_advisories()) == []


@pytest.mark.parametrize(
    ("version", "is_found"),
    [
        ("0.38.9", False),
        ("0.39.0", True),
        ("0.49.0", True),
        ("0.49.1", False),
        ("0.100.0", False),
        ("odd", True),
    ],
)
def test_a_version_an_advisory_warns_of_is_found(version: str, is_found: bool) -> None:
    advisory = Advisory("CVE-2025-62727", "starlette", "0.39.0", "0.49.1")
    assert bool(affected_pins([Pin("starlette", version, "x.txt")], [advisory])) is is_found


def test_an_export_of_osv_is_read_with_its_open_ends_and_without_what_was_withdrawn(tmp_path: Path) -> None:
    span = {"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}, {"fixed": "1.2"}, {"introduced": "2.0"}]}
    entry = {
        "id": "OSV-1",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "Odd_Name"}, "ranges": [span]}],
    }
    (tmp_path / "a.json").write_text(json.dumps(entry))
    (tmp_path / "b.json").write_text(json.dumps(entry | {"id": "OSV-2", "withdrawn": "2026-01-01T00:00:00Z"}))
    advisories = [each for each in known_advisories(osv=tmp_path) if each.id.startswith("OSV")]
    found = [
        bool(affected_pins([Pin("odd-name", version, "x")], advisories))
        for version in ("0.9", "1.1", "1.2", "3")
    ]
    assert found == [False, True, False, True]
    assert {each.id for each in advisories} == {"OSV-1"}
