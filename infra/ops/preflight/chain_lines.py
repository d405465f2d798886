"""The chain: both providers show the configured network without lag, and the vault is ours, open and funded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from infra.ops.preflight.key_lines import public_key
from infra.ops.preflight.lines import CannotTell, Line, must
from infra.ops.preflight.stage import StageUnderCheck
from shared.adapters.mongo_claims import MongoClaimStore
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.system_clock import SystemClock
from shared.adapters.toncenter import TonCenter
from shared.adapters.toncenter_chain import ToncenterChain
from shared.bootstrap.vault import vault_identity
from shared.config.claim_parts import KmsOracleKey, TonProviderSettings, VaultSettings
from shared.config.functions.settle import SettleSettings
from shared.domain.ton.vault_code import VAULT_CODE_HASH
from shared.domain.ton_views import VaultAccount
from shared.domain.vault_watch import WATCH_RULES, VaultFacts, WatchRule
from shared.ports.chain import Chain

LAG_MAX_S: Final = 120
OPEN_CLAIMS_MAX: Final = 100_000
_QUESTIONS: Final = {
    "vault_code_unknown": "vault runs the pinned code",
    "vault_network_wrong": "vault is on our network",
    "vault_jetton_wrong": "vault pays our jetton",
    "vault_wallet_missing": "vault knows its jetton wallet",
    "vault_key_unknown": "vault accepts our claim key",
    "vault_inventory_short": "jettons cover open claims",
    "vault_inventory_low": "jettons cover a day more",
    "vault_ton_short": "vault can pay its rent",
    "vault_ton_low": "vault's TON is not low",
    "vault_recipients_high": "vault has room for wallets",
    "vault_paused": "vault is not paused",
    "vault_key_in_grace": "no key rotation is under way",
}


def _configured(stage: StageUnderCheck) -> tuple[SettleSettings, VaultSettings]:
    settings = stage.settle()
    if settings.vault is None:
        raise CannotTell("no vault is configured: the game runs, claims do not")
    return settings, settings.vault


@contextmanager
def asking(provider: TonProviderSettings, vault: VaultSettings) -> Iterator[Chain]:
    """The chain as one provider shows it, whatever network it says it is."""
    center = TonCenter(
        url=provider.url, api_key=provider.api_key, jitter=lambda: 0.5, on_outcome=lambda _: None
    )
    try:
        yield ToncenterChain(center, vault=vault.vault_address, jetton_master=vault.jetton_master)
    finally:
        center.close()


def _provider_is_right(
    stage: StageUnderCheck, *, which: Callable[[SettleSettings], TonProviderSettings | None]
) -> str:
    """It reports the configured network, and what it shows is not old."""
    settings, vault = _configured(stage)
    provider = which(settings)
    if provider is None:
        raise CannotTell("no second provider is configured: refunds then rest on one provider's word")
    with asking(provider, vault) as chain:
        network_id = chain.network_id()
        must(network_id == settings.ton_network_id, f"it reports network {network_id}")
        lag_s = stage.now_ms() // 1000 - chain.vault_account().shard_time_s
    must(lag_s <= LAG_MAX_S, f"the newest block it shows is {lag_s} s old")
    return f"network {network_id}, {max(lag_s, 0)} s behind"


def _vault(stage: StageUnderCheck) -> VaultAccount:
    settings, vault = _configured(stage)
    with asking(settings.ton_provider, vault) as chain:
        return chain.vault_account()


def caps_bound_the_loss(stage: StageUnderCheck) -> str:
    """A stolen key can take at most a day's cap, and the game asks for no claim the vault would refuse."""
    account = _vault(stage)
    _, vault = _configured(stage)
    with stage.database() as database:
        economy = MongoGameConfigs(database, SystemClock()).current().economy
    must(0 < account.claim_cap_units <= account.day_cap_units, "the caps are not 0 < claim <= day")
    largest_units = economy.claim_max_aiba * vault.units_per_credit
    must(
        largest_units <= account.claim_cap_units,
        "the game lets a player claim more than the vault pays at once",
    )
    return f"{account.claim_cap_units} a claim, {account.day_cap_units} a day"


def _vault_holds(stage: StageUnderCheck, *, rule: WatchRule) -> str:
    """One of the rules that the scheduled function watches each minute, asked now."""
    settings, vault = _configured(stage)
    account = _vault(stage)
    with stage.database() as database:
        claims = MongoClaimStore(database).open_claims(limit=OPEN_CLAIMS_MAX)
        economy = MongoGameConfigs(database, SystemClock()).current().economy
    facts = VaultFacts(
        account=account,
        allowed=vault_identity(vault, network_id=settings.ton_network_id),
        code_hash=vault.code_hash or VAULT_CODE_HASH,
        public_key=vault.oracle_public_key.hex(),
        open_units=sum(claim.terms.units for claim in claims),
        day_units=economy.claim_max_aiba_per_day * vault.units_per_credit,
    )
    must(rule.holds(facts), f"{rule.id}: see the runbook")
    return f"at block {account.block_seqno}"


def key_is_the_vaults(stage: StageUnderCheck) -> str:
    """The public key KMS answers is the one the vault checks claims with."""
    on_chain = _vault(stage).public_key  # without a vault there is nothing to compare a key with
    key = stage.signer().oracle_key
    from_kms = (
        public_key(stage.aws("kms"), key.key_id)
        if isinstance(key, KmsOracleKey)
        else stage.text("signer", "ORACLE_PUBLIC_KEY_HEX")
    )
    must(from_kms.lower() == on_chain, "the vault's getOraclePublicKey answers another key")
    return f"{from_kms[:16]}..."


LINES: Final = (
    Line(
        "provider",
        "TON provider: network and lag",
        partial(_provider_is_right, which=lambda s: s.ton_provider),
        is_go_live=True,
    ),
    Line(
        "second_provider",
        "second provider: network and lag",
        partial(_provider_is_right, which=lambda s: s.ton_secondary_provider),
        is_go_live=True,
    ),
    Line("key_pair", "KMS key is the vault's key", key_is_the_vaults, is_of_stack=True),
    Line("vault_caps", "vault's caps bound the loss", caps_bound_the_loss, is_go_live=True),
    *(
        Line(
            rule.id,
            _QUESTIONS.get(rule.id, rule.id.replace("_", " ")),
            partial(_vault_holds, rule=rule),
            is_go_live=True,
        )
        for rule in WATCH_RULES
    ),
)
