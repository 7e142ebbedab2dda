"""The two-step policy: read, replaced, previewed, and its list kept person by person."""

from __future__ import annotations

from gatekeeper.api.endpoints import Call, Endpoint, Reply
from gatekeeper.api.policies import MANAGE, shape_of
from gatekeeper.api.policy_shapes import PreviewPaging, PreviewShape, TwoFactorPolicyShape
from gatekeeper.api.shapes import Paging
from gatekeeper.api.user_shapes import UserList, UserShape
from gatekeeper.api.versions import expected_version, with_version
from gatekeeper.flows import administration, portraits, previews


async def read(call: Call) -> Reply:
    """The policy as it stands, with its list where that is short enough."""
    policies = await administration.read(call.services, call.actor)
    people = None
    if policies.two_factor.listed <= administration.MOST_LISTED:
        limit = administration.MOST_LISTED
        people = [user.id for user in (await administration.people(call.services, call.actor, limit=limit)).items]
    return with_version(TwoFactorPolicyShape.of(policies.two_factor, people), policies.two_factor_version)


async def replace(call: Call) -> Reply:
    """Replace it whole."""
    expected = expected_version(call.request)
    await administration.set_two_factor(
        call.services, call.actor, call.body.policy(), call.body.people(), expected=expected, now=call.now
    )
    return await read(call)


async def preview(call: Call) -> Reply:
    """Who would have to enrol."""
    found = await previews.of_two_factor(
        call.services,
        call.actor,
        call.body.policy(),
        call.body.people(),
        cursor=call.query.cursor,
        limit=call.query.limit,
    )
    return Reply(await shape_of(call, found))


async def people_listed(call: Call) -> Reply:
    """The exceptions or the selected."""
    page = await administration.people(call.services, call.actor, cursor=call.query.cursor, limit=call.query.limit)
    shown = await portraits.of(call.services, page.items, call.now)
    return Reply(UserList(items=[UserShape.of(one) for one in shown], next_cursor=page.next_cursor))


async def add_person(call: Call) -> Reply:
    """Put one person on the list."""
    await administration.add_person(call.services, call.actor, call.path["id"], call.now)
    return Reply()


async def remove_person(call: Call) -> Reply:
    """Take one person off the list."""
    await administration.remove_person(call.services, call.actor, call.path["id"], call.now)
    return Reply()


ENDPOINTS = (
    Endpoint(
        "GET",
        "/policies/two-factor",
        read,
        "The two-step verification policy",
        any_of=MANAGE,
        answer=TwoFactorPolicyShape,
        versioned=True,
    ),
    Endpoint(
        "PUT",
        "/policies/two-factor",
        replace,
        "Replace the two-step verification policy",
        any_of=MANAGE,
        body=TwoFactorPolicyShape,
        answer=TwoFactorPolicyShape,
        grave=True,
        versioned=True,
    ),
    Endpoint(
        "POST",
        "/policies/two-factor/preview",
        preview,
        "Who would have to enrol under a two-step verification policy",
        any_of=MANAGE,
        query=PreviewPaging,
        body=TwoFactorPolicyShape,
        answer=PreviewShape,
    ),
    Endpoint(
        "GET",
        "/policies/two-factor/people",
        people_listed,
        "The exceptions, or the selected people",
        any_of=MANAGE,
        query=Paging,
        answer=UserList,
    ),
    Endpoint(
        "PUT",
        "/policies/two-factor/people/{id}",
        add_person,
        "Put a person on the policy's list",
        any_of=MANAGE,
        status=204,
        grave=True,
    ),
    Endpoint(
        "DELETE",
        "/policies/two-factor/people/{id}",
        remove_person,
        "Take a person off the policy's list",
        any_of=MANAGE,
        status=204,
        grave=True,
    ),
)
