"""References to secrets, `ssm:/path` and `secretsmanager:name#field`, and their replacement by values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shared.config.declarations import held_by

if TYPE_CHECKING:
    from shared.ports.secrets import Secrets

_SSM = re.compile(r"ssm:(?P<name>/[A-Za-z0-9_.\-/]{1,1010})")
_SECRETS_MANAGER = re.compile(
    r"secretsmanager:(?P<name>[A-Za-z0-9/_+=.@:\-]{1,512})#(?P<field>[A-Za-z0-9_.\-]{1,128})"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a value is kept; `field` picks a member of a Secrets Manager secret's JSON object."""

    store: Literal["ssm", "secretsmanager"]
    name: str
    field: str | None


def parse_reference(value: str) -> Reference | None:
    """The reference, or None where the text is none or is malformed."""
    if found := _SSM.fullmatch(value):
        return Reference("ssm", found["name"], None)
    if found := _SECRETS_MANAGER.fullmatch(value):
        return Reference("secretsmanager", found["name"], found["field"])
    return None


def references_of(function: str, *, environment: Mapping[str, str]) -> dict[str, str]:
    """Setting name -> reference, for the settings this function holds."""
    held = {setting.name: environment.get(setting.name, "").strip() for setting in held_by(function)}
    return {name: value for name, value in held.items() if parse_reference(value) is not None}


def resolve_references(function: str, *, environment: Mapping[str, str], secrets: Secrets) -> dict[str, str]:
    """The environment with the function's references replaced by what is behind them.

    A reference behind which there is nothing counts as a setting that is not set. A malformed one
    stays as it is, so that loading names it beside everything else that is wrong. Raises Unavailable
    when a store did not answer.
    """
    references = references_of(function, environment=environment)
    resolved = dict(environment)
    if not references:
        return resolved
    found = secrets.resolve(sorted(set(references.values())))
    for name, reference in references.items():
        resolved[name] = found.get(reference, "")
    return resolved
