"""``gatekeeper demo``: the whole thing on one machine, with nothing else installed."""

from __future__ import annotations

import socket
import sys
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from gatekeeper.cli.failures import Failure
from gatekeeper.domain.model import Permission

if TYPE_CHECKING:
    from gatekeeper.app import Gatekeeper
    from gatekeeper.flows.services import Services

Port = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65535))]
Data = Annotated[Path, Parameter(help="Where its data are kept; started again, it finds them.")]

PASSWORD = "Gatekeeper-1"  # noqa: S105 - the demo's, which the contract publishes; it listens on loopback alone
ADMINISTRATOR = "admin@example.com"
PEOPLE = {
    ADMINISTRATOR: "Ada Admin",
    "anna@example.com": "Anna Rossi",
    "marco@example.com": "Marco Bianchi",
    "lucia@example.com": "Lucia Verdi",
}
PREFIX = "/gatekeeper"
LONGEST_SOCKET = 100
ANY_PORT = ("127.0.0.1", 0)


def demo(*, port: Port = 8080, data: Data = Path("var/demo")) -> None:
    """Try it: a small mail platform behind a gateway, with embedded storage, on 127.0.0.1 only. Ctrl-C ends it."""
    from gatekeeper.cli import logs
    from gatekeeper.cli.serve import run_gateway
    from gatekeeper.config import load

    folder = data.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="gatekeeper-demo-") as short, socket.create_server(ANY_PORT) as mail:
            platform = folder / "platform.sock"
            if len(str(platform).encode()) > LONGEST_SOCKET:
                platform = Path(short) / "platform.sock"
            platform.unlink(missing_ok=True)
            file = write_config(folder, port, platform, mail.getsockname()[1])
            config = load(file, {})
            logs.only_what_is_fatal()
            stack = AsyncExitStack()

            async def when_ready(gateway: Gatekeeper) -> None:
                await start_platform(platform, mail, stack)
                if await gateway.services.database.read.users.count() == 0:
                    await create_accounts(gateway.services, time.time())
                print(greeting(port, file), flush=True)

            stack.callback(platform.unlink, missing_ok=True)
            run_gateway(config, when_ready=when_ready, at_the_end=stack.aclose, quiet=True)
    except OSError as error:
        raise Failure(f"the data folder {folder} cannot be used: {error.strerror}") from error


def write_config(folder: Path, port: int, platform: Path, smtp: int) -> Path:
    """The demo's configuration, written into its data folder, so that other commands find it there."""
    file = folder / "gatekeeper.toml"
    routes = "".join(ROUTES.format(name=name, host=host, platform=platform) for name, host in HOSTS.items())
    file.write_text(CONFIG.format(port=port, data=folder, smtp=smtp) + routes, encoding="utf-8")
    return file


HOSTS = {"webmail": "localhost", "webmail-by-address": "127.0.0.1"}
CONFIG = """# Written by `gatekeeper demo` at each start.
[server]
public_url = "http://localhost:{port}"
listen = "127.0.0.1:{port}"

[storage]
data = '{data}'

# The platform takes what is for its own people; for others see /elsewhere/.
[mail]
smtp = "smtp://127.0.0.1:{smtp}"
sender = "Example Mail <no-reply@example.com>"

[branding]
name = "Example Mail"

[log]
level = "warning"
format = "console"
requests = false
"""
ROUTES = """
[[route]]
name = "{name}"
host = "{host}"
path = "/"
upstream = 'unix:{platform}'
background = ["/mail/?_action=refresh"]

[[route]]
name = "{name}-elsewhere"
host = "{host}"
path = "/elsewhere"
access = "public"
identity = "none"
upstream = 'unix:{platform}'
"""


async def start_platform(path: Path, mail: socket.socket, stack: AsyncExitStack) -> None:
    """Run the mail platform on a Unix socket, and have it take mail, until the stack is closed."""
    from aiohttp import web

    from gatekeeper.demo import create_app

    app = create_app(sign_out_url=f"{PREFIX}/logout", mail=mail)
    runner = web.AppRunner(app, handle_signals=False, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.UnixSite(runner, str(path)).start()


async def create_accounts(services: Services, now: float) -> str:
    """Add the demo's accounts, and an API token of the administrator that may do everything.

    Returns:
        the token.
    """
    from gatekeeper.flows import people, tokens
    from gatekeeper.flows.acting import command_line

    actor = command_line("demo")
    everything = frozenset(Permission)
    ids = {}
    for address, name in PEOPLE.items():
        candidate = people.Candidate(
            username=address,
            email=address,
            display_name=name,
            permissions=everything if address == ADMINISTRATOR else frozenset(),
            password=PASSWORD,
        )
        ids[address] = (await people.create(services, actor, candidate, now)).id
    made = await tokens.create(
        services, actor, "demo", everything, expires_at=None, now=now, owner_id=ids[ADMINISTRATOR]
    )
    return made.secret


def greeting(port: int, file: Path) -> str:
    """What whoever started the demo reads."""
    people = "\n".join(f"    {address:<20} {name}" for address, name in PEOPLE.items())
    return f"""
  A small mail platform behind gatekeeper:

    http://localhost:{port}/

  Accounts, all with the password {PASSWORD}:

{people}

  {ADMINISTRATOR} has all permissions. In another terminal, turn two-step verification on for everyone:

    {own_command()} policy set two-factor --mode everyone --config {near(file)}

  Mails to these people are in their inbox. Those to other addresses, such as one to get back in with (on the account
  page), leave nothing but a copy here:

    http://localhost:{port}/elsewhere/

  Ctrl-C ends it; started again, it finds its data.
"""


def own_command() -> str:
    """How whoever started the demo calls gatekeeper from where they are."""
    program = Path(sys.argv[0])
    return str(near(program)) if program.name == "gatekeeper" else "gatekeeper"


def near(path: Path) -> Path:
    """A path as short as it can be said from the present folder."""
    with suppress(ValueError):
        return path.absolute().relative_to(Path.cwd())
    return path
