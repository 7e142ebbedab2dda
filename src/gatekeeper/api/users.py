"""Accounts: found, added, changed, deleted, imported, and what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.api.endpoints import Call, Endpoint, Reply
from gatekeeper.api.reading import invalid
from gatekeeper.api.user_shapes import (
    ChangedUserBody,
    ImportQuery,
    ImportReport,
    NewUserBody,
    PermissionsBody,
    RejectedRow,
    UserList,
    UserSearch,
    UserShape,
)
from gatekeeper.domain.model import Permission
from gatekeeper.flows import granting, imports, people, portraits

if TYPE_CHECKING:
    from gatekeeper.domain.model import User

MANAGE = (Permission.USERS_MANAGE,)
LARGEST_IMPORT = 64 << 20


async def shown(call: Call, user: User) -> UserShape:
    """A person as they are shown."""
    return UserShape.of(await portraits.of_one(call.services, user, call.now))


async def search(call: Call) -> Reply:
    """People by beginnings of words."""
    query = call.query
    page = await people.search(
        call.services,
        call.actor,
        query.query,
        cursor=query.cursor,
        limit=query.limit,
        permission=query.permission,
        enabled=query.enabled,
    )
    found = await portraits.of(call.services, page.items, call.now)
    return Reply(UserList(items=[UserShape.of(one) for one in found], next_cursor=page.next_cursor))


async def create(call: Call) -> Reply:
    """Add a person."""
    body: NewUserBody = call.body
    candidate = people.Candidate(
        username=body.username,
        email=body.email,
        display_name=body.display_name,
        recovery_email=body.recovery_email,
        groups=body.groups,
        permissions=frozenset(body.permissions),
        enabled=body.enabled,
        password=body.new_password,
        must_change=body.must_change,
    )
    user = await people.create(call.services, call.actor, candidate, call.now)
    return Reply(await shown(call, user), {"Location": f"{call.request.path.rstrip('/')}/{user.id}"})


async def get(call: Call) -> Reply:
    """One person."""
    return Reply(await shown(call, await people.get(call.services, call.actor, call.path["id"])))


async def change(call: Call) -> Reply:
    """Change what was sent, and only that."""
    body: ChangedUserBody = call.body
    sent = body.model_fields_set
    if not sent:
        raise invalid([(None, "there is nothing to change")])
    wanted = people.Wanted(
        email=body.email if "email" in sent else None,
        display_name=body.display_name if "display_name" in sent else None,
        recovery_email=(body.recovery_email or "") if "recovery_email" in sent else None,
        groups=body.groups if "groups" in sent else None,
        enabled=body.enabled if "enabled" in sent else None,
    )
    user = await people.change(call.services, call.actor, call.path["id"], wanted, call.now)
    return Reply(await shown(call, user))


async def delete(call: Call) -> Reply:
    """Delete a person."""
    await people.delete(call.services, call.actor, call.path["id"], call.now)
    return Reply()


async def set_permissions(call: Call) -> Reply:
    """Give a person exactly these permissions."""
    wanted = frozenset(call.body.permissions)
    user = await granting.set_permissions(call.services, call.actor, call.path["id"], wanted, call.now)
    return Reply(await shown(call, user))


async def import_people(call: Call) -> Reply:
    """Import a CSV file."""
    report = await imports.import_people(
        call.services,
        call.actor,
        call.body,
        now=call.now,
        dry_run=call.query.dry_run,
        skip_bad=call.query.skip_bad,
    )
    return Reply(
        ImportReport(
            dry_run=call.query.dry_run,
            added=report.added,
            unchanged=report.unchanged,
            rejected=[RejectedRow.of(fault) for fault in report.faults],
        )
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/users",
        search,
        "Find people by the beginning of any word of name, user name or address",
        any_of=people.FINDERS,
        query=UserSearch,
        answer=UserList,
    ),
    Endpoint(
        "POST",
        "/users",
        create,
        "Add a person; permissions for them need permissions.grant too",
        any_of=MANAGE,
        body=NewUserBody,
        answer=UserShape,
        status=201,
        grave=True,
    ),
    Endpoint(
        "POST",
        "/users/import",
        import_people,
        "Import people from a CSV file (username, email, display_name, password or password_hash, groups, enabled)",
        any_of=MANAGE,
        query=ImportQuery,
        answer=ImportReport,
        grave=True,
        body_type="text/csv",
        largest=LARGEST_IMPORT,
    ),
    Endpoint("GET", "/users/{id}", get, "One person", any_of=people.FINDERS, answer=UserShape),
    Endpoint(
        "PATCH",
        "/users/{id}",
        change,
        "Change a person's details, or close and open their account",
        any_of=MANAGE,
        body=ChangedUserBody,
        answer=UserShape,
        grave=True,
    ),
    Endpoint("DELETE", "/users/{id}", delete, "Delete a person", any_of=MANAGE, status=204, grave=True),
    Endpoint(
        "PUT",
        "/users/{id}/permissions",
        set_permissions,
        "Say all that a person may do",
        any_of=(Permission.PERMISSIONS_GRANT,),
        body=PermissionsBody,
        answer=UserShape,
        grave=True,
    ),
)
