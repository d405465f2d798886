"""The whole backend on this machine: real parts on loopback, one clock, one world, nothing left behind.

    with running_stack() as stack:
        print(stack.urls["gateway"])

A start is a new world: databases, keys and chain begin empty together, because a claim of an old
world could neither be paid nor refunded in a new one. Secrets and logs stay in the data directory.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

from pymongo.errors import PyMongoError

from infra.local.chain_client import ChainClient
from infra.local.claim_key import create_claim_key
from infra.local.clock import read_offset_ms, stack_now_ms, write_offset_ms
from infra.local.function_calls import function_states, invoke_function
from infra.local.gateway import REGION
from infra.local.local_settings import base_values, function_environments, local_secrets, write_environments
from infra.local.prepare_database import prepare_database
from infra.local.process import PartFailed, last_lines
from infra.local.serverless_file import read_service
from infra.local.stack_parts import gateway_command, store_commands
from infra.local.supervisor import PROJECT, Supervisor
from infra.local.world import World, create_world

STAGE = "dev"
DEFAULT_DATA_DIR: Final = PROJECT / ".arena"
Progress = Callable[[str], None]
_WATCH_S = 0.5


class Stack:
    """Starts, moves in time, breaks and stops the local stack.

    After `start`: `urls` by part (mongo, upstash, kms, chain, gateway, private), `settings` with every
    value of the stack, from which each function gets only its own, `world`, `secrets`.
    `functions` limits which functions run; `schedule_every_s` replaces settle's minute, 0 switches it off.
    """

    def __init__(
        self,
        data_dir: Path = DEFAULT_DATA_DIR,
        *,
        functions: Sequence[str] | None = None,
        schedule_every_s: float | None = None,
        max_workers: int = 4,
        max_queued: int = 1000,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.service = read_service(PROJECT / "serverless.yml", stage=STAGE)
        self.urls: dict[str, str] = {}
        self.settings: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.world: World | None = None
        self._functions = tuple(functions or self.service.functions)
        self._schedule_every_s = schedule_every_s
        self._max_workers = max_workers
        self._max_queued = max_queued
        self._supervisor: Supervisor | None = None

    @property
    def clock_file(self) -> Path:
        return self.data_dir / "clock"

    def start(self, progress: Progress = lambda _: None) -> None:
        """Start everything, saying each step; whatever fails stops all of it.

        Raises PartFailed naming the part (or the function) that failed, StackRunning when the directory is in use.
        """
        self._supervisor = Supervisor(self.data_dir)
        try:
            self._begin(progress)
        except PyMongoError as error:
            self.stop()
            log = self.log_path("mongo")
            raise PartFailed(
                "mongo", f"refused: {error}", log_path=log, last_lines=last_lines(log)
            ) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop every part in reverse order; stopping twice is fine."""
        if self._supervisor is not None:
            self._supervisor.stop()
            self._supervisor = None

    def check(self) -> None:
        """Raise PartFailed when a part has died."""
        self._parts.check()

    def advance_clock(self, seconds: float) -> int:
        """Move the one clock of functions, chain and gateway; gives the new time in ms."""
        write_offset_ms(self.clock_file, read_offset_ms(self.clock_file) + round(seconds * 1000))
        return self.now_ms()

    def now_ms(self) -> int:
        """The stack's time in milliseconds since 1970 UTC."""
        return stack_now_ms(self.clock_file)

    def invoke(self, function: str, event: Any = None) -> Any:
        """Invoke a function directly, as its schedule or an operator would; gives its result.

        Raises FunctionFailed with the function's own error.
        """
        return invoke_function(self.urls["private"], function, event or {})

    def restart(self, part: str) -> None:
        """Start a part again on its port, stopped or not; a new chain is a new world and restarts the gateway."""
        self._note_urls({part: self._parts.restart(part)})
        if part == "chain":
            self._create_world()
            write_environments(self._environments_file, function_environments(self.service, self.settings))
            self.restart("gateway")
        elif part == "gateway":
            self._check_functions()

    def change_settings(self, **values: str) -> None:
        """Give functions other values; they start again with them, as instances of a new deployment would."""
        self.settings |= values
        write_environments(self._environments_file, function_environments(self.service, self.settings))
        self.restart("gateway")

    def kill(self, part: str) -> None:
        """End a part and its workers at once, as a power cut would."""
        self._parts.part(part).kill()

    def pause(self, part: str) -> None:
        """Freeze a part: it accepts connections and never answers."""
        self._parts.part(part).pause()

    def resume(self, part: str) -> None:
        """Let a paused part go on."""
        self._parts.part(part).resume()

    def log_path(self, name: str) -> Path:
        """The log of a part or of a function."""
        return self.data_dir / "logs" / f"{name}.log"

    @property
    def _environments_file(self) -> Path:
        return self.data_dir / "environments.json"

    @property
    def _parts(self) -> Supervisor:
        if self._supervisor is None:
            raise RuntimeError("the stack is not running")
        return self._supervisor

    def _begin(self, progress: Progress) -> None:
        began_s = time.monotonic()

        def say(step: str) -> None:
            progress(f"{time.monotonic() - began_s:5.1f} s  {step}")

        if self._parts.ended_leftovers:
            say(f"ended what a killed run left: {', '.join(self._parts.ended_leftovers)}")
        self._forget_former_world()
        self.secrets = local_secrets(self.data_dir / "secrets.json")
        self._note_urls(
            self._parts.start(
                store_commands(
                    self.service, data_dir=self.data_dir, clock_file=self.clock_file, secrets=self.secrets
                )
            )
        )
        say("database, rate limits, keys and chain are up")
        self.settings = base_values(
            self.service, urls=self.urls, secrets=self.secrets, clock_file=self.clock_file
        )
        prepare_database(self.settings["MONGODB_URI"], self.settings["MONGODB_DATABASE"])
        self._create_world()
        say("the vault is deployed and funded")
        write_environments(self._environments_file, function_environments(self.service, self.settings))
        self._note_urls(
            self._parts.start(
                [
                    gateway_command(
                        stage=STAGE,
                        log_dir=self.data_dir / "logs",
                        environments=self._environments_file,
                        clock_file=self.clock_file,
                        functions=self._functions,
                        max_workers=self._max_workers,
                        max_queued=self._max_queued,
                        schedule_every_s=self._schedule_every_s,
                    )
                ]
            )
        )
        self._check_functions()
        say(f"{len(self._functions)} functions answer at {self.urls['gateway']}")

    def _forget_former_world(self) -> None:
        for name in ("mongo", "redis", "logs"):
            shutil.rmtree(self.data_dir / name, ignore_errors=True)
        (self.data_dir / "kms.json").unlink(missing_ok=True)
        (self.data_dir / "mongo").mkdir(parents=True)
        write_offset_ms(self.clock_file, 0)

    def _create_world(self) -> None:
        """The claim key, a vault that trusts it, and the settings that name both."""
        if "ORACLE_KMS_KEY_ID" not in self.settings:
            key_id, public_key = create_claim_key(
                self.service, kms_url=self.urls["kms"], region=REGION, template=PROJECT / "infra/aws/kms.yml"
            )
            self.settings |= {"ORACLE_KMS_KEY_ID": key_id, "ORACLE_PUBLIC_KEY_HEX": public_key.hex()}
        chain = ChainClient(self.urls["chain"], self.settings["TON_API_KEY"])
        public_key = bytes.fromhex(self.settings["ORACLE_PUBLIC_KEY_HEX"])
        self.world = create_world(chain, oracle_public_key=public_key)
        # Both providers show the one local chain; each can be made to lag or to lie on its own.
        second = ChainClient(chain.url, chain.api_key, provider="secondary").provider_url
        self.settings |= {
            **self.world.settings(),
            "TON_PROVIDER_SECONDARY_URL": second,
        }

    def _note_urls(self, urls: Any) -> None:
        for name, found in urls.items():
            self.urls[name] = found[0]
            if name == "gateway":
                self.urls["private"] = found[1]
        # For commands that attach to a running stack; a part that is restarted keeps its port.
        (self.data_dir / "urls.json").write_text(json.dumps(self.urls))

    def _check_functions(self) -> None:
        """A function that cannot start is named at once, with the one line that says why."""
        for name, state in function_states(self.urls["private"]).items():
            if state["init_error"]:
                log_path = self.log_path(name)
                reason = f"did not start: {state['init_error']}"
                raise PartFailed(
                    f"function {name}", reason, log_path=log_path, last_lines=last_lines(log_path)
                )


@contextlib.contextmanager
def running_stack(stack: Stack | None = None, *, progress: Progress = lambda _: None) -> Iterator[Stack]:
    """A stack for a `with` block: stopped at its end, on an exception, Ctrl-C and SIGTERM.

    While it stops, further Ctrl-C are ignored: a second impatient one must not leave half of it running.
    """
    chosen = stack or Stack()
    former = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        chosen.start(progress)
        yield chosen
    finally:
        for number in former:
            signal.signal(number, signal.SIG_IGN)
        chosen.stop()
        for number, handler in former.items():
            signal.signal(number, handler)


def serve_until_stopped(stack: Stack) -> None:
    """Watch the parts until Ctrl-C or SIGTERM ends it. Raises PartFailed when one dies."""
    while True:
        stack.check()
        time.sleep(_WATCH_S)


def _leave(number: int, _frame: FrameType | None) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)
