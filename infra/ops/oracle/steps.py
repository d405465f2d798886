"""The steps of a rotation: each finishes, says what it waits for, or refuses to go on.

A step may be repeated at any time: what it has done already it finds done. The routine order keeps
both keys good until nobody can hold a signature of the old one; an emergency trusts the old key for
nothing from its first step on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from infra.ops.oracle.parts import RotationParts, is_signed_with
from infra.ops.oracle.rotation import Rotation
from infra.ops.oracle.settings_switch import OracleKey
from infra.vault.messages import ORDER_NANOTON, set_oracle, set_paused
from infra.vault.signing_request import SigningRequest
from shared.domain.errors import Refused
from shared.domain.ton.cell import Cell
from shared.domain.ton_views import VaultAccount


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a step cannot end yet: the message that the owner must send, or `left_s` seconds that must pass."""

    step: str
    why: str
    request: SigningRequest | None = None
    left_s: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """`run` gives the rotation as it is after the step, or what it waits for; `title` says what it does."""

    name: str
    title: str
    run: Callable[[Rotation, RotationParts], Rotation | Wait]


def begin(
    rotation_id: str, parts: RotationParts, *, stage: str, grace_s: int, is_emergency: bool
) -> Rotation:
    """A rotation of the stage's present key; nothing is changed yet.

    Raises Refused `key_disabled` for a routine rotation of a disabled key, `unexpected_key` when settings, KMS and vault do not all name one key,
    `unexpected_vault` when the chain shows another network or contract, `grace_running` when the
    vault still takes the key before, which another rotation would cut off.
    """
    current = parts.settings.current()
    key_id = parts.keys.real_id(current.key_id)
    if parts.keys.state(key_id) != "Enabled":
        # KMS tells nothing of a disabled key. Whoever disabled it in alarm must still be able to replace it.
        if not is_emergency:
            raise Refused("the key in use is disabled: add --emergency to replace it", code="key_disabled")
    elif parts.keys.public_key(key_id) != current.public_key:
        raise Refused("the settings name a public key that is not the KMS key's", code="unexpected_key")
    if parts.chain.network_id() != parts.network_id:
        raise Refused("the TON provider shows another network", code="unexpected_vault")
    account = parts.chain.vault_account()
    if account.code_hash != parts.code_hash:
        raise Refused("the vault does not run the pinned code", code="unexpected_vault")
    _require_key(account, (current.public_key,))
    if not is_emergency and _is_grace_running(account):
        raise Refused(
            f"the vault takes the key before until second {account.previous_key_until_s}: rotate after that",
            code="grace_running",
        )
    return Rotation(
        id=rotation_id,
        stage=stage,
        is_emergency=is_emergency,
        grace_s=0 if is_emergency else grace_s,
        began_ms=parts.now_ms(),
        old_key_id=key_id,
        old_public_key=current.public_key,
    )


def as_emergency(rotation: Rotation) -> Rotation:
    """A routine rotation under way, carried on as an emergency: the grace ends, also one that runs already."""
    done = tuple(name for name in rotation.done if name != "accept")
    return replace(rotation, is_emergency=True, grace_s=0, grace_until_s=0, done=done)


def create_key(rotation: Rotation, parts: RotationParts) -> Rotation:
    """One new key under the same policy, however often this is interrupted."""
    key_id = parts.keys.create(rotation.id)
    return replace(rotation, new_key_id=key_id, new_public_key=parts.keys.public_key(key_id))


def accept_key(rotation: Rotation, parts: RotationParts) -> Rotation | Wait:
    """The vault's owner tells it the new key; the chain alone says when that has happened."""
    account = parts.chain.vault_account()
    _require_key(account, (rotation.old_public_key, rotation.new_public_key))
    is_accepted = account.public_key == rotation.new_public_key
    if is_accepted and not (rotation.is_emergency and _is_grace_running(account)):
        return replace(rotation, grace_until_s=account.previous_key_until_s)
    body = set_oracle(bytes.fromhex(rotation.new_public_key), grace_s=rotation.grace_s)
    what = f"accept signatures of {rotation.new_public_key}, and of the key before for {rotation.grace_s} s"
    return Wait("accept", "the vault does not have the new key yet", _request(parts, what, body))


