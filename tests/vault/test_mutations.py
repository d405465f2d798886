"""Every promise's test can fail: the contract is broken line by line, and the named cases notice.

A tenth of the breaks, chosen anew each time, runs by default; all of them when ARENA_TEST_FULL is 1.
"""

from __future__ import annotations

import random  # noqa: TID251 - a seeded choice of tests, not of a battle

import pytest

from tests.vault.conftest import IS_FULL, SEED, run_tvm, tvm_cases


def mutations() -> list[str]:
    every = [mutation["name"] for mutation in run_tvm("mutants")]
    return every if IS_FULL else random.Random(SEED).sample(every, k=len(every) // 10)


@pytest.mark.parametrize("mutation", mutations() if IS_FULL else range(5))
def test_a_broken_contract_is_noticed(mutation: str | int) -> None:
    # By default the tests bear numbers: a random name would differ between the workers of pytest-xdist.
    name = mutation if isinstance(mutation, str) else mutations()[mutation]
    print(f"ARENA_TEST_SEED={SEED} mutation={name}")
    (result,) = run_tvm("mutate", name)
    assert result["ok"], result["error"]


def test_every_mutation_names_cases_that_exist() -> None:
    known = set(tvm_cases())
    for mutation in run_tvm("mutants"):
        assert mutation["cases"], mutation["name"]
        assert {tuple(case) for case in mutation["cases"]} <= known, mutation["name"]
