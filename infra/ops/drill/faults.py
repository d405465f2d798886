"""The fault behind each alarm, as data: what is broken, for how many periods, and how it is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from infra.ops.drill import database_faults as stored
from infra.ops.drill import key_faults as keys
from infra.ops.drill import part_faults as parts
from infra.ops.drill.listeners import RULE
from infra.ops.drill.site import Site
from shared.config.declarations import FUNCTIONS

Act = Callable[[Site], None]


def nothing(site: Site) -> None:
    """Nothing to do beforehand or afterwards."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`minute` is played once a period while the fault lasts; `fires` are the alarms that it must set off."""

    name: str
    fires: tuple[str, ...]
    minute: Act
    begin: Act = nothing
    end: Act = nothing
    periods: int = 3


FAULTS: Final = (
    Fault("the schedule rests", ("SettleSilent", "ReadinessFailed"), Site.players_only, periods=5),
    Fault("the database is slow", ("SlowRequests",), parts.minute_with_slow_database, periods=2),
    Fault("a production rule is broken", ("NotReady",), parts.ask_a_function_that_may_not_run, periods=1),
    Fault(
        "the rate limiter is gone",
        ("LimiterFallback", "LimiterDown"),
        parts.minute_without_limiter,
        begin=lambda site: site.stack.kill("upstash"),
        end=lambda site: site.stack.restart("upstash"),
        periods=2,
    ),
    Fault("somebody guesses a password", ("AdminLockouts",), parts.guess_passwords, periods=1),
    Fault("somebody else asks the signer", ("SignerRefusals",), parts.ask_for_unknown_claims, periods=1),
    Fault(
        "more is asked than there are instances",
        tuple(f"{name.capitalize()}Throttles" for name in FUNCTIONS),
        parts.overrun_every_function,
    ),
    *(
        Fault(f"{name} crashes", (f"{name.capitalize()}Errors",), parts.crash_of(name))
        for name in FUNCTIONS
        if name != "settle"
    ),
    Fault(
        "the key service is gone",
        ("KmsErrors",),
        parts.ask_for_signatures,
        begin=lambda site: site.stack.kill("kms"),
        end=lambda site: site.stack.restart("kms"),
        periods=1,
    ),
    Fault(
        "a TON provider fails",
        ("ProviderErrors", "VaultUnwatched"),
        Site.run_settle,
        begin=parts.provider_fails,
        end=parts.provider_recovers,
    ),
    Fault(
        "a TON provider fails the claim function alone",
        ("ProviderErrors",),
        parts.ask_for_the_vault,
        begin=parts.provider_fails,
        end=parts.provider_recovers,
    ),
    Fault("the claim key's policy is changed", (RULE,), keys.put_policy_of_key_in_use, periods=1),
    Fault(
        "a rotated claim key's policy is changed",
        (RULE,),
        keys.put_policy_of_rotated_key,
        begin=keys.rotate_key,
        end=keys.name_key_in_use,
        periods=1,
    ),
    Fault("the gateway's limit is passed", ("GatewayThrottled",), parts.gateway_refuses),
    Fault(
        "a claim stays open",
        ("OldestOpenClaim",),
        Site.run_settle,
        begin=stored.age_claim,
        end=Site.put_back,
        periods=1,
    ),
    Fault("the vault has little TON", ("VaultTonLow",), Site.run_settle, begin=parts.drain_ton, periods=2),
    Fault(
        "the vault is emptied",
        ("VaultShort", "VaultStopsClaims", "ClaimsPaused"),
        Site.run_settle,
        begin=parts.empty_vault,
    ),
    Fault(
        "the vault has somebody else's key",
        ("VaultStopsClaims",),
        Site.run_settle,
        begin=parts.give_vault_another_key,
        end=parts.give_vault_its_key,
        periods=1,
    ),
    Fault(
        "the chain knows a later seqno",
        ("SeqnoAnomaly",),
        Site.run_settle,
        begin=parts.provider_shows_a_later_seqno,
        end=parts.provider_recovers,
        periods=1,
    ),
    Fault(
        "the vault pays what nobody signed",
        ("UnknownOutflow",),
        Site.run_settle,
        begin=stored.forget_signature,
        end=Site.put_back,
        periods=1,
    ),
    Fault("players lag behind their rows", ("ProjectionLag",), stored.set_player_back_and_settle, periods=2),
    Fault(
        "a budget leaks",
        ("BudgetLeak",),
        stored.settle_an_hour_later,
        begin=stored.leak_budget,
        end=Site.put_back,
        periods=1,
    ),
    Fault(
        "a balance is forged",
        ("LedgerViolation",),
        stored.settle_an_hour_later,
        begin=stored.forge_balance,
        end=stored.mend_balance,
        periods=1,
    ),
    # What one machine cannot bring about is reported by hand to the code that emits it.
    Fault(
        "providers disagree", ("ProviderDisagreement",), parts.reporting("provider_disagreement"), periods=1
    ),
    Fault(
        "a paid claim never arrives", ("UndeliveredClaims",), parts.reporting("claim_undelivered"), periods=1
    ),
    Fault(
        "the vault's map is full", ("VaultNearlyFull",), parts.reporting("vault_recipients_high"), periods=1
    ),
    Fault(
        "more battles than the boards can follow",
        ("BoardsLag",),
        parts.reporting("boards", behind_ms=720_000),
        periods=2,
    ),
    Fault("a score is impossible", ("ImpossibleScore",), parts.reporting("impossible_score"), periods=1),
    Fault(
        "the database is gone",
        (
            *("DatabaseUnavailable", "ServerErrors", "BattleErrorRate", "ReadinessFailed", "GatewayErrors"),
            *("TasksFailed", "SettleErrors"),
        ),
        parts.minute_without_database,
        begin=lambda site: site.stack.kill("mongo"),
        end=lambda site: site.stack.restart("mongo"),
    ),
    Fault("a client floods us", ("RateLimitedSpike",), parts.flood, periods=1),
)
"""In this order: what leaves traces behind comes late."""
