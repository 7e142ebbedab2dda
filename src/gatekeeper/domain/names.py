"""One person, one spelling: how names and addresses are compared and stored.

Compared after trimming, NFKC and case folding, with a domain in its ASCII form whether it was typed as Unicode or as
``xn--`` (RFC 5891, through UTS 46). Stored as typed, trimmed and in NFKC, with the domain in that one form.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import idna

from gatekeeper.domain.wording import N_

MAX_NAME = 255
DOMAINS_REMEMBERED = 1024
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_ADDRESS = re.compile(r"[^\s@<>,;:\"\\()\[\]]+@[^\s@]+\.[^\s@]+")


def canonical_name(text: str) -> str:
    """The form in which a user name or an address is compared.

    >>> canonical_name(" Test@Example.ORG ") == canonical_name("test@example.org")
    True
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.strip()).casefold()).strip()
    return _with_one_domain(folded)


def stored_name(text: str) -> str:
    """The spelling that is stored and that the platform always sees: trimmed, NFKC, the domain in its one form.

    Raises:
        ValueError: it is empty, too long, or has characters that cannot be seen.
    """
    name = _with_one_domain(unicodedata.normalize("NFKC", text.strip()).strip())
    if not name:
        raise ValueError(N_("A name is needed."))
    if len(name) > MAX_NAME:
        raise ValueError(N_("A name has at most %(most)s characters.", most=MAX_NAME))
    if any(unicodedata.category(character) in _INVISIBLE for character in name):
        raise ValueError(N_("A name has no control or invisible characters."))
    return name


def stored_username(text: str) -> str:
    """The stored spelling of a user name, which has no spaces inside.

    Raises:
        ValueError: as :func:`stored_name`, or it has a space.
    """
    name = stored_name(text)
    if any(character.isspace() for character in name):
        raise ValueError(N_("A user name has no spaces."))
    return name


def stored_email(text: str) -> str:
    """The stored spelling of a mail address.

    Raises:
        ValueError: it does not look like ``name@example.com``.
    """
    address = stored_name(text)
    if not _ADDRESS.fullmatch(address) or ".." in address:
        raise ValueError(N_("An address looks like name@example.com."))
    return address


def _with_one_domain(name: str) -> str:
    local, at, domain = name.rpartition("@")
    if not at:
        return name
    return f"{local}@{_one_domain(domain) if len(domain) <= MAX_NAME else domain.lower()}"


@lru_cache(DOMAINS_REMEMBERED)
def _one_domain(domain: str) -> str:
    """A domain in its ASCII form. It takes its time, and of all that a file of people holds there are few."""
    try:
        return idna.encode(domain.rstrip("."), uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        return domain.lower()
