"""Audit entries about what people do for themselves: signing in and out, changing a password, enrolling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.store.audit import AuditEntry

if TYPE_CHECKING:
    from gatekeeper.domain.model import Client, OwnerFacts

DONE = "done"
FAILED = "failed"


def event(
    action: str,
    now: float,
    client: Client,
    who: OwnerFacts | None,
    *,
    outcome: str = DONE,
    details: dict[str, object] | None = None,
) -> AuditEntry:
    """An entry in which a person acts on their own account.

    Args:
        action: such as ``"sign-in.succeeded"``.
        now: the time.
        client: from where.
        who: the person; ``None`` where a name that was typed is nobody's. It is not kept: people type passwords there.
        outcome: how it ended.
        details: what else is worth keeping, without secrets.
    """
    return AuditEntry(
        at=now,
        actor_id=None if who is None else who.user_id,
        actor_name="" if who is None else who.username,
        action=action,
        target_id=None if who is None else who.user_id,
        target_name=None if who is None else who.username,
        address=client.address,
        request_id=client.request_id,
        outcome=outcome,
        details=details or {},
    )
