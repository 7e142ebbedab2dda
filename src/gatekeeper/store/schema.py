"""The tables, as the current schema has them; the revisions in ``migrations`` make them so."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from gatekeeper.store.types import Id, Rank, UnixTime

metadata = MetaData()

_USER = "users.id"
_TRUE, _FALSE = text("true"), text("false")


def _time(name: str, *, needed: bool = False) -> Column[float]:
    return Column(name, UnixTime, nullable=not needed)


def _text(name: str, *, needed: bool = True) -> Column[str]:
    return Column(name, Text, nullable=not needed)


def _folded(name: str, *, unique: bool = False) -> Column[str]:
    return Column(name, Text(collation="C"), nullable=False, unique=unique)


def _flag(name: str, *, default: bool = False) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=_TRUE if default else _FALSE)


def _of_user(*, key: bool = False, name: str = "user_id") -> Column[str]:
    return Column(name, Id, ForeignKey(_USER, ondelete="CASCADE"), primary_key=key, nullable=False)


users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    _text("username"),
    _folded("username_canonical", unique=True),
    _text("email"),
    _folded("email_canonical", unique=True),
    _text("display_name"),
    Column("groups", JSONB, nullable=False, server_default=text("'[]'")),
    Column("permissions", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    _flag("enabled", default=True),
    _time("created_at", needed=True),
    _text("recovery_email", needed=False),
    _flag("recovery_email_confirmed"),
    _time("last_sign_in_at"),
    _time("locked_at"),
    _time("sessions_valid_from"),
    _text("password_hash", needed=False),
    _time("password_changed_at"),
    Column("password_strength", Rank),
    _flag("change_required"),
    _flag("enrolled"),
    _flag("recovery_codes_pending"),
    _time("two_factor_owed_since"),
    _text("enrolment_code_digest", needed=False),
    _flag("enrolment_code_required"),
    Column("facts_version", BigInteger, nullable=False, server_default=text("1")),
    _text("language", needed=False),
    _text("wishes", needed=False),
)
_has_password = users.c.password_hash.is_not(None)
_can_sign_in = text("password_hash IS NOT NULL AND enabled")
Index("users_administrators", users.c.username_canonical, postgresql_where=text("permissions <> '{}'"))
Index("users_unenrolled", users.c.username_canonical, postgresql_where=text("NOT enrolled"))
Index("users_locked", users.c.username_canonical, postgresql_where=text("locked_at IS NOT NULL"))
Index("users_disabled", users.c.username_canonical, postgresql_where=text("NOT enabled"))
Index("users_changing", users.c.username_canonical, postgresql_where=text("change_required"))
Index("users_without_password", users.c.username_canonical, postgresql_where=text("password_hash IS NULL"))
Index("users_by_strength", users.c.password_strength, users.c.username_canonical, postgresql_where=_has_password)
Index("users_by_password_age", users.c.password_changed_at, users.c.id, postgresql_where=_has_password)

# For counting alone: all that a count asks for lies in them, so a million people are counted without a look at one.
Index("users_passwords", users.c.password_strength, users.c.password_changed_at, postgresql_where=_can_sign_in)
Index("users_to_enrol", users.c.id, postgresql_where=text("NOT enrolled AND enabled"))
Index("users_states", users.c.enabled, users.c.enrolled)

login_names = Table("login_names", metadata, Column("name", Text(collation="C"), primary_key=True), _of_user())
Index("login_names_user_id", login_names.c.user_id)

# By name and not by id: in the order in which people are listed, so that a search for what many have stops early.
user_words = Table(
    "user_words",
    metadata,
    Column("word", Text(collation="C"), primary_key=True),
    Column("name", Text(collation="C"), ForeignKey("users.username_canonical", ondelete="CASCADE"), primary_key=True),
)
Index("user_words_name", user_words.c.name, user_words.c.word)

owner_changes = Table(
    "owner_changes",
    metadata,
    _of_user(key=True),
    Column("version", BigInteger, nullable=False),
    _time("at", needed=True),
)
Index("owner_changes_at", owner_changes.c.at)

password_history = Table(
    "password_history",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _of_user(),
    _text("hash"),
)
Index("password_history_user_id", password_history.c.user_id, password_history.c.id)

authenticators = Table(
    "authenticators",
    metadata,
    Column("id", Id, primary_key=True),
    _of_user(),
    _text("name"),
    _text("sealed_secret"),
    _time("created_at", needed=True),
    Column("last_counter", BigInteger, nullable=False),
    _time("last_used_at"),
)
Index("authenticators_user_id", authenticators.c.user_id)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    _of_user(key=True),
    Column("digest", Text, primary_key=True),
    _flag("used"),
)

policies = Table(
    "policies",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("password_version", BigInteger, nullable=False),
    Column("two_factor_version", BigInteger, nullable=False),
    Column("expiry_days", Integer),
    Column("warn_days", Integer, nullable=False),
    Column("forbid_last", Integer, nullable=False),
    Column("strength", Rank, nullable=False),
    _time("change_demanded_at"),
    _text("mode"),
    Column("listed", Integer, nullable=False),
    Column("trusted_devices_days", Integer),
    _text("enrolment"),
    Column("trust_epoch", BigInteger, nullable=False, server_default=text("0")),
    _time("two_factor_since"),
)

two_factor_people = Table("two_factor_people", metadata, _of_user(key=True))

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _time("at", needed=True),
    _text("actor_id", needed=False),
    _text("actor_name"),
    _text("action"),
    _text("target_id", needed=False),
    _text("target_name", needed=False),
    _text("address"),
    _text("request_id"),
    _text("outcome"),
    Column("details", JSONB, nullable=False),
)
_newest = (audit.c.at.desc(), audit.c.id.desc())
Index("audit_at", *_newest)
Index("audit_actor", audit.c.actor_id, *_newest)
Index("audit_target", audit.c.target_id, *_newest)
Index("audit_action", audit.c.action, *_newest)
Index("audit_not_done", audit.c.outcome, *_newest, postgresql_where=text("outcome <> 'done'"))

tokens = Table(
    "tokens",
    metadata,
    Column("id", Id, primary_key=True),
    _text("name"),
    Column("digest", Text, nullable=False, unique=True),
    _of_user(name="owner_id"),
    Column("permissions", ARRAY(Text), nullable=False),
    _time("created_at", needed=True),
    _time("expires_at"),
    _time("last_used_at"),
)
Index("tokens_owner_id", tokens.c.owner_id)

devices = Table(
    "devices",
    metadata,
    _of_user(key=True),
    Column("digest", Text, primary_key=True),
    _time("first_seen_at", needed=True),
    _time("last_seen_at", needed=True),
    _time("trusted_until"),
    Column("user_agent", Text, nullable=False, server_default=text("''")),
    Column("address", Text, nullable=False, server_default=text("''")),
    _time("trusted_at"),
    Column("trusted_epoch", BigInteger),
)

endings = Table(
    "endings",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _time("at", needed=True),
    _text("session_id", needed=False),
    _text("user_id"),
    _time("valid_from"),
    _time("keep_until", needed=True),
)
Index("endings_at", endings.c.at)
Index("endings_keep_until", endings.c.keep_until)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    _text("sealed_pem"),
    _time("created_at", needed=True),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _text("kind"),
    _text("recipient"),
    _text("user_id", needed=False),
    _text("language", needed=False),
    Column("details", JSONB, nullable=False, server_default=text("'{}'")),
    _text("sealed", needed=False),
    _time("created_at", needed=True),
    _time("next_try_at", needed=True),
    _time("give_up_at", needed=True),
    Column("tries", Integer, nullable=False, server_default=text("0")),
)
Index("outbox_next_try_at", outbox.c.next_try_at)
Index("outbox_links", outbox.c.next_try_at, postgresql_where=outbox.c.sealed.is_not(None))

notices = Table(
    "notices",
    metadata,
    _of_user(key=True),
    Column("kind", Text, primary_key=True),
    _text("about"),
    _time("at", needed=True),
)

one_time_links = Table(
    "one_time_links",
    metadata,
    Column("digest", Text, primary_key=True),
    _of_user(),
    _text("purpose"),
    _text("address", needed=False),
    _time("created_at", needed=True),
    _time("expires_at", needed=True),
)
Index("one_time_links_user_id", one_time_links.c.user_id)
Index("one_time_links_expires_at", one_time_links.c.expires_at)

link_requests = Table(
    "link_requests",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _text("sealed_name"),
    _text("address"),
    _text("request_id"),
    _text("wishes"),
    _time("at", needed=True),
)
