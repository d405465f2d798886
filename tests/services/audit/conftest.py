"""An audit whose hour has come."""

from __future__ import annotations

import pytest

from tests.services.audit.auditor import Auditor
from tests.services.audited_world import busy_world


@pytest.fixture
def auditor() -> Auditor:
    return Auditor(busy_world())
