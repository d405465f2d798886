"""Fakes of what the administrators' services need; they pass the contract of the MongoDB adapters."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.adjustments import Proposal
from shared.domain.admins import Admin
from shared.domain.config_changes import ConfigRevision
from shared.domain.game_config import GameConfig
from shared.domain.login_attempts import LoginAttempts
from tests.fakes.game_configs import FakeGameConfigs
from tests.fakes.ledger import FakeLedgerStore
from tests.fakes.referrals import FakeReferralCodes


class FakeAdmins:
    """ports.admin.AdminStore in memory."""

    def __init__(self) -> None:
        self.known: dict[str, Admin] = {}

    def read(self, admin_id: str) -> Admin | None:
        return self.known.get(admin_id)

    def by_email(self, email: str) -> Admin | None:
        return next((admin for admin in self.known.values() if admin.email == email), None)

    def everybody(self) -> list[Admin]:
        return sorted(self.known.values(), key=lambda admin: admin.created_ms)

    def insert(self, admin: Admin) -> bool:
        if admin.id in self.known or self.by_email(admin.email) is not None:
            return False
        self.known[admin.id] = admin
        return True

    def replace(self, admin: Admin, *, expected_revision: int) -> bool:
        known = self.known.get(admin.id)
        if known is None or known.revision != expected_revision:
            return False
        self.known[admin.id] = admin
        return True


class FakeRevokedTokens:
    """ports.admin.RevokedTokens in memory."""

    def __init__(self) -> None:
        self.tokens: dict[str, int] = {}

    def revoke(self, token_id: str, *, expires_at_s: int) -> None:
        self.tokens.setdefault(token_id, expires_at_s)

    def is_revoked(self, token_id: str) -> bool:
        return token_id in self.tokens

    def forget_expired(self, *, now_s: int) -> int:
        expired = [token_id for token_id, expires_at_s in self.tokens.items() if expires_at_s < now_s]
        for token_id in expired:
            del self.tokens[token_id]
        return len(expired)


class FakeLoginAttempts:
    """ports.admin.AttemptStore in memory."""

    def __init__(self) -> None:
        self.known: dict[str, LoginAttempts] = {}

    def read(self, unknown: LoginAttempts) -> LoginAttempts:
        return self.known.get(unknown.name, unknown)

    def replace(self, attempts: LoginAttempts, *, expected_revision: int) -> bool:
        known = self.known.get(attempts.name)
        if (0 if known is None else known.revision) != expected_revision:
            return False
        self.known[attempts.name] = attempts
        return True

    def forget_before(self, since_ms: int) -> int:
        old = [name for name, attempts in self.known.items() if attempts.since_ms < since_ms]
        for name in old:
            del self.known[name]
        return len(old)


class FakeConfigStore:
    """ports.admin.ConfigStore over the configuration a fake game already has."""

    def __init__(self, game: FakeGameConfigs) -> None:
        self._game = game
        self.history: dict[int, ConfigRevision] = {}

    def current(self) -> GameConfig:
        return self._game.current()

    def latest(self) -> GameConfig:
        return self._game.current()

    def replace_by(self, revision: ConfigRevision, *, expected_revision: int) -> bool:
        current = self._game.config
        if current.revision != expected_revision:
            return False
        self.history.setdefault(current.revision, ConfigRevision(current))
        self.history[revision.config.revision] = revision
        self._game.config = revision.config
        return True

    def revisions(self, numbers: Sequence[int]) -> list[ConfigRevision]:
        known = {self._game.config.revision: ConfigRevision(self._game.config), **self.history}
        return [known[number] for number in sorted(numbers, reverse=True) if number in known]


class FakeProposals:
    """ports.admin.ProposalStore in memory."""

    def __init__(self) -> None:
        self.known: dict[str, Proposal] = {}

    def insert(self, proposal: Proposal) -> None:
        self.known.setdefault(proposal.id, proposal)

    def read(self, proposal_id: str) -> Proposal | None:
        return self.known.get(proposal_id)

    def replace(self, proposal: Proposal, *, expected_revision: int) -> bool:
        known = self.known.get(proposal.id)
        if known is None or known.revision != expected_revision:
            return False
        self.known[proposal.id] = proposal
        return True

    def pending(self, *, since_ms: int, limit: int) -> list[Proposal]:
        waiting = [proposal for proposal in self.known.values() if proposal.state == "pending"]
        return [proposal for proposal in waiting if proposal.proposed_ms >= since_ms][:limit]


class FakePlayerSearch:
    """ports.admin.PlayerSearch over a fake ledger; `wallets` maps names to accounts, `codes` knows owners."""

    def __init__(self, store: FakeLedgerStore, *, wallets: dict[str, str], codes: FakeReferralCodes) -> None:
        self._store = store
        self.wallets, self.codes = wallets, codes

    def with_alias(self, alias: str, *, limit: int) -> list[str]:
        players = self._store.players.values()
        return sorted(player.id for player in players if player.state.get("alias") == alias)[:limit]

    def with_wallet(self, address: str) -> list[str]:
        return sorted({account for name, account in self.wallets.items() if name.endswith(f":{address}")})

    def with_referral_code(self, code: str) -> list[str]:
        owner = self.codes.owner(code)
        return [] if owner is None else [owner]
