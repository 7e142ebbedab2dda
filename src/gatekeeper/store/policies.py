"""Both policies, and the list beside the two-factor policy. Every change raises the epoch, in its transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from gatekeeper.domain import two_factor
from gatekeeper.domain.errors import Conflict
from gatekeeper.domain.model import Enrolment, PasswordPolicy, Policies, TwoFactorMode, TwoFactorPolicy, User
from gatekeeper.domain.wording import N_
from gatekeeper.store.among import UNENROLLED
from gatekeeper.store.paging import Page, bounded, make_page, read_cursor
from gatekeeper.store.people import people, user_of
from gatekeeper.store.schema import policies, two_factor_people, users
from gatekeeper.store.types import canonical_id, ids, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Row, Select

    from gatekeeper.store.running import Runner


class PoliciesTable:
    """The one row of the policies, and the people listed beside it."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def read(self) -> Policies:
        """Both policies as they stand."""
        return _policies_of(await self._runner.row(select(policies)))

    async def set_password(self, policy: PasswordPolicy, expected_version: int | None) -> Policies:
        """Replace the password policy, but for ``change_demanded_at``, which :meth:`demand_change` alone moves.

        Args:
            policy: the new one.
            expected_version: the version that it replaces; ``None`` for whichever there is.

        Raises:
            Conflict: somebody replaced that version already.
        """
        await self._lock(policies.c.password_version, expected_version)
        return await self._change(
            expiry_days=policy.expiry_days,
            warn_days=policy.warn_days,
            forbid_last=policy.forbid_last,
            strength=policy.strength,
            password_version=policies.c.password_version + 1,
        )

    async def set_two_factor(
        self,
        policy: TwoFactorPolicy,
        people_ids: Sequence[str] | None,
        expected_version: int | None,
        now: float | None = None,
    ) -> Policies:
        """Replace the two-factor policy. One without trusted devices voids all trust that was given.

        Args:
            policy: the new one; its ``listed`` is counted here.
            people_ids: the exceptions or the selected; ``None`` leaves the list as it is.
            expected_version: the version that it replaces; ``None`` for whichever there is.
            now: since when people must enrol whom it reaches and the one before did not; by the database's clock if
                left out.

        Raises:
            Conflict: somebody replaced that version already.
            NotFound: one of the people does not exist.
        """
        await self._lock(policies.c.two_factor_version, expected_version)
        withdrawn = policy.trusted_devices_days is None
        more: dict[str, Any] = {"trust_epoch": policies.c.epoch + 1} if withdrawn else {}
        if (await self.read()).two_factor.mode is not policy.mode:
            more["two_factor_since"] = _at(now)
        elif people_ids is not None:
            await self._owe(policy.mode, people_ids, now)
        if people_ids is not None:
            more["listed"] = await self._relist(sorted({canonical_id(user_id) for user_id in people_ids}))
        return await self._change(
            mode=policy.mode.value,
            trusted_devices_days=policy.trusted_devices_days,
            enrolment=policy.enrolment.value,
            two_factor_version=policies.c.two_factor_version + 1,
            **more,
        )

    async def demand_change(self, now: float) -> Policies:
        """Ask everybody for a new password: who changed theirs before ``now`` owes one."""
        await self._lock(policies.c.password_version, None)
        return await self._change(change_demanded_at=now)

    async def people(self, cursor: str | None = None, limit: int = 50) -> Page[User]:
        """The people on the list, in the order of their user names."""
        return await self._page([users.c.id.in_(_listed())], cursor, limit)

    async def add_person(self, user_id: str, expected_version: int | None = None, now: float | None = None) -> Policies:
        """Put a person on the list; nothing changes if they are on it.

        Args:
            user_id: the person.
            expected_version: the version that was seen; ``None`` for whichever there is.
            now: since when they must enrol, if that makes them; by the database's clock if left out.

        Raises:
            Conflict: the policy is no longer the expected version.
            NotFound: there is no such person.
        """
        await self._lock(policies.c.two_factor_version, expected_version)
        statement = insert(two_factor_people).values(user_id=user_id).on_conflict_do_nothing()
        added = await self._runner.change(statement)
        if added:
            await self._owe_if(TwoFactorMode.SELECTED, user_id, now)
        return await self._relisted(added)

    async def remove_person(
        self, user_id: str, expected_version: int | None = None, now: float | None = None
    ) -> Policies:
        """Take a person off the list; nothing changes if they are not on it. For ``now`` see :meth:`add_person`.

        Raises:
            Conflict: the policy is no longer the expected version.
        """
        await self._lock(policies.c.two_factor_version, expected_version)
        statement = delete(two_factor_people).where(two_factor_people.c.user_id == user_id)
        removed = await self._runner.change(statement)
        if removed:
            await self._owe_if(TwoFactorMode.EVERYONE, user_id, now)
        return await self._relisted(-removed)

    async def two_factor_since(self) -> float | None:
        """Since when the policy has had its mode; ``None`` where it never had another."""
        at: float | None = await self._runner.value(select(policies.c.two_factor_since))
        return at

    async def applies_to(self, user_id: str) -> tuple[int, bool]:
        """The epoch, and whether two-step verification reaches a person at that epoch: one look at two keys."""
        listed = exists().where(two_factor_people.c.user_id == user_id)
        row = await self._runner.row(select(policies.c.epoch, policies.c.mode, listed.label("listed")))
        if row is None:
            raise RuntimeError("the policies have no row: the database was not migrated")
        return row.epoch, two_factor.applies(TwoFactorMode(row.mode), listed=row.listed)

    async def listed_among(self, user_ids: Sequence[str]) -> set[str]:
        """Which of these people are on the list beside the two-factor policy."""
        wanted = two_factor_people.c.user_id.in_(_given(user_ids))
        return set(await self._runner.values(select(two_factor_people.c.user_id).where(wanted))) if user_ids else set()

    async def unenrolled_in(
        self, mode: TwoFactorMode, people_ids: Sequence[str] | None, cursor: str | None = None, limit: int = 50
    ) -> Page[User]:
        """Enabled people without an authenticator whom a policy would reach.

        Args:
            mode: the mode of that policy.
            people_ids: its list; ``None`` for the list as it stands.
            cursor: where the page before ended.
            limit: how many at most.
        """
        return await self._page(_unenrolled(mode, people_ids), cursor, limit)

    async def count_unenrolled_in(self, mode: TwoFactorMode, people_ids: Sequence[str] | None) -> int:
        """How many enabled people without an authenticator a policy would reach; see :meth:`unenrolled_in`."""
        query = select(func.count()).select_from(users).where(*_unenrolled(mode, people_ids))
        return int(await self._runner.value(query))

    async def _page(self, which: list[ColumnElement[bool]], cursor: str | None, limit: int) -> Page[User]:
        limit = bounded(limit)
        wanted = list(which)
        if cursor is not None:
            wanted.append(users.c.username_canonical > read_cursor(cursor, str)[0])
        rows = await self._runner.rows(people().where(*wanted).order_by(users.c.username_canonical).limit(limit + 1))
        return make_page(rows, limit, user_of, lambda row: (row.username_canonical,))

    async def _lock(self, version: ColumnElement[int], expected: int | None) -> None:
        """Wait until nobody else changes the policies, and see that this version is still the expected one."""
        found = await self._runner.value(select(version).with_for_update())
        if expected is not None and found != expected:
            raise Conflict(N_("Somebody else changed this policy meanwhile."))

    async def _relist(self, people_ids: Sequence[str]) -> int:
        """Make these the list, by writing only what changes; how many they are."""
        gone = two_factor_people.c.user_id.not_in(_given(people_ids))
        await self._runner.change(delete(two_factor_people).where(gone))
        new = _given(people_ids).except_(_listed())
        await self._runner.change(insert(two_factor_people).from_select(["user_id"], new))
        return len(people_ids)

    async def _owe(self, mode: TwoFactorMode, people_ids: Sequence[str], now: float | None) -> None:
        """Note since when people must enrol whom another list of the same mode newly reaches."""
        given = _given(people_ids)
        reached = given.except_(_listed()) if mode is TwoFactorMode.SELECTED else _listed().except_(given)
        if newly := await self._runner.values(reached):
            theirs = update(users).where(users.c.id.in_(_given(newly)), users.c.enrolled.is_(False))
            await self._runner.change(theirs.values(two_factor_owed_since=_at(now)))

    async def _owe_if(self, mode: TwoFactorMode, user_id: str, now: float | None) -> None:
        """Note since when one person must enrol, if the policy has this mode."""
        reached = [
            users.c.id == user_id,
            users.c.enrolled.is_(False),
            select(policies.c.mode).scalar_subquery() == mode.value,
        ]
        await self._runner.change(update(users).where(*reached).values(two_factor_owed_since=_at(now)))

    async def _relisted(self, by: int) -> Policies:
        if not by:
            return await self.read()
        return await self._change(listed=policies.c.listed + by, two_factor_version=policies.c.two_factor_version + 1)

    async def _change(self, **changes: Any) -> Policies:
        statement = update(policies).values(**changes, epoch=policies.c.epoch + 1).returning(*policies.c)
        return _policies_of(await self._runner.row(statement))


