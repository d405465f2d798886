"""The one way money and game state change: a decision becomes a ledger row, and the row is the commit.

Read the player, decide, take the budget holds, insert row seq+1, project it. Two requests for one
account collide on the row's `_id`, two copies of one request on its key; whoever loses looks the key
up, and either answers what the winner wrote or rolls forward and decides again. A crash between any
two steps leaves at most a wasted hold and a projection that the next reader completes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.domain.bans import BANNED, BanScope, check_not_banned
from shared.domain.calendar import MS_PER_HOUR
from shared.domain.errors import ArenaError, InvariantBroken, OutcomeUnknown, Refused, Unavailable, ensure
from shared.domain.ledger import Accepted, Decision, Declined, Row
from shared.domain.player import Player, project
from shared.services.attempt import Attempt, is_rationed, row_of

if TYPE_CHECKING:
    from shared.domain.game_config import GameConfig
    from shared.ports.clock import Clock
    from shared.ports.game_configs import GameConfigs
    from shared.ports.ledger import LedgerStore
    from shared.services.hold_budgets import BudgetHolder

MAX_ROUNDS: Final = 64
INSERT_TRIES: Final = 2
MAX_DECISION_AGE_MS: Final = 60_000
"""No row is sent later than this after its own time: whoever folds rows by time looks two minutes back,
and a day's battles are all written long before its seed is public."""
ROLL_FORWARD_PAGE: Final = 20
CAP_REACHED: Final = "cap_reached"
EMISSION_PAUSED: Final = "emission_paused"


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """Everything a decider may know; it is pure, and its chance comes from `key`.

    `emission_block` is None when it may emit, else why not (`cap_reached`, `emission_paused`):
    the reward is then 0 and the answer says why.
    """

    player: Player
    config: GameConfig
    now_ms: int
    key: str
    emission_block: str | None = None


