"""The only place that picks adapters: one module per function, each a lazily built, replaceable whole."""
