"""Merging the functions' own documents into one, and writing it where a test compares it."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any, Final

from functions.edge.app import API_VERSION
from infra.ops.openapi.handbook import write_handbook
from infra.ops.openapi.health_paths import PATHS, SECURITY_SCHEMES
from infra.ops.openapi.links import with_links
from shared.domain.errors import ensure

FILE: Final = Path(__file__).resolve().parents[3] / "infra/openapi.json"
GENERATING: Final = ("battle", "economy", "claim", "admin")
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})


def merged_document() -> dict[str, Any]:
    """One OpenAPI 3.1 document; every operation is tagged with the function that serves it.

    A schema whose name another function gave to something else gets its function's name in front.
    Raises InvariantBroken when two functions serve one path or one operation id.
    """
    paths: dict[str, Any] = {}
    components: dict[str, dict[str, Any]] = {"schemas": {}, "securitySchemes": dict(SECURITY_SCHEMES)}
    _add_paths(paths, json.loads(json.dumps(PATHS)), function="health")
    for function in GENERATING:
        document = importlib.import_module(f"functions.{function}").app.openapi()
        document = _with_own_names(document, components["schemas"], prefix=function.capitalize())
        _add_paths(paths, document["paths"], function=function)
        for kind, named in document["components"].items():
            for name, component in named.items():
                known = components.setdefault(kind, {}).setdefault(name, component)
                ensure(known == component, f"{kind} {name} is the same in every function")
    operations = [operation for path in paths.values() for operation in path.values()]
    by_id = {operation["operationId"]: operation for operation in operations}
    ensure(len(by_id) == len(operations), "every operation has an id of its own")
    with_links(by_id)
    return {
        "openapi": "3.1.0",
        "info": {"title": "AIBA Arena", "version": API_VERSION, "license": {"name": "MIT"}},
        "paths": dict(sorted(paths.items())),
        "components": {kind: dict(sorted(named.items())) for kind, named in sorted(components.items())},
    }


def _with_own_names(document: dict[str, Any], taken: dict[str, Any], *, prefix: str) -> dict[str, Any]:
    """A copy of the document in which every schema that differs from a taken one has another name."""
    schemas = document["components"]["schemas"]
    changed = {name for name, schema in schemas.items() if taken.get(name, schema) != schema}
    while more := {
        name
        for name, schema in schemas.items()
        if name in taken and name not in changed and changed & _references(schema)
    }:
        changed |= more
    text = json.dumps(document)
    for name in changed:
        text = text.replace(f'"#/components/schemas/{name}"', f'"#/components/schemas/{prefix}{name}"')
    copy: dict[str, Any] = json.loads(text)
    renamed = {f"{prefix}{n}" if n in changed else n: s for n, s in copy["components"]["schemas"].items()}
    ensure(len(renamed) == len(schemas), f"no schema of {prefix} has the name another one is given")
    copy["components"]["schemas"] = renamed
    return copy


def _references(schema: Any) -> set[str]:
    return set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(schema)))


def _add_paths(paths: dict[str, Any], added: dict[str, Any], *, function: str) -> None:
    for path, operations in added.items():
        ensure(path not in paths, f"one function serves {path}")
        ensure(operations.keys() <= _METHODS, f"{path} is operations alone")
        for operation in operations.values():
            operation["tags"] = [function]
        paths[path] = operations


def as_text() -> str:
    """The file's contents."""
    return json.dumps(merged_document(), indent=1, ensure_ascii=False) + "\n"


def write_openapi() -> str:
    """Write `infra/openapi.json` and docs/api.md, its readable form; what was written, in a sentence."""
    text = as_text()
    FILE.write_text(text)
    document = json.loads(text)
    return f"infra/openapi.json: {len(document['paths'])} paths; {write_handbook(document)}"
