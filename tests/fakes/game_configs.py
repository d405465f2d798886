"""A configuration that the test may replace."""

from __future__ import annotations

from shared.domain.game_config import GameConfig


class FakeGameConfigs:
    """One configuration the test may replace."""

    def __init__(self, config: GameConfig | None = None) -> None:
        self.config = config or GameConfig()

    def current(self) -> GameConfig:
        return self.config
