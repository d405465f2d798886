"""Chains of a test's own beside the module's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.chain_client import ChainClient
from infra.local.clock import stack_now_ms
from infra.local.endpoint_process import start_endpoint, stop_endpoint


def now_s(clock: Path) -> int:
    return stack_now_ms(clock) // 1000


@contextmanager
def another_chain(folder: Path, *arguments: str) -> Iterator[ChainClient]:
    endpoint = start_endpoint(
        "infra.local.chain_endpoint", "--api-key=fake", *arguments, log=folder / "stderr.log"
    )
    try:
        yield ChainClient(endpoint.url, api_key="fake")
    finally:
        stop_endpoint(endpoint)
