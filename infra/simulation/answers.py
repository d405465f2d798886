"""What clients were told: the same key must never be told two different things."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from shared.domain.errors import Refused, Unavailable
from shared.domain.ledger import client_key

OPERATOR: Final = "op"
SECOND: Final = "op2"
ADMINISTERED: Final = frozenset({"adjust", "confirm", "ban", "unban", "configure", "switch"})
UNKEYED: Final = frozenset({"register", "read", "ahead", "settle", "tend", "send"})
"""Verbs that have no key of their own: nothing is compared."""

Kind = Literal["done", "declined", "refused", "unavailable"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `declined` is a recorded refusal; `refused` left no row, `code` says which it was."""

    kind: Kind
    text: str
    code: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        return self.kind in ("done", "declined")


@dataclass(frozen=True, slots=True)
class Request:
    """What a client means by one key; the same request may be sent any number of times."""

    verb: str
    account: str
    key: str
    arguments: tuple[Any, ...] = ()
    fingerprint: str = "f"

    @property
    def administrator(self) -> str:
        """Who asks, where it is no player: what one proposes another has to confirm."""
        return SECOND if self.verb == "confirm" else OPERATOR

    @property
    def stored_key(self) -> str:
        """The key of the row, or of the administrator's intent, that answers it."""
        return client_key(self.administrator if self.verb in ADMINISTERED else self.account, self.key)


@dataclass(slots=True)
class Answers:
    """Every answer by stored key and fingerprint; `problems` fills as soon as one contradicts another."""

    final: dict[str, Answer] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    reused: set[str] = field(default_factory=set)
    rationed: list[tuple[str, int]] = field(default_factory=list)
    banned: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def ask(self, request: Request, perform: Callable[[], Mapping[str, Any]], *, now_ms: int) -> Answer:
        """Perform the request and keep what it answered."""
        answer = self._outcome(request, perform)
        label = f"{request.verb} {answer.code or answer.kind}"
        self.counts[label] = self.counts.get(label, 0) + 1
        if answer.is_final and request.verb not in UNKEYED:
            self._keep(request, answer)
        elif answer.code == "idempotency_key_reused":
            self.reused.add(request.stored_key)
        elif answer.code == "too_many_refusals":
            self.rationed.append((request.account, now_ms))
        elif answer.code == "banned":
            self.banned.append(request.account)
        return answer

    def _outcome(self, request: Request, perform: Callable[[], Mapping[str, Any]]) -> Answer:
        try:
            return Answer("done", _canonical(perform()))
        except Unavailable as error:
            return Answer("unavailable", "", error.code)
        except Refused as error:
            if "isReplay" not in error.extra:
                return Answer("refused", error.detail, error.code, error.extra)
            extra = {name: value for name, value in error.extra.items() if name != "isReplay"}
            return Answer("declined", _canonical([error.detail, extra]), error.code, extra)
        except Exception as error:  # noqa: BLE001 - whatever else a service raises is the bug being hunted
            self.problems.append(f"{request.verb} {request.stored_key}: {error!r} ({_place(error)})")
            return Answer("unavailable", "", "internal")

    def _keep(self, request: Request, answer: Answer) -> None:
        known = self.final.setdefault(request.stored_key, answer)
        self.requests.setdefault(request.stored_key, request)
        if (known.kind, known.text) != (answer.kind, answer.text):
            self.problems.append(
                f"{request.verb} {request.stored_key} was answered {known.kind} {known.text}"
                f" and then {answer.kind} {answer.text}"
            )


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames)
