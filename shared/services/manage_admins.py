"""Administrators by name: made, changed and closed by the owner; a password by its own holder too."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from shared.domain.admin_records import Change, Intent, Order
from shared.domain.admins import OWNER_ID, Admin, Role, check_new_password
from shared.domain.calendar import iso_time
from shared.domain.errors import Refused
from shared.services.admin_audit import Actor, Audited, AuditTrail, RequestKey, Trace, carry_out
from shared.services.admin_login import AdminGateDesk, prove_password

if TYPE_CHECKING:
    from shared.ports.admin import AdminStore

CREATED: Final = "adminCreated"
CHANGED: Final = "adminChanged"
CHANGES_KEPT: Final = 20


@dataclass(frozen=True, slots=True)
class AdminsDesk:
    """What managing administrators needs."""

    gate: AdminGateDesk
    trail: AuditTrail


@dataclass(frozen=True, slots=True)
class AdminWish:
    """What to change of an administrator; None leaves it. A password never reaches the audit."""

    role: Role | None = None
    is_active: bool | None = None
    password: str | None = None


def list_admins(desk: AdminsDesk) -> list[dict[str, Any]]:
    """The owner and every named administrator, without their hashes."""
    return [admin_answer(admin) for admin in (desk.gate.owner, *desk.gate.admins.everybody())]


def create_admin(
    desk: AdminsDesk, actor: Actor, request: RequestKey, *, email: str, role: Role, password: str
) -> Audited:
    """A new administrator with a first password. Refused `weak_password`, `email_taken`.

    `email` in its normal form.
    """
    check_new_password(password)
    order = Order("admins.create", f"admin:{email}", {"email": email, "role": role}, f"{CREATED}:")

    def act(intent: Intent) -> Change:
        admin = Admin(
            id=_admin_id(intent),
            email=email,
            role=role,
            password_hash=desk.gate.passwords.hash(password),
            created_ms=intent.at_ms,
            changed_by=(intent.id,),
        )
        if email == desk.gate.owner.email or not desk.gate.admins.insert(admin):
            known = desk.gate.admins.read(admin.id)
            if known is None:
                raise Refused("This address has an account already", code="email_taken")
            admin = known
        desk.trail.open_account(admin.id)
        return Change(admin_answer(admin), after=admin_answer(admin))

    return carry_out(desk.trail, actor, order, request, act)


def change_admin(
    desk: AdminsDesk, actor: Actor, request: RequestKey, *, admin_id: str, wish: AdminWish
) -> Audited:
    """Another role, another password, closed or open again; whichever ends the sessions that were open.

    Refused `admin_unknown`, `owner_is_configured`: the owner is whom the environment names.
    """
    if wish.password is not None:
        check_new_password(wish.password)
    order = Order("admins.change", f"admin:{admin_id}", _told(wish), f"{CHANGED}:{admin_id}")
    return carry_out(
        desk.trail,
        actor,
        order,
        request,
        lambda intent: _change(desk, intent, admin_id=admin_id, wish=wish),
    )


def change_own_password(
    desk: AdminsDesk, actor: Actor, request: RequestKey, *, current: str, new: str
) -> Audited:
    """A new password for whoever knows the present one; every session ends, this one too.

    Refused `password_wrong`, `login_locked`, `weak_password`, `owner_is_configured`.
    """
    admin = actor.admin
    prove_password(desk.gate, admin, current)
    check_new_password(new)
    wish = AdminWish(password=new)
    order = Order("admins.ownPassword", f"admin:{admin.id}", {}, f"{CHANGED}:{admin.id}")
    return carry_out(
        desk.trail,
        actor,
        order,
        request,
        lambda intent: _change(desk, intent, admin_id=admin.id, wish=wish),
    )


def admin_answer(admin: Admin) -> dict[str, Any]:
    """An administrator as others see them."""
    return {
        "id": admin.id,
        "email": admin.email,
        "role": admin.role,
        "isActive": admin.is_active,
        "createdAt": iso_time(admin.created_ms),
    }


def created_trace(admins: AdminStore) -> Trace:
    """Whether the intent's administrator exists."""
    return lambda _name, intent: admins.read(_admin_id(intent)) is not None


def changed_trace(admins: AdminStore) -> Trace:
    """Whether the intent is among the administrator's last changes."""

    def has_happened(admin_id: str, intent: Intent) -> bool:
        admin = admins.read(admin_id)
        return admin is not None and intent.id in admin.changed_by

    return has_happened


def _change(desk: AdminsDesk, intent: Intent, *, admin_id: str, wish: AdminWish) -> Change:
    if admin_id == OWNER_ID:
        raise Refused("The owner is set by the environment", code="owner_is_configured")
    admin = desk.gate.admins.read(admin_id)
    if admin is None:
        raise Refused("There is no such administrator", code="admin_unknown")
    if intent.id in admin.changed_by:
        return Change(admin_answer(admin))
    changed = replace(
        admin,
        role=admin.role if wish.role is None else wish.role,
        is_active=admin.is_active if wish.is_active is None else wish.is_active,
        password_hash=admin.password_hash
        if wish.password is None
        else desk.gate.passwords.hash(wish.password),
        generation=admin.generation + 1,
        revision=admin.revision + 1,
        changed_by=(*admin.changed_by, intent.id)[-CHANGES_KEPT:],
    )
    if not desk.gate.admins.replace(changed, expected_revision=admin.revision):
        return _change(desk, intent, admin_id=admin_id, wish=wish)
    return Change(admin_answer(changed), before=admin_answer(admin), after=admin_answer(changed))


def _told(wish: AdminWish) -> Mapping[str, Any]:
    told: dict[str, Any] = {"newPassword": wish.password is not None}
    if wish.role is not None:
        told["role"] = wish.role
    if wish.is_active is not None:
        told["isActive"] = wish.is_active
    return told


def _admin_id(intent: Intent) -> str:
    return "a" + hashlib.sha256(intent.id.encode()).hexdigest()[:16]
