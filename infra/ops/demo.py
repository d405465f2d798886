"""A new player's whole journey on the local stack, told with its evidence."""

from __future__ import annotations

import secrets
import sys
import tempfile
from pathlib import Path

from infra.local.leftovers import StackRunning
from infra.local.process import PartFailed
from infra.local.stack import DEFAULT_DATA_DIR, Stack, running_stack, serve_until_stopped
from infra.ops.deploy.emulated import emulated_service
from infra.ops.journey.journey import Journey
from infra.ops.journey.player import JourneySite
from infra.ops.package.wheels import PackagingFailed
from infra.ops.story import StepFailed, Story
from infra.ops.up import print_urls


def run_demo(*, as_json: bool, keep: bool) -> int:
    """Play the journey; 0 only if every step held. Everything started is stopped, whatever happens."""
    story = Story(as_json=as_json)
    failure: str | None = None
    # A demo of its own data: it neither disturbs nor waits for a stack that `up` keeps running.
    folder = DEFAULT_DATA_DIR
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="demo-", dir=folder) as data_dir:
        stack = Stack(Path(data_dir), schedule_every_s=0)
        try:
            with running_stack(stack, progress=story.note):
                failure = _play(stack, story)
                story.end(failure)
                if keep:
                    print_urls(stack)
                    print("The stack stays up. Ctrl-C stops all of it.", flush=True)
                    serve_until_stopped(stack)
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            return 0 if keep and failure is None else 130
        except (PartFailed, StackRunning) as fault:
            story.end(str(fault))
            return 1
    return 0 if failure is None else 1


def run_deployed_demo(*, as_json: bool) -> int:
    """The same journey against the service deployed into an emulator of AWS; 0 only if every step held."""
    story = Story(as_json=as_json)
    DEFAULT_DATA_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="deployed-", dir=DEFAULT_DATA_DIR) as folder:
        try:
            with emulated_service(Path(folder), progress=story.note) as service:
                failure = _play(service, story)
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            return 130
        except (PackagingFailed, PartFailed, StackRunning) as fault:
            failure = str(fault)
        story.end(failure)
    return 0 if failure is None else 1


def _play(stack: JourneySite, story: Story) -> str | None:
    journey = Journey(stack, story, telegram_id=100_000 + secrets.randbelow(900_000_000))
    try:
        for step in journey.steps():
            step()
    except StepFailed as fault:
        return str(fault)
    finally:
        journey.close()
    return None
