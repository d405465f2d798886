"""Production is noticed through every variable that can say so, however it is written."""

from __future__ import annotations

import pytest

from shared.config.deployment import contradicting_signals, is_production


@pytest.mark.parametrize(
    "environment",
    [
        {"APP_ENV": "prod"},
        {"APP_ENV": "production"},
        {"APP_ENV": " Prod "},
        {"NODE_ENV": "production"},
        {"NODE_ENV": "PRODUCTION\n"},
        {"VERCEL_ENV": "production"},
        {"STAGE": "prod"},
        {"STAGE": "eu-prod"},
        {"STAGE": "production_2"},
        {"AWS_LAMBDA_FUNCTION_NAME": "aiba-arena-prod-claim"},
        {"APP_ENV": "dev", "NODE_ENV": "production"},
        {"APP_ENV": "test", "STAGE": "prod"},
    ],
)
def test_anything_that_says_production_wins(environment: dict[str, str]) -> None:
    assert is_production(environment)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"APP_ENV": "dev"},
        {"STAGE": "products"},
        {"APP_ENV": "staging", "VERCEL_ENV": "preview"},
        {"NODE_ENV": ""},
    ],
)
def test_nothing_else_is_production(environment: dict[str, str]) -> None:
    assert not is_production(environment)


def test_contradicting_variables_are_the_ones_that_say_less() -> None:
    environment = {"APP_ENV": "dev", "NODE_ENV": "production", "VERCEL_ENV": "preview", "STAGE": "blue"}
    assert contradicting_signals(environment) == ("APP_ENV", "VERCEL_ENV")


def test_variables_agree_when_none_says_production() -> None:
    assert contradicting_signals({"APP_ENV": "dev", "VERCEL_ENV": "preview"}) == ()
