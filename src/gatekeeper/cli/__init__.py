"""The command line: what an operator types.

A command reads arguments, calls a flow and shows what came of it; it decides nothing and keeps nothing. Results go to
standard output, everything else to standard error. It ends with 0 when it is done, with 1 and one line that says why
when what was asked cannot be done, with 2 when it was called wrongly. Commands import what they need when they need
it, because ``gatekeeper --help`` should answer at once. Passwords come from a prompt or from standard input, never
from an argument, where other users of the machine would see them.
"""
