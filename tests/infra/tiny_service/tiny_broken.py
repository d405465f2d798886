"""A module whose INIT fails, and counts how often it was tried."""

import os
from pathlib import Path

with Path(os.getenv("TRIES_FILE", "")).open("a") as tries:
    tries.write("x")
raise RuntimeError("PROD_READINESS_FAILED: CORS_ORIGIN is missing")
