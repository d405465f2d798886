"""Settings follow their secrets within five minutes, outlive an outage, and are forgotten on a restore."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event, Thread

import pytest

from shared.config.functions.battle import BattleSettings
from shared.config.loading import SettingsInvalid
from shared.config.references import Reference, parse_reference, references_of
from shared.config.source import MAX_AGE_S, MAX_OUTAGE_S, RETRY_AFTER_S, SettingsSource
from shared.domain.errors import InvariantBroken, Unavailable
from tests.fakes.secrets import FakeSecrets
from tests.readiness.environments import production

SEED = "ssm:/arena/test/BATTLE_SEED_SECRET"
URI = "secretsmanager:arena/test/mongodb#uri"
VALUES = {SEED: "first seed secret", URI: "mongodb://db.example.org/"}


class Seconds:
    """A monotonic clock the test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Checks:
    """Stands where readiness stands: remembers what it saw, and refuses when told to."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.refuses = False

    def __call__(self, function: str, environment: Mapping[str, str]) -> None:
        self.seen.append(environment["BATTLE_SEED_SECRET"])
        if self.refuses:
            raise InvariantBroken(f"{function} may not run")


def environment() -> dict[str, str]:
    return production("battle") | {"APP_ENV": "dev", "BATTLE_SEED_SECRET": SEED, "MONGODB_URI": URI}


@pytest.fixture
def secrets() -> FakeSecrets:
    return FakeSecrets(VALUES)


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def checks() -> Checks:
    return Checks()


@pytest.fixture
def source(secrets: FakeSecrets, seconds: Seconds, checks: Checks) -> SettingsSource[BattleSettings]:
    return SettingsSource(
        BattleSettings, environment=environment(), secrets=secrets, enforce=checks, monotonic_s=seconds
    )


def test_references_are_replaced_by_what_is_behind_them(source: SettingsSource[BattleSettings]) -> None:
    settings = source.current()
    assert settings.battle_seed_secrets == ("first seed secret",)
    assert settings.database.uri == "mongodb://db.example.org/"


def test_all_references_are_read_together_and_only_the_functions_own(
    source: SettingsSource[BattleSettings], secrets: FakeSecrets
) -> None:
    source.current()
    assert secrets.reads == [[URI, SEED]]
    assert references_of("health", environment=environment()) == {"MONGODB_URI": URI}


def test_within_their_age_settings_are_the_same_object_without_a_read(
    source: SettingsSource[BattleSettings], secrets: FakeSecrets, seconds: Seconds
) -> None:
    first = source.current()
    seconds.now_s += MAX_AGE_S - 1
    assert source.current() is first
    assert len(secrets.reads) == 1


def test_a_changed_secret_is_in_use_within_five_minutes(
    source: SettingsSource[BattleSettings], secrets: FakeSecrets, seconds: Seconds, checks: Checks
) -> None:
    source.current()
    secrets.values[SEED] = "second seed secret"
    seconds.now_s += 299
    assert source.current().battle_seed_secrets == ("second seed secret",)
    assert checks.seen == ["first seed secret", "second seed secret"]


def test_unchanged_secrets_keep_the_object_that_others_built_on(
    source: SettingsSource[BattleSettings], secrets: FakeSecrets, seconds: Seconds
) -> None:
    first = source.current()
    seconds.now_s += MAX_AGE_S
    assert source.current() is first
    assert len(secrets.reads) == 2


def test_a_change_that_breaks_a_rule_stops_the_function(
    source: SettingsSource[BattleSettings], secrets: FakeSecrets, seconds: Seconds, checks: Checks
) -> None:
    source.current()
    secrets.values[SEED], checks.refuses = "weak", True
    seconds.now_s += MAX_AGE_S
    for _request in range(2):
        with pytest.raises(InvariantBroken, match="may not run"):
            source.current()
    checks.refuses = False
    assert source.current().battle_seed_secrets == ("weak",)


def test_a_warm_function_outlives_an_outage_of_the_secret_store(
    source: SettingsSource[BattleSettings], secrets: FakeSecrets, seconds: Seconds
) -> None:
    first = source.current()
    secrets.is_down = True
    seconds.now_s += MAX_AGE_S
    assert source.current() is first
    assert source.current() is first
    assert len(secrets.reads) == 2, "a store that is down is not asked by every request"
    secrets.is_down, secrets.values[SEED] = False, "second seed secret"
    seconds.now_s += RETRY_AFTER_S
    assert source.current().battle_seed_secrets == ("second seed secret",)


def test_after_an_hour_of_outage_nothing_old_is_served(
    source: SettingsSource[BattleSettings], secrets: FakeSecrets, seconds: Seconds
) -> None:
    source.current()
    secrets.is_down = True
    seconds.now_s += MAX_OUTAGE_S + 1
    with pytest.raises(Unavailable):
        source.current()


def test_a_cold_function_without_its_secret_store_is_unavailable(
    source: SettingsSource[BattleSettings], secrets: FakeSecrets
) -> None:
    secrets.is_down = True
    with pytest.raises(Unavailable):
        source.current()
    secrets.is_down = False
    assert source.current().battle_seed_secrets == ("first seed secret",)


def test_after_a_restore_everything_is_read_and_checked_again(
    source: SettingsSource[BattleSettings], secrets: FakeSecrets, checks: Checks
) -> None:
    source.current()
    secrets.values[SEED] = "second seed secret"
    source.reset()
    assert source.current().battle_seed_secrets == ("second seed secret",)
    assert len(checks.seen) == 2


def test_a_secret_that_does_not_exist_is_a_setting_that_is_missing(
    source: SettingsSource[BattleSettings], secrets: FakeSecrets
) -> None:
    secrets.values.clear()
    with pytest.raises(SettingsInvalid) as caught:
        source.current()
    assert caught.value.problems == {"MONGODB_URI": "is missing", "BATTLE_SEED_SECRET": "is missing"}


def test_plain_values_are_never_read_again(secrets: FakeSecrets, seconds: Seconds, checks: Checks) -> None:
    plain = production("battle") | {"APP_ENV": "dev"}
    source = SettingsSource(
        BattleSettings, environment=plain, secrets=secrets, enforce=checks, monotonic_s=seconds
    )
    first = source.current()
    seconds.now_s += 10 * MAX_AGE_S
    assert source.current() is first
    assert secrets.reads == []


def test_while_one_thread_refreshes_the_others_go_on_with_what_they_have(
    seconds: Seconds, checks: Checks
) -> None:
    entered, may_answer = Event(), Event()

    class SlowSecrets(FakeSecrets):
        def resolve(self, references: object) -> Mapping[str, str]:
            if self.reads:
                entered.set()
                may_answer.wait(5)
            return super().resolve([URI, SEED])

    secrets = SlowSecrets(VALUES)
    source = SettingsSource(
        BattleSettings, environment=environment(), secrets=secrets, enforce=checks, monotonic_s=seconds
    )
    first = source.current()
    seconds.now_s += MAX_AGE_S
    refreshing = Thread(target=source.current)
    refreshing.start()
    assert entered.wait(5)
    assert source.current() is first
    may_answer.set()
    refreshing.join(5)
    assert len(secrets.reads) == 2


MALFORMED = [
    "ssm:arena/x",
    "ssm:",
    "secretsmanager:name",
    "secretsmanager:#field",
    "secretsmanager:a b#c",
    "ssm:/a b",
]


@pytest.mark.parametrize("value", MALFORMED)
def test_a_malformed_reference_is_named_and_never_used_as_a_value(
    value: str, secrets: FakeSecrets, checks: Checks
) -> None:
    broken = environment() | {"BATTLE_SEED_SECRET": value}
    source = SettingsSource(BattleSettings, environment=broken, secrets=secrets, enforce=checks)
    with pytest.raises(SettingsInvalid) as caught:
        source.current()
    assert list(caught.value.problems) == ["BATTLE_SEED_SECRET"]


def test_references_name_a_store_a_name_and_a_field() -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:arena/prod/mongodb-AbCdEf"
    assert parse_reference("ssm:/arena/prod/X") == Reference("ssm", "/arena/prod/X", None)
    assert parse_reference(f"secretsmanager:{arn}#uri") == Reference("secretsmanager", arn, "uri")