Decide = Callable[[DecisionContext], Decision]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The committed row; `row.ok` False is a recorded refusal with `answer` {code, detail, extra}."""

    row: Row
    is_replay: bool

    def answer(self) -> dict[str, Any]:
        """What was decided; a recorded refusal is raised as Refused with its stored words."""
        answer = dict(self.row.answer)
        if self.row.ok:
            return answer
        raise Refused(
            answer["detail"], code=answer["code"], extra={**answer["extra"], "isReplay": self.is_replay}
        )


@dataclass(frozen=True, slots=True)
class Committer:
    """The ledger's protocol over a store; one per process.

    `new_attempt` returns an id no other attempt ever had: it is how a writer recognises its own
    row after a lost acknowledgement.
    """

    store: LedgerStore
    configs: GameConfigs
    clock: Clock
    holder: BudgetHolder
    new_attempt: Callable[[], str]

    def commit(
        self, *, account: str, key: str, fingerprint: str, decide: Decide, scope: BanScope | None = "all"
    ) -> Outcome:
        """Decide and commit once per key; the same key answers the same for ever.

        `key` is the stored form (ledger.client_key and its siblings). `scope` names the bans that stop
        this action; None is for the system's own rows. Raises Refused `player_unknown`, `banned`,
        `idempotency_key_reused`, `too_many_refusals`; Unavailable when the store did not answer in
        time: the same key may be sent again.
        """
        config = self.configs.current()
        player = self._existing(account)
        attempt = Attempt(
            id=self.new_attempt(),
            player=player,
            now_ms=max(self.clock.now_ms(), player.ts_ms),
            emission_block=EMISSION_PAUSED if config.paused.emission else None,
        )
        for _ in range(MAX_ROUNDS):
            try:
                decision = self._decide(attempt, decide, scope=scope, key=key, config=config)
            except ArenaError as error:
                existing = self._answered_before(error, key=key)
                if existing is None:
                    self._return_holds(attempt)
                    raise
                return self._answer_existing(attempt, existing, fingerprint=fingerprint)
            if not self._hold(attempt, decision, key=key, config=config):
                attempt.emission_block = CAP_REACHED
                continue
            if isinstance(decision, Declined) and is_rationed(attempt, key=key):
                return self._replay_or_ration(attempt, key=key, fingerprint=fingerprint)
            row = self._seal(attempt, decision, key=key, fingerprint=fingerprint, config=config)
            if isinstance(row, ArenaError):
                existing = self._look_again(attempt, row, key=key)
                if existing is not None:
                    return self._answer_existing(attempt, existing, fingerprint=fingerprint)
                continue
            self._refuse_stale(attempt)
            attempt.sent_seq = row.seq
            if self._insert(row):
                self.store.project_row(row)
                return Outcome(row, is_replay=False)
            existing = self.store.row_by_key(key) or self._catch_up(attempt, key=key)
            if existing is not None:
                return self._answer_existing(attempt, existing, fingerprint=fingerprint)
        self._return_holds(attempt)
        raise Unavailable("This account is too busy", code="account_busy")

    def read_player(self, account: str) -> Player:
        """The player with every committed row applied; raises Refused `player_unknown`."""
        return self.roll_forward(self._existing(account))

    def view_player(self, account: str) -> Player:
        """As `read_player`, but writing nothing: for readers whose database user may not.

        Raises Refused `player_unknown`.
        """
        player = self._existing(account)
        for row in self._rows_beyond(player):
            player = project(player, row)
        return player

    def roll_forward(self, player: Player) -> Player:
        """Apply and project the rows beyond the player's seq: anybody may finish anybody's projection."""
        for row in self._rows_beyond(player):
            self.store.project_row(row)
            player = project(player, row)
        return player

    def _catch_up(self, attempt: Attempt, *, key: str) -> Row | None:
        """Roll the attempt's view forward; the row of `key` if it lies there after all.

        A look-up by key may have been answered by a server that lags. Deciding again would then give
        back holds that the committed row counts on.
        """
        for row in self._rows_beyond(attempt.player):
            if row.key == key:
                return row
            self.store.project_row(row)
            attempt.player = project(attempt.player, row)
        attempt.now_ms = max(attempt.now_ms, attempt.player.ts_ms)
        return None

    def _rows_beyond(self, player: Player) -> Iterator[Row]:
        """The account's rows after the player's seq, in order, a page at a time."""
        seq = player.seq
        while True:
            rows = self.store.rows_at(player.id, range(seq + 1, seq + 1 + ROLL_FORWARD_PAGE))
            yield from rows
            if len(rows) < ROLL_FORWARD_PAGE:
                return
            seq += ROLL_FORWARD_PAGE

    def _existing(self, account: str) -> Player:
        player = self.store.read_player(account)
        if player is None:
            raise Refused("This player does not exist yet", code="player_unknown")
        return player

    def _decide(
        self, attempt: Attempt, decide: Decide, *, scope: BanScope | None, key: str, config: GameConfig
    ) -> Decision:
        """Ask the decider, unless the player is banned."""
        if scope is not None:
            check_not_banned(attempt.player, scope, now_ms=attempt.now_ms)
        return decide(DecisionContext(attempt.player, config, attempt.now_ms, key, attempt.emission_block))

    def _answered_before(self, error: ArenaError, *, key: str) -> Row | None:
        """The key's own row where nothing can be decided now: a pause takes no answer back, nor does time.

        A ban comes before it, and a bug of ours is never an answer.
        """
        is_said_anyway = error.code == BANNED or isinstance(error, InvariantBroken)
        return None if is_said_anyway else self.store.row_by_key(key)

    def _hold(self, attempt: Attempt, decision: Decision, *, key: str, config: GameConfig) -> bool:
        """Own exactly the holds the decision needs; False when a budget said no.

        The same wishes as in the round before keep their holds, even across midnight: a row counts
        against the budget it holds. Others are given back once before new ones are taken.
        """
        wanted = decision.emissions if isinstance(decision, Accepted) else ()
        if wanted == attempt.emissions:
            return True
        self._return_holds(attempt)
        attempt.emissions, attempt.holds = (), ()
        if not wanted:
            return True
        ensure(attempt.emission_block != CAP_REACHED, "a decider told of a reached cap asks for no budget")
        holds = self.holder.take(wanted, key=key, config=config, now_ms=attempt.now_ms)
        if holds is None:
            return False
        attempt.emissions, attempt.holds = wanted, holds
        return True

    def _return_holds(self, attempt: Attempt) -> None:
        """Give back what the attempt holds, unless its row may count on it: then it is wasted at worst.

        Reads show what a majority of servers has. A row of ours whose acknowledgement was lost may stand
        on fewer, collide with its own repetition, and be found by nobody yet.
        """
        if not attempt.may_be_in:
            self.holder.give_back(attempt.holds)

    def _seal(
        self, attempt: Attempt, decision: Decision, *, key: str, fingerprint: str, config: GameConfig
    ) -> Row | ArenaError:
        """The checked row, or the rule it would break on this view of the player."""
        try:
            return row_of(attempt, decision, key=key, fingerprint=fingerprint, config=config)
        except ArenaError as error:
            return error

    def _look_again(self, attempt: Attempt, error: ArenaError, *, key: str) -> Row | None:
        """What the view behind an impossible row did not know: the key's own row, or newer ones.

        A second refund overdraws the escrow that the first has emptied, and any of them overdraws a
        player whose claim is not projected yet. Raises the error when the view was up to date; nothing
        was sent, so the holds return.
        """
        seen_seq = attempt.player.seq
        existing = self.store.row_by_key(key) or self._catch_up(attempt, key=key)
        if existing is None and attempt.player.seq == seen_seq:
            self._return_holds(attempt)
            raise error
        return existing

    def _refuse_stale(self, attempt: Attempt) -> None:
        """Give up a decision that slept, in a frozen process say."""
        if self._is_old(attempt.now_ms):
            self._return_holds(attempt)
            raise Unavailable("This request waited too long", code="decision_too_old")

    def _is_old(self, decided_ms: int) -> bool:
        return self.clock.now_ms() - decided_ms > MAX_DECISION_AGE_MS

    def _insert(self, row: Row) -> bool:
        """Insert the identical row until the store says in or taken; a time-out alone says nothing."""
        for _ in range(INSERT_TRIES - 1):
            try:
                return self.store.insert_row(row)
            except OutcomeUnknown:
                if self._is_old(row.ts_ms):
                    raise  # frozen while it was sent: it may be in, but it is not sent any more
        return self.store.insert_row(row)

    def _answer_existing(self, attempt: Attempt, existing: Row, *, fingerprint: str) -> Outcome:
        if existing.attempt == attempt.id:
            self.store.project_row(existing)  # my own row: its acknowledgement was lost
            return Outcome(existing, is_replay=False)
        self.holder.give_back(attempt.holds)
        return _replay(existing, fingerprint=fingerprint)

    def _replay_or_ration(self, attempt: Attempt, *, key: str, fingerprint: str) -> Outcome:
        existing = self.store.row_by_key(key)
        if existing is not None:
            return _replay(existing, fingerprint=fingerprint)
        wait_ms = MS_PER_HOUR - attempt.now_ms % MS_PER_HOUR
        raise Refused(
            "Too many refused requests this hour", code="too_many_refusals", extra={"retryAfterMs": wait_ms}
        )


def _replay(existing: Row, *, fingerprint: str) -> Outcome:
    if existing.fingerprint != fingerprint:
        raise Refused("This key was used for another request", code="idempotency_key_reused")
    return Outcome(existing, is_replay=True)
