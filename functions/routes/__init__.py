"""Routers by topic; a function's module puts together those it serves."""
