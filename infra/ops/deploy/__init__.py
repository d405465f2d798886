"""Deploying: to AWS, and, the same way, to an emulator of AWS on this machine."""
