"""The journey until there is something to claim: signed in, a broker, a battle, balances that add up."""

from __future__ import annotations

from infra.ops.journey.player import CLAIMED, UNSENT, JourneyPlayer
from infra.ops.story import Story, expect


class PlaySteps:
    """What the game alone does; each step checks what must then be true."""

    def __init__(self, player: JourneyPlayer, story: Story) -> None:
        self._player = player
        self._story = story

    def sign_in(self) -> None:
        """Telegram's word becomes a session token."""
        session = self._player.app.sign_in(now_s=self._player.now_s())
        self._player.id = session["playerId"]
        self._story.step(
            "Signed in with Telegram initData; the backend issued an EdDSA session token",
            {
                "player": self._player.id,
                "alias": session["alias"],
                "expires at": session["expiresAt"],
                "token": f"{session['token'][:32]}...",
            },
        )

    def take_starter(self) -> None:
        """The free first broker."""
        broker = self._player.ok("POST", "/api/brokers/starter", key="starter")["broker"]
        self._player.broker = broker["id"]
        stats = f"{broker['intelligence']}/{broker['speed']}/{broker['risk']}"
        self._story.step(
            "Took the free starter broker",
            {"broker": self._player.broker, "int/speed/risk": stats, "energy": broker["energy"]},
        )

    def battle(self) -> None:
        """One battle, and the same request again."""
        body = {"brokerId": self._player.broker, "mode": "prediction"}
        first = self._player.app.call("POST", "/api/battle/run", body, key="battle-1")
        expect(first.status_code in (200, 201), f"battle answered {first.status_code}: {first.text}")
        again = self._player.app.call("POST", "/api/battle/run", body, key="battle-1")
        expect(again.headers.get("idempotent-replayed") == "true", "the repeated battle was not replayed")
        expect(again.content == first.content, "the repeated battle answered something else")
        battle = first.json()
        self._story.step(
            "Battled; sent again with the same key, the same answer came back and nothing moved",
            {
                "battle": battle["id"],
                "score": battle["score"],
                "reward": f"{battle['reward']['AIBA']} AIBA",
                "energy left": battle["broker"]["energy"],
                "chance committed as": battle["proof"]["commitment"],
                "replayed": again.headers["idempotent-replayed"],
            },
        )

    def read_balances(self) -> None:
        """Balances agree with the statement."""
        me = self._player.ok("GET", "/api/economy/me")
        statement = self._player.ok("GET", "/api/economy/ledger")["items"]
        total = sum(int(entry["amounts"].get("AIBA", "0")) for entry in statement)
        balance = int(me["balances"]["AIBA"])
        expect(balance == total >= CLAIMED + UNSENT, f"balance {balance}, statement {total}")
        self._story.step(
            "Balances equal the player's own ledger",
            {
                "balances": ", ".join(f"{amount} {name}" for name, amount in me["balances"].items()),
                "ledger rows": len(statement),
                "sum of the rows": f"{total} AIBA",
            },
        )
