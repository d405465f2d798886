"""Faults of what is stored: documents that no honest program of ours would leave behind."""

from __future__ import annotations

from typing import Final

from infra.ops.drill.site import HOUR_S, Site
from shared.domain.ledger import GENESIS

HOURS_OPEN: Final = 3
LAG_S: Final = 180
LEAKED_PARTS: Final = 50
FORGED: Final = 1_000


def age_claim(site: Site) -> None:
    """The open claim was made hours ago and nothing was decided since."""
    claim_id = site.ensure_open_claim()
    created_ms = site.stack.now_ms() - HOURS_OPEN * 3_600_000
    site.change("claims", claim_id, {"terms.created_ms": created_ms})


def set_player_back_and_settle(site: Site) -> None:
    """A row is written, its player is as before it, and minutes pass until the schedule sees it.

    Somebody without a claim: whoever settles one brings its player up to date.
    """
    players = site.database["players"]
    newcomer = site.newcomer()
    players.update_one({"_id": newcomer}, {"$set": {"seq": 0, "h": GENESIS}})
    site.stack.advance_clock(LAG_S)
    site.run_settle()


def leak_budget(site: Site) -> None:
    """Yesterday's budgets lose a part of what was left, as a row of crashes would cause."""
    budget = site.database["budget"]
    for row in site.database["ledger"].find({"acct": site.player.id}):
        for budget_id, _ in row["bud"]:
            shard = budget.find_one({"_id": budget_id}) or {}
            lost = max(1, int(shard["cap"]) // LEAKED_PARTS)
            site.change("budget", budget_id, {"avail": int(shard["avail"]) - lost})


def settle_an_hour_later(site: Site) -> None:
    """The hourly audit is due."""
    site.stack.advance_clock(HOUR_S)
    site.run_settle()


def forge_balance(site: Site) -> None:
    """Somebody with the database's password gives a player AIBA; a row of theirs makes the audit look."""
    player = site.database["players"].find_one({"_id": site.player.id}) or {}
    site.change("players", site.player.id, {"bal.AIBA": int(player["bal"]["AIBA"]) + FORGED})
    site.sign_in()
    site.battle()


def mend_balance(site: Site) -> None:
    """The gift is taken back."""
    site.database["players"].update_one({"_id": site.player.id}, {"$inc": {"bal.AIBA": -FORGED}})


def forget_signature(site: Site) -> None:
    """The journal says that nobody may sign what the chain shows as paid, and the watch begins anew."""
    entry = site.database["signer_journal"].find_one({"claim": site.paid_claim_id}) or {}
    site.change("signer_journal", entry["_id"], {"state": "void"})
    site.database["progress"].delete_one({"_id": "vault_outflow"})
