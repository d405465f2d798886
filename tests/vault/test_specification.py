"""SPEC.md says what the contract does: its tables are compared with the source, the cases and the measurements."""

from __future__ import annotations

import re
from typing import Any

from infra.vault import messages
from infra.vault.code import CODE_HASH
from tests.vault.conftest import IS_FULL, ROOT, tvm_cases, tvm_results

VAULT = ROOT / "infra" / "vault"
SPEC = (VAULT / "SPEC.md").read_text(encoding="utf-8")


def test_the_code_hash_is_the_pinned_one() -> None:
    assert CODE_HASH in SPEC


def test_every_invariant_names_cases_that_exist() -> None:
    known = {name for _, name in tvm_cases()}
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| (`.+`) \|$", SPEC, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 21))
    for number, cell in rows:
        named = set(re.findall(r"`([^`]+)`", cell))
        assert named, number
        assert named <= known, named - known


def test_every_message_of_the_source_is_specified_with_its_opcode() -> None:
    source = (VAULT / "messages.tolk").read_text(encoding="utf-8")
    taken = re.findall(r"^struct \((0x[0-9a-f]{8})\) (\w+)", source, re.MULTILINE)
    assert len(taken) == 13
    for opcode, name in taken:
        assert opcode.removeprefix("0x") in SPEC
        assert name in SPEC or name == "AskToTransfer"


def test_every_exit_code_of_the_source_is_specified() -> None:
    source = (VAULT / "errors.tolk").read_text(encoding="utf-8")
    codes = re.findall(r"^const ERR_\w+ = (\d+)", source, re.MULTILINE)
    assert len(codes) == len(set(codes)) == 20
    for code in codes:
        assert re.search(rf"\| {code} \|", SPEC), code


def test_the_operators_opcodes_are_those_of_the_source() -> None:
    source = (VAULT / "messages.tolk").read_text(encoding="utf-8")
    in_tolk = {name: int(opcode, 16) for opcode, name in re.findall(r"struct \((0x1\w{7})\) (\w+)", source)}
    in_python = {
        "".join(word.capitalize() for word in name.split("_")): value
        for name, value in vars(messages).items()
        if name.isupper() and isinstance(value, int) and value >> 4 == 0x1000000
    }
    assert in_python == in_tolk


def measured() -> list[tuple[str, dict[str, Any]]]:
    limits = tvm_results("limits")
    empty = limits["a claim into an empty map takes at most 11,500 gas"]["facts"]
    grace = limits["a claim signed with the key in grace takes at most 11,500 gas"]["facts"]["grace"]
    name = "with many recipients a claim still fits the least value, far below the cell limit"
    many = limits[name]["facts"]
    rows = [
        ("first claim, empty map", empty["first"]),
        ("later claim, one recipient", empty["later"]),
        ("first claim, 1,000 recipients", many["1000"]["first"]),
        ("later claim, 1,000 recipients", many["1000"]["later"]),
        ("first claim, signed with the key in grace", grace),
    ]
    if IS_FULL:
        rows.append(("first claim, 10,000 recipients", many["10000"]["first"]))
        rows.append(("later claim, 10,000 recipients", many["10000"]["later"]))
    return rows


def test_the_gas_and_fees_written_down_are_those_measured() -> None:
    for what, facts in measured():
        assert f"| {what} | {facts['gas']:,} | {int(facts['cost']) / 1e9:.4f} |" in SPEC, (what, facts)
