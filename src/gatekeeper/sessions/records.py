"""How sessions and attempts are written: JSON arrays that begin with the number of their form, short and without names.

A record of another form, which an older or newer release wrote, reads as none: its owner signs in again.
"""

from __future__ import annotations

import json
from typing import Any

from gatekeeper.domain.model import Attempt, Method, OwnerFacts, Permission, Proof, Session, Strength

FORM = 1
USER_AGENT_LENGTH = 160
_KNOWN = {permission.value: permission for permission in Permission}


def core_text(session: Session) -> bytes:
    """Return what never changes in a session."""
    return _text(
        session.created_at,
        session.expires_at,
        [[proof.method.value, proof.at] for proof in session.proofs],
        session.csrf_secret,
        session.address,
        session.user_agent[:USER_AGENT_LENGTH],
        int(session.trusted_device),
    )


def owner_text(owner: OwnerFacts) -> bytes:
    """Return the facts of an owner; the second is the person's id, the third the version (the scripts read both)."""
    return _text(
        owner.user_id,
        owner.version,
        owner.username,
        owner.email,
        owner.display_name,
        owner.groups,
        sorted(permission.value for permission in owner.permissions),
        int(owner.enabled),
        owner.password_changed_at,
        owner.password_strength and owner.password_strength.value,
        int(owner.change_required),
        int(owner.enrolled),
        int(owner.recovery_codes_pending),
        owner.language,
    )


def scope_text(epoch: int, *, applies: bool) -> str:
    """Return a two-factor scope: ``"17 1"``."""
    return f"{epoch} {int(applies)}"


def session_from(id: str, core: bytes, owner: bytes, scope: bytes, seen: bytes) -> Session | None:  # noqa: A002
    """Return the session that was written, or ``None`` for a record of another form."""
    try:
        created_at, expires_at, proofs, csrf_secret, address, user_agent, trusted_device = _parts(core)
        epoch, applies = scope.split()
        return Session(
            id=id,
            owner=_owner(owner),
            created_at=created_at,
            expires_at=expires_at,
            last_seen_at=float(seen),
            proofs=_proofs(proofs),
            csrf_secret=csrf_secret,
            address=address,
            user_agent=user_agent,
            scope_epoch=int(epoch),
            two_factor_applies=applies == b"1",
            trusted_device=bool(trusted_device),
        )
    except (ValueError, TypeError):
        return None


def attempt_text(attempt: Attempt) -> bytes:
    """Return an attempt without its id and version, which lie beside it."""
    return _text(
        attempt.user_id,
        attempt.created_at,
        attempt.expires_at,
        [[proof.method.value, proof.at] for proof in attempt.proofs],
        attempt.next,
        attempt.from_session,
        attempt.secret,
        attempt.code_failures,
        attempt.trusted_device,
        int(attempt.recovery_codes_shown),
        int(attempt.notice_seen),
        int(attempt.second_factor_wanted),
        int(attempt.trust_wanted),
        int(attempt.change_wanted),
    )


def attempt_from(id: str, version: bytes, text: bytes) -> Attempt | None:  # noqa: A002 - the record's own name
    """Return the attempt that was written, or ``None`` for a record of another form."""
    try:
        user_id, created_at, expires_at, proofs, next_path, from_session, secret, failures, *more = _parts(text)
        device, *flags = more
        shown, seen, wanted, trusts, changes = (bool(flag) for flag in flags)
        return Attempt(
            id=id,
            user_id=user_id,
            created_at=created_at,
            expires_at=expires_at,
            proofs=_proofs(proofs),
            next=next_path,
            from_session=from_session,
            secret=secret,
            recovery_codes_shown=shown,
            notice_seen=seen,
            second_factor_wanted=wanted,
            trusted_device=device,
            trust_wanted=trusts,
            change_wanted=changes,
            code_failures=failures,
            version=int(version),
        )
    except (ValueError, TypeError):
        return None


def _owner(text: bytes) -> OwnerFacts:
    user_id, version, username, email, name, groups, permissions, enabled, changed_at, strength, *rest = _parts(text)
    change_required, enrolled, pending, language = rest
    return OwnerFacts(
        user_id=user_id,
        username=username,
        email=email,
        display_name=name,
        groups=tuple(groups),
        # A permission that this release does not know is one that it cannot grant.
        permissions=frozenset(_KNOWN[value] for value in permissions if value in _KNOWN),
        enabled=bool(enabled),
        password_changed_at=changed_at,
        password_strength=None if strength is None else Strength(strength),
        change_required=bool(change_required),
        enrolled=bool(enrolled),
        recovery_codes_pending=bool(pending),
        version=version,
        language=language,
    )


def _proofs(values: list[Any]) -> tuple[Proof, ...]:
    return tuple(Proof(Method(method), at) for method, at in values)


def _text(*values: object) -> bytes:
    # What a client sent may hold lone surrogates, which UTF-8 has no place for.
    return json.dumps([FORM, *values], separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def _parts(text: bytes) -> list[Any]:
    values: list[Any]
    form, *values = json.loads(text)
    if form != FORM:
        raise ValueError("another form")
    return values
