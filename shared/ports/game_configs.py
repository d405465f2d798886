"""Where the game's configuration is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shared.domain.game_config import GameConfig


class GameConfigs(Protocol):
    """The one configuration document; `current` may be at most 3 s old."""

    def current(self) -> GameConfig: ...
