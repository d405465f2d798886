"""Backups of the database as files, and the drill that proves one can be restored."""
