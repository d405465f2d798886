"""Rotation of the claim key: rehearsed on a local world, performed on a stage, resumable after any interruption."""
