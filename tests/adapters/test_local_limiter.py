"""The instance's own limiter: its clock, and the bound on its memory."""

from __future__ import annotations

from shared.adapters.expiring_instants import ExpiringInstants
from shared.adapters.local_limiter import BUCKETS_MAX, LocalLimiter
from shared.ports.limiter import LimitCheck


def check(subject: str, *, limit: int = 1, window_s: int = 60) -> LimitCheck:
    return LimitCheck("address", subject, limit, window_s)


def test_its_verdicts_say_that_they_are_a_fallbacks() -> None:
    assert LocalLimiter().check([check("ann")]).is_fallback


def test_tokens_come_back_evenly() -> None:
    now_us = [0]
    limiter = LocalLimiter(now_us=lambda: now_us[0])
    one = check("ann", limit=3, window_s=60)
    passed = []
    for second in range(0, 121, 10):
        now_us[0] = second * 1_000_000
        passed.append(limiter.check([one]).is_allowed)
    # Three from the full bucket, then one in twenty seconds: at 10 s intervals every other one.
    assert passed == [True] * 5 + [False, True, False, True, False, True, False, True]


def test_a_flood_of_new_subjects_does_not_wash_out_who_is_being_refused() -> None:
    now_us = [0]
    limiter = LocalLimiter(now_us=lambda: now_us[0])
    assert limiter.check([check("attacker", window_s=900)]).is_allowed
    for number in range(BUCKETS_MAX + 100):
        limiter.check([check(f"new{number}")])
    assert not limiter.check([check("attacker", window_s=900)]).is_allowed


def test_the_memory_of_instants_stays_within_its_bound() -> None:
    instants = ExpiringInstants(size_max=100)
    for number in range(1000):
        instants.put(f"{number}", 10_000 + number, now=0)
        assert len(instants) <= 100
    assert instants.get("999") == 10_999
    assert instants.get("0") == 0


def test_past_instants_make_room_first() -> None:
    instants = ExpiringInstants(size_max=3)
    for key, until in (("past", 5), ("soon", 20), ("late", 30)):
        instants.put(key, until, now=0)
    instants.put("new", 40, now=10)
    assert [instants.get(key) for key in ("past", "soon", "late", "new")] == [0, 20, 30, 40]
