"""What an attacker could guess byte by byte is compared in constant time, or is no secret."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SECRET_NAME = re.compile(
    r"(^|_)(token|secret|password|signature|mac|digest|hash|hmac|seed|epoch)(_|$)", re.IGNORECASE
)
CONSTANT_TIME = {
    "functions/health.py": "the metrics token",
    "shared/domain/telegram_init_data.py": "the hash of initData",
    "shared/domain/fairness.py": "a seed's commitment",
    "shared/services/fairness_secrets.py": "a seed's commitment",
    "shared/services/admin_login.py": "what a token says of its account's password",
}
NO_SECRET = {
    "code_hash": "a contract's code is public",
    "expected_code_hash": "a contract's code is public",
    "payload_hash": "what is signed is public before it is signed",
    "signature": "a claim's signature is public once it is given out",
    "hash": "of public cells",
    "epoch": "a day's name",
    "seed": "of a battle whose day is over and published",
    "SIGNATURE_BYTES": "a length",
}


def compared_names(tree: ast.AST) -> list[tuple[int, str]]:
    """(line, name) of every == or != whose operand is called like a secret."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(each, (ast.Eq, ast.NotEq)) for each in node.ops):
            for side in (node.left, *node.comparators):
                name = side.attr if isinstance(side, ast.Attribute) else getattr(side, "id", "")
                if SECRET_NAME.search(name):
                    found.append((node.lineno, name))
    return found


def sources() -> list[Path]:
    return [path for tree in ("functions", "shared") for path in sorted((PROJECT / tree).rglob("*.py"))]


def test_nothing_named_like_a_secret_is_compared_in_a_time_that_tells() -> None:
    suspicious = [
        f"{path.relative_to(PROJECT)}:{line} {name}"
        for path in sources()
        for line, name in compared_names(ast.parse(path.read_text()))
        if name not in NO_SECRET
    ]
    assert suspicious == []


@pytest.mark.parametrize("path", CONSTANT_TIME)
def test_where_it_matters_the_comparison_is_constant_time(path: str) -> None:
    assert "hmac.compare_digest(" in (PROJECT / path).read_text()


def test_no_comparison_in_constant_time_is_missing_from_the_list() -> None:
    found = {str(path.relative_to(PROJECT)) for path in sources() if "compare_digest(" in path.read_text()}
    assert found == set(CONSTANT_TIME)


def test_no_exception_is_listed_that_nothing_needs() -> None:
    compared = {name for path in sources() for _, name in compared_names(ast.parse(path.read_text()))}
    assert set(NO_SECRET) <= compared


def test_a_careless_comparison_would_be_found() -> None:
    assert compared_names(ast.parse("if given_token == self._token: pass")) == [
        (1, "given_token"),
        (1, "_token"),
    ]
