"""The configuration document on MongoDB: at most 3 s old here, changed by compare-and-set on its revision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from shared.adapters.mongo import reading, writing
from shared.domain.config_documents import config_document, config_from_document
from shared.domain.errors import Unavailable
from shared.domain.game_config import GameConfig, default_config
from shared.domain.ledger import plain
from shared.ports import Clock

if TYPE_CHECKING:
    from pymongo.database import Database

MAX_AGE_MS: Final = 3_000
CURRENT: Final = "current"


class MongoGameConfigs:
    """ports.GameConfigs over `config`, every revision also kept in `config_history`."""

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
        """Rate-limit overrides of the last configuration read; only the very first question asks the store.

        With the database away the declared limits hold: a request is counted, whatever becomes of it.
        """
        if self._known is None:
            try:
                self.current()
            except Unavailable:
                return {}
        return {} if self._known is None else self._known.limits

    def latest(self) -> GameConfig:
        """The configuration as it is this moment, for whoever means to change it."""
        self._read_ms = -MAX_AGE_MS
        return self.current()

    def replace(self, config: GameConfig, *, expected_revision: int) -> bool:
        """Store `config`, whose revision is the expected one plus one; False when somebody was faster."""
        from pymongo.errors import DuplicateKeyError

        document = config_document(config) | {"_id": CURRENT}
        with writing():
            result = self._config.replace_one({"_id": CURRENT, "rev": expected_revision}, document)
        if result.matched_count == 0:
            return False
        try:
            with writing():
                self._history.insert_one(document | {"_id": f"r{config.revision}"})
        except DuplicateKeyError:
            pass
        self._known = None
        return True

    def revision(self, number: int) -> GameConfig | None:
        """One revision of the history; None when there never was one of this number."""
        with reading():
            document = self._history.find_one({"_id": f"r{number}"})
        return None if document is None else config_from_document(plain(document))

    def _read(self) -> GameConfig:
        with reading():
            document = self._config.find_one({"_id": CURRENT})
        # A new installation plays by the running game's numbers; seeding is the operator's command.
        return default_config() if document is None else config_from_document(plain(document))

    def seed(self, config: GameConfig) -> None:
        """Insert the first revision unless there is a configuration already."""
        from pymongo.errors import DuplicateKeyError

        document = config_document(config)
        for collection, name in ((self._history, f"r{config.revision}"), (self._config, CURRENT)):
            try:
                with writing():
                    collection.insert_one(document | {"_id": name})
            except DuplicateKeyError:
                continue
        self._known = None
