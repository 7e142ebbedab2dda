"""The only randomness and the only keys.

Tokens, seals, signatures and password hashes are made and checked here and nowhere else, so that whoever wants to know
what protects what reads one folder. Nothing here touches a store, a request or a clock; nothing here decides who may do
what. No secret is ever part of an error's message or of a log line.
"""
