"""A stage whose claim key can be rotated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import access_key_id
from tests.infra.kms.kms_clients import client
from tests.ops.oracle.oracle_stage import OracleStage


@pytest.fixture(scope="session")
def clients(kms: str) -> tuple[Any, Any]:
    """An administrator's and the signer's; making one costs more than a test."""
    return client(kms, key_id="AKIAFAKEROOT"), client(kms, key_id=access_key_id("signer"))


@pytest.fixture
def stage(clients: tuple[Any, Any], tmp_path: Path) -> OracleStage:
    return OracleStage(*clients, tmp_path / "rotations")
