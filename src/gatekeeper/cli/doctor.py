"""``gatekeeper doctor``."""

from __future__ import annotations

import asyncio
import re
import ssl
import sys
import time
from pathlib import Path  # noqa: TC003 - cyclopts reads annotations when it runs
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from gatekeeper.cli.failures import Failure, Usage
from gatekeeper.cli.opening import person, read_config, with_services
from gatekeeper.cli.options import AsJson, ConfigFile  # noqa: TC001 - cyclopts reads annotations when it runs
from gatekeeper.cli.output import WIDE, print_json, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.config import Config
    from gatekeeper.crypto.tokens import Signer
    from gatekeeper.doctor.examination import Examination
    from gatekeeper.doctor.findings import Finding
    from gatekeeper.doctor.plan import Person, Plan
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services

_CONNECT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/\s]+)(?::([0-9]{1,5}))?")
_SHORTEST_SIGN = 4
_HTTP, _HTTPS = 80, 443
_STYLES = {"GOT THROUGH": "bold red", "UNCLEAR": "bold yellow", "remark": "bold"}


def doctor(
    *,
    config: ConfigFile = None,
    url: Annotated[str | None, Parameter(help="Where people reach it; left out: server.public_url.")] = None,
    as_: Annotated[
        str | None,
        Parameter(
            name="--as", help="Look behind the sign-in too, in a session of this person that is ended afterwards."
        ),
    ] = None,
    page: Annotated[
        list[str] | None,
        Parameter(help="A page to look at too, best one that shows who is signed in; may be repeated."),
    ] = None,
    connect: Annotated[str | None, Parameter(help="HOST[:PORT] to connect to instead of the one in the URL.")] = None,
    ca_file: Annotated[Path | None, Parameter(help="Certificates (PEM) by which the URL's own is verified.")] = None,
    json: AsJson = False,
) -> None:
    """Try to get past the gateway, as an attacker would, and say what got through and what to change.

    Sends forged identity, odd paths and made-up addresses through the real chain, and requests straight to the
    platforms. Only GET is sent; a platform that takes a made-up name may keep it: they all begin with gkdoctor. Run it
    where the gateway runs, for it needs the secret key. Ends with 0 where nothing got through, with 1 where something
    did or could not be told.
    """
    found = read_config(config)
    where = _url(url or found.server.public_url)
    to = _place(connect, where) if connect else None
    tls = _tls(ca_file)

    def plan(signer: Signer, whose: Person | None = None) -> Plan:
        from gatekeeper.crypto.tokens import digest, new_token
        from gatekeeper.doctor.machine import own_addresses
        from gatekeeper.doctor.plan import Plan
        from gatekeeper.edge.doctor import proof

        return Plan(
            config=found,
            url=where,
            tls=tls,
            prove=lambda: proof(signer, new_token(), time.time()),
            canary=lambda: f"gkdoctor{digest(new_token())[:12]}",
            connect=to,
            person=whose,
            pages=tuple(target if target.startswith("/") else f"/{target}" for target in page or ()),
            own=own_addresses(),
            clear_port=_HTTP if to is None and urlsplit(where).port in {None, _HTTPS} else None,
        )

    async def work(services: Services, actor: Actor, now: float) -> tuple[Examination, list[Finding]]:
        from gatekeeper.doctor.plan import Person
        from gatekeeper.flows import lending

        del now
        user = await person(services, as_ or "")
        facts = user.facts
        signs = [sign for sign in (facts.username, facts.email, facts.display_name) if len(sign) >= _SHORTEST_SIGN]
        async with lending.lent(services, actor, user.id, time.time) as lent:
            return await _examine(plan(services.signer, Person(facts.username, tuple(signs), lent.token)))

    if as_ is None:
        examination, findings = asyncio.run(_examine(plan(_signer(found))))
    else:
        examination, findings = with_services(config, work)
    _show(findings, examination.wire.asked, where, as_json=json, signed_in=as_ is not None)


async def _examine(plan: Plan) -> tuple[Examination, list[Finding]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from gatekeeper.doctor.belief import Unreachable
    from gatekeeper.doctor.examination import Examination

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=None)
        examination = Examination(
            plan,
            lambda what, done, total: progress.update(task, description=visible(what), completed=done, total=total),
        )
        try:
            return examination, await examination.run()
        except Unreachable as error:
            raise Failure(f"{error} (--url, --connect and --ca-file name another way)") from None


def _show(findings: Sequence[Finding], asked: int, url: str, *, as_json: bool, signed_in: bool) -> None:
    from gatekeeper.doctor.findings import Severity

    worst_first = sorted(findings, key=lambda finding: list(Severity).index(finding.severity))
    if as_json:
        rows = [
            {
                "severity": finding.severity.name.lower(),
                "place": finding.place,
                "what": finding.what,
                "change": finding.change,
            }
            for finding in worst_first
        ]
        print_json({"url": url, "requests": asked, "findings": rows})
    else:
        _print(worst_first)
    through = sum(finding.severity is Severity.HOLE for finding in findings)
    doubtful = sum(finding.severity is Severity.UNCLEAR for finding in findings)
    sent = f"{asked} requests by way of {url}"
    if through or doubtful:
        raise Failure(f"{sent}: {through or 'nothing'} got through, {doubtful} could not be told")
    if not as_json:
        rest = "" if signed_in else "; --as USERNAME looks behind the sign-in too"
        print(f"{sent}: nothing got through{rest}")


def _print(findings: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    # A pipe has no width: nothing is folded there.
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    for finding in findings:
        severity = finding.severity.value
        console.print(Text.assemble((severity, _STYLES[severity]), f"  {visible(finding.place)}"))
        for text in (finding.what, f"→ {finding.change}"):
            console.print(Padding(Text(visible(text)), (0, 0, 0, 2), expand=False))
        console.print()


def _signer(config: Config) -> Signer:
    from gatekeeper.crypto.keys import load_secret_keys
    from gatekeeper.crypto.tokens import Signer

    return Signer(load_secret_keys(config.storage.secret_key_file, create=False)[0].derive("signer"))


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise Failure(f"{ca_file} cannot be used: {error.strerror or error}") from None


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        named = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named or parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise Usage(f'--url is an address such as "https://mail.example.com", not {visible(text)}')
    return f"{parts.scheme}://{parts.netloc}"


def _place(text: str, url: str) -> tuple[str, int]:
    from gatekeeper.domain.addresses import DEFAULT_PORTS

    parts = _CONNECT.fullmatch(text)
    if parts is None:
        raise Usage(f'--connect is a host and perhaps a port, such as "127.0.0.1:8080", not {visible(text)}')
    known = urlsplit(url)
    return parts[1].strip("[]"), int(parts[2] or known.port or DEFAULT_PORTS[known.scheme])
