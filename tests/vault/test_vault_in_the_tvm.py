"""The vault's promises, each a case in the real TVM with a standard TEP-74 jetton (tvm/*.js)."""

from __future__ import annotations

import pytest

from tests.vault.conftest import SEED, tvm_cases, tvm_results


# Cases of one file run in one node process: a worker of pytest-xdist takes a file whole.
@pytest.mark.parametrize(
    ("file", "name"),
    tvm_cases(),
    ids=str,
)
def test_in_the_tvm(file: str, name: str) -> None:
    result = tvm_results(file)[name]
    print(f"ARENA_TEST_SEED={SEED} facts={result['facts']}")
    assert result["ok"], result["error"]
