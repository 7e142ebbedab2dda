"""What is short-lived, in Redis or Valkey: sessions, sign-in attempts, failures, one-time marks, and the bus.

Every key begins with ``gk:`` and has a time to live. Nothing here decides: whether a session still stands, what is owed
and how long a guess has to wait are questions for the domain, and the time is an argument. Whatever reads and then
writes is one Lua script on the server, never a check and a write with an ``await`` between them; a change and the
message that tells of it are one script too. The driver's errors end here: callers see ``Unavailable("Redis")``.
Scripts find a person's sessions by themselves, so this is for one Redis with its replicas, not for Redis Cluster.
"""
