"""Typed settings: declared once in `declarations`, built per function by `load`, kept fresh by `SettingsSource`.

settings = load(BattleSettings, environment=process_environment())
"""

from shared.config.environment import process_environment
from shared.config.functions import (
    AdminSettings,
    BattleSettings,
    ClaimSettings,
    EconomySettings,
    HealthSettings,
    SettleSettings,
    SignerSettings,
)
from shared.config.loading import SettingsInvalid, load
from shared.config.parts import (
    DatabaseSettings,
    KmsOracleKey,
    LimiterSettings,
    LocalOracleKey,
    RuntimeSettings,
    TonProviderSettings,
    VaultSettings,
)
from shared.config.source import SettingsSource

__all__ = [
    "AdminSettings",
    "BattleSettings",
    "ClaimSettings",
    "DatabaseSettings",
    "EconomySettings",
    "HealthSettings",
    "KmsOracleKey",
    "LimiterSettings",
    "LocalOracleKey",
    "RuntimeSettings",
    "SettingsInvalid",
    "SettingsSource",
    "SettleSettings",
    "SignerSettings",
    "TonProviderSettings",
    "VaultSettings",
    "load",
    "process_environment",
]
