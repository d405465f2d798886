"""The day's chance is committed to once, reproduced or refused, and public an hour after its day."""

from __future__ import annotations

import pytest

from shared.domain.calendar import MS_PER_HOUR, day_before, day_start_ms, utc_day
from shared.domain.cursors import write_cursor
from shared.domain.errors import Refused, Unavailable
from shared.domain.fairness import commitment_of, day_seed, key_id_of
from shared.services.read_fairness import FAIRNESS, read_past_days, read_today
from tests.services.game_world import SECRET, GameWorld

NEW_SECRET = b"another-fake-secret-for-the-tests"


@pytest.fixture
def world() -> GameWorld:
    return GameWorld()


def today(world: GameWorld) -> str:
    return utc_day(world.clock.now_ms())


def go_to(world: GameWorld, day: str, *, after_midnight_ms: int) -> None:
    world.clock.time_ms = day_start_ms(day) + 24 * MS_PER_HOUR + after_midnight_ms


def test_the_commitment_is_public_before_the_first_seed_is_handed_out(world: GameWorld) -> None:
    seed = world.fairness.seed_of(today(world))
    (record,) = world.fairness_store.epochs(today(world))
    assert record.commitment == commitment_of(seed.seed) == commitment_of(day_seed(SECRET, today(world)))
    assert record.key_id == key_id_of(SECRET)
    assert record.seed == ""


def test_the_secret_is_looked_up_once_a_minute_and_not_once_a_battle(world: GameWorld) -> None:
    world.fairness.seed_of(today(world))
    asked: list[str] = []
    epochs = world.fairness_store.epochs
    world.fairness_store.epochs = lambda day: asked.append(day) or epochs(day)
    for _ in range(5):
        world.fairness.seed_of(today(world))
    assert asked == []
    world.clock.advance(seconds=61)
    world.fairness.seed_of(today(world))
    assert len(asked) == 1


def test_another_secret_is_refused_for_today_and_counts_from_tomorrow(world: GameWorld) -> None:
    world.fairness.seed_of(today(world))
    world.secrets[:] = [NEW_SECRET]
    rotated = world.another_fairness()
    with pytest.raises(Unavailable) as refusal:
        rotated.seed_of(today(world))
    assert refusal.value.code == "fairness_unavailable"
    world.clock.advance(seconds=86_400)
    assert rotated.seed_of(today(world)).seed == day_seed(NEW_SECRET, today(world))


def test_beside_the_new_secret_the_old_one_still_serves_the_day_it_was_committed_to(world: GameWorld) -> None:
    world.fairness.seed_of(today(world))
    world.secrets[:] = [NEW_SECRET, SECRET]
    rotated = world.another_fairness()
    assert rotated.seed_of(today(world)).seed == day_seed(SECRET, today(world))
    world.clock.advance(seconds=86_400)
    assert rotated.seed_of(today(world)).seed == day_seed(NEW_SECRET, today(world))


def test_after_a_compromise_a_new_epoch_counts_at_once_with_a_public_note(world: GameWorld) -> None:
    world.fairness.seed_of(today(world))
    world.secrets[:] = [NEW_SECRET]
    record = world.another_fairness().open_epoch(note="the secret leaked at 10:00")
    assert record.epoch == f"{today(world)}:1"
    seed = world.another_fairness().seed_of(today(world))
    assert (seed.epoch, seed.seed) == (record.epoch, day_seed(NEW_SECRET, record.epoch))
    shown = read_today(world.another_fairness())
    assert [each.get("note") for each in shown] == [None, "the secret leaked at 10:00"]


def test_a_day_has_at_most_ten_epochs(world: GameWorld) -> None:
    world.fairness.seed_of(today(world))
    for _ in range(9):
        world.fairness.open_epoch(note="again")
    with pytest.raises(Refused):
        world.fairness.open_epoch(note="once more")


@pytest.mark.parametrize(("after_midnight_ms", "is_public"), [(MS_PER_HOUR - 1, False), (MS_PER_HOUR, True)])
def test_a_seed_is_public_from_one_oclock_of_the_next_day(
    world: GameWorld, after_midnight_ms: int, is_public: bool
) -> None:
    day = today(world)
    world.fairness.seed_of(day)
    go_to(world, day, after_midnight_ms=after_midnight_ms)
    record = world.fairness.record(day)
    assert bool(record.seed) is is_public
    assert bool(world.fairness_store.epochs(day)[0].seed) is is_public
    if is_public:
        assert record.seed == day_seed(SECRET, day).hex()


