"""Values of all settings, behind them the real stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from infra.bench.function_settings import local_values
from tests.conftest import UpstashRest


@pytest.fixture
def known(
    tmp_path: Path, mongo_uri: str, mongo_database: Database[dict[str, Any]], upstash: UpstashRest
) -> dict[str, str]:
    """The values of every setting, over the real stores."""
    _, values = local_values(tmp_path, urls={"mongo": mongo_uri, "upstash": upstash.url, "kms": ""})
    return values | {"MONGODB_DATABASE": mongo_database.name, "UPSTASH_REDIS_REST_TOKEN": upstash.token}
