"""Each function's environment as serverless.yml writes it, with local values behind its references."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra.local.local_settings import base_values, local_secrets
from infra.local.serverless_file import ServiceSpec, function_values, read_service
from infra.local.supervisor import PROJECT

TEMPLATE: Final = PROJECT / "serverless.yml"
NOWHERE: Final[Mapping[str, str]] = {
    "mongo": "mongodb://127.0.0.1:1/?w=majority",
    "upstash": "http://127.0.0.1:1",
    "kms": "",
}
"""Stores that do not exist: what a start or an event asks of them would fail."""
_REFERENCE: Final = "ssm:"


def local_values(folder: Path, *, urls: Mapping[str, str]) -> tuple[ServiceSpec, dict[str, str]]:
    """The service, and a local value for each setting that needs no vault; secrets are made in `folder`."""
    service = read_service(TEMPLATE, stage="dev")
    secrets = local_secrets(folder / "secrets.json")
    known = base_values(service, urls=urls, secrets=secrets, clock_file=folder / "clock")
    return service, known | {"TON_NETWORK": "-3", "TON_PROVIDER_URL": "https://provider.example"}


def settings_of(
    function: str, known: Mapping[str, str], *, under: str = ""
) -> tuple[dict[str, str], dict[str, str]]:
    """Its environment and what is behind the references in it; a setting without a known value is not set.

    `under` begins the names of the references, where the function's own name would not tell them apart.
    """
    environment, behind = {}, {}
    for setting, written in function_values(TEMPLATE, stage="dev")[function].items():
        if setting not in known:
            continue
        environment[setting] = known[setting]
        if str(written).startswith(_REFERENCE):
            name = f"/{under or function}/{setting}"
            environment[setting] = f"{_REFERENCE}{name}"
            behind[name] = known[setting]
    return environment, behind
