"""The health function on Vercel, which serves a module's `app`."""

from functions.health import app

__all__ = ["app"]
