"""One frozen, typed settings object per function, each in a module of its own: a start pays for one."""
