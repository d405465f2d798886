"""docs/monitoring.md names every metric there is, and none that there is not."""

from __future__ import annotations

import re
from pathlib import Path

from shared.domain.metrics_catalogue import CATALOGUE

PROJECT = Path(__file__).parents[3]
PAGE = (PROJECT / "docs/monitoring.md").read_text()


def test_the_catalogue_of_the_page_is_the_catalogue_of_the_code() -> None:
    listed = re.findall(r"^\| `([A-Z]\w+)` \| (\w+) \| ([\w-]+) \| (.+?) \| ", PAGE, re.MULTILINE)
    assert listed == [
        (metric.name, metric.unit, metric.split_by or "-", metric.meaning) for metric in CATALOGUE
    ]


def test_every_prometheus_metric_is_listed_and_every_rule_uses_listed_ones() -> None:
    served = set(re.findall(r'"(arena_\w+)"', (PROJECT / "shared/services/read_metrics.py").read_text()))
    assert set(re.findall(r"^\| `(arena_\w+)`", PAGE, re.MULTILINE)) == served
    assert set(re.findall(r"expr: .*?(arena_\w+)", PAGE)) <= served


def test_every_link_to_another_page_leads_somewhere() -> None:
    assert all((PROJECT / "docs" / page).is_file() for page in re.findall(r"\]\(([\w-]+\.md)", PAGE))
