"""docs/security.md names only tests that exist, and no threat without one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TEXT = (PROJECT / "docs/security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEXT)))
THREATS = [
    line
    for section in TEXT.split("## Threats")[1].split("\n## ")[0].split("### ")[1:]
    for line in section.splitlines()
    if line.startswith("| ") and not line.startswith(("| threat", "| ---"))
]
# The tests that prove single items of ASVS 4.0.3; a wrong number is worse than none.
ITEM = re.compile(r"\[((?:\d+\.\d+\.\d+)(?:, \d+\.\d+\.\d+)*)\]")


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_named_test_exists(path: str, name: str) -> None:
    source = (PROJECT / path).read_text()
    assert not name or re.search(rf"^(async )?def {name}\(", source, re.MULTILINE)


@pytest.mark.parametrize("threat", THREATS, ids=lambda line: line.split("|")[1].strip()[:40])
def test_a_threat_is_covered(threat: str) -> None:
    assert "`tests/" in threat.split("|")[2]


def test_the_document_covers_every_part() -> None:
    assert len(THREATS) > 30
    assert {"Assets", "Trust boundaries", "Threats", "Not covered"} <= set(
        re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    )


def test_named_items_of_the_standard_have_its_form() -> None:
    brackets = re.findall(r"\[[^\]]*\]", "\n".join(THREATS))
    assert [each for each in brackets if ITEM.fullmatch(each) is None] == []
