"""The rules: pure and synchronous, without clock, randomness or I/O.

Everything that a rule needs is an argument, so each can be read, and tested, by itself. Times are seconds since the
Unix epoch (``float``, UTC), named ``now`` or ``…_at``; durations are seconds. What must not live here: anything that
awaits, draws a random number or asks what time it is.
"""
