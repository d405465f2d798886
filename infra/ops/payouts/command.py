"""`./arena ledger reconcile`: the vault's payouts of a stage against its ledger, told and judged; no writes."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from pymongo.errors import PyMongoError

from infra.ops.driver_errors import reason
from infra.ops.payouts.books import read_books
from infra.ops.payouts.compare import Difference, Kind, compare, correction_reason
from infra.ops.preflight.chain_lines import asking
from infra.ops.preflight.deployed_stage import deployed_stage
from infra.ops.preflight.local_stage import running_local_stage
from infra.ops.preflight.stage import StageUnderCheck
from infra.ops.verify_ledger import opened
from shared.bootstrap.vault import vault_identity
from shared.domain.calendar import MS_PER_SECOND
from shared.domain.errors import ArenaError, Refused

AGREED: Final = 0
DIFFERENT: Final = 1
NOT_COMPARED: Final = 2
CHAIN_BEHIND_S: Final = 60
"""A payout is told in the time of its shard's block, which is behind everybody's clock."""
LOOK_BACK_S: Final = 7 * 86_400
"""A claim is signed within a day or refunded; a week also covers a settle that stood still for days."""
REMEDIES: Final[Mapping[Kind, str]] = {
    "paid_unknown": "paid, and the ledger has no such claim: take the credits by the adjustment below",
    "paid_refunded": "paid, and refunded in the ledger: take the credits by the adjustment below",
    "paid_unsigned": "paid, and the signature is lost: reject the claim, then it is `paid_refunded`",
    "paid_open": "paid, still open: settle confirms it within minutes, if it runs",
    "charged_too_much": "an adjustment took more than was paid: credit the difference, with the same reason",
    "seqno_behind": "the next claim would use a spent seqno: the player unlinks the wallet, and links it a day later",
    "undelivered": "confirmed, and no delivery is on chain: ask the second provider before anything else",
}


@dataclass(frozen=True, slots=True)
class ReconcileOptions:
    """`stage` empty means the local stack that runs; `uri` and `database`, where set, replace the stage's own."""

    stage: str
    since_ms: int
    uri: str | None
    database: str | None
    as_json: bool


def run_reconciliation(options: ReconcileOptions) -> int:
    """0 when chain and ledger agree, 1 with every difference named, 2 when they could not be compared."""
    try:
        vault, found = differences(_stage(options), options)
    except (ArenaError, PyMongoError) as error:
        print(f"arena: nothing is compared: {reason(error)}", file=sys.stderr)
        return NOT_COMPARED
    print(_document(vault, found) if options.as_json else _text(vault, found), flush=True)
    return DIFFERENT if found else AGREED


def differences(stage: StageUnderCheck, options: ReconcileOptions) -> tuple[str, list[Difference]]:
    """The vault's address, and what differs. Raises Refused `no_vault`, Unavailable."""
    settings = stage.settle()
    if settings.vault is None:
        raise Refused("this stage has no vault: nothing was ever paid", code="no_vault")
    vault = vault_identity(settings.vault, network_id=settings.ton_network_id)
    since_s = max(0, options.since_ms // MS_PER_SECOND - CHAIN_BEHIND_S)
    from_s = max(0, since_s - LOOK_BACK_S)
    with asking(settings.ton_provider, settings.vault) as chain:
        owner = chain.vault_account().owner
        deliveries = chain.deliveries(since_s=from_s)
    uri = options.uri or stage.text("settle", "MONGODB_URI")
    with opened(uri, options.database or stage.text("settle", "MONGODB_DATABASE")) as database:
        books = read_books(
            database,
            from_ms=from_s * MS_PER_SECOND,
            wallets={delivery.recipient for delivery in deliveries},
            network=vault.network,
            vault=vault.vault,
        )
    return vault.vault, compare(deliveries, books, vault=vault, owner=owner, since_s=since_s)


def _stage(options: ReconcileOptions) -> StageUnderCheck:
    from infra.local.stack import DEFAULT_DATA_DIR

    return deployed_stage(options.stage) if options.stage else running_local_stage(DEFAULT_DATA_DIR)


def adjustment_for(vault: str, difference: Difference) -> dict[str, Any] | None:
    """The request that puts it right, for POST; its key makes a repetition harmless. None where none does."""
    if difference.kind not in ("paid_unknown", "paid_refunded") or not difference.account:
        return None
    reason = correction_reason(vault, difference.recipient, difference.seqno)
    return {
        "path": f"/api/admin/players/{difference.account}/adjust",
        "idempotencyKey": f"payout-{hashlib.sha256(reason.encode()).hexdigest()[:24]}",
        "body": {
            "direction": "debit",
            "currency": "AIBA",
            "amount": str(difference.credits),
            "reason": reason,
        },
    }


def _document(vault: str, found: Sequence[Difference]) -> str:
    listed = [
        asdict(each) | {"remedy": REMEDIES[each.kind], "adjustment": adjustment_for(vault, each)}
        for each in found
    ]
    return json.dumps({"ok": not found, "vault": vault, "differences": listed}, indent=1)


def _text(vault: str, found: Sequence[Difference]) -> str:
    if not found:
        return f"what vault {vault} paid is what the ledger says it paid"
    lines = [f"FAILED: {len(found)} differences between vault {vault} and the ledger"]
    for each in found:
        claim = f", claim {each.claim}" if each.claim else ""
        lines.append(
            f"\n{each.kind:<17} {each.account or '(nobody has this wallet)'}: wallet {each.recipient}, "
            f"seqno {each.seqno}, {each.units} units, {each.credits} credits{claim}"
        )
        lines.append(f"{'':<17} {REMEDIES[each.kind]}")
        request = adjustment_for(vault, each)
        if request is not None:
            lines.append(f"{'':<17} POST {request['path']}, idempotency-key {request['idempotencyKey']}")
            lines.append(f"{'':<17} {json.dumps(request['body'])}")
    return "\n".join(lines)
