"""Somebody who is signed in, for the tests of what people do with their own accounts."""

from __future__ import annotations

from dataclasses import replace

from gatekeeper.domain.model import Client, Session
from gatekeeper.flows import sign_in, standing, two_factor
from tests.flows.world import HOME, PASSWORD, SECRET, World


async def signed_in(
    world: World, username: str = "anna", *, secret: str | None = None, client: Client = HOME
) -> Session:
    """Signs a person in; with a secret they give a code of it too."""
    token, where = await sign_in.give_password(world.services, username, PASSWORD, client, world.now, following="/")
    if secret is not None:
        await two_factor.give_code(world.services, where, world.code(secret), client, world.now)
        where = await standing.stand(world.services, token, world.now)
    done = await sign_in.finish(world.services, where, client, world.now)
    return done.session


async def enrolled(world: World, username: str = "anna", secret: str = SECRET) -> Session:
    """Somebody with an authenticator, who has just signed in with it."""
    await world.person(username, secret=secret)
    return await signed_in(world, username, secret=secret)


async def fresh(world: World, session: Session) -> Session:
    """A session as the next request would see it."""
    found = await world.services.reader.read(session.id, world.now)
    assert found is not None
    return found


def away(session: Session) -> Session:
    """The same session with nothing but a password in it, as on a trusted device."""
    return replace(session, proofs=session.proofs[:1])
