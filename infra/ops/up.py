"""The local stack, served until somebody stops it."""

from __future__ import annotations

import sys
from pathlib import Path

from infra.local.leftovers import StackRunning
from infra.local.process import PartFailed
from infra.local.stack import DEFAULT_DATA_DIR, Stack, running_stack, serve_until_stopped


def serve(data_dir: Path | None) -> int:
    """Start, print where everything is, watch; 0 when stopped, 1 when a part failed."""
    stack = Stack(data_dir or DEFAULT_DATA_DIR)
    try:
        with running_stack(stack, progress=lambda line: print(line, file=sys.stderr, flush=True)):
            print_urls(stack)
            print("Ctrl-C stops all of it.", flush=True)
            serve_until_stopped(stack)
    except KeyboardInterrupt:
        print("stopped")
        return 0
    except (PartFailed, StackRunning) as failure:
        print(f"arena: {failure}", file=sys.stderr)
        return 1
    return 0


def print_urls(stack: Stack) -> None:
    """The stack's addresses, one a line."""
    for name, url in stack.urls.items():
        print(f"  {name:<10} {url}")
    print(f"  logs       {stack.data_dir / 'logs'}", flush=True)
