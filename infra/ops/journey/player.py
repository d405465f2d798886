"""One new player on a running backend: their client, their wallet, and the chain they look at."""

from __future__ import annotations

from typing import Any, Final, Protocol

from infra.local.chain_client import ChainClient
from infra.local.player_wallet import PlayerWallet
from infra.local.world import World
from infra.ops.miniapp import Miniapp
from infra.ops.story import expect

CLAIMED: Final = 20
UNSENT: Final = 15


class JourneySite(Protocol):
    """What a journey needs of a running backend, local or deployed; see infra.local.stack.Stack."""

    urls: dict[str, str]
    settings: dict[str, str]
    secrets: dict[str, str]
    world: World | None

    def advance_clock(self, seconds: float) -> int: ...

    def now_ms(self) -> int: ...

    def invoke(self, function: str, event: Any = None) -> Any: ...


class JourneyPlayer:
    """Who makes the journey; `id` and `broker` are known once they signed in and took one."""

    def __init__(self, stack: JourneySite, *, telegram_id: int) -> None:
        user = {"id": telegram_id, "first_name": "Demo", "language_code": "en"}
        self.stack = stack
        self.app = Miniapp(stack.urls["gateway"], stack.secrets["TELEGRAM_BOT_TOKEN"], user)
        self.chain = ChainClient(stack.urls["chain"], stack.settings["TON_API_KEY"])
        self.wallet = PlayerWallet()
        self.id = self.broker = ""

    @property
    def world(self) -> World:
        """Vault and jetton of the stack's chain."""
        world = self.stack.world
        expect(world is not None, "the stack has no world")
        assert world is not None  # noqa: S101 - said again for the type checker
        return world

    def ok(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """What a request answers that must succeed."""
        response = self.app.call(method, path, body, key=key)
        expect(response.is_success, f"{method} {path} answered {response.status_code}: {response.text}")
        return response.json()

    def jettons(self) -> int:
        """What the wallet holds on chain, in jetton units."""
        return self.chain.jetton_units(self.wallet.address, master=self.world.jetton_master)

    def now_s(self) -> int:
        """The stack's time."""
        return self.stack.now_ms() // 1000

    def close(self) -> None:
        """Let go of connections."""
        self.app.close()
