"""What settle saw last as numbers, each with its age: what is old shows as old, what was never seen not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from shared.domain.calendar import MS_PER_SECOND
from shared.domain.observations import AUDIT, OBSERVED, RUN, SEQNO_ANOMALY, VAULT
from shared.domain.vault_watch import MAX_RECIPIENTS
from shared.wiring import gauge

if TYPE_CHECKING:
    from shared.domain.observations import Observation
    from shared.wiring import MetricSample

_EACH_MINUTE: Final = tuple(name for name in OBSERVED if name != SEQNO_ANOMALY)
"""Seen in every run while all is well, so that an old one means trouble; an anomaly is seen when there is one."""


_AS_SEEN: Final = {
    VAULT: (
        ("ton_nano", "arena_vault_ton_nano", "The vault's nanotons."),
        ("jetton_units", "arena_vault_jetton_units", "Jetton units in the vault."),
        ("recipients", "arena_vault_recipients", "Wallets in the vault's map."),
        ("paused", "arena_vault_paused", "1 while the vault itself is paused."),
        ("broken_rules", "arena_vault_broken_rules", "Rules that the vault does not keep."),
    ),
    AUDIT: (
        (
            "suspects",
            "arena_ledger_suspects",
            "Accounts and budget shards with a violation that still stands.",
        ),
    ),
    RUN: (("failed_tasks", "arena_settle_failed_tasks", "Tasks of the last run that failed."),),
}
"""Facts that are told as they are: under which name, with which help."""


def measure_observations(seen: Iterable[Observation], *, now_ms: int) -> Iterator[MetricSample]:
    """Ages by this instance's clock; the facts are those of one look, of whichever run that was.

    Another version of settle may have looked, and noted fewer facts than are told here: the others are.
    """
    by_name = {observation.name: observation for observation in seen}
    for name in _EACH_MINUTE:
        if name in by_name:
            yield from _times(by_name[name], now_ms=now_ms)
            yield from _facts(by_name[name], now_ms=now_ms)
    anomaly_ms = by_name[SEQNO_ANOMALY].seen_ms if SEQNO_ANOMALY in by_name else 0
    yield gauge(
        "arena_vault_seqno_anomaly_timestamp_seconds",
        "When the chain last showed a seqno that nobody signed, 0 for never.",
        anomaly_ms / MS_PER_SECOND,
    )


def _times(observation: Observation, *, now_ms: int) -> Iterator[MetricSample]:
    labels, seen_ms = {"what": observation.name}, observation.seen_ms
    when_s, age_s = seen_ms / MS_PER_SECOND, (now_ms - seen_ms) / MS_PER_SECOND
    yield gauge("arena_observed_timestamp_seconds", "When settle last saw it.", when_s, labels)
    yield gauge("arena_observed_age_seconds", "How long ago settle last saw it.", age_s, labels)


def _facts(observation: Observation, *, now_ms: int) -> Iterator[MetricSample]:
    facts = observation.facts
    for fact, name, text in _AS_SEEN.get(observation.name, ()):
        if fact in facts:
            yield gauge(name, text, facts[fact])
    if observation.name == VAULT:
        yield gauge("arena_vault_recipients_max", "Wallets that the vault's map takes.", MAX_RECIPIENTS)
    if "jetton_units" in facts and "open_units" in facts:
        text = "Jetton units in the vault beyond what open claims may take; negative is short."
        yield gauge("arena_vault_free_units", text, facts["jetton_units"] - facts["open_units"])
    if "lag_ms" in facts:
        text = "Age of the oldest row that its player did not show yet."
        yield gauge("arena_projection_lag_seconds", text, facts["lag_ms"] / MS_PER_SECOND)
    if "until_ms" in facts:
        behind_s = (now_ms - facts["until_ms"]) / MS_PER_SECOND
        yield gauge("arena_ledger_audit_behind_seconds", "Age of what is not audited yet.", behind_s)
