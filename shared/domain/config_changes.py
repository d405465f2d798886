"""Changing the configuration: who did it and why, what differs, and where it may come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from shared.domain.config_documents import config_document, economy_document, economy_from_document
from shared.domain.errors import Refused
from shared.domain.game_config import GameConfig, Paused

if TYPE_CHECKING:
    from shared.domain.modes import Mode

SYSTEM: Final = "system"
SWITCHES: Final = tuple(Paused.__dataclass_fields__)
_LIMIT_MAX: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ConfigRevision:
    """One configuration that was in force, who brought it about, when, why, and by which audit record."""

    config: GameConfig
    by: str = SYSTEM
    at_ms: int = 0
    reason: str = ""
    intent: str = ""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field's values before and after; None where it did not exist. `field` is a dotted wire path."""

    field: str
    before: Any
    after: Any


def with_economy(config: GameConfig, changes: Mapping[str, Any]) -> GameConfig:
    """The configuration with these economy fields (wire names) changed.

    Raises Refused `invalid_economy` listing every unknown field and every value out of bounds.
    """
    document = {**economy_document(config.economy), **changes}
    return replace(config, economy=economy_from_document(document))


def with_mode(config: GameConfig, mode: Mode) -> GameConfig:
    """The configuration with this mode, new or in the place of the one of its key."""
    return replace(config, modes={**config.modes, mode.key: mode})


def without_mode(config: GameConfig, key: str) -> GameConfig:
    """The configuration without this mode. Raises Refused `mode_unknown`."""
    if key not in config.modes:
        raise Refused("There is no such mode", code="mode_unknown", extra={"mode": key})
    return replace(config, modes={name: mode for name, mode in config.modes.items() if name != key})


def with_limits(config: GameConfig, limits: Mapping[str, int], *, policies: frozenset[str]) -> GameConfig:
    """The configuration with exactly these overrides of rate limits; without one, the policy's own count.

    Raises Refused `invalid_limits`: a limit nobody asks for would look like one that holds.
    """
    errors = [{"field": name, "problem": "is not a known limit"} for name in limits if name not in policies]
    errors += [
        {"field": name, "problem": f"must be a whole number from 1 to {_LIMIT_MAX}"}
        for name, count in limits.items()
        if not 1 <= count <= _LIMIT_MAX
    ]
    if errors:
        raise Refused("Some limits are not acceptable", code="invalid_limits", extra={"errors": errors})
    return replace(config, limits=dict(limits))


def with_switches(config: GameConfig, switches: Mapping[str, bool]) -> GameConfig:
    """The configuration with these pause switches set; the others stay."""
    return replace(config, paused=replace(config.paused, **switches))


def rolled_back(config: GameConfig, former: GameConfig) -> GameConfig:
    """The former economy, modes and limits; what is paused stays paused, whatever was then."""
    return replace(config, economy=former.economy, modes=former.modes, limits=former.limits)


def differences(before: GameConfig, after: GameConfig) -> list[FieldChange]:
    """Every field that differs, by its path; the revision itself is not a difference."""
    old, new = _flat(config_document(before)), _flat(config_document(after))
    return [
        FieldChange(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if path != "rev" and old.get(path) != new.get(path)
    ]


def difference_documents(before: GameConfig, after: GameConfig) -> list[dict[str, Any]]:
    """The differences as JSON values."""
    return [
        {"field": change.field, "before": change.before, "after": change.after}
        for change in differences(before, after)
    ]


def _flat(document: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{path}{name}.")
        else:
            flat[path + name] = value
    return flat