def switch_settings(rotation: Rotation, parts: RotationParts) -> Rotation:
    """Functions sign with, and expect, the new key; the vault must have it before."""
    _require_key(parts.chain.vault_account(), (rotation.new_public_key,))
    parts.settings.switch(OracleKey(rotation.new_key_id, rotation.new_public_key))
    parts.keys.name(rotation.new_key_id)
    return replace(rotation, switched_ms=parts.now_ms())


def drain(rotation: Rotation, parts: RotationParts) -> Rotation | Wait:
    """Until the vault refuses the old key, every function has the new settings and no open claim is signed by it."""
    account = parts.chain.vault_account()
    _require_key(account, (rotation.new_public_key,))
    if account.shard_time_s <= rotation.grace_until_s:
        left_s = rotation.grace_until_s - account.shard_time_s + 1
        return Wait("drain", "the vault still takes the old key", left_s=left_s)
    unspread_ms = rotation.switched_ms + 1000 * parts.settings.spread_s - parts.now_ms()
    if unspread_ms > 0:
        return Wait("drain", "functions may have the former settings", left_s=unspread_ms // 1000 + 1)
    left = sum(is_signed_with(claim, public_key=rotation.old_public_key) for claim in parts.open_claims())
    if left:
        return Wait("drain", f"{left} open claims are signed by the old key: settle confirms or refunds each")
    return rotation


def disable_old_key(rotation: Rotation, parts: RotationParts) -> Rotation:
    """It stays in KMS, disabled: an audit may ask for it, and only an administrator could enable it again."""
    if parts.keys.state(rotation.old_key_id) == "Enabled":
        parts.keys.disable(rotation.old_key_id)
    return rotation


def pause_vault(rotation: Rotation, parts: RotationParts) -> Rotation | Wait:
    """Nothing is paid until the vault has its new key; the guardian may send this one too."""
    account = parts.chain.vault_account()
    _require_key(account, (rotation.old_public_key, rotation.new_public_key))
    if account.is_paused:
        return rotation
    body = set_paused(is_paused=True)
    return Wait("pause", "the vault still pays", _request(parts, "pause claims", body))


def resume_vault(rotation: Rotation, parts: RotationParts) -> Rotation | Wait:
    """Claims run again, under the new key alone."""
    account = parts.chain.vault_account()
    _require_key(account, (rotation.new_public_key,))
    if not account.is_paused:
        return rotation
    body = set_paused(is_paused=False)
    return Wait("resume", "the vault is paused", _request(parts, "resume claims", body))


_CREATE: Final = Step("create", "create the new key in KMS", create_key)
_ACCEPT: Final = Step("accept", "the vault has the new key", accept_key)
_SWITCH: Final = Step("switch", "functions use the new key", switch_settings)
_DRAIN: Final = Step("drain", "no claim depends on the old key", drain)
_DISABLE: Final = Step("disable", "the old key cannot sign", disable_old_key)
_PAUSE: Final = Step("pause", "the vault is paused", pause_vault)
_RESUME: Final = Step("resume", "the vault pays again", resume_vault)

ROUTINE: Final = (_CREATE, _ACCEPT, _SWITCH, _DRAIN, _DISABLE)
EMERGENCY: Final = (_DISABLE, _PAUSE, _CREATE, _ACCEPT, _SWITCH, _RESUME, _DRAIN)


def steps_of(rotation: Rotation) -> tuple[Step, ...]:
    """The steps in their order; those in `rotation.done` are behind it."""
    return EMERGENCY if rotation.is_emergency else ROUTINE


def _require_key(account: VaultAccount, expected: tuple[str, ...]) -> None:
    if account.public_key not in expected:
        raise Refused(
            f"the vault has the key {account.public_key}, which this rotation does not know: "
            "somebody else ordered it, or the settings name another vault",
            code="unexpected_key",
        )


def _is_grace_running(account: VaultAccount) -> bool:
    return account.previous_key_until_s > account.shard_time_s


def _request(parts: RotationParts, what: str, body: Cell) -> SigningRequest:
    return SigningRequest(
        what=what, to=parts.vault, amount_nanoton=ORDER_NANOTON, body=body, network_id=parts.network_id
    )
