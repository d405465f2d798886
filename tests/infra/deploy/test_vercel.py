"""What Vercel would serve: the same applications on the same paths, no source, and nothing that signs or settles."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from infra.local.routes import RouteTable
from infra.local.serverless_file import read_service
from infra.ops.package.sources import reach_of
from shared.adapters import lambda_claim_signer, web_identity
from shared.config.declarations import FUNCTIONS, HTTP_FUNCTIONS

PROJECT = Path(__file__).parents[3]
SETUP = json.loads((PROJECT / "vercel.json").read_text())
ENTRIES = sorted((PROJECT / "api").glob("*.py"))
IGNORED = [
    line for line in (PROJECT / ".vercelignore").read_text().splitlines() if line and not line.startswith("#")
]
SERVICE = read_service(PROJECT / "serverless.yml", stage="dev")
PATHS = sorted(
    {
        key.split(" ")[1].replace("{proxy+}", "one/two")
        for spec in SERVICE.functions.values()
        for key in spec.route_keys
        if key != "$default"
    }
)


def is_ignored(path: str) -> bool:
    """Whether Vercel is never sent this file; every line names a file or a folder of the root."""
    return any(path == each or path.startswith(f"{each}/") for each in IGNORED)


def _reached(functions: Iterable[str]) -> set[str]:
    return {path.as_posix() for name in functions for path in reach_of(name, root=PROJECT).files}


def _destination(path: str) -> str | None:
    """Where Vercel sends a path: a file of its own, else the first rewrite that matches (path-to-regexp)."""
    if (PROJECT / path.removeprefix("/")).with_suffix(".py").is_file():
        return path
    for rule in SETUP["rewrites"]:
        pattern = re.sub(r"/:rest\*", "(?:/.*)?", rule["source"])
        if re.fullmatch(pattern, path):
            return str(rule["destination"])
    return None


@pytest.mark.parametrize("path", PATHS)
def test_a_path_reaches_the_same_function_as_on_aws(path: str) -> None:
    match = RouteTable(SERVICE).match("GET", path)
    assert match is not None
    assert _destination(path) == f"/api/{match.route.function}"


def test_each_http_function_has_one_entry_and_no_other_has() -> None:
    assert {entry.stem for entry in ENTRIES} == set(HTTP_FUNCTIONS)
    for entry in ENTRIES:
        imported = [
            node.module for node in ast.walk(ast.parse(entry.read_text())) if isinstance(node, ast.ImportFrom)
        ]
        assert imported == [f"functions.{entry.stem}"]


@pytest.mark.parametrize("function", ["signer", "settle"])
def test_what_signs_and_settles_is_not_even_uploaded(function: str) -> None:
    assert f"functions/{function}.py" in IGNORED
    assert _destination(f"/api/{function}") is None


def test_vercel_is_sent_everything_that_its_functions_import_and_nothing_that_only_the_others_do() -> None:
    served, private = _reached(HTTP_FUNCTIONS), _reached(set(FUNCTIONS) - set(HTTP_FUNCTIONS))
    assert [path for path in sorted(served) if is_ignored(path)] == []
    assert [path for path in sorted(private - served) if not is_ignored(path)] == []


def test_packages_are_taken_from_requirements_alone() -> None:
    """A pyproject.toml without dependencies would come first, and the functions would have no package at all."""
    assert is_ignored("pyproject.toml")
    assert is_ignored("package.json")
    assert not is_ignored("requirements.txt")


def test_no_source_is_published() -> None:
    assert SETUP["outputDirectory"] == "public"
    assert SETUP["framework"] is None
    assert {path.suffix for path in (PROJECT / "public").rglob("*") if path.is_file()} <= {".txt"}


def test_a_function_is_not_given_tests_documents_or_operations() -> None:
    excluded = SETUP["functions"]["api/*.py"]["excludeFiles"]
    assert {"tests", "docs", "infra", "build", ".arena"} <= set(re.findall(r"[.\w]+", excluded))


def test_a_claim_that_waits_for_everything_ends_before_vercel_ends_it() -> None:
    """Its turn, STS and the signer, each for as long as it may take; the other half is the stores' and the chain's."""
    sts_s = web_identity.TURN_S + web_identity.CONNECT_S + web_identity.READ_S
    signer_s = lambda_claim_signer.CONNECT_S + lambda_claim_signer.READ_S
    assert sts_s + signer_s <= SETUP["functions"]["api/*.py"]["maxDuration"] / 2


def test_what_vercel_installs_includes_what_aws_has_by_itself() -> None:
    assert re.search(r"^boto3==", (PROJECT / "requirements.txt").read_text(), re.MULTILINE)
