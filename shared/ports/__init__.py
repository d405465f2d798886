"""The outside world in our words; adapters implement these, services depend on nothing else."""
