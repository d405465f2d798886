"""Chance that libraries draw once per process, which processes restored from one snapshot would share.

Ours comes from the kernel at every draw (`secrets`, `uuid4`) and needs nothing.
"""

from __future__ import annotations

import random  # noqa: TID251 - the drivers draw from its global state: request ids, choice of servers, jitter
import secrets
import sys
from typing import Final

_STATE_BITS: Final = 19_937


def renew_chance() -> None:
    """Give this process its own: the global generator's state, and the process part of MongoDB's ids."""
    random.seed(secrets.randbits(_STATE_BITS))
    if "bson.objectid" in sys.modules:
        from bson.objectid import ObjectId

        # It draws anew where the process id differs, and a restored process has the snapshot's.
        ObjectId._pid = -1