@pytest.mark.parametrize(("after_midnight_ms", "is_open"), [(599_999, True), (600_000, False)])
def test_a_days_battles_are_closed_ten_minutes_after_it(
    world: GameWorld, after_midnight_ms: int, is_open: bool
) -> None:
    day = today(world)
    go_to(world, day, after_midnight_ms=after_midnight_ms)
    if is_open:
        assert world.fairness.seed_of(day).epoch == day
        return
    with pytest.raises(Unavailable) as refusal:
        world.fairness.seed_of(day)
    assert refusal.value.code == "day_is_over"


def test_opening_a_day_publishes_the_one_before_as_soon_as_that_is_due(world: GameWorld) -> None:
    day = today(world)
    world.fairness.seed_of(day)
    go_to(world, day, after_midnight_ms=2 * MS_PER_HOUR)
    world.fairness.seed_of(today(world))
    assert world.fairness_store.epochs(day)[0].seed != ""


def test_past_days_are_paged_newest_first(world: GameWorld) -> None:
    days = []
    for _ in range(5):
        days.append(today(world))
        world.fairness.seed_of(days[-1])
        world.clock.advance(seconds=86_400)
    first = read_past_days(limit=3, cursor=None, fairness=world.fairness)
    rest = read_past_days(limit=3, cursor=first.next_cursor, fairness=world.fairness)
    shown = [item["epoch"] for item in (*first.items, *rest.items)]
    assert shown == list(reversed(days))
    assert all(item["daySeed"] for item in first.items[1:])
    assert read_past_days(limit=3, cursor=rest.next_cursor, fairness=world.fairness).items == []
    assert day_before(days[1]) == days[0]


def past_epochs(world: GameWorld, *, limit: int) -> list[str]:
    """All epochs as a reader of every page sees them."""
    shown: list[str] = []
    cursor = None
    for _ in range(1_000):
        page = read_past_days(limit=limit, cursor=cursor, fairness=world.fairness)
        shown += [item["epoch"] for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return shown
    raise AssertionError("the pages never end")


def test_quiet_days_hide_no_older_ones_and_the_pages_end(world: GameWorld) -> None:
    first = today(world)
    world.fairness.seed_of(first)
    world.clock.advance(seconds=100 * 86_400)
    second = today(world)
    world.fairness.seed_of(second)
    world.clock.advance(seconds=2 * 86_400)
    for limit in (1, 3, 50):
        assert past_epochs(world, limit=limit) == [second, first]


def test_every_epoch_of_a_past_day_is_shown_with_its_note_and_its_seed(world: GameWorld) -> None:
    day = today(world)
    world.fairness.seed_of(day)
    world.secrets[:] = [b"n" * 32, *world.secrets]
    world.fairness.open_epoch(note="the secret was read by a stranger")
    world.clock.advance(seconds=2 * 86_400)
    page = read_past_days(limit=5, cursor=None, fairness=world.fairness)
    assert [(item["epoch"], item.get("note", "")) for item in page.items] == [
        (day, ""),
        (f"{day}:1", "the secret was read by a stranger"),
    ]
    assert all(item["daySeed"] for item in page.items)


def test_a_wrong_secret_stops_battles_and_hides_nothing(world: GameWorld) -> None:
    world.fairness.seed_of(today(world))
    world.secrets[:] = [b"w" * 32]
    other = world.another_fairness()
    assert [item["epoch"] for item in read_today(other)] == [today(world)]
    with pytest.raises(Unavailable):
        other.seed_of(today(world))


@pytest.mark.parametrize(
    "day",
    [
        "0001-01-03",
        "1000-01-03",
        "2025-12-31",
        "2026-02-30",
        "2026-1-05",
        "9999-12-31",
        "२०२६-०२-०१",
        7,
        None,
    ],
)
def test_a_forged_cursor_of_past_days_is_refused(world: GameWorld, day: object) -> None:
    with pytest.raises(Refused) as refusal:
        read_past_days(limit=50, cursor=write_cursor(FAIRNESS, {"day": day}), fairness=world.fairness)
    assert refusal.value.code == "invalid_cursor"


def test_an_unknown_day_is_refused(world: GameWorld) -> None:
    with pytest.raises(Refused) as refusal:
        world.fairness.record("1999-01-01")
    assert refusal.value.code == "fairness_unknown"
