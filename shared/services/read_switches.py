"""Which switches are thrown now, whoever threw them: a person, or a task that stopped claims by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.ports.game_configs import GameConfigs


@dataclass(frozen=True, slots=True)
class SwitchTally:
    """Claims that are paused stay so until somebody resumes them."""

    are_claims_paused: bool


def read_switches(configs: GameConfigs) -> SwitchTally:
    """The switches of the game's configuration, at most some seconds old. Raises Unavailable."""
    return SwitchTally(are_claims_paused=configs.current().paused.claims)
