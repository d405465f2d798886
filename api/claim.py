"""The claim function on Vercel, which serves a module's `app`."""

from functions.claim import app

__all__ = ["app"]
