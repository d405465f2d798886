"""The configuration document on MongoDB: at most 3 s old here, changed by compare-and-set on its revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from shared.adapters.mongo import reading, writing
from shared.domain.config_changes import ConfigRevision
from shared.domain.config_documents import config_document, config_from_document
from shared.domain.game_config import GameConfig, default_config
from shared.domain.ledger import plain

if TYPE_CHECKING:
    from pymongo.database import Database

    from shared.ports.clock import Clock

MAX_AGE_MS: Final = 3_000
CURRENT: Final = "current"
_CHANGE: Final = "change"


class MongoGameConfigs:
    """ports.game_configs.GameConfigs and ports.admin.ConfigStore over `config`, every revision kept in `config_history`.

    The current document says itself who changed it, so that a crash between the change and its history
    loses nothing: whoever changes next first completes the history.
    """

    def __init__(self, database: Database[dict[str, Any]], clock: Clock) -> None:
        self._config = database["config"]
        self._history = database["config_history"]
        self._clock = clock
        self._known: GameConfig | None = None
        self._read_ms = 0

    def current(self) -> GameConfig:
        """The configuration, reread when older than 3 s (or when a moved clock says so)."""
        now_ms = self._clock.now_ms()
        if self._known is None or not 0 <= now_ms - self._read_ms < MAX_AGE_MS:
            self._known, self._read_ms = self._read(), now_ms
        return self._known

    def known_limits(self) -> Mapping[str, int]:
        """Rate-limit overrides of the last configuration read; asks nobody, so limits cost no command."""
        return {} if self._known is None else self._known.limits

    def latest(self) -> GameConfig:
        """The configuration as it is this moment, for whoever means to change it."""
        self._read_ms = -MAX_AGE_MS
        return self.current()

    def replace(self, config: GameConfig, *, expected_revision: int) -> bool:
        """The system's own change of the configuration, by nobody's wish."""
        return self.replace_by(ConfigRevision(config), expected_revision=expected_revision)

    def replace_by(self, revision: ConfigRevision, *, expected_revision: int) -> bool:
        """Store a configuration whose revision is the expected one plus one; False when somebody was faster."""
        self._complete_history()
        document = _document(revision)
        with writing():
            result = self._config.replace_one({"_id": CURRENT, "rev": expected_revision}, document)
        if result.matched_count == 0:
            return False
        self._known = None
        self._keep(document)
        return True

    def revisions(self, numbers: Sequence[int]) -> list[ConfigRevision]:
        """Those of these revisions that exist, the newest first."""
        with reading():
            found = {
                int(document["rev"]): document
                for document in self._history.find({"_id": {"$in": [f"r{number}" for number in numbers]}})
            }
            current = self._config.find_one({"_id": CURRENT}) or _document(ConfigRevision(default_config()))
        if int(current["rev"]) in numbers:
            found[int(current["rev"])] = current
        return [_revision(found[number]) for number in sorted(found, reverse=True)]

    def seed(self, config: GameConfig) -> None:
        """Insert the first revision unless there is a configuration already."""
        document = _document(ConfigRevision(config))
        self._keep(document)
        _insert_once(self._config, document)
        self._known = None

    def _complete_history(self) -> None:
        with reading():
            document = self._config.find_one({"_id": CURRENT})
        if document is None:
            self.seed(default_config())
        else:
            self._keep(document)

    def _keep(self, document: Mapping[str, Any]) -> None:
        _insert_once(self._history, {**document, "_id": f"r{int(document['rev'])}"})

    def _read(self) -> GameConfig:
        with reading():
            document = self._config.find_one({"_id": CURRENT})
        # A new installation plays by the running game's numbers; seeding is the operator's command.
        return default_config() if document is None else _revision(document).config


def _insert_once(collection: Any, document: Mapping[str, Any]) -> None:
    from pymongo.errors import DuplicateKeyError

    try:
        with writing():
            collection.insert_one(dict(document))
    except DuplicateKeyError:
        return


def _document(revision: ConfigRevision) -> dict[str, Any]:
    change = {
        "by": revision.by,
        "at": revision.at_ms,
        "reason": revision.reason,
        "intent": revision.intent,
    }
    return config_document(revision.config) | {"_id": CURRENT, _CHANGE: change}


def _revision(document: Mapping[str, Any]) -> ConfigRevision:
    known: dict[str, Any] = plain(document)
    change = known.pop(_CHANGE, {})
    config = config_from_document(known)
    if not change:
        return ConfigRevision(config)
    return ConfigRevision(config, change["by"], change["at"], change["reason"], change["intent"])
