"""People, policies, the audit log, tokens, devices, endings and signing keys."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE users (
        id uuid PRIMARY KEY,
        username text NOT NULL,
        username_canonical text COLLATE "C" NOT NULL UNIQUE,
        email text NOT NULL,
        email_canonical text COLLATE "C" NOT NULL UNIQUE,
        display_name text NOT NULL,
        groups jsonb NOT NULL DEFAULT '[]',
        permissions text[] NOT NULL DEFAULT '{}',
        enabled boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL,
        recovery_email text,
        recovery_email_confirmed boolean NOT NULL DEFAULT false,
        last_sign_in_at timestamptz,
        locked_at timestamptz,
        sessions_valid_from timestamptz,
        password_hash text,
        password_changed_at timestamptz,
        password_strength smallint,
        change_required boolean NOT NULL DEFAULT false,
        enrolled boolean NOT NULL DEFAULT false,
        recovery_codes_pending boolean NOT NULL DEFAULT false,
        two_factor_owed_since timestamptz,
        enrolment_code_digest text,
        enrolment_code_required boolean NOT NULL DEFAULT false,
        facts_version bigint NOT NULL DEFAULT 1
    ) WITH (fillfactor = 85)
    """,
    "CREATE INDEX users_administrators ON users (username_canonical) WHERE permissions <> '{}'",
    """
    CREATE INDEX users_by_strength ON users (password_strength, username_canonical)
    WHERE password_hash IS NOT NULL
    """,
    "CREATE INDEX users_by_password_age ON users (password_changed_at, id) WHERE password_hash IS NOT NULL",
    """
    CREATE TABLE login_names (
        name text COLLATE "C" PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE
    )
    """,
    "CREATE INDEX login_names_user_id ON login_names (user_id)",
    """
    CREATE TABLE user_words (
        word text COLLATE "C" NOT NULL,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        PRIMARY KEY (word, user_id)
    )
    """,
    "CREATE INDEX user_words_user_id ON user_words (user_id)",
    """
    CREATE TABLE owner_changes (
        user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
        version bigint NOT NULL,
        at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX owner_changes_at ON owner_changes (at)",
    """
    CREATE TABLE password_history (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        hash text NOT NULL
    )
    """,
    "CREATE INDEX password_history_user_id ON password_history (user_id, id)",
    """
    CREATE TABLE authenticators (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        name text NOT NULL,
        sealed_secret text NOT NULL,
        created_at timestamptz NOT NULL,
        last_counter bigint NOT NULL
    )
    """,
    "CREATE INDEX authenticators_user_id ON authenticators (user_id)",
    """
    CREATE TABLE recovery_codes (
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        digest text NOT NULL,
        used boolean NOT NULL DEFAULT false,
        PRIMARY KEY (user_id, digest)
    )
    """,
    """
    CREATE TABLE policies (
        id smallint PRIMARY KEY CHECK (id = 1),
        epoch bigint NOT NULL,
        password_version bigint NOT NULL,
        two_factor_version bigint NOT NULL,
        expiry_days integer,
        warn_days integer NOT NULL,
        forbid_last integer NOT NULL,
        strength smallint NOT NULL,
        change_demanded_at timestamptz,
        mode text NOT NULL,
        listed integer NOT NULL,
        trusted_devices_days integer,
        enrolment text NOT NULL
    )
    """,
    "INSERT INTO policies VALUES (1, 0, 0, 0, NULL, 7, 0, 0, NULL, 'off', 0, NULL, 'open')",
    "CREATE TABLE two_factor_people (user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE)",
    """
    CREATE TABLE audit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        actor_id text,
        actor_name text NOT NULL,
        action text NOT NULL,
        target_id text,
        target_name text,
        address text NOT NULL,
        request_id text NOT NULL,
        outcome text NOT NULL,
        details jsonb NOT NULL
    )
    """,
    "CREATE INDEX audit_at ON audit (at DESC, id DESC)",
    "CREATE INDEX audit_actor ON audit (actor_id, at DESC, id DESC)",
    "CREATE INDEX audit_target ON audit (target_id, at DESC, id DESC)",
    "CREATE INDEX audit_action ON audit (action, at DESC, id DESC)",
    """
    CREATE TABLE tokens (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        digest text NOT NULL UNIQUE,
        owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        permissions text[] NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz,
        last_used_at timestamptz
    )
    """,
    "CREATE INDEX tokens_owner_id ON tokens (owner_id)",
    """
    CREATE TABLE devices (
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        digest text NOT NULL,
        first_seen_at timestamptz NOT NULL,
        last_seen_at timestamptz NOT NULL,
        trusted_until timestamptz,
        PRIMARY KEY (user_id, digest)
    )
    """,
    """
    CREATE TABLE endings (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        session_id text,
        user_id text NOT NULL,
        valid_from timestamptz,
        keep_until timestamptz NOT NULL
    )
    """,
    "CREATE INDEX endings_at ON endings (at)",
    "CREATE INDEX endings_keep_until ON endings (keep_until)",
    """
    CREATE TABLE signing_keys (
        kid text PRIMARY KEY,
        sealed_pem text NOT NULL,
        created_at timestamptz NOT NULL
    )
    """,
)


def upgrade() -> None:
    """Make every table, and the one row of the policies with their defaults."""
    for statement in STATEMENTS:
        op.execute(statement)
