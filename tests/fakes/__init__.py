"""Fakes that pass the same contract suites as the real adapters: a module per family of ports."""
