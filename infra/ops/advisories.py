"""`./arena advisories`: whether a pinned package is one that an advisory warns of, without asking the network.

Pins are compared with the list in infra/requirements/advisories.json and, where an operator has it, with
OSV's export for PyPI (one JSON file an advisory: https://ossf.github.io/osv-schema/).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from packaging.version import InvalidVersion, Version

PROJECT: Final = Path(__file__).resolve().parents[2]
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Advisory:
    """Versions from `introduced` up to, not including, `fixed` are affected; no `fixed` means all later ones."""

    id: str
    package: str
    introduced: str
    fixed: str | None


@dataclass(frozen=True, slots=True)
class Pin:
    """One package at one version in one requirements file."""

    package: str
    version: str
    file: str


def pins_of(project: Path = PROJECT) -> list[Pin]:
    """Every pin of every requirements file, under the package's normalised name (PEP 503)."""
    files = [project / "requirements.txt", *sorted((project / "infra/requirements").glob("*.txt"))]
    return [
        Pin(_normalised(name), version, str(path.relative_to(project)))
        for path in files
        for name, version in _PIN.findall(path.read_text())
    ]


def known_advisories(project: Path = PROJECT, *, osv: Path | None = None) -> list[Advisory]:
    """The committed list, and everything in an export of OSV."""
    document = json.loads((project / "infra/requirements/advisories.json").read_text())
    listed = [Advisory(a["id"], a["package"], a["introduced"], a["fixed"]) for a in document["advisories"]]
    exported = [] if osv is None else sorted(osv.rglob("*.json"))
    return listed + [advisory for path in exported for advisory in _from_osv(json.loads(path.read_text()))]


def _from_osv(document: dict[str, Any]) -> Iterator[Advisory]:
    if "withdrawn" in document:
        return
    for affected in document.get("affected", ()):
        package = affected.get("package", {})
        if package.get("ecosystem") != "PyPI":
            continue
        for span in affected.get("ranges", ()):
            if span.get("type") == "ECOSYSTEM":
                yield from _spans(document["id"], _normalised(package["name"]), span["events"])


def _spans(advisory_id: str, package: str, events: list[dict[str, str]]) -> Iterator[Advisory]:
    introduced: str | None = None
    for event in events:
        if "introduced" in event:
            introduced = event["introduced"]
        elif "fixed" in event and introduced is not None:
            yield Advisory(advisory_id, package, introduced, event["fixed"])
            introduced = None
    if introduced is not None:
        yield Advisory(advisory_id, package, introduced, None)


def affected_pins(pins: list[Pin], advisories: list[Advisory]) -> list[str]:
    """One sentence for every pin that an advisory is about."""
    by_package: dict[str, list[Advisory]] = {}
    for advisory in advisories:
        by_package.setdefault(advisory.package, []).append(advisory)
    return sorted(
        f"{pin.package} {pin.version} in {pin.file}: {advisory.id}, fixed in {advisory.fixed or 'no version yet'}"
        for pin in pins
        for advisory in by_package.get(pin.package, ())
        if _is_affected(pin.version, advisory)
    )


def _is_affected(version: str, advisory: Advisory) -> bool:
    try:
        is_past_start = Version(version) >= Version(advisory.introduced)
        return is_past_start and (advisory.fixed is None or Version(version) < Version(advisory.fixed))
    except InvalidVersion:
        return True  # what cannot be compared is to be looked at


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def run_advisories(osv: Path | None) -> int:
    """Print what is affected; 1 if anything is."""
    pins, advisories = pins_of(), known_advisories(osv=osv)
    affected = affected_pins(pins, advisories)
    for sentence in affected:
        print(sentence)
    print(
        f"{len({(pin.package, pin.version) for pin in pins})} pins, {len(advisories)} advisories, {len(affected)} affected"
    )
    if osv is None:
        print("Only the committed list was asked; give --osv with OSV's export for PyPI to ask all of it.")
    return 1 if affected else 0
