"""What must survive everything: people, policies, the audit log, in PostgreSQL.

Here live the tables, the migrations and one class for each kind of thing that is kept. SQL is written here and nowhere
else, through SQLAlchemy Core on asyncpg. No rule lives here: what a password must be or whom a policy reaches is
decided in ``domain``. No secret is made here either: hashes, digests and sealed texts arrive as arguments. Reads go
one by one over an autocommit engine; whoever writes opens a transaction. A driver's errors become those of
``domain.errors`` at the edge of this package, and none passes it. What two writers could both do at once is a
conditional update or a lock, never a check that is followed by a write.
"""
