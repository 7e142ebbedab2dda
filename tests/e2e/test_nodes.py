"""Two gateways on one PostgreSQL and one Redis, and one that is killed: real processes that share only the engines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from gatekeeper.app import open_services
from gatekeeper.cli.demo import create_accounts
from gatekeeper.config import load
from tests.e2e.gateway import free_port, write_config
from tests.e2e.process import Process, Visitor


@pytest.fixture
def config(tmp_path: Path, platform: Path, database_url: str, redis_url: str):
    """Makes a configuration for one more node."""

    def make() -> tuple[Path, str]:
        port = free_port()
        path = write_config(tmp_path, port=port, listen=port, platform=platform, database=database_url, redis=redis_url)
        return path, f"http://localhost:{port}"

    return make


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with Visitor() as visitor:
        yield visitor


async def accounts(path: Path) -> str:
    """Add the demo's people; gives the administrator's API token."""
    async with open_services(load(path, {})) as services:
        return await create_accounts(services, time.time())


async def test_signed_in_on_one_node_is_known_on_the_other_and_signed_out_within_100_ms(config, visitor):
    (one, base), (two, other) = config(), config()
    await accounts(one)
    async with Process(one), Process(two):
        await visitor.signs_in(base, "anna@example.com")
        status, text = await visitor.get(f"{other}/mail/whoami")
        assert status == 200
        assert "anna@example.com" in text

        # The jar forgets the cookie at sign-out; a thief would not.
        thief = Visitor()
        async with thief:
            thief.copy_cookies(visitor)
            assert (await thief.get(f"{other}/mail/whoami"))[0] == 200
            await visitor.signs_out(base)
            # The rule is 100 ms; nothing here measures time, it is the moment at which the rule is asked.
            await asyncio.sleep(0.1)
            assert (await thief.get(f"{other}/mail/whoami"))[0] == 401
            assert (await thief.get(f"{base}/mail/whoami"))[0] == 401


async def test_a_policy_set_on_one_node_reaches_a_person_signed_in_on_the_other_within_100_ms(config, visitor):
    (one, base), (two, other) = config(), config()
    headers = {"Authorization": f"Bearer {await accounts(one)}"}
    async with Process(one), Process(two), aiohttp.ClientSession(headers=headers) as administrator:
        await visitor.signs_in(other, "anna@example.com")
        assert (await visitor.get(f"{other}/mail/whoami"))[0] == 200
        url = f"{base}/gatekeeper/api/v1/policies/two-factor"
        async with administrator.get(url) as answer:
            etag = answer.headers["ETag"]
        async with administrator.put(url, json={"mode": "everyone"}, headers={"If-Match": etag}) as answer:
            assert answer.status == 200
        await asyncio.sleep(0.1)
        status, text = await visitor.get(f"{other}/mail/whoami")
        assert (status, "#second-factor" in text) == (401, True)


async def test_a_killed_gateway_forgets_neither_sessions_nor_attempts_nor_counters(config, visitor):
    path, base = config()
    await accounts(path)
    gateway = Process(path)
    async with gateway, Visitor() as guesser:
        await visitor.signs_in(base, "anna@example.com")
        for number in range(5):
            status, _ = await guesser.gives_password(base, "marco@example.com", f"a wrong guess {number}")
            assert status == 401
        _, page = await guesser.get(f"{base}/gatekeeper/login")
        status, _ = await guesser.post(
            f"{base}/gatekeeper/login", page, username="marco@example.com", password="a wrong guess 6"
        )
        assert status == 429

        gateway.kill()
        await gateway.start()

        assert (await visitor.get(f"{base}/mail/whoami"))[0] == 200
        assert (await guesser.get(f"{base}/mail/whoami"))[0] == 401


async def test_an_attempt_goes_on_after_a_kill(config, visitor):
    path, base = config()
    async with open_services(load(path, {})) as services:
        await create_accounts(services, time.time())
        async with services.database.transaction() as tables:
            user = await tables.users.by_login("anna@example.com")
            await tables.passwords.require_change(user.id)
    gateway = Process(path)
    async with gateway:
        status, where = await visitor.gives_password(base, "anna@example.com")
        assert status == 303
        assert "/gatekeeper/login/password" in where
        gateway.kill()
        await gateway.start()
        status, page = await visitor.get(f"{base}{where}")
        assert status == 200
        assert 'name="new_password"' in page
        status, where = await visitor.post(
            f"{base}/gatekeeper/login/password", page, new_password="A-quite-new-1", new_password_again="A-quite-new-1"
        )
        assert (status, where) == (303, "/mail/whoami")
        assert (await visitor.get(f"{base}/mail/whoami"))[0] == 200
