"""People: who they are, what they may do, and in which state their account is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, delete, func, select, update

from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.model import NewUser, OwnerFacts, Permission, User
from gatekeeper.domain.names import canonical_name
from gatekeeper.store.adding import add_people, add_words
from gatekeeper.store.among import condition
from gatekeeper.store.holders import ADMINISTRATES, holds, keep_one_besides
from gatekeeper.store.login_names import claim, release
from gatekeeper.store.paging import Page, bounded, make_page, read_cursor, write_cursor
from gatekeeper.store.people import changed, facts_of, locked_row, people, user_of
from gatekeeper.store.policies import PoliciesTable
from gatekeeper.store.schema import login_names, owner_changes, policies, two_factor_people, user_words, users
from gatekeeper.store.searching import names_found
from gatekeeper.store.types import ids, instant, is_id, texts
from gatekeeper.store.words import words_asked, words_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from gatekeeper.domain.among import Among
    from gatekeeper.store.running import Runner

BATCH = 500


class Users:
    """The people in a database. What raises ``NotFound`` does so where there is no such person."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def add(self, new: NewUser) -> User:
        """Store a person.

        Raises:
            AlreadyExists: the user name or the address is somebody's user name or address; it names the field.
        """
        await add_people(self._runner, [new])
        return await self.by_id(new.id)

    async def add_many(self, new: Sequence[NewUser]) -> None:
        """Store many people at little cost for each; all or, where one cannot be, none (see :meth:`taken`).

        Raises:
            AlreadyExists: as :meth:`add`.
        """
        await add_people(self._runner, new)

    async def by_id(self, user_id: str) -> User:
        """The person with this id.

        Raises:
            NotFound: there is none.
        """
        row = await self._runner.row(people().where(users.c.id == user_id))
        if row is None:
            raise NotFound("there is no such person")
        return user_of(row)

    async def by_ids(self, user_ids: Iterable[str]) -> list[User]:
        """Those of these people that exist, in the order of their user names."""
        wanted = [user_id for user_id in set(user_ids) if is_id(user_id)]
        query = people().where(users.c.id.in_(select(ids(wanted)))).order_by(users.c.username_canonical)
        return [user_of(row) for row in await self._runner.rows(query)] if wanted else []

    async def existing(self, user_ids: Iterable[str]) -> set[str]:
        """Those of these ids that are somebody's."""
        wanted = [user_id for user_id in set(user_ids) if is_id(user_id)]
        return (
            set(await self._runner.values(select(users.c.id).where(users.c.id.in_(select(ids(wanted))))))
            if wanted
            else set()
        )

    async def by_login(self, name: str) -> User | None:
        """The one person whose canonical user name or address this is; ``None`` if there is none.

        Args:
            name: in the form of ``domain.names.canonical_name``.
        """
        if not _is_storable(name):
            return None
        row = await self._runner.row(people().join(login_names).where(login_names.c.name == name))
        return None if row is None else user_of(row)

    async def taken(self, names: Iterable[str]) -> dict[str, str]:
        """Of these canonical names, those that lead to somebody, each with that person's id."""
        asked = [name for name in set(names) if _is_storable(name)]
        found: dict[str, str] = {}
        for start in range(0, len(asked), BATCH):
            some = texts(asked[start : start + BATCH])
            query = select(login_names).where(login_names.c.name.in_(select(some)))
            found.update((row.name, row.user_id) for row in await self._runner.rows(query))
        return found

    async def search(
        self,
        query: str = "",
        *,
        cursor: str | None = None,
        limit: int = 50,
        has_permission: Permission | None = None,
        enabled: bool | None = None,
        among: Among | None = None,
    ) -> Page[User]:
        """People in the order of their user names.

        Args:
            query: beginnings of words of the user name, the address or the display name, all of which must be found;
                case and accents do not matter, and every other character stands for itself.
            cursor: where the page before ended.
            limit: how many at most.
            has_permission: only those who hold this.
            enabled: only those who are, or are not.
            among: only people of this kind, under the policies as they stand.

        Raises:
            Refused: the cursor is none.
        """
        limit = bounded(limit)
        after = "" if cursor is None else read_cursor(cursor, str)[0]
        wanted: list[ColumnElement[bool]] = []
        if has_permission is not None:
            wanted += [ADMINISTRATES, holds(has_permission)]
        if enabled is not None:
            wanted.append(users.c.enabled.is_(enabled))
        if among is not None:
            wanted.append(condition(among, await PoliciesTable(self._runner).read()))
        if words := words_asked(query):
            names = await names_found(self._runner, words, wanted, after, limit + 1)
            shown, wanted = names[:limit], [users.c.username_canonical.in_(select(texts(names[:limit])))]
            rows = await self._runner.rows(people().where(*wanted).order_by(users.c.username_canonical))
            return Page([user_of(row) for row in rows], write_cursor((shown[-1],)) if len(names) > limit else None)
        if after:
            wanted.append(users.c.username_canonical > after)
        rows = await self._runner.rows(people().where(*wanted).order_by(users.c.username_canonical).limit(limit + 1))
        return make_page(rows, limit, user_of, lambda row: (row.username_canonical,))

    async def stream(self) -> AsyncIterator[User]:
        """Everybody, in the order of their user names, read in batches."""
        last = ""
        while True:
            query = people().where(users.c.username_canonical > last).order_by(users.c.username_canonical)
            rows = await self._runner.rows(query.limit(BATCH))
            for row in rows:
                yield user_of(row)
            if len(rows) < BATCH:
                return
            last = rows[-1].username_canonical

    async def count(self) -> int:
        """How many people there are."""
        return int(await self._runner.value(select(func.count()).select_from(users)))

    async def update(
        self,
        user_id: str,
        *,
        email: str | None = None,
        display_name: str | None = None,
        recovery_email: str | None = None,
        groups: Sequence[str] | None = None,
    ) -> User:
        """Change what is given and leave the rest; an empty ``recovery_email`` takes it away.

        A recovery address that changes counts as unconfirmed.

        Raises:
            AlreadyExists: the address is somebody else's user name or address.
        """
        row = await locked_row(self._runner, user_id)
        values: dict[str, object] = {}
        if email is not None:
            values |= {"email": email, "email_canonical": canonical_name(email)}
        if display_name is not None:
            values["display_name"] = display_name
        if groups is not None:
            values["groups"] = list(groups)
        if recovery_email is not None and (recovery_email or None) != row.recovery_email:
            values |= {"recovery_email": recovery_email or None, "recovery_email_confirmed": False}
        if not values:
            return user_of(row)
        canonical = values.get("email_canonical", row.email_canonical)
        if canonical != row.email_canonical:
            await claim(self._runner, user_id, {"email": str(canonical)})
            if row.email_canonical != row.username_canonical:
                await release(self._runner, user_id, row.email_canonical)
        user = await changed(self._runner, user_id, values)
        if email is not None or display_name is not None:
            await self._rewrite_words(user)
        return user

    async def confirm_recovery_email(self, user_id: str, address: str) -> bool:
        """Note that the person receives mail at their recovery address; false if it is no longer this one."""
        statement = update(users).where(users.c.id == user_id, users.c.recovery_email == address)
        return bool(await self._runner.change(statement.values(recovery_email_confirmed=True)))

    async def set_enabled(self, user_id: str, enabled: bool) -> User:  # noqa: FBT001 - the value that is set
        """Let a person sign in, or not.

        Raises:
            LastHolder: nobody else could grant permissions.
        """
        if not enabled:
            await keep_one_besides(self._runner, user_id)
        return await changed(self._runner, user_id, {"enabled": enabled})

    async def set_language(self, user_id: str, language: str | None) -> User:
        """Set the language that a person chose (BCP 47); ``None``: as their browser asks."""
        return await changed(self._runner, user_id, {"language": language})

    async def set_permissions(self, user_id: str, permissions: Iterable[Permission]) -> User:
        """Replace what a person may do.

        Raises:
            LastHolder: nobody else could grant permissions.
        """
        held = frozenset(permissions)
        if Permission.PERMISSIONS_GRANT not in held:
            await keep_one_besides(self._runner, user_id)
        return await changed(self._runner, user_id, {"permissions": sorted(item.value for item in held)})

    async def delete(self, user_id: str) -> None:
        """Remove a person and all that is theirs; the audit log keeps their name.

        Raises:
            LastHolder: nobody else could grant permissions.
        """
        await keep_one_besides(self._runner, user_id)
        await self._runner.row(select(policies.c.id).with_for_update())
        listed = await self._runner.change(delete(two_factor_people).where(two_factor_people.c.user_id == user_id))
        if listed:
            await self._runner.change(update(policies).values(listed=policies.c.listed - listed))
        if not await self._runner.change(delete(users).where(users.c.id == user_id)):
            raise NotFound("there is no such person")

    async def holders(self, permission: Permission) -> list[User]:
        """Everybody who holds a permission, disabled people too, in the order of their user names."""
        query = people().where(ADMINISTRATES, holds(permission)).order_by(users.c.username_canonical)
        return [user_of(row) for row in await self._runner.rows(query)]

    async def record_sign_in(self, user_id: str, now: float, wishes: str = "") -> None:
        """Note when somebody signed in, and in which languages their browser asked for pages."""
        await self._set(user_id, last_sign_in_at=now, wishes=wishes or users.c.wishes)

    async def set_locked(self, name: str, at: float | None) -> bool:
        """Lock the person with this canonical name, or unlock them.

        Returns:
            Whether that changed anything: of many who lock one person at once, one is told so.
        """
        if not _is_storable(name):
            return False
        person = select(login_names.c.user_id).where(login_names.c.name == name).scalar_subquery()
        before = users.c.locked_at.is_not(None) if at is None else users.c.locked_at.is_(None)
        return bool(await self._runner.change(update(users).where(users.c.id == person, before).values(locked_at=at)))

    async def end_sessions_before(self, user_id: str, at: float) -> None:
        """Note that no session that began before ``at`` counts; it never moves back."""
        await self._set(user_id, sessions_valid_from=func.greatest(users.c.sessions_valid_from, instant(at)))

    async def set_two_factor_owed_since(self, user_id: str, at: float | None) -> None:
        """Note since when somebody must enrol; a time that stands already stays."""
        since = None if at is None else func.coalesce(users.c.two_factor_owed_since, instant(at))
        await self._set(user_id, two_factor_owed_since=since)

    async def set_enrolment_code(self, user_id: str, digest: str | None, required: bool) -> None:  # noqa: FBT001 - a value
        """Set the digest of the one-time code that a first enrolment asks for, and whether it asks for one."""
        await self._set(user_id, enrolment_code_digest=digest, enrolment_code_required=required)

    async def use_enrolment_code(self, user_id: str, digest: str) -> bool:
        """Use the code up, if it is this one: of many at once, one succeeds."""
        statement = update(users).where(users.c.id == user_id, users.c.enrolment_code_digest == digest)
        return bool(
            await self._runner.change(statement.values(enrolment_code_digest=None, enrolment_code_required=False))
        )

    async def pending_owner_changes(self, older_than: float) -> list[OwnerFacts]:
        """The facts of people whose sessions may not know of a change yet, oldest first, a batch at a time.

        Args:
            older_than: only changes made before this time (of the database's clock).
        """
        query = (
            people()
            .join(owner_changes)
            .where(owner_changes.c.at < older_than)
            .order_by(owner_changes.c.at)
            .limit(BATCH)
        )
        return [facts_of(row) for row in await self._runner.rows(query)]

    async def owner_change_done(self, user_id: str, version: int) -> None:
        """Note that a person's sessions know of a change; a newer one stays noted."""
        await self._runner.change(
            delete(owner_changes).where(owner_changes.c.user_id == user_id, owner_changes.c.version <= version)
        )

    async def _set(self, user_id: str, **values: object) -> None:
        if not await self._runner.change(update(users).where(users.c.id == user_id).values(**values)):
            raise NotFound("there is no such person")

    async def _rewrite_words(self, user: User) -> None:
        facts = user.facts
        name = canonical_name(facts.username)
        await self._runner.change(delete(user_words).where(user_words.c.name == name))
        await add_words(self._runner, {name: words_of(facts.username, facts.email, facts.display_name)})


def _is_storable(name: str) -> bool:
    """Whether PostgreSQL could hold this text; if not, nobody has this name."""
    return "\x00" not in name and name.isprintable()
