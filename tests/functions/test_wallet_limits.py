"""How often one wallet may be proved, whoever asks and however its address is spelled."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from functions.edge.app import create_app
from functions.routes.sessions import sessions_router
from functions.routes.wallet import wallet_router
from shared.domain.ton.address import TESTNET_ID, bounceable, non_bounceable, stored_address
from tests.functions.game_app import GameApp

WALLET = "0:" + "ab12" * 16
ADDRESS = stored_address(WALLET)


class GameWithWallets(GameApp):
    """The economy function with the wallet's routes, too."""

    def _economy_app(self) -> FastAPI:
        routers = [
            sessions_router(lambda: self.economy_parts),
            wallet_router(lambda: self.economy_parts.wallet_desk),
        ]
        return create_app("economy", routers=routers, wiring=lambda: self.edge)


@pytest.fixture
def game(event_loop_for_handlers: object) -> GameApp:
    return GameWithWallets()


def proof_of(address: Any) -> dict[str, Any]:
    """A proof as TonConnect hands it over, whose signature is worthless."""
    return {
        "account": {"address": address, "chain": "-3", "walletStateInit": "te6c"},
        "proof": {
            "timestamp": 1,
            "domain": {"lengthBytes": 12, "value": "game.example"},
            "payload": "p",
            "signature": "s",
        },
    }


def wallet_bucket(game: GameApp) -> list[str]:
    return [check.subject for check in game.limiter.checked[-1] if check.policy == "wallet_proved"]


@pytest.mark.parametrize(
    "spelling",
    [
        WALLET,
        WALLET.upper(),
        bounceable(ADDRESS, network_id=TESTNET_ID),
        non_bounceable(ADDRESS, network_id=-239),
    ],
)
def test_every_spelling_of_a_wallet_is_one_bucket(game: GameApp, spelling: str) -> None:
    game.sign_in().post("/api/wallet", proof_of(spelling))
    assert wallet_bucket(game) == [WALLET]


@pytest.mark.parametrize("address", ["", "nowhere", 7, None, ["0:" + "ab12" * 16]])
def test_what_is_no_address_is_counted_per_player_and_refused_by_its_form(
    game: GameApp, address: object
) -> None:
    answer = game.sign_in().post("/api/wallet", proof_of(address))
    assert answer.status_code == 400
    assert wallet_bucket(game) == []


def test_many_players_together_cannot_hammer_one_wallet(game: GameApp) -> None:
    answers = [
        game.sign_in(telegram_id).post("/api/wallet", proof_of(WALLET)) for telegram_id in range(1, 12)
    ]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429]
    assert answers[-1].headers["ratelimit"].startswith('"wallet_proved";r=0')


def test_another_wallet_is_not_held_up(game: GameApp) -> None:
    for telegram_id in range(1, 12):
        game.sign_in(telegram_id).post("/api/wallet", proof_of(WALLET))
    assert game.sign_in(12).post("/api/wallet", proof_of("0:" + "cd34" * 16)).status_code == 400
