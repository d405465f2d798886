"""The battle function on Vercel, which serves a module's `app`."""

from functions.battle import app

__all__ = ["app"]
