"""The economy function on Vercel, which serves a module's `app`."""

from functions.economy import app

__all__ = ["app"]
