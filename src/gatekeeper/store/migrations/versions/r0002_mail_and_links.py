"""Mail that waits to be sent, one-time links, languages, and what people see of their devices and authenticators."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE users ADD COLUMN language text, ADD COLUMN wishes text",
    "ALTER TABLE authenticators ADD COLUMN last_used_at timestamptz",
    """
    ALTER TABLE devices
        ADD COLUMN user_agent text NOT NULL DEFAULT '',
        ADD COLUMN address text NOT NULL DEFAULT '',
        ADD COLUMN trusted_at timestamptz,
        ADD COLUMN trusted_epoch bigint
    """,
    "ALTER TABLE policies ADD COLUMN trust_epoch bigint NOT NULL DEFAULT 0, ADD COLUMN two_factor_since timestamptz",
    """
    CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind text NOT NULL,
        recipient text NOT NULL,
        user_id text,
        language text,
        details jsonb NOT NULL DEFAULT '{}',
        sealed text,
        created_at timestamptz NOT NULL,
        next_try_at timestamptz NOT NULL,
        give_up_at timestamptz NOT NULL,
        tries integer NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX outbox_next_try_at ON outbox (next_try_at)",
    "CREATE INDEX outbox_links ON outbox (next_try_at) WHERE sealed IS NOT NULL",
    """
    CREATE TABLE notices (
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        kind text NOT NULL,
        about text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (user_id, kind)
    )
    """,
    """
    CREATE TABLE one_time_links (
        digest text PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        purpose text NOT NULL,
        address text,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX one_time_links_user_id ON one_time_links (user_id)",
    "CREATE INDEX one_time_links_expires_at ON one_time_links (expires_at)",
    """
    CREATE TABLE link_requests (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        sealed_name text NOT NULL,
        address text NOT NULL,
        request_id text NOT NULL,
        wishes text NOT NULL,
        at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX users_unenrolled ON users (username_canonical) WHERE NOT enrolled",
    "CREATE INDEX users_locked ON users (username_canonical) WHERE locked_at IS NOT NULL",
    "CREATE INDEX users_disabled ON users (username_canonical) WHERE NOT enabled",
    "CREATE INDEX users_changing ON users (username_canonical) WHERE change_required",
    "CREATE INDEX users_without_password ON users (username_canonical) WHERE password_hash IS NULL",
    """
    CREATE INDEX users_passwords ON users (password_strength, password_changed_at)
    WHERE password_hash IS NOT NULL AND enabled
    """,
    "CREATE INDEX users_to_enrol ON users (id) WHERE NOT enrolled AND enabled",
    "CREATE INDEX users_states ON users (enabled, enrolled)",
    # Counts read indexes alone as far as the visibility map goes, so it is kept closer behind than by default.
    "ALTER TABLE users SET (autovacuum_vacuum_scale_factor = 0.02)",
    # A word that begins another of the same person finds nothing more: right before it in the order of words.
    "ALTER TABLE user_words RENAME TO user_words_before",
    'CREATE TABLE user_words (word text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL)',
    """
    INSERT INTO user_words (word, name)
    SELECT word, username_canonical
    FROM (
        SELECT word, user_id, lead(word) OVER (PARTITION BY user_id ORDER BY word) AS following FROM user_words_before
    ) AS before
    JOIN users ON id = user_id
    WHERE following IS NULL OR NOT starts_with(following, word)
    """,
    "DROP TABLE user_words_before",
    """
    ALTER TABLE user_words
        ADD PRIMARY KEY (word, name),
        ADD FOREIGN KEY (name) REFERENCES users (username_canonical) ON DELETE CASCADE,
        ALTER COLUMN word SET STATISTICS 1000,
        ALTER COLUMN name SET (n_distinct = -0.25),
        SET (autovacuum_vacuum_scale_factor = 0.02)
    """,
    "CREATE INDEX user_words_name ON user_words (name, word)",
    "CREATE INDEX audit_not_done ON audit (outcome, at DESC, id DESC) WHERE outcome <> 'done'",
)


def upgrade() -> None:
    """Make what has been missing since revision 0001."""
    for statement in STATEMENTS:
        op.execute(statement)
