"""The life of one local endpoint: announced once on stdout, ended by SIGTERM or by its parent's death."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable

# A request that hangs must not keep the process: whoever stops us was promised one second.
STOP_WITHIN_S = 0.8
PARENT_CHECK_EVERY_S = 1.0


def endpoint_arguments(description: str) -> argparse.ArgumentParser:
    """A parser with what every endpoint accepts: `--port` (0 = any free one) and `--exit-with-parent`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 picks a free one")
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="stop when the parent process is gone"
    )
    return parser


def announce(name: str, url: str) -> None:
    """Tell the supervisor that connections are accepted: the only line an endpoint writes to stdout.

    A supervisor that died meanwhile has closed the pipe, so this raises and ends the endpoint.
    """
    sys.stdout.write(f"ready {name} {url}\n")
    sys.stdout.flush()


def run_endpoint(serve: Callable[[asyncio.Event], Awaitable[None]], *, exits_with_parent: bool) -> None:
    """Run `serve` until it returns; it must return soon after the event it is given is set."""
    # Taken before anything is announced: a parent that is gone by then is noticed at the announcement.
    parent_id = os.getppid() if exits_with_parent else None
    asyncio.run(_live(serve, parent_id=parent_id))


async def _live(serve: Callable[[asyncio.Event], Awaitable[None]], *, parent_id: int | None) -> None:
    stopping = asyncio.Event()

    def stop() -> None:
        stopping.set()
        # A thread, not the loop: the loop itself may be what hangs.
        deadline = threading.Timer(STOP_WITHIN_S, os._exit, args=(0,))
        deadline.daemon = True
        deadline.start()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    watch = asyncio.create_task(_follow(parent_id, stop)) if parent_id is not None else None
    try:
        await serve(stopping)
    finally:
        if watch is not None:
            watch.cancel()


async def _follow(parent_id: int, stop: Callable[[], None]) -> None:
    """Call `stop` once the process that started us is gone: orphans get another parent."""
    while os.getppid() == parent_id:
        await asyncio.sleep(PARENT_CHECK_EVERY_S)
    stop()
