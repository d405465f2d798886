"""docs/scale.md says what its formulas say, and the formulas use what the code uses."""

from __future__ import annotations

import pytest

from infra.bench import scale_plan
from infra.bench.results import PROJECT, replace_section
from shared.domain.budget_plans import largest_single_amount
from shared.domain.game_config import default_config


def test_the_document_shows_the_formulas_table():
    assert scale_plan.table() in (PROJECT / "docs" / "scale.md").read_text()


def test_the_largest_reward_is_the_one_budgets_are_planned_with():
    assert largest_single_amount(default_config(), "AIBA") == scale_plan.LARGEST_AIBA


def test_thirty_two_shards_carry_ten_thousand_battles_a_second():
    assert scale_plan.budget_shards(10_000) <= 32


def test_a_section_is_replaced_and_the_rest_stays(tmp_path):
    document = tmp_path / "page.md"
    document.write_text("a\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nb\n")
    replace_section("x", "new", document=document)
    assert document.read_text() == "a\n<!-- bench:x -->\nnew\n<!-- /bench:x -->\nb\n"
    with pytest.raises(ValueError, match="no section y"):
        replace_section("y", "new", document=document)
