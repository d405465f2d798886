"""A runtime of which several environments are restored: it is copied where the platform would freeze it.

    RESTORED_APIS=127.0.0.1:1,127.0.0.1:2 python -m tests.functions.snapshots.copied_runtime <handler>

Each copy goes on with a Runtime API of its own, as each restored environment does, and asks it for its
restore. A snapshot is memory, so nothing may notice the copying: it is the C library's fork, after which
Python runs none of the handlers that give a forked child chance of its own, and the process id stays.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from typing import Any

from typing_extensions import override

# It keeps the address it is loaded with, so a copy loads it.
sys.modules["runtime_client"] = None  # type: ignore[assignment]

from awslambdaric import bootstrap, lambda_runtime_client  # noqa: E402 - after the line above

_ENVIRONMENT: Any = os.environ  # noqa: TID251 - this is the process's own runtime


class _CopiedClient(lambda_runtime_client.LambdaRuntimeClient):
    @override
    def restore_next(self) -> None:
        apis = _ENVIRONMENT["RESTORED_APIS"].split(",")
        for api in apis:
            if ctypes.PyDLL(None).fork() == 0:
                self.lambda_runtime_address = _ENVIRONMENT["AWS_LAMBDA_RUNTIME_API"] = api
                del sys.modules["runtime_client"]
                lambda_runtime_client.runtime_client = importlib.import_module("runtime_client")
                lambda_runtime_client.runtime_client.initialize_client("copied")
                super().restore_next()
                return
        for _ in apis:
            os.wait()
        sys.exit(0)


def main() -> None:
    """Run the handler as awslambdaric does."""
    frozen = os.getpid()
    os.getpid = lambda: frozen
    bootstrap.run(sys.argv[1], _CopiedClient(_ENVIRONMENT["AWS_LAMBDA_RUNTIME_API"]))


if __name__ == "__main__":
    main()
