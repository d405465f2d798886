"""The command lines of the local stack's parts."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.local.local_settings import access_key_id, role_arn
from infra.local.serverless_file import ServiceSpec
from infra.local.supervisor import PartCommand

# An endpoint ends by itself when its supervisor was killed; the next start ends what did not.
_ALIVE = "--exit-with-parent"


def store_commands(
    service: ServiceSpec, *, data_dir: Path, clock_file: Path, secrets: Mapping[str, str]
) -> list[PartCommand]:
    """Database, rate-limit store, keys and chain: nothing here knows of another, so all start at once."""
    principals = [f"{access_key_id(name)}={role_arn(service, name)}" for name in ("claim", "signer")]
    named = [word for principal in principals for word in ("--principal", principal)]
    return [
        _module("mongo", "mongo_server", "--data", str(data_dir / "mongo")),
        _module(
            "upstash",
            "upstash_endpoint",
            *("--data", str(data_dir / "redis")),
            # One word: a random token may begin with a dash, and would be taken for an option.
            f"--token={secrets['UPSTASH_REDIS_REST_TOKEN']}",
        ),
        _module("kms", "kms_endpoint", "--state", str(data_dir / "kms.json"), *named),
        _module(
            "chain",
            "chain_endpoint",
            *("--api-key", secrets["TON_API_KEY"], "--api-key", secrets["TON_SECONDARY_API_KEY"]),
            *("--clock", str(clock_file)),
        ),
    ]


def gateway_command(
    *,
    stage: str,
    log_dir: Path,
    environments: Path,
    clock_file: Path,
    functions: Sequence[str],
    max_workers: int,
    max_queued: int,
    schedule_every_s: float | None,
) -> PartCommand:
    """The gateway and, behind it, the functions."""
    options = ["--clock", str(clock_file), "--logs", str(log_dir), "--stage", stage]
    options += ["--environments", str(environments)]
    options += ["--functions", ",".join(functions), "--max-workers", str(max_workers)]
    options += ["--max-queued", str(max_queued)]
    if schedule_every_s is not None:
        options += ["--schedule-every-s", str(schedule_every_s)]
    return _module("gateway", "gateway", *options)


def _module(name: str, module: str, *options: str) -> PartCommand:
    return PartCommand(name, (sys.executable, "-m", f"infra.local.{module}", *options, _ALIVE))
