"""Prints `.env.example` from the declared settings: `python -m infra.ops.env_example > .env.example`."""

from __future__ import annotations

import textwrap

from shared.config.declarations import FUNCTIONS, GROUPS, HTTP_FUNCTIONS, Setting

_WIDTH = 100
_HEAD = """\
# Every setting of AIBA Arena's backend: what it is for, its form, and which functions hold it.
# All values are fake. A production function refuses to start with any secret of this file.
# A value may also be a reference, ssm:/path or secretsmanager:name#field, read at cold start and
# again within 5 minutes of a change. Made by `python -m infra.ops.env_example`; do not edit.
"""


def render() -> str:
    """The whole file, in the order of the declarations."""
    parts = [_HEAD]
    for group in GROUPS:
        parts.append(f"\n# ---- {group.title} ----\n")
        parts.extend(_entry(setting) for setting in group.settings)
    return "".join(parts)


def _entry(setting: Setting) -> str:
    facts = [setting.kind.value, "required" if setting.is_required else "optional", _holders(setting.held_by)]
    if setting.is_secret:
        facts.insert(0, "SECRET")
    comment = [*textwrap.wrap(setting.purpose, _WIDTH), f"({'; '.join(facts)})"]
    return "".join(f"# {line}\n" for line in comment) + f"{setting.name}={setting.example}\n"


def _holders(functions: tuple[str, ...]) -> str:
    named = {FUNCTIONS: "all functions", HTTP_FUNCTIONS: "all HTTP functions"}
    return named.get(functions) or ", ".join(functions)


if __name__ == "__main__":
    print(render(), end="")
