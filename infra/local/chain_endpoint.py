"""The local TON chain as an endpoint like the others: this process becomes the Node server of infra/local/chain."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

SERVER = Path(__file__).parent / "chain" / "server.js"


def main(arguments: list[str]) -> None:
    """Replace this process, so that the supervisor's process id and signals are the server's own."""
    node = shutil.which("node")
    if node is None:
        raise SystemExit("the local TON chain needs Node 18 or newer on PATH")
    os.execv(node, [node, str(SERVER), *arguments])  # noqa: S606 - our own program, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
