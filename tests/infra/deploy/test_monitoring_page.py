"""docs/monitoring.md names every metric there is, and none that there is not."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

from shared.adapters import aws_secrets
from shared.domain.metrics_catalogue import CATALOGUE
from shared.domain.observations import AUDIT, PROJECTION, RUN, VAULT, Observation
from shared.domain.vault_watch import MAX_RECIPIENTS, RECIPIENTS_HIGH, TON_LOW_NANO
from shared.services.measure_claims import OPEN_CLAIMS_COUNTED_MAX
from shared.services.read_metrics import MetricSources, read_metrics
from shared.wiring import MetricSample
from tests.services.claim_world import ClaimWorld

PROJECT = Path(__file__).parents[3]
PAGE = (PROJECT / "docs/monitoring.md").read_text()


def everything_served() -> list[MetricSample]:
    """The samples of a backend in which settle has seen all there is."""
    world = ClaimWorld()
    world.look_at_vault()
    for name, facts in (
        (PROJECTION, {"lag_ms": 0}),
        (AUDIT, {"suspects": 0, "until_ms": 1}),
        (RUN, {"failed_tasks": 0}),
    ):
        world.observations.note(Observation(name, 1, facts))
    store = world.committer.store
    sources = MetricSources(store, world.configs, world.claims, world.observations, world.clock)
    return list(read_metrics(sources))


def test_the_catalogue_of_the_page_is_the_catalogue_of_the_code() -> None:
    listed = re.findall(r"^\| `([A-Z]\w+)` \| (\w+) \| ([\w-]+) \| (.+?) \| ", PAGE, re.MULTILINE)
    assert listed == [
        (metric.name, metric.unit, metric.split_by or "-", metric.meaning) for metric in CATALOGUE
    ]


def test_the_subsegments_of_the_page_are_those_that_adapters_send() -> None:
    calls = [
        call.args[0]
        for path in (PROJECT / "shared/adapters").glob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "traced"
    ]
    fixed = {name.value for name in calls if isinstance(name, ast.Constant)}
    [table] = re.findall(r"\| subsegment \|.*?\n\n", PAGE, re.DOTALL)
    listed = re.findall(r"`([^`]+)`", "".join(row.split(" | ")[0] for row in table.splitlines()))
    assert len(fixed) == 5
    assert sorted(listed) == sorted(fixed | set(aws_secrets.STORE_NAMES.values()))


def test_every_prometheus_metric_is_listed_as_it_is_served() -> None:
    served = {(sample.name, sample.kind, ", ".join(sample.labels) or "-") for sample in everything_served()}
    listed = re.findall(r"^\| `(arena_\w+)` \| (\w+) \| ([\w, -]+) \| ", PAGE, re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == served


def test_every_rule_is_named_once_and_asks_for_metrics_and_labels_that_are_served() -> None:
    samples = everything_served()
    [block] = [text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "groups:" in text]
    [group] = yaml.safe_load(block)["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(set(names)) == len(names)
    for rule in group["rules"]:
        for name, label, value in re.findall(r'\b(arena_\w+)(?:\{(\w+)="(\w+)"\})?', rule["expr"]):
            alike = [sample for sample in samples if sample.name == name]
            assert alike, f"{rule['alert']} asks for {name}, which nobody serves"
            assert not label or value in {sample.labels.get(label) for sample in alike}, rule["alert"]


def test_the_rules_about_the_vault_ring_where_settles_own_do() -> None:
    assert f"expr: arena_vault_ton_nano < {TON_LOW_NANO}\n" in PAGE
    assert RECIPIENTS_HIGH == MAX_RECIPIENTS * 9 // 10
    assert "expr: arena_vault_recipients / arena_vault_recipients_max >= 0.9\n" in PAGE


def test_a_rule_rings_when_there_are_more_open_claims_than_are_counted() -> None:
    assert f"expr: sum(arena_open_claims) >= {OPEN_CLAIMS_COUNTED_MAX}\n" in PAGE


def test_what_is_told_only_once_it_was_seen_is_missed_by_a_rule() -> None:
    assert set(re.findall(r'absent\(arena_observed_age_seconds\{what="(\w+)"\}\)', PAGE)) == {VAULT, RUN}


def test_every_link_to_another_page_leads_somewhere() -> None:
    assert all((PROJECT / "docs" / page).is_file() for page in re.findall(r"\]\(([\w-]+\.md)", PAGE))
