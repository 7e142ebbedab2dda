"""Half-way means nowhere (security rule 9): no order of steps, tabs, replays and administration ends in a session that
owes something, or that was not proven.

Hypothesis drives the real flows over real engines. Tokens stay in use after their attempts ended, forms are sent again,
codes are given twice, and an administrator interferes at any moment.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gatekeeper.domain.errors import Refused
from gatekeeper.domain.login import owed
from gatekeeper.domain.model import Method, PasswordPolicy, Step, TwoFactorMode, TwoFactorPolicy
from gatekeeper.flows import links, new_password, sessions, sign_in, standing, two_factor
from gatekeeper.flows.acting import command_line
from gatekeeper.flows.links import LinkEnded
from gatekeeper.flows.new_password import Typed
from gatekeeper.flows.standing import AttemptEnded
from gatekeeper.flows.throttling import Throttled
from tests.flows.world import AWAY, HOME, OTHER, PASSWORD, SECRET, World, open_world

NAMES = itertools.count()
TABS = st.sampled_from([0, 1, 2])


class SignIns(RuleBasedStateMachine):
    """One person, three tabs in two browsers, one administrator. ``world`` and ``loop`` are set by the test."""

    world: World
    loop: asyncio.Runner

    @initialize(enrolled=st.booleans(), required=st.booleans(), half_way=st.sampled_from(["nowhere", "trust", "link"]))
    def begin(self, enrolled: bool, required: bool, half_way: str) -> None:
        """Chance alone would hardly ever trust a device, or get far by a link, so some begin with that."""
        self.name = f"person-{next(NAMES)}"
        self.password = PASSWORD
        self.earlier: list[str] = []
        self.secret = SECRET if enrolled or half_way == "trust" else None
        self.tokens: dict[int, str] = {}
        self.used: set[str] = set()
        self.proven: dict[str, set[Method]] = {}
        self.sessions: list = []
        self.links: list[str] = []
        self.cookies: dict[bool, str] = {}
        self.trusted: dict[bool, float] = {}
        self.days: int | None = None
        self.asks_trust: set[str] = set()
        self.user = self.run(self.world.person(self.name, secret=self.secret, change_required=required))
        self.policies(TwoFactorMode.OFF, trusted=30)
        if half_way == "trust":
            self.sign_in_from_beginning_to_end(0)
            self.world.clock.advance(3_600)
            self.give_password(0, right=True)
            self.finish(0)
        elif half_way == "link":
            self.make_a_link(used=True)

    def run(self, work):
        return self.loop.run(work)

    @property
    def services(self):
        return self.world.services

    @property
    def now(self) -> float:
        return self.world.now

    def client(self, tab: int):
        cookie = self.cookies.get(tab < 2)
        return replace(HOME if tab < 2 else AWAY, device=cookie)

    # What the person, or whoever has some of their secrets, does.

    @rule(tab=TABS, right=st.booleans())
    def give_password(self, tab: int, right: bool) -> None:
        typed = self.password if right else (self.earlier[-1] if self.earlier else "wrong")
        holder = self.held(tab)
        try:
            token, _ = self.run(
                sign_in.give_password(
                    self.services, self.name, typed, self.client(tab), self.now, following="/", holder=holder
                )
            )
        except (Refused, Throttled):
            return
        assert right
        self.tokens[tab] = token
        self.proven[token] = {Method.PASSWORD} | (self.fresh(holder) - {Method.PASSWORD})

    @rule(used=st.booleans())
    def make_a_link(self, used: bool) -> None:
        """An administrator makes a link; earlier ones are void, but somebody keeps them."""
        link = self.run(links.create(self.services, command_line(), self.user.id, "forgot it", self.now))
        self.links = [*self.links[-2:], link.partition("?token=")[2]]
        if used:
            self.use_a_link(2, newest=True)

    @rule(tab=TABS, newest=st.booleans())
    def use_a_link(self, tab: int, newest: bool) -> None:
        if not self.links:
            return
        link = self.links[-1 if newest else 0]
        try:
            token, where = self.run(links.use(self.services, link, "/", self.client(tab), self.now))
        except LinkEnded:
            return
        assert link == self.links[-1]
        assert where.step is (Step.CODE if self.secret else Step.NEW_PASSWORD)
        self.tokens[tab] = token
        self.proven[token] = {Method.LINK}

    @rule(tab=TABS)
    def take_over_a_session(self, tab: int) -> None:
        session = self.held(tab)
        if session is None:
            return
        try:
            token, where = self.run(
                standing.begin_from_session(
                    self.services, session, "/", self.client(tab), self.now, second_factor_wanted=False
                )
            )
        except AttemptEnded:
            return
        self.tokens[tab] = token
        self.proven[token] = self.fresh(session)
        assert where.step is Step.PASSWORD or Method.PASSWORD in self.proven[token]

    @rule(tab=TABS, kind=st.sampled_from(["right", "wrong", "again"]), trust=st.booleans())
    def give_code(self, tab: int, kind: str, trust: bool = False) -> None:
        code = self.world.code(self.secret) if self.secret and kind != "wrong" else "000000"
        where = self.stand(tab, Step.CODE)
        if where is None:
            return
        try:
            self.run(two_factor.give_code(self.services, where, code, self.client(tab), self.now, trust=trust))
        except (Refused, Throttled, AttemptEnded):
            return
        assert self.secret is not None
        assert code == self.world.code(self.secret)
        assert code not in self.used
        self.used.add(code)
        self.proven[self.tokens[tab]].add(Method.OTP)
        (self.asks_trust.add if trust else self.asks_trust.discard)(self.tokens[tab])

    @rule(tab=TABS, right=st.booleans())
    def enrol(self, tab: int, right: bool) -> None:
        where = self.stand(tab, Step.ENROL)
        if where is None:
            return
        try:
            offer = self.run(two_factor.offer(self.services, where))
            code = self.world.code(offer.secret) if right else "000000"
            self.run(two_factor.enrol(self.services, where, code, enrolment_code="", client=HOME, now=self.now))
        except (Refused, AttemptEnded):
            return
        assert right
        self.secret = offer.secret
        self.used = {code}
        self.proven[self.tokens[tab]].add(Method.OTP)

    @rule(tab=TABS, new=st.sampled_from([PASSWORD, OTHER, "Third-Choice-3", "weak"]))
    def change_password(self, tab: int, new: str) -> None:
        where = self.stand(tab, Step.NEW_PASSWORD)
        if where is None:
            return
        typed = Typed(self.password if where.ask_current else "", new, new)
        try:
            self.run(new_password.change_in_attempt(self.services, where, typed, self.client(tab), self.now))
        except (Refused, Throttled, AttemptEnded):
            return
        assert new not in (self.password, "weak")
        self.earlier.append(self.password)
        self.password = new
        self.trusted.clear()
        self.proven[self.tokens[tab]] = (self.proven[self.tokens[tab]] - {Method.LINK}) | {Method.PASSWORD}
        for token in self.proven:
            if token != self.tokens[tab]:
                self.proven[token] = set()

    @rule(tab=TABS, ticked=st.booleans())
    def save_recovery_codes(self, tab: int, ticked: bool) -> None:
        where = self.stand(tab, Step.RECOVERY_CODES)
        if where is None:
            return
        try:
            assert len(self.run(two_factor.recovery_codes(self.services, where, HOME, self.now))) == 10
            where = self.stand(tab, Step.RECOVERY_CODES)
            if ticked and where is not None:
                self.run(two_factor.recovery_codes_saved(self.services, where))
        except AttemptEnded:
            return

    @rule(tab=TABS)
    def read_the_notice(self, tab: int) -> None:
        where = self.stand(tab, Step.NOTICE)
        if where is not None:
            self.run(standing.notice_seen(self.services, where, self.now, change=False))

    @rule(tab=TABS)
    def finish(self, tab: int) -> None:
        where = self.stand(tab)
        if where is None or where.step is not Step.DONE:
            return
        token = self.tokens[tab]
        done = self.run(sign_in.finish(self.services, where, self.client(tab), self.now))
        with pytest.raises(AttemptEnded):
            self.run(sign_in.finish(self.services, where, self.client(tab), self.now))
        self.judge(done.session, self.proven[token], at_home=tab < 2)
        self.cookies[tab < 2] = done.device
        if token in self.asks_trust and self.days is not None:
            self.trusted[tab < 2] = self.now + self.days * 86_400
        self.sessions.append((tab, done.session.id))

    @rule(tab=TABS)
    def finish_too_early(self, tab: int) -> None:
        where = self.stand(tab)
        if where is not None and where.step is not Step.DONE:
            with pytest.raises(AssertionError):
                self.run(sign_in.finish(self.services, where, self.client(tab), self.now))

    @rule(tab=TABS)
    def do_what_is_due(self, tab: int) -> None:
        """Whatever step is due, done right: without this, chance would hardly ever reach the end."""
        where = self.stand(tab)
        steps = {
            Step.CODE: lambda: self.give_code(tab, "right", trust=True),
            Step.ENROL: lambda: self.enrol(tab, right=True),
            Step.NEW_PASSWORD: lambda: self.change_password(tab, self.unused_password()),
            Step.RECOVERY_CODES: lambda: self.save_recovery_codes(tab, ticked=True),
            Step.NOTICE: lambda: self.read_the_notice(tab),
            Step.DONE: lambda: self.finish(tab),
        }
        if where is None or where.step is Step.PASSWORD:
            self.give_password(tab, right=True)
        else:
            steps[where.step]()

    @rule(tab=TABS)
    def sign_in_from_beginning_to_end(self, tab: int) -> None:
        for _ in range(7):
            self.do_what_is_due(tab)
            self.world.clock.advance(31)

    # What time and the administrator do.

    @rule(seconds=st.sampled_from([1, 30, 31, 300, 599, 601, 86_400]))
    def wait(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @rule(
        mode=st.sampled_from([TwoFactorMode.OFF, TwoFactorMode.EVERYONE]),
        days=st.sampled_from([None, 1, 90]),
        trusted=st.sampled_from([None, 30, 30, 1]),
    )
    def policies(self, mode: TwoFactorMode, days: int | None = None, trusted: int | None = None) -> None:
        async def change() -> None:
            async with self.services.database.transaction() as tables:
                policy = TwoFactorPolicy(mode=mode, trusted_devices_days=trusted)
                await tables.policies.set_two_factor(policy, [], None)
                await tables.policies.set_password(PasswordPolicy(expiry_days=days, forbid_last=2), None)
            await self.services.node.refresh()

        self.run(change())
        self.days = trusted
        if trusted is None:
            self.trusted.clear()

    @rule()
    def demand_a_new_password(self) -> None:
        async def demand() -> None:
            async with self.services.database.transaction() as tables:
                await tables.passwords.require_change(self.user.id)

        self.run(demand())

    @rule()
    def reset_two_factor(self) -> None:
        async def reset() -> None:
            async with self.services.database.transaction() as tables:
                await tables.authenticators.remove_all(self.user.id)
                valid_from = await sessions.mark_all_ended(self.services, tables, self.user.id, self.now)
            await sessions.drop_all(self.services, self.user.id, valid_from)

        self.run(reset())
        self.secret = None
        self.trusted.clear()
        self.proven = {token: set() for token in self.proven}

    @rule()
    def disable_for_a_moment(self) -> None:
        async def toggle(enabled: bool) -> None:
            async with self.services.database.transaction() as tables:
                await tables.users.set_enabled(self.user.id, enabled)

        self.run(toggle(False))
        for tab in self.tokens:
            assert self.stand(tab) is None
        self.run(toggle(True))

    @invariant()
    def nobody_half_way_has_a_session(self) -> None:
        if hasattr(self, "user"):
            known = {session_id for _, session_id in self.sessions}
            held = self.run(self.services.sessions.of_user(self.user.id))
            assert {session.id for session in held} <= known

    def fresh(self, session) -> set[Method]:
        """What was proven in a session within the last ten minutes."""
        return {proof.method for proof in session.proofs if proof.at >= self.now - 600} if session else set()

    def unused_password(self) -> str:
        return f"Fresh-Password-{next(NAMES)}"

    def stand(self, tab: int, step: Step | None = None):
        """Where a tab stands, as its page would ask; ``None`` where the page would lead elsewhere."""
        token = self.tokens.get(tab)
        if token is None:
            return None
        try:
            where = self.run(standing.stand(self.services, token, self.now))
        except AttemptEnded:
            return None
        return where if step is None or where.step is step else None

    def held(self, tab: int):
        """The newest session that a tab's browser holds and that still stands."""
        for owner, session_id in reversed(self.sessions):
            if (owner < 2) is (tab < 2):
                return self.run(self.services.reader.read(session_id, self.now))
        return None

    def judge(self, session, proven: set[Method], *, at_home: bool) -> None:
        """What must be true of every session at the moment that it begins."""
        read = self.services.database.read
        facts = self.run(self.world.user(self.user.id)).facts
        policy = self.run(read.policies.read()).password
        _, applies = self.run(read.policies.applies_to(self.user.id))
        assert facts.enabled
        assert Method.PASSWORD in proven
        assert Method.LINK not in proven | {proof.method for proof in session.proofs}
        assert Method.PASSWORD in {proof.method for proof in session.proofs}
        assert owed(facts, policy, self.now, two_factor_applies=applies) is None
        if facts.enrolled:
            assert Method.OTP in proven or self.trusted.get(at_home, 0.0) > self.now - 600
            assert session.second_factor is (Method.OTP in {proof.method for proof in session.proofs})
            assert not facts.recovery_codes_pending
        assert session.owner == facts


def test_no_order_of_steps_reaches_a_session_that_owes_something(database_url, redis_url):
    with asyncio.Runner() as loop:
        opened = open_world(database_url, redis_url)
        world = loop.run(opened.__aenter__())
        SignIns.world, SignIns.loop = world, loop
        try:
            run_state_machine_as_test(
                SignIns,
                settings=settings(
                    max_examples=25,
                    stateful_step_count=30,
                    deadline=None,
                    derandomize=True,
                    phases=(Phase.generate,),
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            loop.run(opened.__aexit__(None, None, None))
