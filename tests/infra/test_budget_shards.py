"""A sharded cap is never passed, and what sharding strands is what the formula says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.bench.budget_shards import drain, predicted_unused
from shared.domain.budget_plans import plan_budget
from shared.domain.budgets import BudgetPlan
from shared.domain.game_config import default_config


@pytest.mark.parametrize("shards", [1, 3, 32])
@pytest.mark.parametrize("amount", [1, 7, 136])
def test_equal_amounts_strand_exactly_what_the_formula_says(shards, amount):
    plan = BudgetPlan(cap=shards * 20 * 136 + 11, shards=shards)
    found = drain(plan, lambda _: amount, processes=4, crashes_per_thousand=0, seed=1)
    assert found.unused == predicted_unused(plan, amount)
    assert found.issued + found.unused == plan.cap


@settings(max_examples=30, deadline=None)
@given(
    cap=st.integers(1, 4_000),
    shards=st.integers(1, 16),
    largest=st.integers(1, 200),
    crashes=st.integers(0, 100),
    seed=st.integers(0, 2**32),
)
def test_no_mix_of_amounts_and_crashes_passes_the_cap(cap, shards, largest, crashes, seed):
    plan = BudgetPlan(cap=cap, shards=shards)
    found = drain(
        plan, lambda chance: chance.randint(1, largest), processes=5, crashes_per_thousand=crashes, seed=seed
    )
    assert found.issued + found.lost + found.unused == cap
    assert found.issued <= cap


def test_mixed_amounts_leave_less_than_one_percent_of_a_planned_budget():
    plan = plan_budget(default_config(), "AIBA")
    small = BudgetPlan(cap=plan.cap // 10, shards=max(1, plan.shards // 10))
    found = drain(small, lambda chance: chance.randint(60, 400), processes=8, crashes_per_thousand=0, seed=7)
    assert found.unused < small.cap // 100


def test_a_grant_costs_one_command_until_the_budget_runs_dry():
    plan = BudgetPlan(cap=200_000, shards=4)
    found = drain(plan, lambda _: 50, processes=4, crashes_per_thousand=0, seed=3)
    assert found.commands_per_grant < 1.1
