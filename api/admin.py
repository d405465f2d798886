"""The admin function on Vercel, which serves a module's `app`."""

from functions.admin import app

__all__ = ["app"]
