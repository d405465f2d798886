"""docs/scale.md says what its formulas say, and the formulas use what the code uses."""

from __future__ import annotations

import pytest

from functions.settle import TASKS
from infra.bench import scale_plan
from infra.bench.results import PROJECT, replace_section
from infra.bench.settle import SettleCosts, bench_settle
from shared.domain.budget_plans import largest_single_amount
from shared.domain.game_config import default_config
from shared.services.due_pages import LATEST_MS, PAGE_SIZE
from shared.services.fold_boards import ACCOUNTS_AT_ONCE

ACCOUNTS = 150
FIXED_COMMANDS = 20


def test_the_document_shows_the_formulas_table():
    assert scale_plan.table() in (PROJECT / "docs" / "scale.md").read_text()


def test_the_largest_reward_is_the_one_budgets_are_planned_with():
    assert largest_single_amount(default_config(), "AIBA") == scale_plan.LARGEST_AIBA


def test_thirty_two_shards_carry_ten_thousand_battles_a_second():
    assert scale_plan.budget_shards(10_000) <= 32


def test_the_document_shows_what_settle_follows_in_the_seconds_its_tasks_have():
    order = list(TASKS)
    own = {name: task.seconds for name, task in TASKS.items()}
    idle = {name: sum(own[each] for each in order[: order.index(name) + 1]) for name in own}
    assert scale_plan.settle_table(own, idle) in (PROJECT / "docs" / "scale.md").read_text()


def test_the_plan_reads_pages_as_large_and_as_often_as_the_code():
    assert (scale_plan.ACCOUNTS_PER_READ, scale_plan.ROWS_PER_PAGE) == (ACCOUNTS_AT_ONCE, PAGE_SIZE)
    assert scale_plan.LOOKS == 1 + LATEST_MS // 60_000


@pytest.fixture(scope="module")
def settle_costs(mongo_uri: str) -> SettleCosts:
    return bench_settle(accounts=ACCOUNTS, rounds=1, mongo_url=mongo_uri)


@pytest.mark.parametrize(
    ("measured", "task", "look"),
    [
        ("fold", "boards", 0),
        ("fold_again", "boards", 1),
        ("janitor", "janitor", 0),
        ("janitor_again", "janitor", 1),
    ],
)
def test_an_account_costs_settle_the_commands_of_the_plan(
    settle_costs: SettleCosts, measured: str, task: str, look: int
):
    """Counted at the driver; a run's fixed commands and its last, partly filled page come on top."""
    planned = scale_plan.SETTLE_LOOKS[task][look].commands
    excess = (getattr(settle_costs, measured).commands - planned) * ACCOUNTS
    assert 0 <= excess <= FIXED_COMMANDS


def test_a_section_is_replaced_and_the_rest_stays(tmp_path):
    document = tmp_path / "page.md"
    document.write_text("a\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nb\n")
    replace_section("x", "new", document=document)
    assert document.read_text() == "a\n<!-- bench:x -->\nnew\n<!-- /bench:x -->\nb\n"
    with pytest.raises(ValueError, match="no section y"):
        replace_section("y", "new", document=document)