def _at(now: float | None) -> ColumnElement[Any]:
    return func.now() if now is None else instant(now)


def _listed() -> Select[Any]:
    return select(two_factor_people.c.user_id)


def _unenrolled(mode: TwoFactorMode, people_ids: Sequence[str] | None) -> list[ColumnElement[bool]]:
    open_to = [UNENROLLED, users.c.enabled]
    if mode is TwoFactorMode.OFF:
        return [*open_to, users.c.id.is_(None)]
    listed = _listed() if people_ids is None else _given(people_ids)
    among = users.c.id.in_(listed) if mode is TwoFactorMode.SELECTED else users.c.id.not_in(listed)
    return [*open_to, among]


def _given(people_ids: Sequence[str]) -> Select[Any]:
    return select(ids(people_ids))


def _policies_of(row: Row[Any] | None) -> Policies:
    if row is None:
        raise RuntimeError("the policies have no row: the database was not migrated")
    return Policies(
        password=PasswordPolicy(
            expiry_days=row.expiry_days,
            warn_days=row.warn_days,
            forbid_last=row.forbid_last,
            strength=row.strength,
            change_demanded_at=row.change_demanded_at,
        ),
        two_factor=TwoFactorPolicy(
            mode=TwoFactorMode(row.mode),
            listed=row.listed,
            trusted_devices_days=row.trusted_devices_days,
            enrolment=Enrolment(row.enrolment),
        ),
        epoch=row.epoch,
        password_version=row.password_version,
        two_factor_version=row.two_factor_version,
        trust_epoch=row.trust_epoch,
    )
