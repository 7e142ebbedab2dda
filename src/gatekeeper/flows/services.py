"""What every flow is given: the stores, the keys and the state of this node, in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gatekeeper.flows.turns import Turns

if TYPE_CHECKING:
    from gatekeeper.config import Config
    from gatekeeper.crypto.hashing import Hasher
    from gatekeeper.crypto.secretbox import SecretBox
    from gatekeeper.crypto.tokens import Signer
    from gatekeeper.flows.node import NodeState
    from gatekeeper.flows.reader import SessionReader
    from gatekeeper.sessions.attempts import Attempts
    from gatekeeper.sessions.bus import Bus
    from gatekeeper.sessions.cache import SessionCache
    from gatekeeper.sessions.drafts import Drafts
    from gatekeeper.sessions.jobs import Jobs
    from gatekeeper.sessions.once import Once
    from gatekeeper.sessions.sessions import Sessions
    from gatekeeper.sessions.throttle import Throttle
    from gatekeeper.store.database import Database


@dataclass(frozen=True, slots=True)
class Services:
    """The dependencies of the flows; ``app.py`` builds it, tests build a smaller one.

    ``throttle`` counts the failures of people (``domain.lockout.delay``), ``address_throttle`` those of addresses
    (``domain.lockout.address_delay``). ``turns`` makes guesses at one name wait for one another.
    """

    database: Database
    sessions: Sessions
    attempts: Attempts
    throttle: Throttle
    address_throttle: Throttle
    once: Once
    drafts: Drafts
    jobs: Jobs
    bus: Bus
    cache: SessionCache
    hasher: Hasher
    box: SecretBox
    signer: Signer
    node: NodeState
    reader: SessionReader
    config: Config
    turns: Turns = field(default_factory=Turns)
