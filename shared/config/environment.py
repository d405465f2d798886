"""The one place that touches the process environment."""

from __future__ import annotations

import os
from collections.abc import Mapping


def process_environment() -> Mapping[str, str]:
    """The live environment, not a copy: after a snapshot is restored the platform's credentials in it are new."""
    return os.environ  # noqa: TID251 - this is the module that the rule points everyone to
