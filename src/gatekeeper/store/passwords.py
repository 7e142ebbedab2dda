"""Password hashes: the current one, those before it, and whose falls short of a level or of an age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, delete, false, func, insert, literal, or_, select, tuple_

from gatekeeper.domain.model import Strength, User
from gatekeeper.store.paging import Page, bounded, make_page, read_cursor
from gatekeeper.store.people import change_facts, changed, people, user_of
from gatekeeper.store.schema import password_history, users
from gatekeeper.store.types import Id, instant

if TYPE_CHECKING:
    from gatekeeper.store.running import Runner

KEPT = 24
"""How many hashes of a person are kept, the current one included: the most that a policy can look at."""


@dataclass(frozen=True, slots=True)
class StoredPassword:
    """A person's password as it is kept. ``strength`` is ``None`` where an imported hash tells no level yet."""

    hash: str
    changed_at: float
    strength: Strength | None
    change_required: bool


@dataclass(frozen=True, slots=True)
class Touched:
    """How many passwords fall short, are past their term, are both, and of how many nobody knows the level."""

    short: int
    expired: int
    both: int
    unknown: int


class Passwords:
    """The passwords of people."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def current(self, user_id: str) -> StoredPassword | None:
        """A person's password; ``None`` where there is no such person, or they have none yet."""
        query = select(
            users.c.password_hash, users.c.password_changed_at, users.c.password_strength, users.c.change_required
        )
        row = await self._runner.row(query.where(users.c.id == user_id, users.c.password_hash.is_not(None)))
        if row is None:
            return None
        return StoredPassword(row.password_hash, row.password_changed_at, row.password_strength, row.change_required)

    async def history(self, user_id: str, count: int) -> list[str]:
        """The last ``count`` hashes of a person, the current one first."""
        current = await self.current(user_id)
        if current is None or count < 1:
            return []
        query = select(password_history.c.hash).where(password_history.c.user_id == user_id)
        earlier = await self._runner.values(query.order_by(password_history.c.id.desc()).limit(count - 1))
        return [current.hash, *earlier]

    async def set(
        self, user_id: str, new: str, strength: Strength, now: float, *, must_change: bool = False, keep: int = KEPT
    ) -> User:
        """Replace a person's password; the one before goes to the history.

        Args:
            user_id: the person.
            new: the hash.
            strength: the highest level that the password meets.
            now: when.
            must_change: whether the person must choose another at the next sign-in.
            keep: how many hashes stay, the new one included.

        Raises:
            NotFound: there is no such person.
        """
        old = await self._runner.value(
            select(users.c.password_hash).where(users.c.id == user_id).with_for_update(key_share=True)
        )
        user = await changed(
            self._runner,
            user_id,
            {
                "password_hash": new,
                "password_changed_at": now,
                "password_strength": strength,
                "change_required": must_change,
            },
        )
        if old is not None:
            await self._runner.change(insert(password_history).values(user_id=user_id, hash=old))
            await self._forget(user_id, keep - 1)
        return user

    async def rehash(self, user_id: str, old: str, new: str, strength: Strength | None) -> bool:
        """Keep the same password in another form; nothing changes if it is no longer ``old``.

        Returns:
            Whether it was still ``old``.
        """
        values = {"password_hash": new, "password_strength": strength}
        return await change_facts(self._runner, user_id, values, users.c.password_hash == old) is not None

    async def require_change(self, user_id: str) -> User:
        """Ask a person for a new password.

        Raises:
            NotFound: there is no such person.
        """
        return await changed(self._runner, user_id, {"change_required": True})

    async def falling_short(self, strength: Strength, cursor: str | None = None, limit: int = 50) -> Page[User]:
        """Enabled people whose password is known to meet only a lower level, the weakest first."""
        weaker = [level for level in Strength if level.rank < strength.rank]
        if not weaker:
            return Page([])
        return await self._weakest_first(users.c.password_strength.in_(weaker), cursor, limit)

    async def of_unknown_strength(self, cursor: str | None = None, limit: int = 50) -> Page[User]:
        """Enabled people whose imported hash tells no level until they next sign in."""
        return await self._weakest_first(users.c.password_strength.is_(None), cursor, limit)

    async def count_touched(self, strength: Strength, before: float | None) -> Touched:
        """How many enabled people fall short of a level, and whose password is older than a time: one look at all.

        Args:
            strength: the level.
            before: the time; ``None`` for no password.
        """
        weaker = [level for level in Strength if level.rank < strength.rank]
        short = users.c.password_strength.in_(weaker) if weaker else false()
        expired = false() if before is None else users.c.password_changed_at < before
        kinds = (short, expired, and_(short, expired), users.c.password_strength.is_(None))
        query = select(*(func.count().filter(kind) for kind in kinds)).select_from(users).where(*_CAN_SIGN_IN)
        row = await self._runner.row(query)
        return Touched(0, 0, 0, 0) if row is None else Touched(*map(int, row))

    async def expired(self, before: float, cursor: str | None = None, limit: int = 50) -> Page[User]:
        """Enabled people whose password was last changed before a time, the oldest first."""
        limit = bounded(limit)
        place = tuple_(users.c.password_changed_at, users.c.id)
        wanted = [*_CAN_SIGN_IN, users.c.password_changed_at < before]
        if cursor is not None:
            at, user_id = read_cursor(cursor, float, str)
            wanted.append(place > tuple_(instant(at), literal(user_id, Id)))
        rows = await self._runner.rows(
            people().where(*wanted).order_by(users.c.password_changed_at, users.c.id).limit(limit + 1)
        )
        return make_page(rows, limit, user_of, lambda row: (row.password_changed_at, row.id))

    async def _weakest_first(self, which: ColumnElement[bool], cursor: str | None, limit: int) -> Page[User]:
        limit = bounded(limit)
        wanted = [*_CAN_SIGN_IN, which]
        if cursor is not None:
            level, name = read_cursor(cursor, str, str)
            wanted.append(_after(level, name))
        query = people().where(*wanted).order_by(users.c.password_strength, users.c.username_canonical)
        rows = await self._runner.rows(query.limit(limit + 1))
        return make_page(rows, limit, user_of, lambda row: (row.password_strength or "", row.username_canonical))

    async def _forget(self, user_id: str, kept: int) -> None:
        """Drop all earlier hashes but the last ``kept``."""
        mine = password_history.c.user_id == user_id
        recent = select(password_history.c.id).where(mine).order_by(password_history.c.id.desc()).limit(max(0, kept))
        await self._runner.change(delete(password_history).where(mine, password_history.c.id.not_in(recent)))


_CAN_SIGN_IN: tuple[Any, ...] = (users.c.password_hash.is_not(None), users.c.enabled)


def _after(level: str, name: str) -> ColumnElement[bool]:
    """The rows behind one in the order of level and name; among rows of unknown level the name alone decides."""
    if not level:
        return users.c.username_canonical > name
    strength = Strength(level)
    return or_(
        users.c.password_strength > strength,
        and_(users.c.password_strength == strength, users.c.username_canonical > name),
    )
