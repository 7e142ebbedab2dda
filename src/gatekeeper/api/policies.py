"""The password policy: read, replaced, previewed, and a change demanded of everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.api.endpoints import Call, Endpoint, Reply
from gatekeeper.api.policy_shapes import PasswordPolicyShape, PasswordPreviewPaging, PreviewItem, PreviewShape
from gatekeeper.api.user_shapes import UserShape
from gatekeeper.api.versions import expected_version, with_version
from gatekeeper.domain.model import Permission
from gatekeeper.flows import administration, portraits, previews

if TYPE_CHECKING:
    from gatekeeper.flows.previews import Preview

MANAGE = (Permission.POLICIES_MANAGE,)


async def read(call: Call) -> Reply:
    """The policy as it stands."""
    policies = await administration.read(call.services, call.actor)
    return with_version(PasswordPolicyShape.of(policies.password), policies.password_version)


async def replace(call: Call) -> Reply:
    """Replace it whole."""
    expected = expected_version(call.request)
    policies = await administration.set_password(
        call.services, call.actor, call.body.policy(), expected=expected, now=call.now
    )
    return with_version(PasswordPolicyShape.of(policies.password), policies.password_version)


async def preview(call: Call) -> Reply:
    """What it would do."""
    query = call.query
    found = await previews.of_password(
        call.services,
        call.actor,
        call.body.policy(),
        now=call.now,
        effect=None if query.effect is None else previews.Effect(query.effect),
        cursor=query.cursor,
        limit=query.limit,
    )
    return Reply(await shape_of(call, found))


async def demand_change(call: Call) -> Reply:
    """Ask everybody for a new password, now."""
    await administration.demand_change(call.services, call.actor, call.now)
    return Reply()


async def shape_of(call: Call, preview_: Preview) -> PreviewShape:
    """A preview as it is shown."""
    users = [affected.user for affected in preview_.people]
    shown = await portraits.of(call.services, users, call.now)
    return PreviewShape(
        affected=preview_.affected,
        by_effect={effect.value: count for effect, count in preview_.by_effect.items()},
        items=[
            PreviewItem(user=UserShape.of(portrait), effects=list(affected.effects))
            for affected, portrait in zip(preview_.people, shown, strict=True)
        ],
        next_cursor=preview_.next_cursor,
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/policies/password",
        read,
        "The password policy",
        any_of=MANAGE,
        answer=PasswordPolicyShape,
        versioned=True,
    ),
    Endpoint(
        "PUT",
        "/policies/password",
        replace,
        "Replace the password policy",
        any_of=MANAGE,
        body=PasswordPolicyShape,
        answer=PasswordPolicyShape,
        grave=True,
        versioned=True,
    ),
    Endpoint(
        "POST",
        "/policies/password/preview",
        preview,
        "What a password policy would do, before it does it",
        any_of=MANAGE,
        query=PasswordPreviewPaging,
        body=PasswordPolicyShape,
        answer=PreviewShape,
    ),
    Endpoint(
        "POST",
        "/policies/password/require-change",
        demand_change,
        "Ask everybody for a new password, now",
        any_of=MANAGE,
        status=204,
        grave=True,
    ),
)
