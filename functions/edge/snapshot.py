"""What a snapshot of a started environment carries, and what each environment restored from it makes anew.

Modules and classes are the same for all of them and load before the snapshot. Sockets, secrets, ages and
chance are not: they go before it, and again after the restore, because between the two lie days and other
environments. Source: Lambda developer guide, "Lambda SnapStart runtime hooks" and "Handling uniqueness with
Lambda SnapStart"; after a restore the hooks have ten seconds.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

from shared.adapters.process_chance import renew_chance
from shared.adapters.xray import close_daemon_socket


def do_nothing() -> None:
    """For functions that keep nothing, or load nothing late."""


def register_snapshot_hooks(
    start: Callable[[], None],
    *,
    load: Callable[[], None] | None,
    forget: Callable[[], None] | None,
) -> None:
    """Have the runtime `load` and `forget` before the snapshot, and forget and `start` in every restored copy.

    A hook that raises is the INIT's failure before the snapshot and the restore's failure after it: nothing
    is served.
    """
    from snapshot_restore_py import register_after_restore, register_before_snapshot

    register_before_snapshot(_before_snapshot, load or do_nothing, forget or do_nothing)
    register_after_restore(_after_restore, forget or do_nothing, start)


def _before_snapshot(load: Callable[[], None], forget: Callable[[], None]) -> None:
    load()
    forget()
    close_daemon_socket()
    # What was forgotten may hold itself and, with it, a connection: the SDK's clients and sessions do.
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _after_restore(forget: Callable[[], None], start: Callable[[], None]) -> None:
    renew_chance()
    close_daemon_socket()
    forget()
    start()
